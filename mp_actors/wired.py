"""What drivers have in common: the error that says why, and a part on an I2C bus.

Between `sensors`, `actuators` and MicroPython's `machine`. Loaded by a driver, so by no board
without one.
"""

import errno

from mp_actors.errors import ActorsError


class PartError(ActorsError):
    """A part does not answer, or not as its datasheet says; the text says what to look at."""


class I2CPart:
    """A part on an I2C bus, by its address. *Raises* PartError when it does not acknowledge."""

    def __init__(self, name, address, bus, scl, sda):
        from machine import I2C, Pin

        self._i2c = I2C(bus, scl=Pin(scl), sda=Pin(sda), freq=400000)
        self._address = address
        self._where = "%s at 0x%02x of I2C bus %d (scl %d, sda %d)" % (name, address, bus, scl, sda)

    def read(self, register, into):
        """Fill into with the registers from this one on."""
        try:
            self._i2c.readfrom_mem_into(self._address, register, into)
        except OSError as error:
            raise self.fault(_reason(error))

    def write(self, register, data):
        """Put bytes into the registers from this one on."""
        try:
            self._i2c.writeto_mem(self._address, register, data)
        except OSError as error:
            raise self.fault(_reason(error))

    def fault(self, reason):
        """The error to raise."""
        return PartError("%s: %s" % (self._where, reason))


def _reason(error):
    if error.errno == errno.ETIMEDOUT:
        return "the bus is held low; check its pull-ups and wires"
    return "nothing answers; check power, wires and address"


def adc(pin):
    """The ADC of a pin, full scale about 3.3 V."""
    from machine import ADC, Pin

    return ADC(Pin(pin), atten=ADC.ATTN_11DB)


def measured(read, pin):
    """What read() of an ADC gives. *Raises* PartError."""
    try:
        return read()
    except OSError:
        # The only reason there is: the radio has that half of the ADC.
        raise PartError("pin %d cannot be measured while Wi-Fi is on; use one of 32 to 39" % pin)
