"""The wires of one device: their ends, what arrives for them, and what was lost here.

    own readings: actor -> outbox; the node flushes outboxes at the end of each step
    readings of others: batch -> `arrivals`, which is loaded where a wire ends
"""

from mp_actors import batch, credit, frame
from mp_actors.errors import RemoteWireError

LOOK_MS = 500
STALLED_LOOKS = 2  # after 1 s that nothing moves, the actor at the source is told

# Of an item count that the controller takes in a report, this part for rows of what was lost.
LOST_PART = 8


class Wires:
    """Inlets and outboxes by wire number.

    `dirty`: outboxes with something to send. `lost`: {(wire, reason): readings} that ended on this
    device though it is not their target; wire 0 where the number could not be read.
    """

    flash = None  # where `spill` keeps readings, if not in a folder of this device, which is:
    folder = "kept-readings"  # no name that a module could have

    def __init__(self, node):
        self.node = node
        self.inlets = {}
        self.outboxes = {}
        self.dirty = []
        self.lost = {}
        self.arrivals = None
        self.keeper = None  # makes the ends of reliable wires where there is a disk; as `reliable`
        node_timers = node.scheduler.timers
        node_timers.every(node.clock.ticks_ms(), LOOK_MS, self._look)

    def connect(self, spec):
        """Make the ends of a wire that live here. The same wire a second time changes nothing, and
        neither does an older epoch: an order can be overtaken. Returns the epoch it has now.

        `spec`: a map with wire, epoch, source, target, source_device, target_device, first (its
        first sequence number), origins ([[actor number, path]]), limit (bytes of a frame), items
        (what the target decodes), credit (readings the source may send before it is granted more),
        full (what a full outbox does), reliable and via (the neighbour a leaf hands them to, 0:
        any); flash where some are kept in it (bytes, see `spill`).
        """
        from mp_actors import wiring

        return wiring.connect(self, spec)

    def disconnect(self, number):
        """Remove the ends of a wire that are here; readings that wait are counted as `gone`."""
        from mp_actors import lost

        lost.disconnect(self, number)

    def flush(self):
        """Send what outboxes hold, as far as there is a way and room."""
        if self.dirty:
            for outbox in self.dirty:
                outbox.is_dirty = not outbox.flush()
            self.dirty = [outbox for outbox in self.dirty if outbox.is_dirty]
        if self.arrivals is not None:
            self.arrivals.flush()

    def mend(self):
        """Memory ran out in the middle of something."""
        for number in self.outboxes:
            outbox = self.outboxes[number]
            outbox.mend()
            if outbox not in self.dirty:
                outbox.is_dirty = False
            outbox.wake()

    def take(self, body, from_device):
        """Readings for this device, or a source's question for credit. *Raises* RemoteWireError if
        the body is not understood.
        """
        if body[:1] in credit.QUESTION:
            items_max = self.node.limits.items
            asked = credit.read(self.node.codec.decode(body, items_max=items_max))
            if self.arrivals is not None:
                self.arrivals.asked(asked, from_device)
            return
        if self.arrivals is not None:
            self.arrivals.take(body, from_device)
        else:
            self.lose(batch.head(body)[0], "gone", batch.count(body), from_device)

    def take_credit(self, body, from_device):
        """A grant of a target. *Raises* RemoteWireError."""
        wire, epoch, number, delivered, is_fresh = credit.read(body)
        if delivered is None:
            raise RemoteWireError("a question where a grant belongs")
        outbox = self.outboxes.get(wire)
        if outbox is not None and outbox.epoch == epoch and outbox.to_device == from_device:
            outbox.grant(number, delivered, is_fresh)
            outbox.wake()

    def lose(self, wire, reason, readings, origin=0):
        """Count readings that end here though this is not their target; `origin`: the device that
        has sent them, 0 if it is not known.
        """
        key = (wire, reason)
        if key not in self.lost and len(self.lost) >= self.node.limits.items // LOST_PART:
            key = (0, reason)  # whoever invents wires must not make the report too long to send
        self.lost[key] = self.lost.get(key, 0) + readings
        self.node.keep("lose", wire, reason, origin, readings)

    def _look(self):
        """Acknowledge what reliable wires brought; see which outboxes do not move."""
        if self.arrivals is not None:
            self.arrivals.acknowledge()
        for number in sorted(self.outboxes):
            outbox = self.outboxes[number]
            is_waiting = outbox.is_waiting
            if is_waiting or outbox.moved_before:
                is_stuck = is_waiting and outbox.moved == outbox.moved_before
                outbox.moved_before = outbox.moved if is_waiting else None
                outbox.looks = outbox.looks + 1 if is_stuck else 0
                outbox.is_stalled = outbox.looks >= STALLED_LOOKS
            if outbox.is_stalled or (outbox.is_unheard and is_waiting):
                self._ask_credit(outbox)
            self._notify(outbox)
            self.count(outbox)

    def count(self, end, is_last=False):
        """Keep why this end has lost what it has; `is_last`: before it is removed."""
        if end.dropped:
            self.node.keep("count", end, is_last)

    def _ask_credit(self, outbox):
        outbox.again()
        body = self.node.codec.encode(outbox.question())
        self.node.send(frame.STREAM, outbox.to_device, body)
        outbox.wake()

    def _notify(self, outbox):
        """Tell each instance of the source once that it is stalled, and then that it is not."""
        cell = outbox.source_cell
        if cell is None or cell.down:
            return
        if outbox.is_stalled:
            if outbox.told is not cell.actor and self._tell(cell, "stalled", outbox.target):
                outbox.told = cell.actor
        elif outbox.told is not None:
            if outbox.told is not cell.actor or self._tell(cell, "flowing", outbox.target):
                outbox.told = None

    def _tell(self, cell, kind, target):
        """Tell an actor if it wants to know. Returns False if there is no room for that now."""
        if not hasattr(cell.actor, "on_" + kind):
            return True
        return self.node.scheduler.post(cell.path, kind, (target,), cell.path, None)

    def reliable(self):
        """What makes the ends of reliable wires; loaded, too, where one asks for it."""
        if self.keeper is not None:
            return self.keeper
        from mp_actors import reliable

        return reliable
