"""How late a busy machine is, so that a promise in seconds is held to what the machine gave it.

A thread sleeps again and again and counts what each sleep took too long. On a machine with nothing
else to do that is some ms in a second.
"""

import threading
import time

STEP_S = 0.05


class Lateness:
    """What has been late since it was made. Close it in the end."""

    def __init__(self):
        self._found = []  # (when it was seen, by how much)
        self._is_over = threading.Event()
        threading.Thread(target=self._run, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._is_over.set()

    def since_s(self, moment_s):
        """By how many seconds the machine was late after a moment of the monotonic clock."""
        time.sleep(2 * STEP_S)  # the sleep that was under way is counted
        return sum(late_s for seen_s, late_s in list(self._found) if seen_s > moment_s)

    def _run(self):
        while not self._is_over.is_set():
            before_s = time.monotonic()
            time.sleep(STEP_S)
            after_s = time.monotonic()
            self._found.append((after_s, after_s - before_s - STEP_S))
