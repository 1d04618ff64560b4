"""`machine.RTC` of a virtual board: the date, and memory that a reset does not clear."""

import time

from micropython import const

_MEMORY_BYTES_MAX = const(2048)
FILE = "peripherals/rtc.bin"  # A new folder is a board whose power was off.

_shift_s = 0


class RTC:
    """The one clock; each RTC is the same."""

    def datetime(self, told=None):
        """(year, month, day, weekday, hour, minute, second, subsecond), weekday 0 on Monday."""
        global _shift_s
        if told is None:
            year, month, day, hour, minute, second, weekday = time.gmtime(self._now_s())[:7]
            return (year, month, day, weekday, hour, minute, second, 0)
        year, month, day, _, hour, minute, second = told[:7]
        wanted_s = time.mktime((year, month, day, hour, minute, second, 0, 0))
        shown = time.gmtime(wanted_s)  # the machine under the board may have a zone of its own
        wanted_s += (hour - shown[3]) * 3600 + (minute - shown[4]) * 60
        _shift_s = wanted_s - int(time.time())
        return None

    def memory(self, data=None):
        """What was kept; with data, keep that."""
        if data is None:
            try:
                with open(FILE, "rb") as file:
                    return file.read()
            except OSError:
                return b""
        if len(data) > _MEMORY_BYTES_MAX:
            raise ValueError("buffer too long")
        with open(FILE, "wb") as file:
            file.write(data)
        return None

    def _now_s(self):
        return int(time.time()) + _shift_s
