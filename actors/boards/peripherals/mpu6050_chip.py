"""An MPU-6050 as its registers: asleep until woken, ranges, measurements of the world.

*Source*: MPU-6000/MPU-6050 Register Map and Descriptions, RM-MPU-6000A-00, revision 4.2.
"""

import machine

GYRO_CONFIG, ACCEL_CONFIG, FIRST, PWR_MGMT_1, WHO_AM_I = 0x1B, 0x1C, 0x3B, 0x6B, 0x75
ASLEEP, RESET = 0x40, 0x80
LAST = FIRST + 13


class Chip:
    """The register file. `option`: what WHO_AM_I answers, for clones, as "0x70"."""

    def __init__(self, option):
        self._who = int(option) if option else 0x68
        self._reset()

    def write(self, data):
        """A register's number, then what goes into it and those behind it."""
        self._at = data[0]
        for value in data[1:]:
            self._put(self._at & 127, value)
            self._at += 1

    def read(self, count):
        """The registers from the one named last; a measurement is all of one moment."""
        is_measured = self._at <= LAST and self._at + count > FIRST
        if is_measured and not self.registers[PWR_MGMT_1] & ASLEEP:
            self._measure()
        found = bytes([self.registers[(self._at + place) & 127] for place in range(count)])
        self._at += count
        return found

    def _reset(self):
        self.registers = bytearray(128)
        self.registers[PWR_MGMT_1] = ASLEEP
        self.registers[WHO_AM_I] = self._who
        self._at = 0

    def _put(self, register, value):
        if register == PWR_MGMT_1 and value & RESET:
            self._reset()
        elif not FIRST <= register <= LAST and register != WHO_AM_I:
            self.registers[register] = value

    def _measure(self):
        here = machine.here
        one_g = 16384 >> (self.registers[ACCEL_CONFIG] >> 3 & 3)
        full_scale = 250 << (self.registers[GYRO_CONFIG] >> 3 & 3)
        raw = [milli * one_g // 1000 for milli in here.sense("acceleration")]
        raw.append((here.sense("temperature") - 3653) * 340 // 100)
        raw += [centi * 32768 // (100 * full_scale) for centi in here.sense("rotation")]
        for place, value in enumerate(raw):
            value = min(max(value, -32768), 32767) & 0xFFFF
            self.registers[FIRST + 2 * place] = value >> 8
            self.registers[FIRST + 2 * place + 1] = value & 255
