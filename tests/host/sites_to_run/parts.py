"""What lives in most of these sites: sensors that count, and a sink that writes down what comes.

Each site's folder has a link to this file, so that boards and machines find it beside `site.py`.
"""

import time

from mp_actors import Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 … from when it was made, so that a gap shows, and a new one."""

    period_ms = 50

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


class Slow(Pulse):
    """So few that a board keeps those of a minute."""

    period_ms = 2000


class Arrivals(Sink):
    """Appends what comes to a file: seconds of arrival, source, value and age in ms.

    Seconds of the machine's monotonic clock, so that a test can say what was before what it did.
    """

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`

    def write(self, value):
        age_ms = time.time() * 1000 - self.at_us / 1000
        self.file.write(f"{time.monotonic()},{self.source},{value},{age_ms}\n")
        self.file.flush()

    def stopped(self):
        self.file.close()
