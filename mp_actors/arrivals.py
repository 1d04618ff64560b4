"""The wires that end on one device: readings in, credit out.

    body -> Readings -> inlet (numbers checked, gaps counted) -> scheduler
    room in an inlet -> a grant to its source
"""

from mp_actors import batch, frame, full
from mp_actors.flow import BATCH
from mp_actors.inlet import Inlet
from mp_actors.readings import Readings
from mp_actors.ticks import diff


class Arrivals:
    """What `wires` does with inlets; both hold the same ones."""

    def __init__(self, node, wires):
        self.node = node
        self._wires = wires
        self._inlets = wires.inlets
        self._owing = []  # inlets whose source may be granted more, soon

    def make(self, spec):
        """The end of a wire at its target; `spec` as for `Wires.connect`. *Raises* UnknownActor."""
        cell = self.node.scheduler.cell(spec["target"])
        is_remote = spec["source_device"] != self.node.number
        bound = spec["credit"] if is_remote else cell.queue_bound
        is_reliable = is_remote and spec["reliable"]
        if is_reliable:
            inlet = self._wires.reliable().inlet(self, spec, bound)
        else:
            inlet = Inlet(spec["wire"], spec["source"], bound)
        inlet.is_reliable = is_reliable
        inlet.epoch = spec["epoch"]
        inlet.source_device = spec["source_device"]
        # Of a full wire between devices, the source decides; here nothing is full that has credit.
        if not is_remote or spec["full"] == full.REPLACE:
            inlet.obey(spec["full"])
        inlet.origins = dict([(number, path) for number, path in spec["origins"]])
        if is_remote:
            if inlet.expected is None:
                inlet.expected = spec["first"]
            inlet.rebind(spec["epoch"], inlet.expected)
        self.node.scheduler.connect(inlet, cell)
        self._inlets[spec["wire"]] = inlet
        return inlet

    def forget(self, inlet):
        """This end is removed."""
        if inlet in self._owing:
            self._owing.remove(inlet)

    def inlet_for(self, wire, epoch, from_device):
        """The inlet that a batch from a device is for, None if there is none; none is for a local
        wire."""
        inlet = self._inlets.get(wire)
        return inlet if inlet is not None and _may_feed(inlet, from_device, epoch) else None

    def take(self, body, from_device):
        """Readings for this device. *Raises* RemoteWireError if the body is not understood."""
        readings = Readings(self.node.codec, body, self.node.limits.items)
        count = len(readings.values)
        inlet = self._inlets.get(readings.wire)
        if inlet is None:
            self._wires.lose(readings.wire, "gone", count, from_device)
        elif not _may_feed(inlet, from_device, readings.epoch):
            self._wires.lose(readings.wire, "denied", count, from_device)
        else:
            old = inlet.arrived(readings.sequence, count)
            before = inlet.accepted
            try:
                self._feed(inlet, readings, old)
            except MemoryError:
                inlet.short(count - old - (inlet.accepted - before))
                raise
            if not self._grant(inlet) and inlet not in self._owing:
                self._owing.append(inlet)

    def asked(self, question, from_device):
        """A source asks for credit; see `credit`."""
        wire, epoch, number, name, _ = question
        inlet = self.inlet_for(wire, epoch, from_device)
        if inlet is not None and inlet.is_reliable == (name is not None):
            if name is not None:
                inlet.introduce(number, name)
            else:
                inlet.arrived(number, 0)  # nothing below it is on its way any more
            inlet.granted = None  # what was told may be lost
            self._grant(inlet)

    def short(self, body, from_device):
        """There was no memory to look at a body for this device. Returns whether an inlet knows
        that; a reliable wire's readings come again.
        """
        wire, epoch, sequence, _ = batch.head(body)
        inlet = self.inlet_for(wire, epoch, from_device)
        if inlet is None:
            return False
        # Of one whose numbers are old, `take` has said what it lacks.
        if not inlet.is_reliable and diff(sequence, inlet.expected) >= 0:
            count = batch.count(body)
            inlet.arrived(sequence, count)
            inlet.short(count)
        return True

    def flush(self):
        """Grant what has become free."""
        if self._owing:
            self._owing = [one for one in self._owing if not self._grant(one)]

    def acknowledge(self):
        """Tell the sources of reliable wires what was dealt with; see what was lost."""
        for number in sorted(self._inlets):
            inlet = self._inlets[number]
            self._wires.count(inlet)
            if inlet.is_reliable and inlet.acknowledged != inlet.dealt:
                inlet.granted = None
                self._grant(inlet)

    def _grant(self, inlet):
        """Tell a remote source how far it may send, if that is worth a frame.

        Returns whether nothing more is to be told until it sends again.
        """
        if inlet.is_reliable and not inlet.is_told:
            return True  # it would speak of numbers that this source may never have given
        granted = inlet.grant()
        told = inlet.granted
        if told is None or 2 * diff(granted, told) >= inlet.bound:
            inlet.granted = granted
            inlet.acknowledged = inlet.dealt
            body = [inlet.wire, inlet.epoch, granted, inlet.acknowledged]
            if inlet.is_reliable and inlet.is_fresh:
                body.append(1)
            flags = frame.CONTROL | frame.ONCE  # the next one says it all again
            self.node.send(flags, inlet.source_device, self.node.codec.encode(body))
        return not inlet.queue

    def _feed(self, inlet, readings, old):
        feed, timed = self.node.scheduler.flow.feed, BATCH
        for place in range(old, len(readings.values)):
            source = inlet.source
            if readings.origins is not None and readings.origins[place]:
                source = inlet.origins.get(readings.origins[place], source)
            value, at_us = readings.values[place], readings.times_us[place]
            feed(inlet, value, at_us, source, timed)
            timed = 0


def _may_feed(inlet, from_device, epoch):
    """Whether a batch that came from a device is for this wire; none is for a local one."""
    known = inlet.expected is not None and from_device == inlet.source_device
    # A batch has the last 16 bits of it only; a device may fail a hundred thousand times.
    return known and not (epoch ^ inlet.epoch) & 0xFFFF
