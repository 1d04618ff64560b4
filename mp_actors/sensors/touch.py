"""A touch pad: True when it is touched, False when it is let go, each once.

The counter of an ESP32 falls when a finger comes near. What is far from a finger is learnt: upwards
at once, downwards slowly, as dampness does. Pins 0 2 4 12 13 14 15 27 32 33.

*Source*: ESP32 Technical Reference Manual v5.2, chapter 29 "On-Chip Sensors and Analog Signal
Processing".
"""

from mp_actors.roles import Sensor

AGAIN = 0.1  # of the resting level: as much more it needs to count as let go
FOLLOW = 64  # samples, about, until a slow change is the new rest


class Touch(Sensor):
    """True while `pin` counts less than `share` of what it does at rest."""

    def __init__(self, pin, share=0.7, period_ms=50):
        from machine import Pin, TouchPad

        self.period_ms = period_ms
        self.share = share
        self.rest = 0
        self.touched = None
        self._pad = TouchPad(Pin(pin))

    def sample(self):
        level = self._pad.read()
        if level > self.rest:
            self.rest = level
        share = self.share + AGAIN if self.touched else self.share
        touched = level < self.rest * share
        if not touched:
            self.rest -= (self.rest - level) / FOLLOW
        if touched == self.touched:
            return None
        self.touched = touched
        return touched
