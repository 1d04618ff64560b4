"""A sensor whose numbers rise over all starts of its board, and a list of what has come."""

import os

from mp_actors import Sensor, Sink

START = 1000000


class Pulse(Sensor):
    """1, 2, 3 … above a million for each start of its board."""

    period_ms = 10

    def __init__(self):
        with open("starts", "a") as stream:
            stream.write(".")
        self.count = START * os.stat("starts")[6]

    def sample(self):
        self.count += 1
        return self.count


class Keep(Sink):
    """Appends what comes to a file, at once."""

    def __init__(self, file):
        self.file = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def write(self, value):
        os.write(self.file, b"%d\n" % value)
