"""An LED, a relay or whatever else a pin switches; off when it begins and when it ends.

A pin of an ESP32 gives an LED, with its resistor, 20 mA; a relay needs a module with a transistor,
and most of those switch on with a low level: `active_low=True`.

*Source*: ESP32 Series Datasheet, "DC Characteristics (3.3 V, 25 °C)".
"""

from mp_actors.roles import Sink


class Switch(Sink):
    """On for any value that is true, off for all others."""

    def __init__(self, pin, active_low=False):
        from machine import Pin

        self._off = 1 if active_low else 0
        self._pin = Pin(pin, Pin.OUT, value=self._off)

    def write(self, value):
        self._pin.value(1 - self._off if value else self._off)

    def stopped(self):
        self._pin.value(self._off)
