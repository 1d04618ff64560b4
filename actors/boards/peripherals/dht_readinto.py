"""`machine.dht_readinto` of a virtual board: the five bytes that a DHT11 or DHT22 sends."""

import errno

import machine


def dht_readinto(pin, buf):
    """Fill buf. *Raises* OSError if nothing answers."""
    part = machine.here.part(pin.number, "dht11")
    if part not in ("dht11", "dht22"):
        raise OSError(errno.ETIMEDOUT)
    centi, humid = machine.here.sense("temperature"), machine.here.sense("humidity")
    if part == "dht11":
        humid = min(max((humid + 50) // 100, 0), 100) << 8
        warm = min(max((centi + 50) // 100, 0), 50) << 8
    else:
        humid = (humid + 5) // 10
        warm = (abs(centi) + 5) // 10 | (0x8000 if centi < 0 else 0)
    buf[0], buf[1], buf[2], buf[3] = humid >> 8, humid & 255, warm >> 8, warm & 255
    buf[4] = sum(buf[:4]) & 255
    if machine.here.sense("damaged"):
        buf[2] ^= 4
