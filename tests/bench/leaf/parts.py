"""Two sensors of a leaf, as a person would write them, for its heap in steady state."""

from mp_actors import Sensor


class Saw(Sensor):
    """A tooth of `height` steps, every 100 ms."""

    period_ms = 100

    def __init__(self, height):
        self.height = height
        self.step = 0

    def sample(self):
        self.step = (self.step + 1) % self.height
        return self.step


class Wave(Sensor):
    """The same as a float, every 200 ms."""

    period_ms = 200

    def __init__(self):
        self.step = 0

    def sample(self):
        self.step = (self.step + 1) % 100
        return 20.0 + 0.1 * abs(self.step - 50)
