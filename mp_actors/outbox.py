"""The end of a wire at its source, when the target lives on another device.

Collects what an actor emits during a step and sends it as one batch, as far as the target gives
credit; numbers a reading when it leaves. While there is no credit, no way or no room on it,
readings wait here; what a full one does is the wire's policy, see `full`.

Ledger, in readings: `accepted == sent + sum(dropped) + waiting`.
"""

from mp_actors import batch, frame, full
from mp_actors.errors import LocalWireError
from mp_actors.ticks import add, diff  # sequence numbers are serial numbers of the same range

BATCH = 64  # readings in one frame


class Outbox:
    """Where a wire leaves this device.

    `numbers`: {path: actor number} of the sources whose readings pass here, beside the wire's own
    `source`. `next`: sequence number of the next reading. `limit_bytes`: longest body that every
    device on the way takes; `items_max`: what the target decodes. `bound`: readings that may wait.
    `granted`: numbers below it may be sent. `policy`: see `full`; `source_cell`: None where the
    source is not on this device. `is_stalled`: nothing left for a while though something waits;
    `told`: the instance that knows it. `is_dirty`: it stands in the list of those to be flushed.
    """

    # What most never have takes no place on a board.
    start = 0  # how many of `values` were sent and wait for an acknowledgement
    acknowledged = 0
    repeated = 0  # sent again to a target that had begun anew, which may have had them
    is_unheard = False  # its target has said nothing in this epoch, and should have
    is_stalled = False
    looks = 0  # at it that found it where it had been
    moved_before = 0
    told = None
    policy = full.DROP_OLDEST
    source_cell = None

    def __init__(self, node, wire, epoch, source):
        self.node = node
        self.wire = wire
        self.epoch = epoch
        self.source = source
        self.to_device = 0
        self.numbers = {}
        self.next = 1
        self.limit_bytes = 0
        self.items_max = 0
        self.bound = 0
        self.granted = 0
        self.target = ""
        self.accepted = 0
        self.sent = 0
        self.dropped = {}
        self.values = []
        self._times_us = []
        self._sources = []
        self.is_dirty = False

    def put(self, value, at_us, source):
        """Take one reading; it leaves at the end of the step, or at once with a full batch.

        Returns False if the reading was not taken.
        """
        self.accepted += 1
        values = self.values
        if self.policy == full.REPLACE and source in self._sources:
            place = self._sources.index(source)
            values[place] = value
            self._times_us[place] = at_us
            self.drop("replaced", 1)
            return True
        if len(values) >= self.bound:
            if not full.takes_newest(self):
                return False
            self._forget(1)
        values.append(value)
        self._times_us.append(at_us)
        self._sources.append(source)
        if not self.is_dirty:
            self.wake()
        elif len(values) == BATCH or len(values) == self.bound:
            self.flush()
        if self.policy == full.HOLD and len(values) >= self.bound:
            full.hold(self)
        return True

    def rebind(self, epoch, first, credit):
        """The target has begun anew: number what waits from the first on."""
        self.epoch = epoch
        self.next = first
        self.granted = add(first, credit)

    def wake(self):
        """Let what waits leave at the end of this step, as far as it can."""
        if not self.is_dirty:
            self.is_dirty = True
            self.node.wires.dirty.append(self)

    @property
    def waiting(self):
        """How many readings are here and were never sent."""
        return len(self.values)

    @property
    def is_waiting(self):
        """Whether anything is here that was not acknowledged, or never sent."""
        return bool(self.values)

    @property
    def numbered(self):
        """The number behind the last that was given to a reading."""
        return self.next

    @property
    def moved(self):
        """A number that rises whenever anything has left, or was acknowledged."""
        return self.sent + self.acknowledged

    def again(self):
        """Nothing came back for a while; what has left is no business of a stream any more."""

    def question(self):
        """What asks for credit; see `credit`."""
        return [self.wire, self.epoch, self.next]

    def drop(self, reason, count):
        """Count readings that were accepted and will not be sent."""
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def discard(self, reason):
        """Drop all that waits."""
        if self.values:
            if self.waiting:
                self.drop(reason, self.waiting)
            if self.start:
                self.start = 0
            self._forget(len(self.values))

    def flush(self):
        """Send what waits. Returns False if something waits for credit, a way or room."""
        while self.start < len(self.values):
            credit = diff(self.granted, self.next)
            room_bytes = self.node.room_bytes(self.to_device) if credit > 0 else 0
            if not room_bytes or not self._send(self._together(credit), room_bytes):
                break
        full.release(self, len(self.values))
        return self.start == len(self.values)

    def grant(self, granted, _delivered, _is_fresh=None):
        """The target takes numbers below this one."""
        if diff(granted, self.granted) > 0:
            self.granted = granted

    def _together(self, credit):
        """How many of the first readings share a frame."""
        start = self.start
        count = min(BATCH, credit, len(self.values) - start)
        times_us = self._times_us[start : start + count]
        while not batch.fits(min(times_us[:count]), max(times_us[:count])):
            count -= 1
        return count

    def _send(self, count, room_bytes):
        """Send the first readings as one frame. Returns whether they are dealt with."""
        origins = None
        start, end = self.start, self.start + count
        sources = self._sources[start:end]
        if sources.count(self.source) != count:
            # 0 stands for the wire's own source; unknown numbers cannot come: origins are planned.
            origins = [self.numbers.get(source, 0) for source in sources]
        try:
            body = batch.encode(
                self.node.codec,
                self.wire,
                self.epoch,
                self.next,
                self._times_us[start:end],
                self.values[start:end],
                origins,
                self.items_max,
            )
            limit_bytes = min(self.limit_bytes, room_bytes)
            if len(body) > limit_bytes:
                raise LocalWireError("%d bytes; the way takes %d" % (len(body), limit_bytes))
        except LocalWireError as error:
            return self._halve(count, room_bytes, error)
        if not self.node.send(frame.STREAM, self.to_device, body):
            return False
        self._left(count)
        return True

    def _left(self, count):
        self.next = add(self.next, count)
        self.sent += count
        self._forget(count)

    def _halve(self, count, room_bytes, error):
        """Too long, or a value CBOR cannot carry: send smaller batches, refuse a single one."""
        if count > 1:
            return self._send(count // 2, room_bytes)
        if self.next != self.numbered:
            return False  # the target may have it, so its number cannot be another's
        self.drop("refused", 1)
        for row in (self.values, self._times_us, self._sources):
            row.pop(self.start)
        self.node.log(self.source, "reading refused: %s" % error)
        return True

    def mend(self):
        """Memory ran out in the middle of something: see `full.mend`."""
        counted = self.sent + sum(self.dropped.values())
        # What was counted as sent or dropped and is still here was about to be forgotten.
        self.values[: max(0, counted + self.waiting - self.accepted)] = []
        align(self.values, self._times_us, self._sources)
        full.mend(self, self.sent + self.waiting)

    def _forget(self, count):
        # In place: `put` and its callers hold the same lists.
        self.values[:count] = []
        self._times_us[:count] = []
        self._sources[:count] = []


def align(values, times_us, sources):
    """Make three rows equal that are filled at their ends and emptied at their fronts, in that
    order, and were not for want of memory.
    """
    for row in (times_us, sources):
        row[: max(0, len(row) - len(values))] = []
    whole = min(len(times_us), len(sources))
    values[whole:] = times_us[whole:] = []
