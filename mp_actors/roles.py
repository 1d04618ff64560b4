"""The four roles of a pipeline: one verb each, on bare values.

`Sensor.sample()` makes values, `Filter.apply(value)` passes, changes or holds them back,
`Aggregator.add(value)` / `result()` makes one of many, `Sink.write(value)` takes them out. `None`
means "nothing this time". A filter's output keeps source and time of what came in; sensors and
aggregators are sources themselves.
"""

from mp_actors.actor import Actor


class Sensor(Actor):
    """Makes a value every `period_ms`."""

    role = "sensor"
    period_ms = 1000

    def sample(self):
        """A value, or None for nothing this time."""
        return None


class Filter(Actor):
    """Turns one value into one value, or into none."""

    role = "filter"

    def apply(self, value):
        """The value to pass on, or None to hold this one back."""
        return value

    def verb_for(self, _sender):
        return self.apply


class Aggregator(Actor):
    """Makes one value of many: by time (`window_ms`), or when `add` returns one."""

    role = "aggregator"
    window_ms = 0  # 0: no window; only what add() returns is passed on

    def add(self, value):
        """Take one value; what is returned is passed on at once, None is not."""

    def result(self):
        """Called when a window closes: the value to pass on, or None."""
        return None

    def verb_for(self, _sender):
        return self.add


class Sink(Actor):
    """Takes values out of the site."""

    role = "sink"

    def write(self, value):
        """Take one value."""

    def verb_for(self, _sender):
        return self.write
