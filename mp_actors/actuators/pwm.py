"""The brightness of an LED, the speed of a fan: a share from 0 to 1, as pulses at a pin.

*Source*: ESP32 Technical Reference Manual v5.2, "LED PWM Controller": 8 timers and 16 channels; the
higher the frequency, the fewer bits the duty has.
"""

from mp_actors.roles import Sink


class Dimmer(Sink):
    """Takes 0 to 1; off when it begins and when it ends."""

    def __init__(self, pin, freq_hz=1000):
        from machine import PWM, Pin

        self._pin = pin
        self._pwm = PWM(Pin(pin), freq=freq_hz, duty_u16=0)

    def write(self, value):
        if not 0 <= value <= 1:
            raise ValueError("pwm at pin %d: expected 0 to 1, got %r" % (self._pin, value))
        self._pwm.duty_u16(round(value * 65535))

    def stopped(self):
        self._pwm.duty_u16(0)
        self._pwm.deinit()
