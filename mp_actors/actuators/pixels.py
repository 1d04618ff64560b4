"""A strip of NeoPixels (WS2812B): one colour for all, or a list with a colour for each.

A colour is [red, green, blue], 0 to 255 each; dark when it begins and when it ends. One LED takes
60 mA at full white from 5 V, not from the board.

*Source*: Worldsemi WS2812B datasheet, "Data transfer time" and "Composition of 24bit data".
"""

from mp_actors.roles import Sink


class Pixels(Sink):
    """`count` LEDs at `pin`."""

    def __init__(self, pin, count):
        from machine import Pin
        from neopixel import NeoPixel

        self._count = count
        self._strip = NeoPixel(Pin(pin), count)
        self._strip.write()

    def write(self, value):
        is_one = bool(value) and isinstance(value[0], int)
        colours = [value] * self._count if is_one else value
        if len(colours) != self._count:
            raise ValueError(
                "pixels: expected a colour or %d of them, got %r" % (self._count, value)
            )
        for colour in colours:
            if len(colour) != 3 or [1 for part in colour if not 0 <= part <= 255]:
                raise ValueError("pixels: expected [red, green, blue] to 255, got %r" % (colour,))
        for place in range(self._count):
            self._strip[place] = colours[place]
        self._strip.write()

    def stopped(self):
        self.write([0, 0, 0])
