"""Actors with handlers that wait."""

from mp_actors import Actor, Sensor, Sink


class Fetch(Sensor):
    """Waits for what it measures."""

    async def sample(self):
        return 1

    async def helper(self):
        return 2


class Store(Sink):
    """Waits for whoever stores."""

    async def write(self, _value): ...

    async def on_flush(self): ...


class Opens(Sink):
    """Waits before it begins."""

    async def started(self): ...


class Streams(Sensor):
    """Yields where it should return."""

    async def sample(self):
        yield 1


class Clerk(Actor):
    """Answers later."""

    async def on_value(self, _value): ...
