"""The serial ports of a virtual board, with an MH-Z19B at the other end.

Bytes go out and come in; what does not listen at this baud rate hears nothing. The first port is
the console's, as on an ESP32.
"""

import machine
from micropython import const

MEASURE = b"\xff\x01\x86\0\0\0\0\0\x79"  # MH-Z19B user's manual 1.5, "0x86 read CO2"
_BAUD = const(9600)


class UART:
    """Port 1 or 2; `read` never waits."""

    def __init__(self, id, baudrate=115200, *, tx=None, rx=None, timeout=0, **_options):
        if id not in (1, 2):
            raise ValueError(f"UART({id!r}) does not exist or is the console's")
        for pin in (tx, rx):
            machine.Pin(0 if pin is None else pin)
        self._baud = baudrate
        self._come = b""

    def write(self, data):
        told = getattr(machine.here.own, "on_uart", "mhz19b")
        if told == "mhz19b" and self._baud == _BAUD and bytes(data) == MEASURE:
            self._come += _answer()
        return len(data)

    def any(self):
        return len(self._come)

    def read(self, nbytes=-1):
        count = len(self._come) if nbytes < 0 else nbytes
        found, self._come = self._come[:count], self._come[count:]
        return found or None

    def deinit(self):
        self._come = b""


def _answer():
    ppm = machine.here.sense("co2")
    answer = bytearray((0xFF, 0x86, ppm >> 8, ppm & 255, 0, 0, 0, 0, 0))
    answer[4] = machine.here.sense("temperature") // 100 + 40
    answer[8] = -sum(answer[1:8]) & 255
    if machine.here.sense("damaged"):
        answer[3] ^= 16
    return bytes(answer)
