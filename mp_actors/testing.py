"""`Bench`: one actor on a table, in manual time, its outputs in your hand.

The actor runs in the same scheduler as on a device; only a handler that raises is not restarted but
raises in your test.

    assert Bench(Deadband(width=0.5)).feed(20.0, 20.2, 20.6) == [20.0, 20.6]

`ManualClock`: time that moves when it is told to, for tests and simulations.
"""

from mp_actors.errors import Refused
from mp_actors.inlet import Inlet
from mp_actors.scheduler import Scheduler
from mp_actors.ticks import WRAP_MS

PATH = "bench/device/actor"
SOURCE = "bench/device/source"


class Bench:
    """Runs one actor. `outputs` holds (value, at_us, source), `told` (path, kind, args)."""

    def __init__(self, actor):
        self.clock = ManualClock()
        self.actor = actor
        self.outputs = []
        self.told = []
        self.lines = []
        self._inlets = {}
        self._seen = 0
        self._scheduler = _Strict(self.clock, self._tell, self._log)
        self._cell = self._scheduler.spawn(PATH, lambda: actor)
        self._cell.outlets.append(self)
        self._scheduler.sample(True)

    def feed(self, *values, source=SOURCE):
        """Send values by a wire from source. Returns the values that came out."""
        for value in values:
            self._inlet(source).put(value, self.clock.site_us(), source)
            self._run()
        return self._new()

    def advance_ms(self, delay_ms):
        """Let time pass, millisecond by millisecond. Returns the values that came out."""
        for _ in range(delay_ms):
            self.clock.advance_ms(1)
            self._run()
        return self._new()

    def send(self, kind, *args):
        """Tell the actor `kind`. Returns the values that came out. *Raises* Refused."""
        self._scheduler.post(PATH, kind, args, SOURCE, _demand)
        self._run()
        return self._new()

    def put(self, value, at_us, source):
        """Take what the actor emits; a bench is the end of its only outgoing wire."""
        self.outputs.append((value, at_us, source))
        return True

    def _inlet(self, source):
        if source not in self._inlets:
            inlet = self._inlets[source] = Inlet(len(self._inlets) + 1, source, 64)
            self._scheduler.connect(inlet, self._cell)
        return self._inlets[source]

    def _run(self):
        while self._scheduler.step(self.clock.ticks_ms()):
            pass

    def _new(self):
        seen, self._seen = self._seen, len(self.outputs)
        return [value for value, _, _ in self.outputs[seen:]]

    def _tell(self, _sender, path, kind, args):
        self.told.append((path, kind, args))

    def _log(self, _path, text):
        self.lines.append(text)


def _demand(error, _value):
    if error is not None:
        raise Refused(error[1])


class _Strict(Scheduler):
    def fail(self, _cell, error):
        raise error


class ManualClock:
    """A clock that moves only when told to; for tests and simulations."""

    def __init__(self, ticks_ms=0, site_us=1700000000000000):
        self._ticks_ms = ticks_ms
        self._site_us = site_us

    def ticks_ms(self):
        """Milliseconds, modulo `WRAP_MS`."""
        return self._ticks_ms % WRAP_MS

    def site_us(self):
        """Microseconds since 1970."""
        return self._site_us

    def shift(self, by_us):
        """Set site time forward, or back."""
        self._site_us += by_us

    def advance_ms(self, delay_ms):
        """Move both on."""
        self._ticks_ms += delay_ms
        self._site_us += delay_ms * 1000
