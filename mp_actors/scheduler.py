"""The actors of one node: made, told, timed, made anew when they fail.

Control messages are tested for between turns of the data lane, before any data. No clock, no I/O:
the moment comes with `step(now_ms)`, site time from the clock object that was handed in.
"""

from mp_actors import supervise
from mp_actors.bounded import new_queue
from mp_actors.cell import Cell
from mp_actors.errors import Refused, UnknownActor
from mp_actors.flow import Flow
from mp_actors.timers import Timers

TURNS = 16  # turns in one step; then the links are looked after
RESERVED_KINDS = ("value",)  # on_value takes data


class Scheduler:
    """The local actors by path, the control queue, the timers, and the data lane `flow`.

    `tell_remote(sender, path, kind, args)` takes messages for other devices, `log(path, text)`
    takes lines for the person; both are handed in. `sampling`: sensors and windows are at work;
    `halted`: they were told to rest. `awaits`: gives what carries out verbs that wait, where there
    can be any; see `actors.awaiting`.
    """

    awaits = None

    def __init__(self, clock, tell_remote, log, queue_bound=64, control_bound=256):
        self.clock = clock
        self.tell_remote = tell_remote
        self.log = log
        self.queue_bound = queue_bound
        self.control_bound = control_bound
        self.cells = {}
        self.ended = {}  # cells of actors that their supervision stopped
        self.flow = Flow(clock, self.fail)
        self.timers = Timers()
        self.now_ms = clock.ticks_ms()
        self.sampling = False
        self.halted = False
        self.busy = 0
        self.ask_remote = None  # as `ask`, for other devices; where there are any
        self.watch = None  # watch(watcher, path, on)
        self.escalated = None  # escalated(path, text): an actor's failure is its device's
        self._control = new_queue(control_bound)

    # -- actors and wires

    def spawn(self, path, make):
        """Make the actor at path; one whose constructor raises is tried again, like any failure.

        *Raises* Refused if the path is taken.
        """
        if path in self.cells:
            raise Refused("%s: an actor of this path runs already" % path)
        cell = self.cells[path] = Cell(self, path, make)
        self.ended.pop(path, None)
        self._make(cell)
        return cell

    def stop(self, path):
        """End the actor at path in order; its waiting values are counted as `gone`."""
        cell = self.cell(path)
        del self.cells[path]
        self._rest(cell)
        self.flow.suspend(cell)
        for inlet in cell.inlets:
            inlet.close()
        was_up, cell.down = not cell.down, True
        self.relink()  # whoever chained to it would call it still
        if was_up:
            try:
                cell.actor.stopped()
            except Exception as error:
                cell.failed(supervise.describe(error))
                self.log(path, cell.last_error)

    def cell(self, path):
        """The cell at path. *Raises* UnknownActor."""
        if path not in self.cells:
            raise UnknownActor("%s: no such actor on this device" % path)
        return self.cells[path]

    def connect(self, inlet, cell):
        """Let inlet be the end of a wire at this cell's actor."""
        self.flow.connect(inlet, cell)
        self.relink()

    def relink(self):
        """Find for every inlet whether what its verb returns has one local target to go to."""
        for cell in self.cells.values():
            following = cell.next_inlet()
            for inlet in cell.inlets:
                inlet.lead_to(following)

    def rest(self, cell):
        """A full wire keeps this actor from working: values wait in front of it."""
        self.flow.suspend(cell)
        self._relink_before(cell)

    def go_on(self, cell):
        """It has room again."""
        self.flow.resume(cell)
        self._relink_before(cell)

    def _relink_before(self, cell):
        """`relink` of those whose values this actor takes, here on this device."""
        for inlet in cell.inlets:
            source = inlet.source_cell
            if source is not None:
                following = source.next_inlet()
                for one in source.inlets:
                    one.lead_to(following)

    def sample(self, on):
        """Let sensors sample, windows close and timers fire, or none of them.

        They are the source of everything that moves: once they rest, what is under way drains.
        """
        self.sampling = on
        self.halted = not on
        for path in sorted(self.cells):
            if on:
                self._work(self.cells[path])
            else:
                self._rest(self.cells[path])

    # -- messages

    def tell(self, sender, path, kind, args):
        """Deliver `kind` to the actor at path, here or elsewhere; never answered."""
        if path in self.cells:
            self.post(path, kind, args, sender, None)
        else:
            self.tell_remote(sender, path, kind, args)

    def ask(self, sender, path, kind, args, answered, timeout_ms):
        """Ask the actor at path, here or elsewhere; `answered(error, value)` is called once."""
        if path in self.cells:
            if not self.post(path, kind, args, sender, answered):
                answered(("busy", "%s is busy" % path), None)
        elif self.ask_remote is None:
            answered(("unreachable", "%s: there are no other devices" % path), None)
        else:
            self.ask_remote(sender, path, kind, list(args), answered, timeout_ms)

    def post(self, path, kind, args, sender, answer):
        """Queue a control message for a local actor; `answer(error, value)` or None.

        `error` is None or ("failed", text). Returns False, counted as `busy`, if the queue is full.
        """
        if len(self._control) >= self.control_bound:
            self.busy += 1
            return False
        self._control.append((path, kind, args, sender, answer))
        return True

    # -- time

    def step(self, now_ms):
        """Run what is due and a bounded number of turns. Returns whether work is left."""
        self.now_ms = now_ms
        self.timers.run_due(now_ms)
        flow = self.flow
        for _ in range(TURNS):
            if self._control:
                self._run_control()
            if flow.ready:
                flow.turn()
            elif not self._control:
                return False
        return True

    def _run_control(self):
        path, kind, args, sender, answer = self._control.popleft()
        error = value = None
        try:
            value = self._call(self.cell(path), kind, args, sender)
        except (Refused, UnknownActor) as refusal:
            error = ("failed", str(refusal))
        if answer is not None:
            answer(error, value)
        elif error is not None:
            self.log(path, error[1])

    def _call(self, cell, kind, args, sender):
        """Run `on_<kind>(*args)`. Returns its value. *Raises* Refused with what went wrong."""
        if cell.down:
            raise Refused("%s: is being restarted after %s" % (cell.path, cell.last_error))
        actor = cell.actor
        handler = getattr(actor, "on_" + kind, None)
        if handler is None or kind in RESERVED_KINDS:
            raise Refused(
                "%s: no handler for %r; define on_%s or do not send it" % (cell.path, kind, kind)
            )
        actor.sender = sender
        actor.source = cell.path
        actor.at_us = self.clock.site_us()
        try:
            value = handler(*args)
        except (Refused, UnknownActor):
            raise
        except Exception as error:
            if supervise.never_ran(error):
                raise Refused("%s: on_%s: %s" % (cell.path, kind, error))
            self.fail(cell, error)
            raise Refused("%s: %s" % (cell.path, cell.last_error))
        cell.handled += 1
        return value

    # -- supervision

    def fail(self, cell, error):
        """Count a failure and do what the actor's `supervision` says."""
        times = list(cell.restart_times)
        policy = supervise.decide(cell.actor, not cell.down, times, self.now_ms)
        if times:
            cell.restart_times = times
        cell.failed(supervise.describe(error))
        self.log(cell.path, cell.last_error)
        if policy == supervise.RESUME:
            cell.down = False
            return
        if policy == supervise.STOP:
            self.log(cell.path, "is stopped; its supervision says so")
            self.stop(cell.path)
            self.ended[cell.path] = cell
            return
        if policy == supervise.ESCALATE and self.escalated is not None:
            self.escalated(cell.path, cell.last_error)
        self._rest(cell)
        if cell.restart_delay_ms == 0:
            self._make(cell)
        else:
            self.flow.suspend(cell)
            self.relink()
            self._revive_later(cell)

    def mend(self):
        """Memory ran out in the middle of something."""
        self.flow.mend(self.cells)
        for path in self.cells:
            cell = self.cells[path]
            if cell.down and cell.failures:  # nobody may have got so far as to have it made anew
                self._revive_later(cell)
        self.relink()

    def _revive_later(self, cell):
        self.timers.after(self.now_ms, cell.restart_delay_ms, lambda: self.revive(cell))

    def revive(self, cell):
        """Make the instance of an actor that is down, if it is still to be here."""
        if cell.down and self.cells.get(cell.path) is cell:
            self._make(cell)
            if not (cell.down or cell.is_held):
                self.flow.resume(cell)

    def _make(self, cell):
        """Make an instance and let it begin; if that raises, it is one more failure."""
        try:
            cell.begin(cell.make())
        except Exception as error:
            self.fail(cell, error)
            return
        self.relink()
        if cell.is_held:
            self.flow.suspend(cell)  # `started` has filled a wire
        if self.sampling:
            self._work(cell)

    def _work(self, cell):
        actor = cell.actor
        if cell.down or cell.sampling is not None:
            return
        try:
            if actor.role == "sensor":
                cell.sampling = self._every(cell, actor.period_ms, actor.sample)
            elif actor.role == "aggregator" and actor.window_ms:
                cell.sampling = self._every(cell, actor.window_ms, actor.result)
        except Exception as error:  # a period that is none
            self.fail(cell, error)

    def _rest(self, cell):
        if cell.sampling is not None:
            cell.sampling.cancel()
            cell.sampling = None

    def _every(self, cell, period_ms, verb):
        """Pass on what `verb()` returns at each period, until the timer is cancelled."""
        actor = cell.actor

        def due():
            if cell.is_held:
                return  # it has nowhere to put another value
            actor.source = cell.path
            actor.at_us = at_us = self.clock.site_us()
            try:
                value = verb()
            except Exception as error:
                self.fail(cell, error)
                return
            cell.handled += 1
            if value is not None:
                self.flow.begin(cell, value, at_us)

        return self.timers.every(self.now_ms, period_ms, due)
