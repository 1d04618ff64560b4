"""The board's side of the benchmarks, run by MicroPython: prints one line of figures each.

    micropython -c "import desk; desk.main('chained', 6400)"

The first number is units of work, the second microseconds, the third bytes on a link, where there
is one. A board has one clock for all it does, so these are of the wall; with the process alone on a
processor they are CPU time.
"""

import gc
import time

from mp_actors import Actor, Filter, batch, codec
from mp_actors.clock import SystemClock
from mp_actors.inlet import Inlet
from mp_actors.readings import Readings
from mp_actors.scheduler import Scheduler

VALUES = [20 + 0.1 * place for place in range(64)]
TIMES_US = [1700000000000000 + 1000 * place for place in range(64)]


class Bounce(Filter):
    def apply(self, value):
        return value - 1 if value else None


class Throw(Actor):
    def on_value(self, value):
        if value:
            self.emit(value - 1)


class Bare:
    def __init__(self, queue):
        self.queue = queue
        self.other = None

    def receive(self, message):
        if message:
            self.queue.append((self.other, message - 1))


def bare(count):
    """A bare deque and a loop."""
    from collections import deque

    queue = deque((), 4)  # noqa: RUF037 (MicroPython has no maxlen=)
    one, two = Bare(queue), Bare(queue)
    one.other, two.other = two, one
    queue.append((one, count - 1))

    def work():
        while queue:
            actor, message = queue.popleft()
            actor.receive(message)

    return work


def circle(make, count):
    """Two actors and one value, in the real scheduler."""
    clock = SystemClock()
    scheduler = Scheduler(clock, None, print)
    cells = [scheduler.spawn("bench/board/" + name, make) for name in ("one", "two")]
    inlets = []
    for source, target in ((cells[0], cells[1]), (cells[1], cells[0])):
        inlet = Inlet(len(inlets) + 1, source.path, 16)
        source.outlets.append(inlet)
        scheduler.connect(inlet, target)
        inlets.append(inlet)
    inlets[0].put(count - 1, clock.site_us(), cells[0].path)

    def work():
        while scheduler.step(clock.ticks_ms()):
            pass
        assert sum([inlet.delivered for inlet in inlets]) == count

    return work


def encoding(count):
    """Readings in batches of 64, to bytes."""

    def work():
        for _ in range(-(-count // 64)):
            batch.encode(codec, 1, 1, 1, TIMES_US, VALUES, None)

    return work


def decoding(count):
    """And back."""
    body = batch.encode(codec, 1, 1, 1, TIMES_US, VALUES, None)

    def work():
        for _ in range(-(-count // 64)):
            Readings(codec, body, 128)

    return work


def sealing(seal, size):
    """Readings between two boards, so many in a write."""

    def make(count):
        import sealed  # loads half the kernel, which the others do without

        from mp_actors.crypto import portable

        return sealed.carrying(codec, portable, seal, size, True, count)

    return make


def shaking(pattern):
    """Handshakes between two boards."""

    def make(count):
        import sealed

        from mp_actors.crypto import portable

        return sealed.shaking(portable, pattern, count)

    return make


WORKS = {
    "bare": bare,
    "chained": lambda count: circle(Bounce, count),
    "queued": lambda count: circle(Throw, count),
    "encode": encoding,
    "decode": decoding,
    "RESUME": shaking("RESUME"),
    "NNpsk0": shaking("NNpsk0"),
}
for _seal in ("plain", "ccm", "fernet"):
    for _size in (1, 64):
        WORKS[_seal + "-" + str(_size)] = sealing(_seal, _size)


def main(name, count):
    """Do one kind of work once."""
    work = WORKS[name](count)
    gc.collect()
    start_us = time.ticks_us()
    carried_bytes = work()
    print(count, time.ticks_diff(time.ticks_us(), start_us), carried_bytes or 0)
