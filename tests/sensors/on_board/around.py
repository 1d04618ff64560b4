"""What the drivers' tests share: the world in their hand, and an actor in a real scheduler."""

import machine

from mp_actors.scheduler import Scheduler
from mp_actors.testing import ManualClock


class World:
    """What `world.py` would say; a test sets what it needs."""


def world(**told):
    """A world of these and nothing else of a person's."""
    machine.here.own = World()
    for name, value in told.items():
        setattr(machine.here.own, name, value)
    return machine.here.own


def refusal(kind, function, *arguments):
    """The text of the error of this kind that has to come, and no other may."""
    try:
        value = function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("was not refused but gave %r" % (value,))


def is_near(value, wanted, within):
    """Assert it, with both in the message."""
    assert abs(value - wanted) <= within, "%r is not within %r of %r" % (value, within, wanted)


class Kept:
    """The end of a wire: keeps what comes."""

    def __init__(self):
        self.values = []

    def put(self, value, _at_us, _source):
        self.values.append(value)
        return True


class Desk:
    """A scheduler with one sensor in it, in manual time; `lines` is what was said."""

    def __init__(self, make):
        self.clock = ManualClock()
        self.lines = []
        self.kept = Kept()
        self._scheduler = Scheduler(
            self.clock, lambda *_: None, lambda _path, text: self.lines.append(text)
        )
        self.cell = self._scheduler.spawn("field/board/sensor", make)
        self.cell.outlets.append(self.kept)
        self._scheduler.sample(True)

    def run(self, ms):
        """Let time pass. Returns what came out meanwhile."""
        before = len(self.kept.values)
        for _ in range(ms // 10):
            self.clock.advance_ms(10)
            while self._scheduler.step(self.clock.ticks_ms()):
                pass
        return self.kept.values[before:]


class Ticks:
    """Stands in the place of `time.ticks_ms` in a driver: it is told what time it is."""

    def __init__(self):
        self.now = 1000

    def __call__(self):
        return self.now


def drive(number, level):
    """Move a pin by hand; whoever listens is interrupted, with the heap locked."""
    from peripherals.interrupts import line_of

    line_of(number).drive(level)
