"""What lives in the clinic: one that talks, one that cannot keep up, one that objects."""

import time

from mp_actors import Filter, Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 …, and a word about each tenth."""

    period_ms = 50

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        if self.count % 10 == 0:
            self.log(f"beat {self.count}")
        return self.count


class Flood(Sensor):
    """More than anybody takes, also where the machine is slow."""

    period_ms = 4

    def sample(self):
        for _ in range(24):
            self.emit(1.5)


class Fussy(Filter):
    """Raises on each seventh value."""

    def apply(self, value):
        if value % 7 == 0:
            raise ValueError(f"{value} will not do")
        return value


class Sleepy(Sink):
    """Takes its time."""

    def write(self, _value):
        time.sleep(0.001)


class Keep(Sink):
    """Keeps the last."""

    def write(self, value):
        self.last = value
