"""`Actor`: private state, a mailbox and handlers that run to completion.

The runtime attaches path and cell after construction, so a person's constructor has nothing to
call. Handlers do not wait: what takes time is two phases with `after`, or, on a worker, an `async
def`. Settings are plain class attributes, since MicroPython has neither class keywords nor
decorators that mark methods.
"""


class Actor:
    """Base of all actors; the four roles in `mp_actors.roles` give it one verb each.

    A message `kind` told to an actor calls its `on_<kind>(*args)`; what that returns answers an
    ask. While a handler runs, `source` is the path where the value in hand came into being and
    `at_ms` the site time (Unix, ms) when it did. What `state()` returns, where there is one, is
    given to `restore(state)` of the instance that takes the place of one that failed, before its
    `started`; on a host with `checkpoint_ms`, also after its process was killed.
    """

    role = "actor"
    path = None
    source = None
    sender = None
    at_us = 0
    supervision = "restart"  # when a handler raises: restart, resume, stop or escalate
    restarts_max = None  # restarts in a minute; one more, and it is stopped. None: any number
    queue_bound = None  # values an inlet holds before the oldest is dropped; None: the node's
    _cell = None

    @property
    def at_ms(self):
        """Site time of the value in hand, in ms since 1970."""
        return self.at_us // 1000

    def started(self):
        """Called once before the first message; path and timers can be used here."""

    def stopped(self):
        """Called once when the actor ends in order; close files here."""

    def emit(self, value):
        """Send a value along every wire that leaves this actor. In order per wire.

        Returns False if a wire that is full did not take it: what is left of it is a count.
        """
        return self._cell.emit(value, self.at_us, self.source)

    def tell(self, path, kind, *args):
        """Call `on_<kind>(*args)` of the actor at path, wherever it lives. At most once."""
        self._cell.tell(path, kind, args)

    def ask(self, path, kind, *args, then, timeout_ms=10000):
        """Ask the actor at path; my `on_<then>(error, value)` is called once, whatever happens.

        error: None, or (kind, text), the kind one of failed, busy, unreachable, expired. value:
        what the other's `on_<kind>(*args)` returned.
        """
        self._cell.ask(path, kind, args, then, timeout_ms)

    def watch(self, path):
        """Be told once, by `on_gone(path, reason)`, when the actor at path is gone; see `watch`."""
        self._cell.watch(path, True)

    def unwatch(self, path):
        """Not to be told any more."""
        self._cell.watch(path, False)

    def after(self, delay_ms, kind, *args):
        """Call my `on_<kind>(*args)` once, delay_ms from now."""
        return self._cell.timer(delay_ms, False, kind, args)

    def every(self, period_ms, kind, *args):
        """Call my `on_<kind>(*args)` at each multiple of period_ms."""
        return self._cell.timer(period_ms, True, kind, args)

    def log(self, text):
        """Say something to the person who watches the site."""
        self._cell.log(text)

    def verb_for(self, _sender):
        """The function that takes values from the wire whose source is `_sender` (a path).

        Resolved once, when the wire is made. Override it to tell inputs apart.
        """
        return self.on_value

    def on_value(self, _value):
        """Take a value that came by a wire; the default has no use for it."""
        raise TypeError("%s takes no values; define on_value" % type(self).__name__)
