"""Carbon dioxide in ppm by a Winsen MH-Z19B at a UART, 0 to 5000 in steps of 1.

The first three minutes after power-on its values mean nothing yet. With 9600 baud, FF 01 86 00 00
00 00 00 79 is answered by FF 86 high low, four bytes more and a checksum.

*Source*: Winsen MH-Z19B user's manual, version 1.5 (2019-09-23), "0x86-Read CO2 concentration".
"""

from mp_actors.roles import Sensor
from mp_actors.wired import PartError

ASK = b"\xff\x01\x86\0\0\0\0\0\x79"
ANSWER_BYTES = 9
PERIOD_MS = 2000


class MHZ19B(Sensor):
    """ppm. It asks at each period and tells at the next what was answered."""

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
