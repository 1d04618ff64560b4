"""A pulse, a filter that has work to do, and a list of what has come."""

import os

from mp_actors import Filter, Sensor, Sink

ROUNDS = 100000  # of work for one value: 8 ms on a machine, some ten on a virtual board


class Pulse(Sensor):
    """1, 2, 3 … five in two seconds."""

    period_ms = 400
    count = 0

    def sample(self):
        self.count += 1
        return self.count


class Sieve(Filter):
    """Passes one in four, after some work."""

    def apply(self, value):
        total = 0
        for number in range(ROUNDS):
            total += number & value
        return value if total >= 0 and value % 4 == 0 else None


class Keep(Sink):
    """Appends what comes to a file, at once."""

    def __init__(self, file):
        self.file = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def write(self, value):
        os.write(self.file, b"%d\n" % value)
