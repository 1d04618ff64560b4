"""The end of a stream at a board that keeps in its flash what cannot leave: store and forward.

    put -> values -> target                 as any wire's, while the way is open
    put -> late -> block -> backlog ...     once 64 wait: in whole blocks, in order
    ... backlog -> values -> target         when there is a way, room and credit again

A wire asks for it by `flash`, in bytes. What is in the flash outlasts a reset; what was not yet a
whole block, or had begun to leave, does not: no reading comes twice. When the flash is full, the
wire's policy decides, see `full`: of the oldest a file at a time makes room.

Ledger, as of any outbox: `accepted == sent + sum(dropped) + waiting`. What an earlier start has
left waits here, and was accepted there: `dropped` has it as a `crash` below zero, since whoever
heard that start last has it as lost by one.
"""

from mp_actors import batch, full
from mp_actors.backlog import Backlog, Folder, block
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.outbox import Outbox, align
from mp_actors.ticks import add, diff

BLOCK = 64  # readings: how many wait in memory before they are written
RETRY_MS = 1000  # until a flash that failed is tried again
ITEMS_MAX = 1 << 17  # in a block: 64 times as many as any device takes in a reading, and more


def outbox(node, spec):
    """The end of such a wire; `spec` as for `Wires.connect`."""
    # Numbers stand for sources in a block: of other numbers, it would be another wire's.
    key = "%s > %s %s" % (spec["source"], spec["target"], sorted(spec["origins"]))
    disk = node.wires.flash or Folder(node.wires.folder)
    backlog = Backlog(disk, spec["wire"], key, spec["flash"])
    return SpillingOutbox(node, spec, backlog)


class SpillingOutbox(Outbox):
    """`values` leave next, then what is in the backlog, then `_late`: [values, times, sources]."""

    is_in_flash = True

    def __init__(self, node, spec, backlog):
        Outbox.__init__(self, node, spec["wire"], spec["epoch"], spec["source"])
        self.bound = BLOCK
        self._backlog = backlog
        self._now = self.values, self._times_us, self._sources
        self._late = [], [], []
        self._is_begun = False
        self._is_failing = False
        self._retry_ms = 0
        self._wanted = 0  # bytes for which there was no room
        self._begin()

    @property
    def waiting(self):
        """How many readings are here and were never sent."""
        return len(self.values) + self._backlog.readings + len(self._late[0])

    @property
    def is_waiting(self):
        """Whether anything is."""
        return self.waiting > 0

    def put(self, value, at_us, source):
        """Take one reading. Returns False if it was not taken."""
        self.accepted += 1
        rows = self._newest()
        if len(rows[0]) >= BLOCK:
            if self._spill(rows):
                rows = self._newest()
            elif full.takes_newest(self):
                _forget(rows, 1)
            else:
                return False
        rows[0].append(value)
        rows[1].append(at_us)
        rows[2].append(source)
        if not self.is_dirty:
            self.wake()
        elif len(rows[0]) == BLOCK:
            self.flush()
        if self.policy == full.HOLD:
            rows = self._newest()
            if len(rows[0]) >= BLOCK and not self._spill(rows):
                full.hold(self)
        return True

    def flush(self):
        """Send what waits. Returns False if something waits for credit, a way or room."""
        while self.is_waiting:
            credit = diff(self.granted, self.next)
            room_bytes = self.node.room_bytes(self.to_device) if credit > 0 else 0
            if not room_bytes or not self._load():
                break
            if self.values and not self._send(self._together(credit), room_bytes):
                break
        cell = self.source_cell
        if cell is not None and cell.is_held and self._has_room():
            full.release(self, 0)
        return not self.is_waiting

    def discard(self, reason):
        """Drop all that waits, in flash, too."""
        if self.waiting:
            self.drop(reason, self.waiting)
        self._backlog.clear()
        _forget(self._late, BLOCK)
        _forget(self._now, BLOCK)

    def mend(self):
        """Memory ran out in the middle of something: see `full.mend`."""
        align(*self._late)
        Outbox.mend(self)

    def _newest(self):
        """The rows for the newest reading: nothing that is newer may stand in flash."""
        return self._late if self._backlog.readings or self._late[0] else self._now

    def _has_room(self):
        """Whether a source that was held has somewhere to put a reading."""
        if len(self._newest()[0]) < BLOCK:
            return True
        return not self._is_failing and self._backlog.has_room(self._wanted)

    def _move(self, rows, to):
        for row, more in zip(to, rows):
            row.extend(more)
        _forget(rows, BLOCK)

    # -- from the flash

    def _load(self):
        """Have the oldest in `values`. Returns False if they cannot be had now."""
        if self.values:
            return True
        if not self._backlog.readings:
            self._move(self._late, self._now)
            return True
        if not self._may_try():
            return False
        try:
            count, body = self._backlog.take()
        except OSError as error:
            return self._fails(error)
        self._works()
        from mp_actors.readings import Readings

        try:
            found = Readings(self.node.codec, body or b"", ITEMS_MAX)
        except RemoteWireError:
            self.drop("undecodable", count)
            return True
        paths = dict([(self.numbers[path], path) for path in self.numbers])
        self.values.extend(found.values)
        self._times_us.extend(found.times_us)
        for number in found.origins or [0] * count:
            self._sources.append(paths.get(number, self.source))
        return True

    # -- into the flash

    def _spill(self, rows):
        """Write the first of these rows, as many as make a block. Returns whether there is room in
        them now.
        """
        if not self._may_try() or not self._begin():
            return False
        count, data = self._block(rows)
        backlog = self._backlog
        try:
            while not backlog.has_room(len(data)):
                self._wanted = len(data)
                dropped = backlog.drop_oldest() if self.policy == full.DROP_OLDEST else 0
                if not dropped:
                    return False
                self.drop("overflow", dropped)
            if count:
                backlog.write(data, count)
        except OSError as error:
            return self._fails(error)
        self._works()
        _forget(rows, count)
        if rows is self._now and backlog.readings:
            self._move(rows, self._late)  # what the block had no room for is newer
        return True

    def _block(self, rows):
        """(readings, bytes) of one block: all that waits, if its times lie not too far apart."""
        values, times_us, sources = rows
        while values:
            count = len(values)
            while not batch.fits(min(times_us[:count]), max(times_us[:count])):
                count -= 1
            origins = None
            if sources[:count].count(self.source) != count:
                origins = [self.numbers.get(one, 0) for one in sources[:count]]
            try:
                body = self._encoded(times_us[:count], values[:count], origins, ITEMS_MAX)
                return count, block(count, body)
            except LocalWireError as error:
                self._refuse(rows, error)
        return 0, b""

    def _refuse(self, rows, error):
        """Drop each reading that no frame can carry."""
        for place in range(len(rows[0]) - 1, -1, -1):
            try:
                self._encoded([0], [rows[0][place]], None, self.items_max)
            except LocalWireError:
                for row in rows:
                    del row[place]
                self.drop("refused", 1)
        self.node.log(self.source, "reading refused: %s" % error)

    def _encoded(self, times_us, values, origins, items_max):
        codec = self.node.codec
        return batch.encode(codec, self.wire, 0, 0, times_us, values, origins, items_max)

    # -- a flash that fails

    def _begin(self):
        """Go on with what an earlier start has left. Returns False if that cannot be known now."""
        backlog = self._backlog
        if self._is_begun:
            return True
        try:
            backlog.begin()
        except OSError as error:
            return self._fails(error)
        self._is_begun = True
        if backlog.readings:
            self.drop("crash", -backlog.readings)
            self.node.log(self.source, "%d readings of before are in flash" % backlog.readings)
        if backlog.torn:
            text = "in flash, %d or more readings were torn, or had begun to leave: they are lost"
            self.node.log(self.source, text % backlog.torn)
        return True

    def _may_try(self):
        return not self._is_failing or diff(self._retry_ms, self.node.clock.ticks_ms()) <= 0

    def _fails(self, error):
        """The flash does not do it: said once. Returns False."""
        self._retry_ms = add(self.node.clock.ticks_ms(), RETRY_MS)
        if not self._is_failing:
            self._is_failing = True
            self.node.log(self.source, "flash cannot be used: %s; memory has to do" % error)
        return False

    def _works(self):
        if self._is_failing:
            self._is_failing = False
            self.node.log(self.source, "flash can be used again")


def _forget(rows, count):
    for row in rows:
        row[:count] = []
