"""The wires of one device: their ends, what arrives for them, and what was lost here.

    readings of others: batch -> inlet (numbers checked, gaps counted) -> scheduler
    own readings: actor -> outbox; the node flushes outboxes at the end of each step
"""

from mp_actors import batch, frame
from mp_actors.errors import RemoteWireError
from mp_actors.flow import BATCH
from mp_actors.inlet import Inlet
from mp_actors.outbox import Outbox
from mp_actors.path import split

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

    def connect(self, spec):
        """Make the ends of a wire that live here. The same wire a second time changes nothing.

        `spec`: a map with wire, epoch, source, target, source_device, target_device, first (its
        first sequence number), origins ([[actor number, path]]), limit (bytes of a frame), items
        (what the target decodes) and via (the neighbour a leaf hands them to, 0: any).
        """
        node, number = self.node, spec["wire"]
        known = self.inlets.get(number) or self.outboxes.get(number)
        if known is not None and known.epoch == spec["epoch"]:
            return
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
        node.scheduler.relink()

    def disconnect(self, number):
        """Remove the ends of a wire that are here; readings that wait are counted as `gone`."""
        inlet = self.inlets.pop(number, None)
        outbox = self.outboxes.pop(number, None)
        for end in (inlet, outbox):
            if end is None:
                continue
            end.discard("gone")
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
            if not outbox.flush():
                self.dirty.append(outbox)

    def take(self, body, from_device):
        """Readings for this device. *Raises* RemoteWireError if the body is not understood."""
        readings = batch.Batch(self.node.codec, body, self.node.limits.items)
        count = len(readings.values)
        inlet = self.inlets.get(readings.wire)
        if inlet is None:
            self.lose(readings.wire, "gone", count)
        elif not _may_feed(inlet, from_device, readings.epoch):
            self.lose(readings.wire, "denied", count)
        else:
            self._feed(inlet, readings, inlet.arrived(readings.sequence, count))

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
        inlet = Inlet(spec["wire"], spec["source"], cell.queue_bound)
        inlet.epoch = spec["epoch"]
        inlet.source_device = spec["source_device"]
        inlet.origins = dict([(number, path) for number, path in spec["origins"]])
        if spec["source_device"] != self.node.number:
            inlet.expected = spec["first"]
        self.node.scheduler.connect(inlet, cell)
        self.inlets[spec["wire"]] = inlet
        return inlet

    def _outbox(self, spec):
        limits = self.node.limits
        outbox = Outbox(self.node, spec["wire"], spec["epoch"], spec["source"])
        outbox.to_device = spec["target_device"]
        outbox.numbers = dict([(path, number) for number, path in spec["origins"]])
        outbox.next = spec["first"]
        outbox.items_max = spec["items"]
        outbox.limit_bytes = min(spec["limit"], limits.out_bytes) - frame.HEAD_BYTES
        outbox.bound = 2 * limits.queue_readings
        self.outboxes[spec["wire"]] = outbox
        return outbox


def _may_feed(inlet, from_device, epoch):
    """Whether a batch that came from a device is for this wire; none is for a local one."""
    known = inlet.expected is not None and from_device == inlet.source_device
    return known and epoch == inlet.epoch
