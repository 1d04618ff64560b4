"""The other side of the local benchmarks: the same work on a bare deque, and on asyncio's queues.

`deque`: one queue of (actor, message) and a loop; no bound, no count, no supervision, no order of
turns. What the runtime adds is measured against it. Each function does `count` units of the
workload of the same name in `local` and returns the seconds of CPU.
"""

import asyncio
from collections import deque
from typing import Any

from tests.bench.measure import cpu_seconds

CHUNK = 64  # messages sent before any is handled, as many as an inlet holds


class Bare:
    """What all have: the one queue."""

    def __init__(self, queue: deque[Any]) -> None:
        self.queue = queue


class Bouncer(Bare):
    other: "Bouncer"

    def receive(self, message):
        if message:
            self.queue.append((self.other, message - 1))


class Counter(Bare):
    count = 0

    def receive(self, _message):
        self.count += 1


class Passer(Bare):
    other: Any

    def receive(self, message):
        self.queue.append((self.other, message + 1))


def pingpong(count: int) -> float:
    """One message between two actors."""
    return ring(count, 2)


def ring(count: int, size: int = 100) -> float:
    """One message round `size` actors."""
    queue: deque[Any] = deque()
    actors = [Bouncer(queue) for _ in range(size)]
    for place, actor in enumerate(actors):
        actor.other = actors[(place + 1) % size]
    queue.append((actors[0], count - 1))
    return cpu_seconds(run, queue)


def run(queue: deque[Any]) -> None:
    """The loop."""
    while queue:
        actor, message = queue.popleft()
        actor.receive(message)


def counting(count: int) -> float:
    """One sender, one actor that counts."""
    queue: deque[Any] = deque()
    counter = Counter(queue)

    def work() -> None:
        for start in range(0, count, CHUNK):
            for value in range(start, min(start + CHUNK, count)):
                queue.append((counter, value))
            run(queue)

    seconds = cpu_seconds(work)
    assert counter.count == count
    return seconds


def forkjoin(count: int, workers: int = 60) -> float:
    """One sender, many workers, one that counts their results; two messages for each unit."""
    queue: deque[Any] = deque()
    counter = Counter(queue)
    passers = [Passer(queue) for _ in range(workers)]
    for passer in passers:
        passer.other = counter

    def work() -> None:
        for value in range(-(-count // workers)):
            for passer in passers:
                queue.append((passer, value))
            run(queue)

    return cpu_seconds(work)


def pipeline(count: int) -> float:
    """Sensor, three filters, sink: five handlers for each reading, four messages."""
    queue: deque[Any] = deque()
    filters = [Passer(queue) for _ in range(3)]
    sink = Counter(queue)
    for passer, other in zip(filters, [*filters[1:], sink], strict=True):
        passer.other = other

    def work() -> None:
        for value in range(count):
            queue.append((filters[0], value))
            run(queue)

    seconds = cpu_seconds(work)
    assert sink.count == count
    return seconds


def asyncio_pingpong(count: int) -> float:
    """One message between two tasks by two bounded queues."""

    async def bounce(mine: asyncio.Queue[int], other: asyncio.Queue[int]) -> None:
        while (message := await mine.get()) > 0:
            await other.put(message - 1)
        await other.put(0)  # the other one ends, too

    async def both() -> None:
        one: asyncio.Queue[int] = asyncio.Queue(CHUNK)
        two: asyncio.Queue[int] = asyncio.Queue(CHUNK)
        await one.put(count - 1)
        await asyncio.gather(bounce(one, two), bounce(two, one))

    return cpu_seconds(asyncio.run, both())
