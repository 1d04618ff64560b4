"""`machine.SoftI2C` of a virtual board: a bus by its pins, without a number."""

from peripherals.i2c import I2C


class SoftI2C(I2C):
    """The same parts are on it."""

    def __init__(self, scl, sda, *, freq=400000, timeout=50000):
        I2C.__init__(self, -1, scl=scl, sda=sda, freq=freq, timeout=timeout)
