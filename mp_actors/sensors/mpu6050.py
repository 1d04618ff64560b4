"""Motion by an MPU-6050 on I2C: acceleration in g, rotation in °/s, the chip's temperature in °C.

`measure` says which of the three an actor gives; several may share a chip. Motion is [x, y, z].
Address 0x68, or 0x69 with AD0 high. Clones that give another WHO_AM_I are warned of and used.

    acceleration   `range` 2 4 8 16 g              16384 8192 4096 2048 steps a g
    rotation       `range` 250 500 1000 2000 °/s   131 65.5 32.8 16.4 steps a °/s
    temperature    raw / 340 + 36.53 °C

*Source*: RM-MPU-6000A-00 revision 4.2, sections 4.4, 4.5, 4.17-4.19, 4.28, 4.32.
"""

from mp_actors.roles import Sensor
from mp_actors.wired_i2c import I2CPart

# First register, its bytes, the register of its range (bits 3 and 4), the smallest range.
QUANTITIES = {
    "acceleration": (0x3B, 6, 0x1C, 2),
    "rotation": (0x43, 6, 0x1B, 250),
    "temperature": (0x41, 2, 0, 0),
}
PWR_MGMT_1, WHO_AM_I = 0x6B, 0x75
ASLEEP, BY_GYRO_CLOCK = 0x40, b"\x01"
ADDRESS = 0x68


class MPU6050(Sensor):
    """[x, y, z] in g or °/s, or °C."""

    def __init__(
        self,
        measure="acceleration",
        range=None,
        scl=22,
        sda=21,
        address=ADDRESS,
        bus=0,
        period_ms=100,
    ):
        if measure not in QUANTITIES:
            raise ValueError("measure: expected one of %s, got %r" % (sorted(QUANTITIES), measure))
        self.period_ms = period_ms
        self._register, size_bytes, config, smallest = QUANTITIES[measure]
        self._buffer, self._byte = bytearray(size_bytes), bytearray(1)
        self._chip = chip = I2CPart("MPU-6050", address, bus, scl, sda)
        chip.read(WHO_AM_I, self._byte)
        self._who = self._byte[0]
        chip.write(PWR_MGMT_1, BY_GYRO_CLOCK)
        self._range = 0
        if config:
            self._range = range or smallest
            ranges = [smallest, 2 * smallest, 4 * smallest, 8 * smallest]
            if self._range not in ranges:
                raise ValueError("range: expected one of %s, got %r" % (ranges, range))
            chip.write(config, bytes([ranges.index(self._range) << 3]))

    def started(self):
        if self._who != ADDRESS:
            self.log(
                "WHO_AM_I is 0x%02x, an MPU-6050 says 0x68: a clone; its values may be less exact"
                % self._who
            )

    def sample(self):
        data = self._buffer
        self._chip.read(self._register, data)
        if not any(data):
            # Hardly a measurement: after a loss of power it sleeps, and gives zeros.
            self._chip.read(PWR_MGMT_1, self._byte)
            if self._byte[0] & ASLEEP:
                raise self._chip.fault("has lost its power for a while and is asleep")
        if not self._range:
            return self._word(0) / 340 + 36.53
        step = self._range / 32768
        return [self._word(0) * step, self._word(2) * step, self._word(4) * step]

    def _word(self, place):
        """A signed word, the higher byte first."""
        return ((self._buffer[place] ^ 128) - 128) * 256 + self._buffer[place + 1]
