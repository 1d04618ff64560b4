"""Actors whose lists tell what was lost and what came twice, whoever of them was killed."""

import json
import os
from pathlib import Path

from mp_actors import Filter, Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 … without a gap: a number that was refused is given again."""

    period_ms = 20

    def __init__(self):
        self.count = 0

    def sample(self):
        if self.emit(self.count + 1):
            self.count += 1


class Journal(Sensor):
    """[start, 1], [start, 2] … of each start of its device; `file` has those that are kept.

    A reading is, once the step is over in which it was taken: at the latest when the next comes.
    """

    period_ms = 20

    def __init__(self, file):
        self.file = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)
        lines = Path(file).read_text().splitlines()
        self.start = sum(line == "start" for line in lines) + 1
        os.write(self.file, b"start\n")
        self.count = 0

    def sample(self):
        if self.count:
            os.write(self.file, b"%d,%d\n" % (self.start, self.count))
        if self.emit([self.start, self.count + 1]):
            self.count += 1


class Tally(Filter):
    """Numbers what comes; it knows how many there were when it was killed."""

    checkpoint_ms = 100

    def __init__(self):
        self.count = 0

    def apply(self, value):
        self.count += 1
        return [self.count, value]

    def state(self):
        return self.count

    def restore(self, state):
        self.count = state


class Keep(Sink):
    """Appends what comes to a file, at once."""

    def __init__(self, file):
        self.file = os.open(file, os.O_CREAT | os.O_APPEND | os.O_WRONLY)

    def write(self, value):
        os.write(self.file, json.dumps(value).encode() + b"\n")
