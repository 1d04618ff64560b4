"""`machine.PWM` of a virtual board: what each pin is driven with is in `driven`."""

import machine
from micropython import const

_CHANNELS_MAX = const(16)
FREQUENCIES_HZ = (1, 40000000)

driven = {}  # {pin: [frequency in Hz, duty of 65535]}


class PWM:
    """The pulses of one pin; a pin keeps them until `deinit`."""

    def __init__(self, dest, freq=5000, duty_u16=32768):
        machine.Pin(dest, machine.Pin.OUT)
        self._pin = dest.number if isinstance(dest, machine.Pin) else dest
        if self._pin not in driven and len(driven) >= _CHANNELS_MAX:
            raise RuntimeError(f"out of PWM channels:{_CHANNELS_MAX}")
        driven[self._pin] = [0, 0]
        self.freq(freq)
        self.duty_u16(duty_u16)

    def freq(self, value=None):
        if value is None:
            return driven[self._pin][0]
        if not FREQUENCIES_HZ[0] <= value <= FREQUENCIES_HZ[1]:
            raise ValueError("frequency must be from 1Hz to 40MHz")
        driven[self._pin][0] = value
        return None

    def duty_u16(self, value=None):
        if value is None:
            return driven[self._pin][1]
        if not 0 <= value <= 65535:
            raise ValueError("duty_u16 must be from 0 to 65535")
        driven[self._pin][1] = value
        return None

    def deinit(self):
        driven.pop(self._pin, None)
