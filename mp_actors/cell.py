"""What the runtime keeps of one actor while its instances come and go.

A cell outlives a failure: path, wires and counters stay, the instance is made anew. It is also the
only thing an actor holds of the runtime, so a test can hand it another one.
"""

from mp_actors.supervise import restart_delay_ms

BUSY_MS = 10  # before an answer is handed over again that found no room


class Cell:
    """One actor's place on a device.

    `make()` returns a new instance; `outlets` are the inlets and outboxes of the wires that leave,
    `inlets` those that arrive. `origin` is the path that emitted values carry, None where they keep
    the one they came with. `down`: no instance, waiting for the next try.
    """

    # What most actors never have takes no place on a board.
    failures = 0
    restarts = 0
    restart_delay_ms = 0
    last_error = ""
    restart_times = ()  # see `supervise.decide`
    is_held = False  # a full wire that leaves keeps it from working
    state = None  # what an instance leaves to the next: a function that gives it
    _holders = ()

    def __init__(self, scheduler, path, make):
        self.scheduler = scheduler
        self.path = path
        self.make = make
        self.actor = None
        self.down = True
        self.origin = None
        self.outlets = []
        self.inlets = []
        self.sampling = None
        self.handled = 0  # messages, samples and windows; values are counted by the inlets
        self._handled_before = 0

    def hold(self, outbox):
        """Rest until this outbox has room."""
        if outbox not in self._holders:
            self._holders += (outbox,)
            if not self.is_held:
                self.is_held = True
                if not self.down:
                    self.scheduler.rest(self)

    def release(self, outbox):
        """This outbox has room."""
        if outbox in self._holders:
            self._holders = tuple([one for one in self._holders if one is not outbox])
            self.is_held = bool(self._holders)
            if not (self.is_held or self.down):
                self.scheduler.go_on(self)

    @property
    def queue_bound(self):
        """Readings that one wire may queue here before the oldest is dropped."""
        own = None if self.actor is None else self.actor.queue_bound
        return own or self.scheduler.queue_bound

    def begin(self, actor):
        """Let an instance take this place. *Raises* what its `restore` or `started` raises."""
        state = self.state
        if state is not None:
            self.state = None
        self._handled_before = self._handled()
        actor._cell = self
        actor.path = actor.source = self.path
        actor.at_us = self.scheduler.clock.site_us()
        self.origin = None if actor.role == "filter" else self.path
        if self.actor is not None or self.failures:
            self.restarts += 1
        self.actor = actor
        for inlet in self.inlets:
            inlet.attach(actor)
        if state is not None and hasattr(actor, "restore"):
            actor.restore(state())
        actor.started()
        self.down = False

    def failed(self, text):
        """Count a failure; `restart_delay_ms` says when the next instance is made."""
        self.failures += 1
        self.last_error = text
        worked = self._handled() > self._handled_before
        # Counts for one failure only: a constructor that raises next has not worked at all.
        self._handled_before = self._handled()
        self.restart_delay_ms = restart_delay_ms(worked, self.restart_delay_ms)
        # One that could not begin has none: if that came of the state, the next does without.
        state = None if self.down else getattr(self.actor, "state", None)
        if state is not None or self.state is not None:
            self.state = state
        self.down = True

    def next_inlet(self):
        """The inlet that all values go to: the only wire that leaves, if it ends on this device."""
        if len(self.outlets) != 1:
            return None
        target = getattr(self.outlets[0], "cell", None)
        return None if target is None or target.down or target.is_held else self.outlets[0]

    def emit(self, value, at_us, source):
        """Put a value into every wire that leaves. Returns whether all of them took it."""
        source = self.origin or source
        taken = True
        for outlet in self.outlets:
            taken = outlet.put(value, at_us, source) and taken
        return taken

    def tell(self, path, kind, args):
        """Send a control message; see `Actor.tell`."""
        self.scheduler.tell(self.path, path, kind, args)

    def ask(self, path, kind, args, then, timeout_ms):
        """Ask an actor; see `Actor.ask`. An answer that finds another instance is dropped."""
        scheduler, actor = self.scheduler, self.actor

        def answered(error, value):
            if self.actor is not actor or self.down:
                return
            if not scheduler.post(self.path, then, (error, value), path, None):
                # Too much to do at present; yet it was promised that an answer comes.
                timers, now_ms = scheduler.timers, scheduler.now_ms
                timers.after(now_ms, BUSY_MS, lambda: answered(error, value))

        scheduler.ask(self.path, path, kind, args, answered, timeout_ms)

    def watch(self, path, on):
        """Watch an actor, or no more; see `Actor.watch`."""
        self.scheduler.watch(self.path, path, on)

    def log(self, text):
        """Hand a line of text to whoever watches."""
        self.scheduler.log(self.path, text)

    def timer(self, period_ms, repeat, kind, args):
        """A timer that calls `on_<kind>` of the present instance, and dies with it."""
        scheduler, actor = self.scheduler, self.actor
        timers, now_ms = scheduler.timers, scheduler.now_ms

        def due():
            if self.actor is not actor or self.down:
                timer.cancel()
            elif not scheduler.halted:
                scheduler.post(self.path, kind, args, self.path, None)

        if repeat:
            timer = timers.every(now_ms, period_ms, due)
        else:
            timer = timers.after(now_ms, period_ms, due)
        return timer

    def _handled(self):
        return self.handled + sum([inlet.delivered for inlet in self.inlets])
