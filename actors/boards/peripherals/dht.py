"""`dht` as ESP32 firmware has it built in: reads a DHT11 or DHT22 by `machine.dht_readinto`."""

from machine import dht_readinto


class DHTBase:
    """`measure`, then `temperature` in °C and `humidity` in % RH."""

    def __init__(self, pin):
        self.pin = pin
        self.buf = bytearray(5)

    def measure(self):
        dht_readinto(self.pin, self.buf)
        if sum(self.buf[:4]) & 255 != self.buf[4]:
            raise Exception("checksum error")


class DHT11(DHTBase):
    """Whole numbers."""

    def humidity(self):
        return self.buf[0]

    def temperature(self):
        return self.buf[2]


class DHT22(DHTBase):
    """Tenths, and a sign."""

    def humidity(self):
        return (self.buf[0] << 8 | self.buf[1]) / 10

    def temperature(self):
        tenths = (self.buf[2] & 127) << 8 | self.buf[3]
        return -tenths / 10 if self.buf[2] & 128 else tenths / 10
