"""Carbon dioxide in ppm by the pulses of a Winsen MH-Z19B, 0 to 2000 in steps of 1.

For a board whose UARTs are taken. The pin is high for (2 + ppm / 2) ms of 1004 ms, which may be 5 %
more or less. The first three minutes after power-on its values mean nothing yet.

*Source*: Winsen MH-Z19B user's manual, version 1.5 (2019-09-23), "PWM output".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import PartError

CYCLE_US_MAX = 1200000
PERIOD_MS = 2000


class MHZ19BPulse(Sensor):
    """ppm by the length of the pulses at `pin`, one a second, timed by interrupts."""

    def __init__(self, pin, range_ppm=2000, period_ms=PERIOD_MS):
        import time

        from machine import Pin

        self.period_ms = period_ms
        self._number, self._range_ppm = pin, range_ppm
        self._ticks_us, self._diff = time.ticks_us, time.ticks_diff
        # Of the last whole cycle; numbers that an interrupt can set without allocating.
        self._rise_us = self._fall_us = 0
        self._high_us = self._low_us = -1
        self._edges = self._seen = 0
        self._pin = Pin(pin, Pin.IN)
        self._pin.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING)

    def stopped(self):
        self._pin.irq(None)

    def _edge(self, pin):
        now_us = self._ticks_us()
        if pin.value():
            if self._edges > 1:
                self._low_us = self._diff(now_us, self._fall_us)
            self._rise_us = now_us
        else:
            if self._edges > 0:
                self._high_us = self._diff(now_us, self._rise_us)
            self._fall_us = now_us
        self._edges += 1

    def sample(self):
        edges, high_us, low_us = self._edges, self._high_us, self._low_us
        if edges == self._seen:
            raise PartError(
                "MH-Z19B at pin %d: no pulse for %d ms; check power (5 V) and that this is PWM"
                % (self._number, self.period_ms)
            )
        self._seen = edges
        cycle_us = high_us + low_us
        if high_us < 2000 or low_us < 2000 or cycle_us > CYCLE_US_MAX:
            return None  # no whole cycle yet, or an edge was missed
        return round(self._range_ppm * (high_us - 2000) / (cycle_us - 4000))
