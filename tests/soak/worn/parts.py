"""What runs for hours: numbers, a board's look at its own heap, and sinks that write lines."""

import gc
import sys

from mp_actors import Filter, Sensor, Sink

STEP_BYTES = 512


class Pulse(Sensor):
    """1, 2, 3 … so that a gap shows, and a repeat."""

    def __init__(self, period_ms):
        self.period_ms = period_ms
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


class Pass(Filter):
    """An operator whose device dies now and then."""


class Heap(Sensor):
    """How much of a board's heap is free, and the largest piece of it, every two seconds."""

    period_ms = 2000

    def sample(self):
        gc.collect()
        low, high = 0, gc.mem_free() if sys.implementation.name == "micropython" else 0
        free = high
        while high - low > STEP_BYTES:
            middle = (low + high) // 2
            try:
                bytearray(middle)
                low = middle
            except MemoryError:
                high = middle
            gc.collect()
        return [free, low]


class Lines(Sink):
    """Appends a line for each value: its source and itself."""

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`

    def write(self, value):
        self.file.write(f"{self.source} {value}\n")
        self.file.flush()

    def stopped(self):
        self.file.close()
