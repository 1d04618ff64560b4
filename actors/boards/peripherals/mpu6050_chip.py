"""An MPU-6050 as its registers: asleep until woken, ranges, measurements of the world.

*Source*: MPU-6000/MPU-6050 Register Map and Descriptions, RM-MPU-6000A-00, revision 4.2.
"""

import machine
from micropython import const

_GYRO_CONFIG = const(0x1B)
_ACCEL_CONFIG = const(0x1C)
_FIRST = const(0x3B)
_PWR_MGMT_1 = const(0x6B)
_WHO_AM_I = const(0x75)
_ASLEEP = const(0x40)
_RESET = const(0x80)
_LAST = const(0x48)


class Chip:
    """The register file. `option`: what WHO_AM_I answers, for clones, as "0x70"."""

    def __init__(self, option):
        self._who = int(option, 0) if option else 0x68
        self._reset()

    def write(self, data):
        """A register's number, then what goes into it and those behind it."""
        self._at = data[0]
        for value in data[1:]:
            self._put(self._at & 127, value)
            self._at += 1

    def read(self, count):
        """The registers from the one named last; a measurement is all of one moment."""
        is_measured = self._at <= _LAST and self._at + count > _FIRST
        if is_measured and not self.registers[_PWR_MGMT_1] & _ASLEEP:
            self._measure()
        found = bytes([self.registers[(self._at + place) & 127] for place in range(count)])
        self._at += count
        return found

    def _reset(self):
        self.registers = bytearray(128)
        self.registers[_PWR_MGMT_1] = _ASLEEP
        self.registers[_WHO_AM_I] = self._who
        self._at = 0

    def _put(self, register, value):
        if register == _PWR_MGMT_1 and value & _RESET:
            self._reset()
        elif not _FIRST <= register <= _LAST and register != _WHO_AM_I:
            self.registers[register] = value

    def _measure(self):
        here = machine.here
        one_g = 16384 >> (self.registers[_ACCEL_CONFIG] >> 3 & 3)
        full_scale = 250 << (self.registers[_GYRO_CONFIG] >> 3 & 3)
        raw = [milli * one_g // 1000 for milli in here.sense("acceleration")]
        raw.append((here.sense("temperature") - 3653) * 340 // 100)
        raw += [centi * 32768 // (100 * full_scale) for centi in here.sense("rotation")]
        for place, value in enumerate(raw):
            value = min(max(value, -32768), 32767) & 0xFFFF
            self.registers[_FIRST + 2 * place] = value >> 8
            self.registers[_FIRST + 2 * place + 1] = value & 255
