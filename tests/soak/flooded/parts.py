"""Actors of a board that gets more than it can take, and one that looks at its heap."""

import gc

from mp_actors import Actor, Filter, Sink

STEP_BYTES = 256


class Take(Sink):
    """Makes a text of each value, as a display would, and keeps the last."""

    def __init__(self):
        self.last = ""

    def write(self, value):
        self.last = f"{self.source}: {value}"


class Hoard(Sink):
    """A fault: keeps all it is given."""

    def __init__(self):
        self.kept = []

    def write(self, value):
        self.kept.append(value)


class Pass(Filter):
    """Passes on what is not empty."""


class Heap(Actor):
    """Tells how much of the heap is free, and the largest piece of it."""

    def on_look(self):
        gc.collect()
        return [gc.mem_free(), largest_free_bytes()]


def largest_free_bytes():
    """The largest piece that can be had, found by trying."""
    low, high = 0, gc.mem_free()
    while high - low > STEP_BYTES:
        middle = (low + high) // 2
        try:
            bytearray(middle)
            low = middle
        except MemoryError:
            high = middle
        gc.collect()
    return low
