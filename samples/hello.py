"""The smallest thing: a sensor, a filter and a sink on one device.

    python samples/hello.py
    MICROPYPATH=. micropython samples/hello.py
"""

from mp_actors import Filter, Sensor, Sink
from mp_actors.local import Local


class Steps(Sensor):
    """Counts upwards, ten times a second."""

    period_ms = 100

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Even(Filter):
    """Lets even numbers pass."""

    def apply(self, value):
        return value if value % 2 == 0 else None


class Hello(Sink):
    """Greets whatever arrives."""

    def write(self, value):
        print("hello", value, "from", self.source)


local = Local("home/desk")
local.add(Steps()) >> local.add(Even()) >> local.add(Hello())
local.run_ms(1000)
