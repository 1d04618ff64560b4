"""Arithmetic of the node's millisecond counter, which wraps.

A board's counter wraps at 2**30 ms (12.4 days), where its small integers end; hosts use the same
range, so that there is one arithmetic and a test can force the wrap. Two moments may lie at most
2**29 ms (6.2 days) apart.
"""

WRAP_MS = 1 << 30
HALF_MS = WRAP_MS >> 1


def add(ticks_ms, delay_ms):
    """The moment delay_ms after ticks_ms."""
    return (ticks_ms + delay_ms) & (WRAP_MS - 1)


def diff(later_ms, earlier_ms):
    """Milliseconds from earlier_ms to later_ms, negative if it lies before."""
    return ((later_ms - earlier_ms + HALF_MS) & (WRAP_MS - 1)) - HALF_MS
