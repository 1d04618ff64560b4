"""The end of a wire at its source, when the target lives on another device.

Collects what an actor emits during a step and sends it as one batch; numbers a reading when it
leaves. While there is no way to the target, readings wait here, and the oldest makes room.

Ledger, in readings: `accepted == sent + sum(dropped) + len(values)`.
"""

from mp_actors import batch, frame
from mp_actors.errors import LocalWireError
from mp_actors.inlet import SEQUENCE_WRAP

BATCH = 64  # readings in one frame


class Outbox:
    """Where a wire leaves this device.

    `numbers`: {path: actor number} of the sources whose readings pass here, beside the wire's own
    `source`. `next`: sequence number of the next reading. `limit_bytes`: longest body that every
    device on the way takes; `items_max`: what the target decodes. `bound`: readings that may wait.
    """

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
        self.accepted = 0
        self.sent = 0
        self.dropped = {}
        self.values = []
        self._times_us = []
        self._sources = []
        self._dirty = False

    def put(self, value, at_us, source):
        """Take one reading; it leaves at the end of the step, or at once with a full batch."""
        self.accepted += 1
        values = self.values
        if len(values) >= self.bound:
            self.drop("overflow", 1)
            self._forget(1)
        values.append(value)
        self._times_us.append(at_us)
        self._sources.append(source)
        if not self._dirty:
            self._dirty = True
            self.node.wires.dirty.append(self)
        elif len(values) == BATCH or len(values) == self.bound:
            self.flush()
            self._dirty = True  # it stands in the list until the step ends

    def drop(self, reason, count):
        """Count readings that were accepted and will not be sent."""
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def discard(self, reason):
        """Drop all that waits."""
        if self.values:
            self.drop(reason, len(self.values))
            self._forget(len(self.values))

    def flush(self):
        """Send what waits. Returns False if something has to wait for a way or for room."""
        while self.values:
            room_bytes = self.node.room_bytes(self.to_device)
            if not room_bytes or not self._send(self._together(), room_bytes):
                return False
        self._dirty = False
        return True

    def _together(self):
        """How many of the first readings share a frame."""
        times_us = self._times_us
        count = min(BATCH, len(times_us))
        while not batch.fits(min(times_us[:count]), max(times_us[:count])):
            count -= 1
        return count

    def _send(self, count, room_bytes):
        """Send the first readings as one frame. Returns whether they are dealt with."""
        origins = None
        sources = self._sources[:count]
        if sources.count(self.source) != count:
            # 0 stands for the wire's own source; unknown numbers cannot come: origins are planned.
            origins = [self.numbers.get(source, 0) for source in sources]
        try:
            body = batch.encode(
                self.node.codec,
                self.wire,
                self.epoch,
                self.next,
                self._times_us[:count],
                self.values[:count],
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
        self.next = (self.next + count) % SEQUENCE_WRAP
        self.sent += count
        self._forget(count)
        return True

    def _halve(self, count, room_bytes, error):
        """Too long, or a value CBOR cannot carry: send smaller batches, refuse a single one."""
        if count > 1:
            return self._send(count // 2, room_bytes)
        self.drop("refused", 1)
        self._forget(1)
        self.node.log(self.source, "reading refused: %s" % error)
        return True

    def _forget(self, count):
        # In place: `put` and its callers hold the same lists.
        self.values[:count] = []
        self._times_us[:count] = []
        self._sources[:count] = []
