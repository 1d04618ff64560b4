"""The data lane of a node: from inlets to verbs, in turns. The hot path; measured by `make bench`.

A turn takes at most `BATCH` values of one inlet and follows each down the chain of idle local
targets, so a flood at one actor cannot starve another and most values are never queued at all.

A full local queue drops its oldest value, counted as `overflow`, also under a handler that emits a
million values at once: it neither blocks nor grows.
"""

from mp_actors import full
from mp_actors.bounded import new_queue

BATCH = 128  # verbs in one turn: how long control waits; half of it costs 6 ns a verb
TIMED = 4  # verbs of a turn's first value whose age is measured: a clock costs as much as three
UNTIMED = 4  # turns of the same inlet after that in which none is
_PLACES = range(BATCH)  # made once: a range costs as much as a verb


class Flow:
    """The ready queue and what takes turns from it.

    `fail(cell, error)` is told of a verb that raised. An inlet stands in `ready` at most once, and
    `is_ready` says whether it does or a turn of it is under way.
    """

    def __init__(self, clock, fail):
        self.clock = clock
        self.fail = fail
        self.ready = new_queue(1)
        self._inlets = 0

    def connect(self, inlet, cell):
        """Let inlet be the end of a wire at this cell's actor."""
        inlet.cell = cell
        inlet.ready_queue = self
        inlet.is_ready = cell.down
        cell.inlets.append(inlet)
        self._inlets += 1
        # MicroPython's deque has a fixed length; each inlet is in it at most once.
        ready = new_queue(self._inlets + 1)
        while self.ready:
            ready.append(self.ready.popleft())
        self.ready = ready
        if cell.actor is not None:
            inlet.attach(cell.actor)

    def suspend(self, cell):
        """Let values queue up at an actor that is not there, and take no turn for it."""
        for _ in range(len(self.ready)):
            inlet = self.ready.popleft()
            if inlet.cell is not cell:
                self.ready.append(inlet)
        for inlet in cell.inlets:
            inlet.is_ready = True

    def resume(self, cell):
        """Take what has queued up at an actor that is back."""
        for inlet in cell.inlets:
            inlet.is_ready = bool(inlet.queue)
            if inlet.queue:
                self.ready.append(inlet)

    def mend(self, cells):
        """Memory ran out in the middle of a turn: whose turn it is, is said by who has values."""
        while self.ready:
            self.ready.popleft()
        for path in cells:
            cell = cells[path]
            for inlet in cell.inlets:
                inlet.mend()
            if not (cell.down or cell.is_held):
                self.resume(cell)

    def turn(self):
        """Take a batch of values from the inlet whose turn it is."""
        inlet = self.ready.popleft()
        cell, queue, budget, timed = inlet.cell, inlet.queue, BATCH, 0
        if inlet.untimed:
            inlet.untimed -= 1
        else:
            timed, inlet.untimed = TIMED, UNTIMED
        while queue and budget > 0:
            value, at_us, source = queue.popleft()
            inlet.undelivered -= 1
            budget -= self.follow(inlet, value, at_us, source, timed)
            timed = 0
            if cell.down or cell.is_held:
                break
        if inlet.holds:
            full.release(inlet, len(queue) if queue else 0)
        if cell.down or cell.is_held:
            return  # suspended: it comes back into the queue when the actor does
        if queue:
            self.ready.append(inlet)
        else:
            inlet.is_ready = False

    def feed(self, inlet, value, at_us, source, timed):
        """Hand a value from outside to an idle target at once; queue it at a busy one.

        One read can hold more readings than an inlet: a full one makes room by taking its oldest
        now, which is safe since no handler is running.
        """
        if not inlet.is_ready:
            inlet.accepted += 1
            self.follow(inlet, value, at_us, source, timed)
            return
        queue = inlet.queue
        cell = inlet.cell
        if queue and len(queue) >= inlet.bound and not (cell.down or cell.is_held):
            old_value, old_at_us, old_source = queue.popleft()
            inlet.undelivered -= 1
            self.follow(inlet, old_value, old_at_us, old_source, timed)
        inlet.put(value, at_us, source)

    def begin(self, cell, value, at_us):
        """A new value of a sensor or a window: down the chain if its only target is idle here."""
        inlet = cell.next_inlet()
        if inlet is not None and not inlet.is_ready:
            inlet.accepted += 1
            self.follow(inlet, value, at_us, cell.path, BATCH)
        else:
            cell.emit(value, at_us, cell.path)

    def follow(self, inlet, value, at_us, source, timed):
        """Hand one value to its verb, what that returns to the next, and so on.

        Stops where there is no single idle target on this device. Returns the verbs run.
        """
        done = 0
        clock = self.clock if timed else None
        try:
            for done in _PLACES:
                actor, verb, following, origin = inlet.stage
                actor.at_us = at_us
                actor.source = source
                value = verb(value)
                if clock is not None:
                    inlet.latency.add(clock.site_us() - at_us)
                    if done + 1 >= timed:
                        clock = None
                if value is None:
                    return done + 1
                if following.queue:
                    break
                if origin is not None:
                    source = origin
                inlet = following
                inlet.accepted += 1
            else:
                inlet.accepted -= 1
                inlet.put(value, at_us, source)
                return BATCH
        except Exception as error:
            inlet.undelivered += 1
            inlet.drop("poison", 1)
            self.fail(inlet.cell, error)
            return done + 1
        inlet.cell.emit(value, at_us, source)
        return done + 1
