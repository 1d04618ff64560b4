"""Actors for the sites in this folder, each of which has mistakes; this file has none."""

from mp_actors import Actor, Aggregator, Filter, Sensor, Sink


class SoilMoisture(Sensor):
    """A sensor with one argument that it needs."""

    def __init__(self, pin):
        self.pin = pin


class Tick(Sensor):
    """A sensor without arguments."""


class Smooth(Filter):
    """A filter with an argument that it can do without."""

    def __init__(self, width=3):
        self.width = width


class Mean(Aggregator):
    """An aggregator with a settings table."""

    def __init__(self, table=None):
        self.table = table


class Store(Sink):
    """A sink that needs a file."""

    def __init__(self, file):
        self.file = file


class Named(Sink):
    """A sink whose constructor wants what `add` takes for itself."""

    def __init__(self, name):
        self.name = name


class Listener(Actor):
    """A plain actor that takes no values."""


class Outer:
    """A class around an actor, which no device can import."""

    class Inner(Filter):
        """Defined inside something else."""


def celsius(value):
    """A function that a device can import."""
    return value / 10


def make_scale(factor):
    """Returns a function that no device can import."""

    def scale(value):
        return value * factor

    return scale
