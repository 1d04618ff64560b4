"""The only callers of the system clock.

`ticks_ms()` counts milliseconds and wraps (see `ticks`); `site_us()` is site time, Unix
microseconds. All else in the kernel is told what time it is.
"""

import time

from mp_actors.ticks import WRAP_MS

_EPOCH_US = 0 if time.gmtime(0)[0] == 1970 else 946684800000000  # boards count from 2000


class SystemClock:
    """The clock of this machine."""

    def __init__(self):
        self._shift_us = 0

    if hasattr(time, "ticks_ms"):  # asked once: a node wants the time twice for each frame

        def ticks_ms(self):
            """Milliseconds that never jump, modulo `WRAP_MS`."""
            return time.ticks_ms() % WRAP_MS

    else:

        def ticks_ms(self):
            """Milliseconds that never jump, modulo `WRAP_MS`."""
            return time.monotonic_ns() // 1000000 % WRAP_MS

    def site_us(self):
        """Microseconds since 1970. As right as the machine's clock, and what it was told since."""
        return time.time_ns() // 1000 + _EPOCH_US + self._shift_us

    if hasattr(time, "process_time_ns"):

        def used_us(self):
            """How long this process has had a processor; a board has none of its own to share."""
            return time.process_time_ns() // 1000

    elif hasattr(time, "clock"):  # MicroPython on a machine

        def used_us(self):
            """How long this process has had a processor; a board has none of its own to share."""
            return int(time.clock() * 1000000)

    def shift(self, by_us):
        """Set site time forward (or back): the machine's own clock is off by that much."""
        self._shift_us += by_us

    def sleep_ms(self, duration_ms):
        """Do nothing for that long."""
        if hasattr(time, "sleep_ms"):
            time.sleep_ms(duration_ms)
        else:
            time.sleep(duration_ms / 1000)
