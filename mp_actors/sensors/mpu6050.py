"""Motion by an MPU-6050 on I2C: acceleration in g, rotation in °/s, the chip's temperature in °C.

Each is an actor, with `(x, y, z)` as a list; several may share a chip. Address 0x68, or 0x69 with
AD0 high. Clones that give another WHO_AM_I are warned of and used.

    range     ±2 ±4 ±8 ±16 g            16384  8192  4096  2048 steps a g
              ±250 ±500 ±1000 ±2000 °/s 131    65.5  32.8  16.4 steps a °/s
    T in °C   raw / 340 + 36.53

*Source*: RM-MPU-6000A-00 revision 4.2, sections 4.4, 4.5, 4.17-4.19, 4.28, 4.32.
"""

from mp_actors.roles import Sensor
from mp_actors.wired import I2CPart

GYRO_CONFIG, ACCEL_CONFIG, ACCEL, TEMPERATURE, GYRO = 0x1B, 0x1C, 0x3B, 0x41, 0x43
PWR_MGMT_1, WHO_AM_I = 0x6B, 0x75
ASLEEP = 0x40
AWAKE_BY_GYRO_CLOCK = b"\x01"
ADDRESS = 0x68


class _Mpu6050(Sensor):
    """Wakes the chip and reads words of its registers."""

    def __init__(self, scl, sda, address, bus, period_ms):
        self.period_ms = period_ms
        self._chip = I2CPart("MPU-6050", address, bus, scl, sda)
        self._byte = bytearray(1)
        self._chip.read(WHO_AM_I, self._byte)
        self._who = self._byte[0]
        self._chip.write(PWR_MGMT_1, AWAKE_BY_GYRO_CLOCK)

    def started(self):
        if self._who != ADDRESS:
            self.log(
                "WHO_AM_I is 0x%02x, an MPU-6050 says 0x68: a clone; its values may be less exact"
                % self._who
            )

    def _set_range(self, register, ranges, wanted):
        if wanted not in ranges:
            raise ValueError("range: expected one of %s, got %r" % (ranges, wanted))
        self._chip.write(register, bytes([ranges.index(wanted) << 3]))

    def _words(self, register, buffer):
        """Signed words, the higher byte first. *Raises* PartError."""
        self._chip.read(register, buffer)
        if not any(buffer):
            # Hardly a measurement: after a loss of power it sleeps, and gives zeros.
            self._chip.read(PWR_MGMT_1, self._byte)
            if self._byte[0] & ASLEEP:
                raise self._chip.fault("has lost its power for a while and is asleep")
        return [
            ((buffer[place] ^ 128) - 128) * 256 + buffer[place + 1]
            for place in range(0, len(buffer), 2)
        ]


class Acceleration(_Mpu6050):
    """[x, y, z] in g."""

    RANGES = (2, 4, 8, 16)

    def __init__(self, scl=22, sda=21, address=ADDRESS, bus=0, range_g=2, period_ms=100):
        _Mpu6050.__init__(self, scl, sda, address, bus, period_ms)
        self._set_range(ACCEL_CONFIG, self.RANGES, range_g)
        self._step = range_g / 32768
        self._buffer = bytearray(6)

    def sample(self):
        return [word * self._step for word in self._words(ACCEL, self._buffer)]


class Rotation(_Mpu6050):
    """[x, y, z] in °/s."""

    RANGES = (250, 500, 1000, 2000)

    def __init__(self, scl=22, sda=21, address=ADDRESS, bus=0, range_dps=250, period_ms=100):
        _Mpu6050.__init__(self, scl, sda, address, bus, period_ms)
        self._set_range(GYRO_CONFIG, self.RANGES, range_dps)
        self._step = range_dps / 32768
        self._buffer = bytearray(6)

    def sample(self):
        return [word * self._step for word in self._words(GYRO, self._buffer)]


class Temperature(_Mpu6050):
    """°C of the chip, a few above the room's."""

    def __init__(self, scl=22, sda=21, address=ADDRESS, bus=0, period_ms=1000):
        _Mpu6050.__init__(self, scl, sda, address, bus, period_ms)
        self._buffer = bytearray(2)

    def sample(self):
        return self._words(TEMPERATURE, self._buffer)[0] / 340 + 36.53
