"""Runs the actors of one node: from inlets and timers to verbs, in turns.

A turn takes at most `BATCH` values of one inlet and follows each down the chain of idle local
targets, so a flood at one actor cannot starve another and most values are never queued at all.
Control messages are tested for between turns, before any data. No clock, no I/O: the moment comes
with `step(now_ms)`, site time from the clock object that was handed in.

A full local queue drops its oldest value, counted as `overflow`, also under a handler that emits a
million values at once: it neither blocks nor grows. Measured: `make bench`.
"""

from mp_actors import supervise
from mp_actors.cell import Cell
from mp_actors.errors import Refused, UnknownActor
from mp_actors.inlet import new_queue
from mp_actors.timers import Timers

BATCH = 64  # verbs in one turn
TURNS = 64  # turns in one step; then the links are looked after
TIMED = 4  # verbs of a turn's first value whose age is measured
RESERVED_KINDS = ("value",)


class Scheduler:
    """The local actors by path, the ready queue and the control queue.

    `tell_remote(sender, path, kind, args)` takes messages for other devices, `log(path, text)`
    takes lines for the person; both are handed in.
    """

    def __init__(self, clock, tell_remote, log, queue_bound=64, control_bound=256):
        self.clock = clock
        self.tell_remote = tell_remote
        self.log = log
        self.queue_bound = queue_bound
        self.control_bound = control_bound
        self.cells = {}
        self.timers = Timers()
        self.now_ms = clock.ticks_ms()
        self.sampling = False
        self.halted = False
        self.busy = 0
        self.unhandled = 0
        self.ready = new_queue(1)
        self._inlets = 0
        self._control = new_queue(control_bound)

    # -- actors and wires

    def spawn(self, path, make):
        """Make the actor at path. *Raises* Refused if the path is taken, or what `make` raises."""
        if path in self.cells:
            raise Refused("%s: an actor of this path runs already" % path)
        cell = Cell(self, path, make)
        self._begin(cell, make())
        self.cells[path] = cell
        return cell

    def stop(self, path):
        """End the actor at path in order; its waiting values are counted as `gone`."""
        cell = self.cell(path)
        del self.cells[path]
        self._halt_sampling(cell)
        for inlet in cell.inlets:
            inlet.discard("gone")
        cell.down = True
        if cell.actor is not None:
            cell.actor.stopped()

    def cell(self, path):
        """The cell at path. *Raises* UnknownActor."""
        if path not in self.cells:
            raise UnknownActor("%s: no such actor on this device" % path)
        return self.cells[path]

    def connect(self, inlet, cell):
        """Let inlet be the end of a wire at this cell's actor."""
        inlet.scheduler = self
        inlet.cell = cell
        cell.inlets.append(inlet)
        self._inlets += 1
        # Each inlet stands in the ready queue at most once, so this length is enough.
        ready = new_queue(self._inlets + 1)
        while self.ready:
            ready.append(self.ready.popleft())
        self.ready = ready
        self._attach(inlet, cell.actor)
        self.relink()

    def relink(self):
        """Find for every wire end whether what its verb returns has one local target to go to."""
        for cell in self.cells.values():
            following = None
            if len(cell.outlets) == 1:
                target = getattr(cell.outlets[0], "cell", None)
                if target is not None and not target.down:
                    following = cell.outlets[0]
            for inlet in cell.inlets:
                inlet.following = following

    def sample(self, on):
        """Let sensors sample, windows close and timers fire, or none of them.

        They are the source of everything that moves: once they rest, what is under way drains.
        """
        self.sampling = on
        self.halted = not on
        for path in sorted(self.cells):
            if on:
                self._begin_sampling(self.cells[path])
            else:
                self._halt_sampling(self.cells[path])

    # -- messages

    def tell(self, sender, path, kind, args):
        """Deliver `kind` to the actor at path, here or elsewhere; never answered."""
        if path in self.cells:
            self.post(path, kind, args, sender, None)
        else:
            self.tell_remote(sender, path, kind, args)

    def post(self, path, kind, args, sender, answer):
        """Queue a control message for a local actor; `answer(error, value)` or None.

        `error` is None or ("failed", text).

        Returns False, counted as `busy`, if the queue is full.
        """
        if len(self._control) >= self.control_bound:
            self.busy += 1
            return False
        self._control.append((path, kind, args, sender, answer))
        return True

    def call(self, cell, kind, args, sender):
        """Run `on_<kind>(*args)` now. Returns its value. *Raises* what the handler raises."""
        actor = cell.actor
        handler = getattr(actor, "on_" + kind, None)
        if handler is None or kind in RESERVED_KINDS:
            self.unhandled += 1
            raise Refused(
                "%s: no handler for %r; define on_%s or do not send it" % (cell.path, kind, kind)
            )
        actor.sender = sender
        actor.at_us = self.clock.site_us()
        actor.source = cell.path
        try:
            value = handler(*args)
        except Refused:
            raise
        except Exception as error:
            self.fail(cell, error)
            raise Refused("%s: %s" % (cell.path, cell.last_error))
        cell.handled += 1
        return value

    # -- time

    def step(self, now_ms):
        """Run what is due and a bounded number of turns. Returns whether work is left."""
        self.now_ms = now_ms
        self.timers.run_due(now_ms)
        for _ in range(TURNS):
            if self._control:
                self._run_control()
            if not self.ready:
                break
            self.turn(self.ready.popleft())
        return bool(self.ready or self._control)

    def turn(self, inlet):
        """Take a batch of values from one inlet."""
        queue, budget, timed = inlet.queue, BATCH, TIMED
        while queue and budget > 0:
            value, at_us, source = queue.popleft()
            budget -= self._follow(inlet, value, at_us, source, timed)
            timed = 0
            if inlet.cell.down:
                return  # it stays marked ready, and enters the queue when the actor is back
        if queue:
            self.ready.append(inlet)
        else:
            inlet.is_ready = False

    def feed(self, inlet, value, at_us, source, timed):
        """Hand a value that came from outside to an idle target at once; queue it at a busy one.

        One read can hold more readings than an inlet: a full one makes room by taking its oldest
        now, which is safe since no handler is running.
        """
        if not inlet.is_ready:
            inlet.accepted += 1
            self._follow(inlet, value, at_us, source, timed)
            return
        queue = inlet.queue
        if queue and len(queue) >= inlet.bound and not inlet.cell.down:
            self._follow(inlet, *(queue.popleft() + (timed,)))
        inlet.put(value, at_us, source)

    def _follow(self, inlet, value, at_us, source, timed):
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

    def _run_control(self):
        path, kind, args, sender, answer = self._control.popleft()
        error = value = None
        try:
            cell = self.cell(path)
            if cell.down:
                raise Refused("%s: is being restarted after %s" % (path, cell.last_error))
            value = self.call(cell, kind, args, sender)
        except (Refused, UnknownActor) as refusal:
            error = ("failed", str(refusal))
        if answer is not None:
            answer(error, value)
        elif error is not None:
            self.log(path, error[1])

    # -- supervision

    def fail(self, cell, error):
        """Count a failure and make the actor anew, now or after a while."""
        cell.failures += 1
        cell.last_error = supervise.describe(error)
        self.log(cell.path, cell.last_error)
        worked = self._handled(cell) > cell.handled_at_start
        cell.restart_delay_ms = supervise.restart_delay_ms(worked, cell.restart_delay_ms)
        cell.down = True
        self._halt_sampling(cell)
        if cell.restart_delay_ms == 0:
            self._remake(cell)
        else:
            self._suspend(cell)
            self.timers.after(self.now_ms, cell.restart_delay_ms, lambda: self._resume(cell))

    def _remake(self, cell):
        """Returns whether a new instance runs; if not, the next try is under way."""
        try:
            self._begin(cell, cell.make())
        except Exception as error:
            self.fail(cell, error)
            return False
        cell.restarts += 1
        return True

    def _suspend(self, cell):
        """Let values queue up at an actor that is not there, and take no turn for it."""
        for _ in range(len(self.ready)):
            inlet = self.ready.popleft()
            if inlet.cell is not cell:
                self.ready.append(inlet)
        for inlet in cell.inlets:
            inlet.is_ready = True
        self.relink()

    def _resume(self, cell):
        if self.cells.get(cell.path) is cell and self._remake(cell):
            for inlet in cell.inlets:
                inlet.is_ready = bool(inlet.queue)
                if inlet.queue:
                    self.ready.append(inlet)

    def _begin(self, cell, actor):
        cell.handled_at_start = self._handled(cell)
        actor._cell = cell
        actor.path = cell.path
        cell.origin = None if actor.role == "filter" else cell.path
        cell.actor = actor
        for inlet in cell.inlets:
            self._attach(inlet, actor)
        actor.started()
        cell.down = False
        self.relink()
        if self.sampling:
            self._begin_sampling(cell)

    def _attach(self, inlet, actor):
        inlet.actor = actor
        inlet.verb = actor.verb_for(inlet.source)

    def _begin_sampling(self, cell):
        actor = cell.actor
        if cell.down or cell.sampling is not None:
            return
        if actor.role == "sensor":
            cell.sampling = self._every(cell, actor.period_ms, actor.sample)
        elif actor.role == "aggregator" and actor.window_ms:
            cell.sampling = self._every(cell, actor.window_ms, actor.result)

    def _halt_sampling(self, cell):
        if cell.sampling is not None:
            cell.sampling.cancel()
            cell.sampling = None

    def _every(self, cell, period_ms, verb):
        """Emit what `verb()` returns at each period, as long as this instance lives."""
        actor = cell.actor

        def due():
            if cell.actor is not actor or cell.down:
                timer.cancel()
                return
            actor.at_us = self.clock.site_us()
            actor.source = cell.path
            try:
                value = verb()
            except Exception as error:
                self.fail(cell, error)
                return
            cell.handled += 1
            if value is not None:
                self._start_chain(cell, value, actor.at_us)

        timer = self.timers.every(self.now_ms, period_ms, due)
        return timer

    def _start_chain(self, cell, value, at_us):
        """A new value: run it down the chain if it has one idle local target."""
        if len(cell.outlets) == 1:
            inlet = cell.outlets[0]
            target = getattr(inlet, "cell", None)
            if target is not None and not target.down and not inlet.is_ready:
                inlet.accepted += 1
                self._follow(inlet, value, at_us, cell.path, TIMED)
                return
        cell.emit(value, at_us, cell.path)

    def _handled(self, cell):
        return cell.handled + sum([inlet.delivered for inlet in cell.inlets])
