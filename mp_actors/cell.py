"""What the runtime keeps of one actor while its instances come and go.

A cell outlives a failure: path, wires and counters stay, the instance is made anew. It is also the
only thing an actor holds of the runtime, so a test can hand it another one.
"""


class Cell:
    """One actor's place on a device.

    `make()` returns a new instance; `outlets` are the inlets and outboxes of the wires that leave,
    `inlets` those that arrive. `origin` is the path that emitted values carry, None where they keep
    the one they came with. `down`: no instance, waiting for the next try.
    """

    def __init__(self, scheduler, path, make):
        self.scheduler = scheduler
        self.path = path
        self.make = make
        self.actor = None
        self.origin = None
        self.outlets = []
        self.inlets = []
        self.handled = 0
        self.handled_at_start = 0
        self.restart_delay_ms = 0
        self.down = True
        self.failures = 0
        self.restarts = 0
        self.last_error = ""
        self.sampling = None

    @property
    def queue_bound(self):
        """Readings that one wire may queue here before the oldest is dropped."""
        return self.actor.queue_bound or self.scheduler.queue_bound

    def emit(self, value, at_us, source):
        """Put a value into every wire that leaves."""
        source = self.origin or source
        for outlet in self.outlets:
            outlet.put(value, at_us, source)

    def tell(self, path, kind, args):
        """Send a control message; see `Actor.tell`."""
        self.scheduler.tell(self.path, path, kind, args)

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
