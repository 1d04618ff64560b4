"""A potentiometer between ground and 3.3 V, % of its way, or any voltage of that kind.

12 bits: steps of 0.024 %. An ESP32 measures 0.15 to 2.45 V well and bends beyond; pins 32 to 39
work with Wi-Fi on, others do not.

*Source*: ESP32 Technical Reference Manual v5.2, chapter 29 "On-Chip Sensors and Analog Signal
Processing"; MicroPython documentation, quick reference for the ESP32, "ADC".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import adc, measured


class Potentiometer(Sensor):
    """0 to 100 % of full scale at `pin`."""

    def __init__(self, pin, period_ms=100):
        self.period_ms = period_ms
        self._pin = pin
        self._adc = adc(pin)

    def sample(self):
        return measured(self._adc.read_u16, self._pin) * 100 / 65535
