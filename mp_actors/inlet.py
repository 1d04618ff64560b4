"""The end of a wire at its target: a bounded queue, the verb that takes its values, the counters.

An actor's mailbox is the sum of its inlets: order holds within a wire, a flood on one wire cannot
push out what came by another, and what is free is known per wire. A queue is made when first used
(346 B per actor against 1.1 KB), since most targets are idle when a value comes and take it at
once.

Ledger, in readings: `accepted == delivered + sum(dropped) + len(queue)` between two handlers. What
is counted is `accepted` and `undelivered`: a value that finds its target idle costs one count.
"""

from mp_actors import full
from mp_actors.bounded import new_queue
from mp_actors.latency import Latency
from mp_actors.ticks import add, diff  # sequence numbers are serial numbers of the same range


class Everywhere:
    """Stands where there is no single target on this device: never idle, so nothing is chained."""

    queue = (None,)


class Inlet:
    """Where one wire ends.

    `source`: path of the actor the wire comes from. `expected`: next sequence number from a remote
    source, None for a wire that never leaves the device. `undelivered`: accepted, and waiting or
    dropped. `stage`: all a value needs here in one lookup: the actor, its verb, the inlet that what
    it returns goes on to or `Everywhere`, the path it then carries or None for its own. `in_hand`:
    1 while a handler that waits for something has a value of this wire; see `Scheduler`.
    """

    in_hand = 0
    gaps = None  # in the numbers, from the first one on

    def __init__(self, wire, source, bound):
        self.wire = wire
        self.source = source
        self.bound = bound
        self.cell = None
        self.stage = None
        self.queue = None
        self.is_ready = False
        self.ready_queue = None
        self.origins = None
        self.accepted = 0
        self.undelivered = 0
        self.dropped = {}
        self.expected = None
        self.missing = 0
        self.late = 0  # repeats
        self.latency = Latency()
        self.policy, self.replaces, self.holds = full.DROP_OLDEST, False, False
        self.source_cell = None  # where the source is on this device, too
        self.acknowledged = None  # the number told with it
        self.granted = None  # what a remote source was told last: numbers below it may come
        self.untimed = 0  # turns until an age is measured again

    def obey(self, policy):
        """Follow this policy when full; what it asks is looked up once, not for each value."""
        self.policy = policy
        self.replaces, self.holds = policy == full.REPLACE, policy == full.HOLD

    def attach(self, actor):
        """Resolve the verb of this instance: nothing is looked up by name per value."""
        verb, awaits = actor.verb_for(self.source), self.cell.scheduler.awaits
        if awaits is not None:
            verb = awaits.verb(self, verb)
        self.stage = (actor, verb, Everywhere, self.cell.origin)

    def lead_to(self, following):
        """Let what the verb returns go on to this inlet; None: to every wire that leaves."""
        if self.stage is not None:
            actor, verb, _, origin = self.stage
            self.stage = (actor, verb, following or Everywhere, origin)

    @property
    def delivered(self):
        """Readings that the handler took without raising."""
        return self.accepted - self.undelivered

    @property
    def waiting(self):
        """Readings that are here and not dealt with yet."""
        return (len(self.queue) if self.queue else 0) + self.in_hand

    def put(self, value, at_us, source):
        """Queue one value. Returns False if it was full and did not take it."""
        self.accepted += 1
        self.undelivered += 1
        queue = self.queue
        if queue is None:
            queue = self.queue = new_queue(self.bound)
        elif self.replaces and self._replace(value, at_us, source):
            return True
        elif len(queue) >= self.bound:
            if not full.takes_newest(self):
                return False
            queue.popleft()
        queue.append((value, at_us, source))
        if self.holds and len(queue) >= self.bound:
            full.hold(self)
        if not self.is_ready:
            self.is_ready = True
            self.ready_queue.ready.append(self)
        return True

    def _replace(self, value, at_us, source):
        """Whether a value of the same source waited, whose place this one has taken."""
        queue = self.queue
        for place in range(len(queue)):
            if queue[place][2] == source:
                queue[place] = (value, at_us, source)
                self.drop("replaced", 1)
                return True
        return False

    def drop(self, reason, count):
        """Count readings that were accepted and will not be delivered."""
        self.dropped[reason] = self.dropped.get(reason, 0) + count

    def arrived(self, sequence, count):
        """Count a batch from a remote source. Returns how many of its first readings are old.

        A gap in the numbers is counted as missing: the only place where a loss on the way shows.
        What comes later than newer ones was overtaken on another way, and is lost, too: as `link`.
        """
        ahead = diff(sequence, self.expected)
        if ahead >= 0:
            if ahead:
                self._skip(ahead)
            self.expected = add(sequence, count)
            return 0
        old = min(-ahead, count)
        self.late += old
        if self.gaps is not None:
            self._overtaken(self.gaps.fill(sequence, old))
        if old < count:
            self.expected = add(sequence, count)
        return old

    def _skip(self, count):
        """Numbers that have not come: their readings are lost, or were overtaken."""
        self.missing += count
        try:
            if self.gaps is None:
                from mp_actors.gaps import Gaps

                self.gaps = Gaps()
            self.gaps.open(self.expected, count)
        except MemoryError:
            pass  # they stay missing, even if they come

    def _overtaken(self, count):
        """Of the readings that are old, so many come for the first time: their order is lost."""
        if count:
            self.late -= count
            self.missing -= count
            self.accepted += count
            self.undelivered += count
            self.drop("link", count)

    def short(self, count):
        """There was no memory for the last readings of a batch; `mend` says so."""
        self.accepted += count
        self.undelivered += count

    def mend(self):
        """Memory ran out in the middle of something: see `full.mend`."""
        undecodable = self.dropped.get("undecodable", 0)  # which never was accepted
        full.mend(self, self.delivered + self.waiting - undecodable)

    def rebind(self, epoch, first):
        """The remote source has begun anew; a local one has no numbers."""
        self.epoch = epoch
        if self.expected is None:
            return
        self.expected = first
        self.gaps = None
        self.acknowledged = None
        self.granted = self.grant()  # the source starts with that

    def grant(self):
        """The number below which a remote source may send now."""
        return add(self.expected, self.bound - self.waiting)

    @property
    def dealt(self):
        """Readings below this number of a remote source are dealt with."""
        return add(self.expected, -self.waiting)

    def close(self):
        """The actor has stopped: what waits is `gone`, as is what still comes."""
        self.discard(full.GONE)
        self.queue, self.bound = new_queue(1), 0
        self.obey(full.GONE)

    def discard(self, reason):
        """Drop all that waits."""
        waiting = len(self.queue) if self.queue else 0
        if waiting:
            self.drop(reason, waiting)
            self.queue = None
        full.release(self, 0)
