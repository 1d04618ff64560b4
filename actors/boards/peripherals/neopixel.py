"""`neopixel` as ESP32 firmware has it built in: colours of LEDs, sent by `machine.bitstream`."""

import machine

# Nanoseconds a bit is high and low: of a 0, of a 1.
TIMING_NS = (400, 850, 800, 450)
ORDER = (1, 0, 2, 3)


class NeoPixel:
    """`n` LEDs of `bpp` bytes each; `write` sends what was set."""

    def __init__(self, pin, n, bpp=3, timing=1):
        self.pin, self.n, self.bpp = pin, n, bpp
        self.buf = bytearray(n * bpp)
        pin.init(machine.Pin.OUT)

    def __len__(self):
        return self.n

    def __setitem__(self, i, v):
        for place in range(self.bpp):
            self.buf[i * self.bpp + ORDER[place]] = v[place]

    def __getitem__(self, i):
        return tuple([self.buf[i * self.bpp + ORDER[place]] for place in range(self.bpp)])

    def fill(self, v):
        for i in range(self.n):
            self[i] = v

    def write(self):
        machine.bitstream(self.pin, 0, TIMING_NS, self.buf)
