"""Reliable wires: nothing that was taken is lost, doubled or out of order while both ends live.

The source keeps every reading until the target says that its handler has dealt with it, and sends
from the first of those again when that does not come; the target takes numbers strictly in order
and knows a repeat. When the source holds all it may, it takes no more: `emit` returns False, and
nothing is dropped. *Source*: go-back-n with cumulative acknowledgement; a loss is rare here, since
sessions resend per hop, so a window that reorders would earn nothing.
"""

from mp_actors.inlet import Inlet
from mp_actors.outbox import Outbox
from mp_actors.ticks import add, diff


class ReliableOutbox(Outbox):
    """`values` holds what is not acknowledged, the first `start` of them are on their way."""

    def __init__(self, node, wire, epoch, source):
        Outbox.__init__(self, node, wire, epoch, source)
        self._base = None  # number of the first of `values`
        self._first_time = None  # the next number that was never sent

    @property
    def waiting(self):
        """How many readings are here and were never sent."""
        return len(self.values) - self._unacknowledged()

    @property
    def numbered(self):
        """The number behind the last that was given to a reading."""
        return self.next if self._base is None else self._first_time

    @property
    def moved(self):
        """A number that rises with what was acknowledged: what has left may be lost, however much
        leaves behind it.
        """
        return self.acknowledged

    def grant(self, granted, delivered):
        """The target takes numbers below `granted`, and has dealt with those below `delivered`."""
        Outbox.grant(self, granted, delivered)
        count = diff(delivered, self._base_number())
        if 0 < count <= self._unacknowledged():
            self._base = delivered
            self.acknowledged += count
            self._forget(count)
            self.start -= count
            if self.start < 0:  # it came while they were about to be sent again
                self.start, self.next = 0, delivered

    def rebind(self, epoch, first, credit):
        """The target has begun anew: what it did not acknowledge may have died with it."""
        self.repeated += self._unacknowledged()
        self.sent -= self._unacknowledged()
        self.start = 0
        self._base = None
        Outbox.rebind(self, epoch, first, credit)

    def discard(self, reason):
        """Drop all that waits; what was sent is the target's to count."""
        Outbox.discard(self, reason)
        self.next, self._base = self.numbered, None

    def again(self):
        """Nothing came back for a while: send everything once more."""
        self.next = self._base_number()
        self.start = 0

    def _unacknowledged(self):
        return 0 if self._base is None else diff(self._first_time, self._base)

    def _base_number(self):
        if self._base is None:
            self._base = self._first_time = self.next
        return self._base

    def _left(self, count):
        self._base_number()
        self.start += count
        self.next = add(self.next, count)
        fresh = min(count, max(0, diff(self.next, self._first_time)))
        self._first_time = add(self._first_time, fresh)
        self.sent += fresh


class ReliableInlet(Inlet):
    """Takes numbers in order only, and no more than it has room for; the rest will come again."""

    def __init__(self, wire, source, bound):
        Inlet.__init__(self, wire, source, bound)
        self.ahead = 0

    def arrived(self, sequence, count):
        """Returns how many of the first readings are not to be taken: old, or all ahead."""
        ahead = diff(sequence, self.expected)
        waiting = len(self.queue) if self.queue else 0
        if ahead > 0 or ahead + count + waiting > self.bound:
            self.ahead += count
            return count
        return Inlet.arrived(self, sequence, count)
