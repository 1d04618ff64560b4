"""Magnetic flux density, mT, by a linear Hall sensor at an analogue pin: TI DRV5055 at 3.3 V.

At rest it gives half of its supply; `mv_per_mt` is 60, 30, 15 or 7.5 for A1, A2, A3, A4. Positive:
a south pole at the marked side. With A2, pins of an ESP32 see about -50 to 26 mT, in steps of
0.03 mT. (The Hall sensor in the ESP32 itself is gone from MicroPython since ESP-IDF 5.)

*Source*: TI SBAS640B (April 2021), "Magnetic Characteristics" and "Device Comparison".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import adc, measured

REST_UV = 1650000


class Hall(Sensor):
    """mT at `pin`."""

    def __init__(self, pin, mv_per_mt=30, period_ms=100):
        self.period_ms = period_ms
        self._pin = pin
        self._uv_per_mt = mv_per_mt * 1000
        self._adc = adc(pin)

    def sample(self):
        return (measured(self._adc.read_uv, self._pin) - REST_UV) / self._uv_per_mt
