"""`machine.TouchPad` of a virtual board: a counter that falls when the pad is touched."""

import machine
from peripherals.surroundings import noise

TOUCH_PINS = (0, 2, 4, 12, 13, 14, 15, 27, 32, 33)
FREE, TOUCHED, NOISE = 620, 190, 12


class TouchPad:
    """One pad. `config` sets the threshold below which it would wake the chip."""

    def __init__(self, pin):
        self._pin = pin.number if isinstance(pin, machine.Pin) else pin
        if self._pin not in TOUCH_PINS:
            raise ValueError("invalid pin for touchpad")
        self.threshold = 0

    def config(self, value):
        self.threshold = value

    def read(self):
        level = TOUCHED if machine.here.sense("touched", self._pin) else FREE
        return level + noise(machine.here, self._pin + 500, NOISE)
