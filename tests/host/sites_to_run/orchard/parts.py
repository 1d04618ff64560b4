"""What lives in the orchard: sensors that count, a filter that objects, sinks that write."""

from mp_actors import Filter, Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 … so that a gap shows."""

    period_ms = 50

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


TEXT = "x" * 3400


class Chatter(Sensor):
    """A lot of text, numbered: more than a reader that does not read has buffers for."""

    period_ms = 4

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return [self.count, TEXT]


class Missing(Sensor):
    """A probe that nobody has connected."""

    def __init__(self):
        raise RuntimeError("no probe")


class Fussy(Filter):
    """Raises on each seventh value."""

    def apply(self, value):
        if value % 7 == 0:
            raise ValueError(f"{value} will not do")
        return value


class Rows(Sink):
    """Appends what comes to a file: source and value."""

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`

    def write(self, value):
        self.file.write(f"{self.source},{value}\n")
        self.file.flush()

    def stopped(self):
        self.file.close()


class Nothing(Sink):
    """Keeps nothing."""
