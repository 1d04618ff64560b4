"""The watchdog of a virtual board: `machine.WDT`, which ends the process of a board that hangs.

Loaded when `machine` is asked for it. The signal it ends with says what happened to whoever started
the board, and starts it again.
"""

import _thread
import os
import time

# No signal can be sent from here, but a child can send one.
_RESET = "echo 'watchdog: not fed for {} ms, the board is reset'; kill -s ALRM $PPID"


class WDT:
    """Once made it never stops: a board that does not feed it in time is reset.

    A thread looks after that, so that nothing the board does, or waits for, can keep it from it.
    """

    def __init__(self, id=0, timeout=5000):
        if id != 0:
            raise ValueError(f"WDT({id}) does not exist")
        if timeout <= 0:
            raise ValueError("WDT timeout too short")
        self._timeout_ms = timeout
        self.feed()
        _thread.start_new_thread(self._watch, ())

    def feed(self):
        """All is well; the time begins anew."""
        self._fed_ms = time.ticks_ms()

    def _watch(self):
        while True:
            left_ms = self._timeout_ms - time.ticks_diff(time.ticks_ms(), self._fed_ms)
            if left_ms <= 0:
                os.system(_RESET.format(self._timeout_ms))
            time.sleep_ms(max(1, left_ms))
