"""Which numbers a wire's target has not seen, though it saw later ones.

When a link fails, what waited on it can be overtaken by what goes another way. By this its target
tells a reading that comes late for the first time, which is lost, from a repeat, which is not.
Loaded with the first gap.
"""

from mp_actors.ticks import add, diff

KEPT = 8  # gaps; of a forgotten one it stays unknown why


class Gaps:
    """The latest gaps of one wire, as [first number, how many]."""

    def __init__(self):
        self._gaps = []

    def open(self, first, count):
        """So many numbers from the first on have not come."""
        self._gaps.append((first, count))
        self._gaps[:-KEPT] = []

    def fill(self, first, count):
        """These numbers come now. Returns how many of them come for the first time."""
        found, left = 0, []
        for begin, length in self._gaps:
            start = diff(first, begin)
            end = min(start + count, length)
            start = max(start, 0)
            if start >= end:
                left.append((begin, length))
                continue
            found += end - start
            if start:
                left.append((begin, start))
            if end < length:
                left.append((add(begin, end), length - end))
        if found:
            self._gaps = left[-KEPT:]
        return found
