"""Reliable wires: nothing that was taken is lost, doubled or out of order while both ends live.

The source keeps every reading until the target says that its handler has dealt with it, and sends
from the first of those again when that does not come; the target takes numbers strictly in order
and knows a repeat. When the source holds all it may, it takes no more: `emit` returns False, and
nothing is dropped. *Source*: go-back-n with cumulative acknowledgement; a loss is rare here, since
sessions resend per hop, so a window that reorders would earn nothing.

Numbers go on from epoch to epoch. They have a name, which is another one when a source has begun
anew and knows nothing of before, and each epoch begins with the source saying that name and the
first number it has: a target that knows the name goes on where it was, so that what it gets again
is a repeat; any other takes that number as the next. Until it was told, it takes nothing.
"""

from mp_actors import frame
from mp_actors.inlet import Inlet
from mp_actors.outbox import Outbox
from mp_actors.ticks import WRAP_MS, add, diff


def outbox(node, spec):
    """The end of a reliable wire at its source; `spec` as for `Wires.connect`."""
    return ReliableOutbox(node, spec["wire"], spec["epoch"], spec["source"])


def inlet(_arrivals, spec, bound):
    """The end of a reliable wire at its target."""
    return ReliableInlet(spec["wire"], spec["source"], bound)


class ReliableOutbox(Outbox):
    """`values` holds what is not acknowledged, the first `start` of them are on their way.

    `name`: of its numbers, 0 before the first epoch.
    """

    def __init__(self, node, wire, epoch, source):
        Outbox.__init__(self, node, wire, epoch, source)
        self.name = 0
        self._base = self._first_time = self.next  # of the first of `values`; never sent
        self._doubt = 0  # sent before this epoch and not acknowledged
        self._is_introduced = True

    @property
    def waiting(self):
        """How many readings are here and were never sent."""
        return len(self.values) - self._unacknowledged()

    @property
    def numbered(self):
        """The number behind the last that was given to a reading."""
        return self._first_time

    @property
    def moved(self):
        """A number that rises when something was acknowledged: what only left may be lost."""
        return self.acknowledged

    def grant(self, granted, delivered, is_fresh=None):
        """The target takes numbers below `granted`, and has dealt with those below `delivered`."""
        Outbox.grant(self, granted, delivered)
        if is_fresh:
            self.repeated += self._doubt
        self._doubt = 0
        self.is_unheard = False
        count = diff(delivered, self._base)
        if 0 < count <= self._unacknowledged():
            self._base = delivered
            self.acknowledged += count
            self.start -= count
            if self.start < 0:  # it came while they were about to be sent again
                self.start, self.next = 0, delivered
            self._forget(count)

    def rebind(self, epoch, first, credit):
        """One end has begun anew: what is not acknowledged is sent again, under its numbers."""
        if not self.name:
            self.name = (self.node.incarnation + epoch) % WRAP_MS or 1
            self._base = self._first_time = first
        self.repeated += self._doubt  # the target of the epoch before was never heard
        self._doubt = self._unacknowledged()
        self._is_introduced = False
        self.is_unheard = True
        self.start = 0
        Outbox.rebind(self, epoch, self._base, credit)

    def discard(self, reason):
        """Drop all that waits; what was sent is the target's to count."""
        Outbox.discard(self, reason)
        self.next = self._base = self._first_time

    def again(self):
        """Nothing came back for a while: send everything once more."""
        self.next = self._base
        self.start = 0

    def question(self):
        """What asks for credit, and says where the numbers are."""
        return [self.wire, self.epoch, self._base, self.name]

    def flush(self):
        """Send what waits; before the first of an epoch, what its numbers are."""
        if not self._is_introduced:
            body = self.node.codec.encode(self.question())
            self._is_introduced = self.node.send(frame.STREAM, self.to_device, body)
        return self._is_introduced and Outbox.flush(self)

    def _unacknowledged(self):
        return diff(self._first_time, self._base)

    def _left(self, count):
        self.start += count
        self.next = add(self.next, count)
        fresh = min(count, max(0, diff(self.next, self._first_time)))
        self._first_time = add(self._first_time, fresh)
        self.sent += fresh


class ReliableInlet(Inlet):
    """Takes numbers in order only, and no more than it has room for; the rest will come again.

    `name`: of the source's numbers, None if it never heard one. `is_fresh`: it began with that.
    `is_told`: whose numbers come in this epoch; a grant before would speak of others.
    """

    def __init__(self, wire, source, bound):
        Inlet.__init__(self, wire, source, bound)
        self.ahead = 0
        self.name = None
        self.is_fresh = False
        self.is_told = True

    def arrived(self, sequence, count):
        """Returns how many of the first readings are not to be taken: old, or all ahead."""
        ahead = diff(sequence, self.expected)
        if ahead > 0 or ahead + count + self.waiting > self.bound or not self.is_told:
            self.ahead += count
            return count
        return Inlet.arrived(self, sequence, count)

    def short(self, count):
        """There was no memory for the last readings of a batch: they will come again."""
        self.expected = add(self.expected, -count)

    def rebind(self, epoch, first):
        """One end has begun anew; whose numbers come is told first."""
        Inlet.rebind(self, epoch, first if self.name is None else self.expected)
        self.is_told = self.is_fresh = False

    def introduce(self, number, name):
        """The source's numbers have this name, and the first it has is this."""
        if name != self.name:
            self.is_fresh = self.name is None
            self.name, self.expected = name, number
        self.is_told = True
