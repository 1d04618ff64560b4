"""`machine.TouchPad` of a virtual board: a counter that falls when the pad is touched."""

import time

import machine
from micropython import const
from peripherals.world import spread

TOUCH_PINS = (0, 2, 4, 12, 13, 14, 15, 27, 32, 33)
_FREE = const(620)
_TOUCHED = const(190)
_NOISE = const(12)


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
        level = _TOUCHED if machine.here.sense("touched", self._pin) else _FREE
        return level + spread(machine.here.seed, self._pin + 500, time.ticks_ms(), _NOISE)
