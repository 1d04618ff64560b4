"""What the alarm's sensors are in a simulation: the same each time, and the button is used."""

from mp_actors import Sensor


class Wave(Sensor):
    """Goes up and down between `low` and `high`, `steps` samples each way."""

    def __init__(self, low, high, steps, period_ms):
        self.low, self.high, self.steps = low, high, steps
        self.period_ms = period_ms
        self.count = 0

    def sample(self):
        self.count += 1
        place = self.count % (2 * self.steps)
        return self.low + (self.high - self.low) * min(place, 2 * self.steps - place) / self.steps


class Turned(Sensor):
    """An encoder that goes on by one detent now and then."""

    period_ms = 5000
    position = 0

    def sample(self):
        self.position += 1
        return self.position


class Pressed(Sensor):
    """A button that is pressed for a quarter of a second of each half."""

    period_ms = 250
    is_down = False

    def sample(self):
        self.is_down = not self.is_down
        return self.is_down
