"""What waits, and what should have: handlers of a site that is run by tests."""

import asyncio
import time

from actors import offload
from mp_actors import Actor, Filter, Sensor, Sink


class Pulse(Sensor):
    """1, 2, 3 … so that a gap shows."""

    period_ms = 20

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count


class Look(Filter):
    """Looks each value up where that takes a while; one of them is not to be found."""

    async def apply(self, value):
        if value % 10 == 0:
            await asyncio.sleep(0.01)
            raise KeyError(value)
        return await offload(_looked_up, value)


def _looked_up(value):
    time.sleep(0.005)
    return value


class Rows(Sink):
    """Writes what comes into a file, and answers what it has."""

    def __init__(self, file):
        self.file = open(file, "a")  # noqa: SIM115 - stays open until `stopped`
        self.count = 0

    def write(self, value):
        self.file.write(f"{self.source},{value}\n")
        self.file.flush()
        self.count += 1

    async def on_count(self, seconds):
        await asyncio.sleep(seconds)
        return self.count

    def stopped(self):
        self.file.close()


class Blocks(Actor):
    """Blocks once, on its third value."""

    seen = 0

    def on_seen_by_now(self):
        return self.seen

    def on_value(self, _value):
        self.seen += 1
        if self.seen == 3:
            time.sleep(2)  # here
