"""Operators people expect, a few lines each; import them in a site file and `flow.add` them.

A function given to one is a function of a module beside the site file: its name travels, not its
code.
"""

from mp_actors.loader import function
from mp_actors.roles import Aggregator, Filter, Sink


class Map(Filter):
    """Passes on `call(value)`."""

    def __init__(self, call):
        self._call = function(call)

    def apply(self, value):
        return self._call(value)


class Where(Filter):
    """Passes values for which `test(value)` is true."""

    def __init__(self, test):
        self._test = function(test)

    def apply(self, value):
        return value if self._test(value) else None


class Deadband(Filter):
    """Passes a value that differs by at least `width` from the last one passed, per source."""

    def __init__(self, width):
        self.width = width
        self.last = {}

    def apply(self, value):
        last = self.last.get(self.source)
        if last is not None and abs(value - last) < self.width:
            return None
        self.last[self.source] = value
        return value


class Throttle(Filter):
    """Passes at most one value per `period_ms` of site time and source, the first of each."""

    def __init__(self, period_ms):
        self.period_ms = period_ms
        self.passed_ms = {}

    def apply(self, value):
        last_ms = self.passed_ms.get(self.source)
        if last_ms is not None and 0 <= self.at_ms - last_ms < self.period_ms:
            return None
        self.passed_ms[self.source] = self.at_ms
        return value


class Toggle(Filter):
    """Turns true/false at each rising edge: a button becomes a switch. Passes changes only."""

    def __init__(self, on=False):
        self.on = on
        self.pressed = {}

    def apply(self, value):
        was = self.pressed.get(self.source, False)
        self.pressed[self.source] = bool(value)
        if was or not value:
            return None
        self.on = not self.on
        return self.on


class Mean(Aggregator):
    """The mean of all values of a window, from all sources; nothing for an empty window.

    Integers add up without loss, also where floats have 32 bits.
    """

    def __init__(self, window_ms=1000):
        self.window_ms = window_ms
        self.count = self.total = 0

    def add(self, value):
        self.count += 1
        self.total += value

    def result(self):
        count, total = self.count, self.total
        self.count = self.total = 0
        return total / count if count else None


class Window(Aggregator):
    """Lists of `size` values, the next list starting `step` values later (default: size)."""

    def __init__(self, size, step=None):
        if size < 1 or (step is not None and step < 1):
            raise ValueError("size and step: expected 1 or more, got %r and %r" % (size, step))
        self.size = size
        self.step = step or size
        self.values = []
        self.skip = 0

    def add(self, value):
        if self.skip:
            self.skip -= 1
            return None
        self.values.append(value)
        if len(self.values) < self.size:
            return None
        full = self.values
        self.values = full[self.step :]
        self.skip = max(0, self.step - self.size)
        return full


class Join(Aggregator):
    """The last value of every input as one list, whenever one of them brings a new one.

    Inputs stand in the order of their senders' paths; nothing is passed until all have spoken.
    """

    def __init__(self):
        self.last = {}

    def verb_for(self, sender):
        self.last[sender] = None
        return lambda value: self._add_from(sender, value)

    def _add_from(self, sender, value):
        self.last[sender] = value
        row = [self.last[path] for path in sorted(self.last)]
        return None if None in row else row


class Count(Aggregator):
    """How many values came in a window, 0 included."""

    def __init__(self, window_ms=1000):
        self.window_ms = window_ms
        self.count = 0

    def add(self, _value):
        self.count += 1

    def result(self):
        count, self.count = self.count, 0
        return count


class Print(Sink):
    """Prints each value with its source, one line each."""

    def __init__(self, label=""):
        self.label = label

    def write(self, value):
        print(self.label or self.source, value)
