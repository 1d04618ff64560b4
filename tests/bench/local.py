"""Actors of one device among themselves: the real scheduler, with bounds, counters, supervision.

`chained`: what a verb returns goes straight on to an idle target, which is what pipelines do.
`queued`: every value is emitted and so waits in its inlet's queue for a turn.
"""

import itertools
from typing import Any

from mp_actors import Actor, Filter, Sensor, Sink
from mp_actors.clock import SystemClock
from mp_actors.inlet import Inlet
from mp_actors.scheduler import Scheduler
from mp_actors.testing import ManualClock
from tests.bench import bare
from tests.bench.measure import Bench, Goal, Subject, cpu_seconds

DEVICE = "bench/device/"


class Bounce(Filter):
    """Gives a value back, less one."""

    def apply(self, value):
        return value - 1 if value else None


class Throw(Actor):
    """The same by `emit`."""

    def on_value(self, value):
        if value:
            self.emit(value - 1)


class Source(Actor):
    """Where values come from; takes none."""


class Tick(Sensor):
    period_ms = 1

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Add(Filter):
    def apply(self, value):
        return value + 1


class Tally(Sink):
    """Counts what comes."""

    count = 0

    def write(self, _value):
        self.count += 1


class Desk:
    """A scheduler and the wires between its actors."""

    def __init__(self, clock: Any = None) -> None:
        self.clock = clock or SystemClock()
        self.scheduler = Scheduler(self.clock, self._tell_remote, print)
        self.inlets: list[Inlet] = []

    def add(self, name: str, make: Any) -> Any:
        """Make an actor; returns its cell."""
        return self.scheduler.spawn(DEVICE + name, make)

    def wire(self, source: Any, target: Any) -> Inlet:
        """Let what source emits go to target."""
        inlet = Inlet(len(self.inlets) + 1, source.path, self.scheduler.queue_bound)
        source.outlets.append(inlet)
        self.scheduler.connect(inlet, target)
        self.inlets.append(inlet)
        return inlet

    def rest(self) -> None:
        """Work until nothing is left to do."""
        while self.scheduler.step(self.clock.ticks_ms()):
            pass

    def check(self, deliveries: int) -> None:
        """*Raises* AssertionError if the work was not done, all of it."""
        delivered = sum(inlet.delivered for inlet in self.inlets)
        assert delivered == deliveries, f"{delivered} of {deliveries} delivered"

    def _tell_remote(self, sender: str, path: str, kind: str, _args: Any) -> None:
        raise AssertionError(f"{sender} told {path} {kind}")


def circle(make: Any, size: int, count: int, in_flight: int = 1) -> float:
    """Values that count down as they go round, `count` deliveries in all."""
    desk = Desk()
    cells = [desk.add(f"a{place}", make) for place in range(size)]
    for place, cell in enumerate(cells):
        desk.wire(cells[place - 1], cell)
    now_us = desk.clock.site_us()
    share, more = divmod(count, in_flight)
    for number in range(in_flight):
        hops = share + (number < more)
        if hops:
            desk.inlets[0].put(hops - 1, now_us, cells[-1].path)
    seconds = cpu_seconds(desk.rest)
    desk.check(count)
    return seconds


def counting(count: int) -> float:
    """One sender, one actor that counts; a full inlet's worth at a time."""
    desk = Desk()
    source, tally = desk.add("source", Source), desk.add("tally", Tally)
    desk.wire(source, tally)

    def work() -> None:
        for start in range(0, count, bare.CHUNK):
            at_us = desk.clock.site_us()
            for value in range(start, min(start + bare.CHUNK, count)):
                source.emit(value, at_us, source.path)
            desk.rest()

    seconds = cpu_seconds(work)
    desk.check(count)
    return seconds


def forkjoin(count: int, workers: int = 60) -> float:
    """One sender, many workers, one that counts their results."""
    desk = Desk()
    source, tally = desk.add("source", Source), desk.add("tally", Tally)
    for number in range(workers):
        worker = desk.add(f"w{number}", Add)
        desk.wire(source, worker)
        desk.wire(worker, tally)
    values = -(-count // workers)

    def work() -> None:
        for value in range(values):
            source.emit(value, desk.clock.site_us(), source.path)
            desk.rest()

    seconds = cpu_seconds(work)
    desk.check(2 * values * workers)
    return seconds


def pipeline(count: int) -> float:
    """Sensor, three filters, sink; the sensor's timer is part of it."""
    clock = ManualClock()
    desk = Desk(clock)
    cells = [desk.add("sensor", Tick)]
    cells += [desk.add(f"f{number}", Add) for number in range(3)]
    cells.append(desk.add("sink", Tally))
    for source, target in itertools.pairwise(cells):
        desk.wire(source, target)
    desk.scheduler.sample(True)

    def work() -> None:
        for _ in range(count):
            clock.advance_ms(1)
            desk.scheduler.step(clock.ticks_ms())

    seconds = cpu_seconds(work)
    desk.check(4 * count)
    return seconds


def benches() -> list[Bench]:
    """All of this file."""
    return [
        Bench(
            "ping-pong",
            "messages",
            100_000,
            [
                Subject("deque", bare.pingpong),
                Subject("chained", lambda count: circle(Bounce, 2, count)),
                Subject("queued, 1 in flight", lambda count: circle(Throw, 2, count)),
                Subject("queued, 16 in flight", lambda count: circle(Throw, 2, count, 16)),
                Subject("asyncio.Queue", bare.asyncio_pingpong, 0.25),
            ],
            [
                Goal("chained", "deque", 0.75),
                Goal("chained", "asyncio.Queue", 4),
                Goal("queued, 1 in flight", "asyncio.Queue", 4),
            ],
        ),
        Bench("counting", "messages", 100_000, _pair(bare.counting, counting)),
        Bench(
            "ring of 100",
            "messages",
            100_000,
            _pair(bare.ring, lambda count: circle(Bounce, 100, count)),
        ),
        Bench("fork-join, 60 workers", "units", 60_000, _pair(bare.forkjoin, forkjoin)),
        Bench(
            "pipeline: sensor, 3 filters, sink",
            "readings",
            20_000,
            _pair(bare.pipeline, pipeline),
        ),
    ]


def _pair(deque: Any, actors: Any) -> list[Subject]:
    return [Subject("deque", deque), Subject("actors", actors)]
