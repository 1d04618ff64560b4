"""`machine.bitstream` of a virtual board: a train of bits to the LEDs at a pin."""

strips = {}  # {pin: the last bytes that reached its LEDs}


def bitstream(pin, encoding, timing, buf):
    """Send bytes; only bits that are as long as those of a WS2812 are understood."""
    if encoding != 0:
        raise ValueError("invalid encoding")
    if 300 <= timing[0] <= 500 and 600 <= timing[2] <= 1000:
        strips[pin.number] = bytes(buf)
