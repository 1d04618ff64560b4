"""Queues of a bounded length, the same on both interpreters."""

from collections import deque

_UNBOUNDED_DEQUE = hasattr(deque, "clear")  # MicroPython's needs a length and has no clear()


def new_queue(bound):
    """A deque for at most bound entries; the caller checks the bound, on both interpreters."""
    return deque() if _UNBOUNDED_DEQUE else deque((), bound)  # noqa: RUF037
