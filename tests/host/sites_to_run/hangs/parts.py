"""What can be wrong with hardware: a probe that never answers, one that takes the board with it."""

from mp_actors import Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 …"""

    period_ms = 50

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


class Stuck(Pulse):
    """Blocks for ever at its tenth reading, unless it is mended."""

    def __init__(self, mended):
        Pulse.__init__(self)
        self.mended = mended

    def sample(self):
        while self.count >= 9 and not self.mended:
            pass
        return Pulse.sample(self)


class Crash(Pulse):
    """Takes the board with it at once, unless it is mended."""

    def __init__(self, mended):
        Pulse.__init__(self)
        if not mended:
            import os

            os.system("kill -s SEGV $PPID")


class Rows(Sink):
    """Appends what comes to a file: source and value."""

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`

    def write(self, value):
        self.file.write(f"{self.source},{value}\n")
        self.file.flush()

    def stopped(self):
        self.file.close()
