"""A sensor that counts and a sink that writes down what comes."""

from mp_actors import Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 … so that a gap shows."""

    period_ms = 50

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


class Rows(Sink):
    """Appends what comes to a file: source and value."""

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`

    def write(self, value):
        self.file.write(f"{self.source},{value}\n")
        self.file.flush()

    def stopped(self):
        self.file.close()
