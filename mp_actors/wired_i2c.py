"""A part on an I2C bus, by its address and its registers; what goes wrong there, in words."""

import errno

from mp_actors.wired import PartError


class I2CPart:
    """`name` is for people. *Raises* PartError when nothing acknowledges."""

    def __init__(self, name, address, bus, scl, sda):
        from machine import I2C, Pin

        self._i2c = I2C(bus, scl=Pin(scl), sda=Pin(sda), freq=400000)
        self._address = address
        self._where = (name, address, bus, scl, sda)

    def read(self, register, into):
        """Fill into with the registers from this one on."""
        self._do(self._i2c.readfrom_mem_into, register, into)

    def write(self, register, data):
        """Put bytes into the registers from this one on."""
        self._do(self._i2c.writeto_mem, register, data)

    def fault(self, reason):
        """The error to raise."""
        where = "%s at 0x%02x of I2C bus %d (scl %d, sda %d): " % self._where
        return PartError(where + reason)

    def _do(self, call, register, data):
        try:
            call(self._address, register, data)
        except OSError as error:
            if error.errno == errno.ETIMEDOUT:
                raise self.fault("the bus is held low; check its pull-ups and wires")
            raise self.fault("nothing answers; check power, wires and address")
