"""The wires of one device: their ends, what arrives for them, and what was lost here.

    readings of others: batch -> inlet (numbers checked, gaps counted) -> scheduler
    own readings: actor -> outbox; the node flushes outboxes at the end of each step
"""

from mp_actors import batch, credit, frame, full
from mp_actors.errors import RemoteWireError
from mp_actors.flow import BATCH
from mp_actors.inlet import SEQUENCE_WRAP, Inlet
from mp_actors.outbox import Outbox
from mp_actors.path import split
from mp_actors.ticks import diff

LOOK_MS = 500
STALLED_LOOKS = 2  # after 1 s that nothing moves, the actor at the source is told

# Of an item count that the controller takes in a report, this part for rows of what was lost.
LOST_PART = 8


class Wires:
    """Inlets and outboxes by wire number.

    `dirty`: outboxes with something to send. `lost`: {(wire, reason): readings} that ended on this
    device though it is not their target; wire 0 where the number could not be read.
    """

    def __init__(self, node):
        self.node = node
        self.inlets = {}
        self.outboxes = {}
        self.dirty = []
        self.lost = {}
        self._owing = []  # inlets whose source may be granted more, soon
        node_timers = node.scheduler.timers
        node_timers.every(node.clock.ticks_ms(), LOOK_MS, self._look)

    def connect(self, spec):
        """Make the ends of a wire that live here. The same wire a second time changes nothing, and
        neither does an older epoch: an order can be overtaken. Returns the epoch it has now.

        `spec`: a map with wire, epoch, source, target, source_device, target_device, first (its
        first sequence number), origins ([[actor number, path]]), limit (bytes of a frame), items
        (what the target decodes), credit (readings the source may send before it is granted more),
        full (what a full outbox does), reliable and via (the neighbour a leaf hands them to, 0:
        any).
        """
        node, number = self.node, spec["wire"]
        known = self.inlets.get(number) or self.outboxes.get(number)
        if known is not None and known.epoch >= spec["epoch"]:
            return known.epoch
        if known is not None and _same_ends(known, spec):
            self._rebind(spec)
            return spec["epoch"]
        if known is not None:
            self.disconnect(number)
        # Before anything is made: a wire of which half is missing would pass for a known one.
        source = None
        if spec["source_device"] == node.number:
            source = node.scheduler.cell(spec["source"])
        if spec["target_device"] == node.number:
            outlet = self._inlet(spec)
        else:
            outlet = self._outbox(spec)
            device, _ = split(spec["target"])
            node.forwarder.learn(device, spec["target_device"], spec["via"])
        if source is not None:
            source.outlets.append(outlet)
            outlet.source_cell = source
        node.scheduler.relink()
        return spec["epoch"]

    def _rebind(self, spec):
        """The other end has begun anew: what waits here stays, numbers begin again."""
        inlet, outbox = self.inlets.get(spec["wire"]), self.outboxes.get(spec["wire"])
        if outbox is not None:
            outbox.rebind(spec["epoch"], spec["first"], spec["credit"])
            outbox.wake()
        if inlet is not None:
            inlet.rebind(spec["epoch"], spec["first"])

    def disconnect(self, number):
        """Remove the ends of a wire that are here; readings that wait are counted as `gone`."""
        inlet = self.inlets.pop(number, None)
        outbox = self.outboxes.pop(number, None)
        if inlet in self._owing:
            self._owing.remove(inlet)
        for end in (inlet, outbox):
            if end is None:
                continue
            end.discard("gone")
            full.release(end, 0)
            for cell in self.node.scheduler.cells.values():
                if end in cell.outlets:
                    cell.outlets.remove(end)
                if end in cell.inlets:
                    cell.inlets.remove(end)
        self.node.scheduler.relink()

    def flush(self):
        """Send what outboxes hold, as far as there is a way and room."""
        dirty, self.dirty = self.dirty, []
        for outbox in dirty:
            if outbox.flush():
                outbox.is_dirty = False
            else:
                self.dirty.append(outbox)
        if self._owing:
            self._owing = [one for one in self._owing if not self._grant(one)]

    def take(self, body, from_device):
        """Readings for this device, or a source's question for credit. *Raises* RemoteWireError if
        the body is not understood.
        """
        if body[:1] == credit.QUESTION:
            self.take_credit(self.node.codec.decode(body), from_device)
            return
        readings = batch.Batch(self.node.codec, body, self.node.limits.items)
        count = len(readings.values)
        inlet = self.inlets.get(readings.wire)
        if inlet is None:
            self.lose(readings.wire, "gone", count)
        elif not _may_feed(inlet, from_device, readings.epoch):
            self.lose(readings.wire, "denied", count)
        else:
            self._feed(inlet, readings, inlet.arrived(readings.sequence, count))
            if not self._grant(inlet) and inlet not in self._owing:
                self._owing.append(inlet)

    def take_credit(self, body, from_device):
        """A grant of a target, or the question of a source. *Raises* RemoteWireError."""
        wire, epoch, number, delivered = credit.read(body)
        if delivered is not None:
            outbox = self.outboxes.get(wire)
            if outbox is not None and outbox.epoch == epoch and outbox.to_device == from_device:
                outbox.grant(number, delivered)
                outbox.wake()
            return
        inlet = self.inlets.get(wire)
        if inlet is not None and inlet.epoch == epoch and inlet.source_device == from_device:
            inlet.arrived(number, 0)  # nothing below it is on its way any more
            inlet.granted = None  # what was told may be lost
            self._grant(inlet)

    def undecodable(self, body, from_device):
        """Count a body that `take` did not understand, as exactly as its lengths allow."""
        try:
            wire, epoch, sequence, _ = batch.head(body)
            readings = batch.count(body)
        except RemoteWireError:
            self.lose(0, "undecodable", 1)
            return
        inlet = self.inlets.get(wire)
        if inlet is None or not _may_feed(inlet, from_device, epoch):
            self.lose(wire, "undecodable", readings)
        else:
            inlet.drop("undecodable", readings - inlet.arrived(sequence, readings))

    def lose(self, wire, reason, readings):
        """Count readings that end here though this is not their target."""
        key = (wire, reason)
        if key not in self.lost and len(self.lost) >= self.node.limits.items // LOST_PART:
            key = (0, reason)  # whoever invents wires must not make the report too long to send
        self.lost[key] = self.lost.get(key, 0) + readings

    def _grant(self, inlet):
        """Tell a remote source how far it may send, if that is worth a frame.

        Returns whether nothing more is to be told until it sends again.
        """
        granted = inlet.grant()
        told = inlet.granted
        if told is None or 2 * diff(granted, told) >= inlet.bound:
            inlet.granted = granted
            inlet.acknowledged = inlet.dealt
            body = [inlet.wire, inlet.epoch, granted, inlet.acknowledged]
            flags = frame.CONTROL | frame.ONCE  # the next one says it all again
            self.node.send(flags, inlet.source_device, self.node.codec.encode(body))
        return not inlet.queue

    def _look(self):
        """Acknowledge what reliable wires brought; see which outboxes do not move."""
        for number in sorted(self.inlets):
            inlet = self.inlets[number]
            if inlet.is_reliable and inlet.acknowledged != inlet.dealt:
                inlet.granted = None
                self._grant(inlet)
        for number in sorted(self.outboxes):
            outbox = self.outboxes[number]
            is_stuck = bool(outbox.values) and outbox.moved == outbox.moved_before
            outbox.moved_before = outbox.moved
            outbox.looks = outbox.looks + 1 if is_stuck else 0
            outbox.is_stalled = outbox.looks >= STALLED_LOOKS
            if outbox.is_stalled:
                self._ask_credit(outbox)
            self._notify(outbox)

    def _ask_credit(self, outbox):
        outbox.again()
        body = self.node.codec.encode([outbox.wire, outbox.epoch, outbox.next])
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

    def _feed(self, inlet, readings, old):
        feed, timed = self.node.scheduler.flow.feed, BATCH
        for place in range(old, len(readings.values)):
            source = inlet.source
            if readings.origins is not None and readings.origins[place]:
                source = inlet.origins.get(readings.origins[place], source)
            value, at_us = readings.values[place], readings.times_us[place]
            feed(inlet, value, at_us, source, timed)
            timed = 0

    def _inlet(self, spec):
        cell = self.node.scheduler.cell(spec["target"])
        is_remote = spec["source_device"] != self.node.number
        bound = spec["credit"] if is_remote else cell.queue_bound
        is_reliable = is_remote and spec["reliable"]
        inlet = _reliable().ReliableInlet if is_reliable else Inlet
        inlet = inlet(spec["wire"], spec["source"], bound)
        inlet.is_reliable = is_reliable
        inlet.epoch = spec["epoch"]
        inlet.source_device = spec["source_device"]
        # Of a full wire between devices, the source decides; here nothing is full that has credit.
        inlet.policy = full.DROP_OLDEST
        if not is_remote or spec["full"] == full.REPLACE:
            inlet.policy = spec["full"]
        inlet.origins = dict([(number, path) for number, path in spec["origins"]])
        if is_remote:
            inlet.expected = spec["first"]
            inlet.granted = inlet.grant()  # the source starts with that
        self.node.scheduler.connect(inlet, cell)
        self.inlets[spec["wire"]] = inlet
        return inlet

    def _outbox(self, spec):
        limits = self.node.limits
        kind = _reliable().ReliableOutbox if spec["reliable"] else Outbox
        outbox = kind(self.node, spec["wire"], spec["epoch"], spec["source"])
        outbox.to_device = spec["target_device"]
        outbox.numbers = dict([(path, number) for number, path in spec["origins"]])
        outbox.next = spec["first"]
        outbox.items_max = spec["items"]
        outbox.limit_bytes = min(spec["limit"], limits.out_bytes) - frame.HEAD_BYTES
        outbox.bound = 2 * limits.queue_readings
        if spec["reliable"]:
            outbox.bound = max(outbox.bound, limits.credit_readings)
        outbox.granted = (spec["first"] + spec["credit"]) % SEQUENCE_WRAP
        outbox.policy = spec["full"]
        outbox.target = spec["target"]
        self.outboxes[spec["wire"]] = outbox
        return outbox


def _same_ends(end, spec):
    """Whether an end that is here only needs another epoch: the same actors, on two devices."""
    if isinstance(end, Outbox):
        return (end.source, end.target) == (spec["source"], spec["target"])
    return (end.source, end.cell.path) == (spec["source"], spec["target"])


def _reliable():
    """Loaded where a wire asks for it: a board pays in memory for what it has."""
    from mp_actors import reliable

    return reliable


def _may_feed(inlet, from_device, epoch):
    """Whether a batch that came from a device is for this wire; none is for a local one."""
    known = inlet.expected is not None and from_device == inlet.source_device
    return known and epoch == inlet.epoch
