"""Actors that end when a file appears, and one that watches others and writes it down."""

import os
import time

from mp_actors import Actor, Sensor


class Mortal(Sensor):
    """Works until the file is there; its failure is its end."""

    period_ms = 100
    supervision = "stop"

    def __init__(self, file):
        self.file = file

    def sample(self):
        if os.path.exists(self.file):
            raise OSError("told to end")


class Watcher(Actor):
    """Watches actors and appends to a file: monotonic seconds, the path, why it is gone."""

    def __init__(self, paths, file):
        self.paths = paths
        self.file = file

    def started(self):
        for path in self.paths:
            self.watch(path)
        self._note("watcher", "started")

    def on_gone(self, path, reason):
        self._note(path, reason)

    def _note(self, path, reason):
        with open(self.file, "a") as stream:
            stream.write(f"{time.monotonic()} {path} {reason}\n")
