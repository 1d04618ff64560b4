"""Sources that number what they send at a steady rate, and sinks that write down each number."""

import os
import struct
import time

from mp_actors import Sensor, Sink

ROW = struct.Struct("!Qqqd")  # number, made and arrived (Unix µs), the sink's monotonic seconds
LATE_MAX = 200  # that a source which was kept from its work makes up for in one go


class Numbers(Sensor):
    """Texts of `size_bytes` that begin with their number, 1, 2, 3 …, `per_s` of them a second.

    Appends to `notes` what it is told of its wires: monotonic seconds, its path, what, and the path
    of the target.
    """

    period_ms = 2

    def __init__(self, per_s, size_bytes, notes):
        self.per_s = per_s
        self.filler = "x" * (size_bytes - 10)
        self.notes = notes
        self.count = 0
        self.begun_s = None

    def started(self):
        self.log("begins")

    def sample(self):
        now_s = time.monotonic()
        if self.begun_s is None:
            self.begun_s = now_s
        due = int((now_s - self.begun_s) * self.per_s)
        for _ in range(min(due - self.count, LATE_MAX)):
            self.count += 1
            self.emit(f"{self.count:010d}{self.filler}")

    def on_stalled(self, target):
        self._note("stalled", target)

    def on_flowing(self, target):
        self._note("flowing", target)

    def _note(self, what, path):
        with open(self.notes, "a") as stream:
            stream.write(f"{time.monotonic()} {self.path} {what} {path}\n")


class Rows(Sink):
    """Appends a row to a file for each value; a row that is written outlasts this process.

    From the number `faulty_from` on something is wrong with it: it takes `pause_ms` for each value,
    blocks for `block_s` once, or raises on each `raise_each`-th.
    """

    def __init__(self, file, faulty_from=0, pause_ms=0, block_s=0, raise_each=0):
        self.file = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        self.faulty_from = faulty_from
        self.pause_ms, self.block_s, self.raise_each = pause_ms, block_s, raise_each

    def started(self):
        self.log("begins")

    def write(self, value):
        number = int(value[:10])
        if self.faulty_from and number >= self.faulty_from:
            if self.pause_ms:
                time.sleep(self.pause_ms / 1000)
            if self.raise_each and number % self.raise_each == 0:
                raise ValueError(f"number {number}")
        now_us = time.time_ns() // 1000
        os.write(self.file, ROW.pack(number, self.at_us, now_us, time.monotonic()))
        if self.block_s and number >= self.faulty_from:
            block_s, self.block_s = self.block_s, 0
            time.sleep(block_s)

    def stopped(self):
        os.close(self.file)
