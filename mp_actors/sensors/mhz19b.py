"""Carbon dioxide in ppm by a Winsen MH-Z19B, 0 to 5000 in steps of 1: by UART, or by its PWM pin.

The first three minutes after power-on its values mean nothing yet.

    UART   9600 baud; FF 01 86 00 00 00 00 00 79 is answered FF 86 high low … checksum
    PWM    high for (2 + ppm / 2) ms of 1004 ms, with the range of 2000 ppm

*Source*: Winsen MH-Z19B user's manual, version 1.5 (2019-09-23), "PWM output" and "0x86-Read CO2
concentration".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import PartError

ASK = b"\xff\x01\x86\0\0\0\0\0\x79"
ANSWER_BYTES = 9
CYCLE_US_MAX = 1200000
PERIOD_MS = 2000


class CarbonDioxide(Sensor):
    """ppm by UART. It asks at each period and tells at the next what was answered."""

    def __init__(self, uart=2, tx=17, rx=16, period_ms=PERIOD_MS):
        from machine import UART

        self.period_ms = period_ms
        self._port = uart
        self._uart = UART(uart, 9600, tx=tx, rx=rx, timeout=0)
        self._asked = False

    def sample(self):
        answer, asked = self._uart.read(), self._asked
        self._uart.write(ASK)
        self._asked = True
        return self._ppm(answer) if asked else None

    def _ppm(self, answer):
        if not answer:
            raise self._fault("no answer; check power (5 V) and that tx goes to rx, rx to tx")
        if len(answer) != ANSWER_BYTES or answer[0] != 0xFF or answer[1] != 0x86:
            raise self._fault("expected FF 86 and 7 bytes, got %s" % answer.hex())
        if sum(answer[1:]) & 255:
            raise self._fault("checksum error in %s" % answer.hex())
        return answer[2] << 8 | answer[3]

    def _fault(self, reason):
        return PartError("MH-Z19B at UART %d: %s" % (self._port, reason))


class CarbonDioxidePulse(Sensor):
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
