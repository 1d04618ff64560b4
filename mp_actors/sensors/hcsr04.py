"""Distance in cm by an HC-SR04, 2 to 400, to about 0.3; None where nothing is in reach.

A pulse of 10 µs at `trigger` sends eight cycles of 40 kHz; `echo` is high for as long as the sound
takes there and back, 38 ms if nothing comes back: the board waits for it. The echo has 5 V: divide
it to 3.3 V. `temperature_c` of the air sets the speed of sound; 10 °C more are 1.8 %.

*Source*: Elecfreaks HC-SR04 user guide (undated), "Electric Parameter" and "Timing diagram", which
wants 60 ms or more between two measurements.
"""

from mp_actors.roles import Sensor
from mp_actors.wired import PartError

TRIGGER_US = 10
ECHO_US_MAX = 36000
PERIOD_MS_MIN = 60
CM_MIN, CM_MAX = 2, 400


class Distance(Sensor):
    """cm to what is in front of it."""

    def __init__(self, trigger, echo, temperature_c=20, period_ms=200):
        import time

        from machine import Pin, time_pulse_us

        self.period_ms = max(period_ms, PERIOD_MS_MIN)
        # There and back, so half of it; in cm a µs.
        self._cm_per_us = (331.3 + 0.606 * temperature_c) / 20000
        self._trigger = Pin(trigger, Pin.OUT, value=0)
        self._echo = Pin(echo, Pin.IN)
        self._pulse_us, self._sleep_us = time_pulse_us, time.sleep_us
        self._where = "HC-SR04 at pins %d, %d" % (trigger, echo)

    def sample(self):
        self._trigger.value(1)
        self._sleep_us(TRIGGER_US)
        self._trigger.value(0)
        length_us = self._pulse_us(self._echo, 1, ECHO_US_MAX)
        if length_us == -2:
            raise PartError(self._where + ": no echo begins; check power (5 V) and both wires")
        if length_us < 0:
            return None
        distance_cm = length_us * self._cm_per_us
        return distance_cm if CM_MIN <= distance_cm <= CM_MAX else None
