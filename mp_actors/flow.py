"""The data lane of a node: from inlets to verbs, in turns. The hot path; measured by `make bench`.

A turn takes at most `BATCH` values of one inlet and follows each down the chain of idle local
targets, so a flood at one actor cannot starve another and most values are never queued at all.

A full local queue drops its oldest value, counted as `overflow`, also under a handler that emits a
million values at once: it neither blocks nor grows.
"""

from mp_actors.inlet import new_queue

BATCH = 64  # verbs in one turn
TIMED = 4  # verbs of a turn's first value whose age is measured


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

    def turn(self):
        """Take a batch of values from the inlet whose turn it is."""
        inlet = self.ready.popleft()
        queue, budget, timed = inlet.queue, BATCH, TIMED
        while queue and budget > 0:
            value, at_us, source = queue.popleft()
            budget -= self.follow(inlet, value, at_us, source, timed)
            timed = 0
            if inlet.cell.down:
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
        if queue and len(queue) >= inlet.bound and not inlet.cell.down:
            old_value, old_at_us, old_source = queue.popleft()
            self.follow(inlet, old_value, old_at_us, old_source, timed)
        inlet.put(value, at_us, source)

    def begin(self, cell, value, at_us):
        """A new value of a sensor or a window: down the chain if its only target is idle here."""
        inlet = cell.next_inlet()
        if inlet is not None and not inlet.is_ready:
            inlet.accepted += 1
            self.follow(inlet, value, at_us, cell.path, TIMED)
        else:
            cell.emit(value, at_us, cell.path)

    def follow(self, inlet, value, at_us, source, timed):
        """Hand one value to its verb, what that returns to the next, and so on.

        Stops where there is no single idle target on this device. Returns the verbs run.
        """
        done = 0
        try:
            while True:
                actor = inlet.actor
                actor.at_us = at_us
                actor.source = source
                value = inlet.verb(value)
                inlet.delivered += 1
                done += 1
                if done <= timed:
                    inlet.latency.add(self.clock.site_us() - at_us)
                if value is None:
                    return done
                following = inlet.following
                if following is None or following.queue or done >= BATCH:
                    break
                source = inlet.cell.origin or source
                following.accepted += 1
                inlet = following
        except Exception as error:
            inlet.drop("poison", 1)
            self.fail(inlet.cell, error)
            return done + 1
        inlet.cell.emit(value, at_us, source)
        return done
