"""Temperature inside the chip, °C, in steps of 1 °F (ESP32) or 1 °C (its successors).

Far above the room's, and not calibrated: it tells changes, and a chip that overheats.

*Source*: MicroPython documentation, `esp32.raw_temperature`, `esp32.mcu_temperature`; that the
ESP32's register counts degrees Fahrenheit is common use, no datasheet says so.
"""

from mp_actors.roles import Sensor


class ChipTemperature(Sensor):
    """°C inside the chip."""

    def __init__(self, period_ms=1000):
        import esp32

        self.period_ms = period_ms
        self._celsius = getattr(esp32, "mcu_temperature", None)
        self._fahrenheit = getattr(esp32, "raw_temperature", None)

    def sample(self):
        if self._celsius is not None:
            return self._celsius()
        return (self._fahrenheit() - 32) * 5 / 9
