"""Handlers that wait: order kept, others go on, failures supervised, everything accounted for.

The scheduler is the real one, with the system's clock; a server's turns are played here.
"""

import asyncio
import itertools
import threading
import time
from functools import partial

import pytest

from actors import offload
from actors.awaiting import Patient
from mp_actors import Actor, Aggregator, Filter, Sensor, Sink, full
from mp_actors.clock import SystemClock
from mp_actors.inlet import Inlet
from mp_actors.reliable import ReliableInlet

DEVICE = "lab/desk/"
LIMIT_S = 30.0


class Desk:
    """Actors of one worker, and the moments at which its handlers may go on."""

    def __init__(self, **limits):
        self.clock = SystemClock()
        self.lines = []
        self.scheduler = Patient(self.clock, None, self._log, **limits)
        self.awaiting = self.scheduler.awaits

    def add(self, actor, name=None):
        """Spawn an actor, or what a function makes; returns its cell."""
        make = actor if callable(actor) else lambda: actor
        return self.scheduler.spawn(DEVICE + (name or type(actor).__name__.lower()), make)

    def wire(self, source, target, kind=Inlet, policy=full.DROP_OLDEST):
        """Wire one cell to another; returns the inlet."""
        inlet = kind(1, source.path, target.queue_bound)
        inlet.obey(policy)
        inlet.source_cell = source
        source.outlets.append(inlet)
        self.scheduler.connect(inlet, target)
        return inlet

    def turn(self):
        """One turn of a server."""
        self.scheduler.step(self.clock.ticks_ms())
        self.awaiting.step(self.clock.ticks_ms())

    def until(self, condition):
        """Turn until condition() is true."""
        deadline = time.monotonic() + LIMIT_S
        while not condition():
            assert time.monotonic() < deadline, self.lines
            self.turn()

    def rest(self):
        """Some turns, in which whatever can go on does."""
        for _ in range(20):
            self.turn()

    def _log(self, path, text):
        self.lines.append(f"{path}: {text}")


class Source(Actor):
    """Where values come from."""


class Gate(Sink):
    """Each value waits until the test lets it pass."""

    def __init__(self):
        self.begun, self.done = [], []
        self.open = asyncio.Event()

    async def write(self, value):
        self.begun.append(value)
        await self.open.wait()
        self.done.append(value)

    def on_count(self):
        return len(self.done)


def emit(desk, cell, *values):
    """Let values leave a cell, each at a moment of its own."""
    for value in values:
        cell.emit(value, desk.clock.site_us(), cell.path)


def exact(inlet):
    """Whether every reading of an inlet is accounted for."""
    lost = sum(inlet.dropped.values())
    return inlet.accepted == inlet.delivered + lost + inlet.waiting


def test_one_value_of_an_actor_is_in_hand_and_the_next_ones_wait_in_their_inlet():
    desk, gate = Desk(), Gate()
    source = desk.add(Source())
    inlet = desk.wire(source, desk.add(gate))
    emit(desk, source, 1, 2, 3)
    desk.rest()
    assert (gate.begun, gate.done) == ([1], [])
    assert (inlet.delivered, inlet.waiting) == (0, 3)
    gate.open.set()
    desk.until(lambda: inlet.delivered == 3)
    assert gate.done == [1, 2, 3]
    assert inlet.waiting == 0
    assert exact(inlet)


def test_other_actors_go_on_while_one_waits():
    class Plain(Sink):
        got = 0

        def write(self, _value):
            self.got += 1

    desk, gate, plain = Desk(), Gate(), Plain()
    source = desk.add(Source())
    held = desk.wire(source, desk.add(gate))
    desk.wire(source, desk.add(plain))
    emit(desk, source, *range(50))
    desk.rest()
    assert plain.got == 50
    assert gate.begun == [0]
    gate.open.set()
    desk.until(lambda: held.delivered == 50)
    assert gate.done == list(range(50))


def test_a_full_inlet_of_an_actor_that_waits_drops_by_its_policy_and_never_what_is_in_hand():
    desk, gate = Desk(queue_bound=4), Gate()
    source = desk.add(Source())
    inlet = desk.wire(source, desk.add(gate))
    emit(desk, source, 0)
    desk.rest()
    emit(desk, source, *range(1, 10))
    desk.rest()
    assert inlet.dropped == {"overflow": 5}
    assert exact(inlet)
    gate.open.set()
    desk.until(lambda: inlet.waiting == 0)
    assert gate.done == [0, 6, 7, 8, 9]
    assert exact(inlet)


def test_what_is_in_hand_is_neither_acknowledged_nor_granted_for():
    desk, gate = Desk(), Gate()
    source = desk.add(Source())
    inlet = desk.wire(source, desk.add(gate), ReliableInlet)
    inlet.expected = 1
    inlet.arrived(1, 1)
    emit(desk, source, "one")
    desk.rest()
    assert gate.begun == ["one"]
    assert (inlet.dealt, inlet.grant()) == (1, 1 + inlet.bound)
    gate.open.set()
    desk.until(lambda: inlet.delivered == 1)
    assert (inlet.dealt, inlet.grant()) == (2, 2 + inlet.bound)


def test_an_actor_that_waits_holds_a_source_whose_wire_says_so():
    class Ticks(Sensor):
        period_ms = 1

        def __init__(self):
            self.count = itertools.count()

        def sample(self):
            return next(self.count)

    desk, gate = Desk(queue_bound=4), Gate()
    ticks = desk.add(Ticks())
    inlet = desk.wire(ticks, desk.add(gate), policy=full.HOLD)
    desk.scheduler.sample(True)
    desk.until(lambda: ticks.is_held)
    gate.open.set()
    desk.until(lambda: inlet.delivered > 20)
    assert inlet.dropped == {}
    assert gate.done == list(range(len(gate.done)))


def test_what_a_filter_returns_keeps_the_time_and_source_of_what_came():
    class Slow(Filter):
        async def apply(self, value):
            await asyncio.sleep(0.001 * value)
            return None if value == 2 else 10 * value

    class Keep(Sink):
        def __init__(self):
            self.got = []

        def write(self, value):
            self.got.append((value, self.source, self.at_us))

    desk, keep = Desk(), Keep()
    source, slow = desk.add(Source()), desk.add(Slow())
    into, out = desk.wire(source, slow), desk.wire(slow, desk.add(keep))
    for at_us, value in ((7, 3), (8, 2), (9, 1)):
        source.emit(value, at_us, source.path)
    desk.until(lambda: out.delivered == 2)
    assert keep.got == [(30, source.path, 7), (10, source.path, 9)]
    assert exact(into)


def test_sensors_and_aggregators_may_wait_too():
    class Fetch(Sensor):
        period_ms = 1
        inside = most = 0

        def __init__(self):
            self.count = itertools.count()

        async def sample(self):
            self.inside += 1
            self.most = max(self.most, self.inside)
            await asyncio.sleep(0.005)
            self.inside -= 1
            return next(self.count)

    class Pairs(Aggregator):
        before = None

        async def add(self, value):
            before, self.before = self.before, value
            await asyncio.sleep(0)
            return None if value % 2 == 0 else [before, value]

    desk, gate, fetch = Desk(), Gate(), Fetch()
    gate.open.set()
    sensor, pairs = desk.add(fetch), desk.add(Pairs())
    desk.wire(sensor, pairs)
    desk.wire(pairs, desk.add(gate))
    desk.scheduler.sample(True)
    desk.until(lambda: len(gate.done) >= 3)
    assert gate.done[:3] == [[0, 1], [2, 3], [4, 5]]
    assert fetch.most == 1


def test_a_handler_that_raises_after_it_waited_is_supervised_like_any_other():
    class Fussy(Filter):
        made = 0

        def __init__(self):
            Fussy.made += 1

        async def apply(self, value):
            await asyncio.sleep(0)
            return 10 // value

    desk, gate = Desk(), Gate()
    gate.open.set()
    source, fussy = desk.add(Source()), desk.add(Fussy, "fussy")
    into, out = desk.wire(source, fussy), desk.wire(fussy, desk.add(gate))
    emit(desk, source, 5, 0, 2)
    desk.until(lambda: out.delivered == 2)
    assert gate.done == [2, 5]
    assert into.dropped == {"poison": 1}
    assert (fussy.failures, fussy.restarts, Fussy.made) == (1, 1, 2)
    assert fussy.last_error.startswith("ZeroDivisionError: integer division or modulo by zero (")
    assert "test_awaiting.py:" in fussy.last_error
    assert exact(into)


def test_one_that_fails_again_before_it_worked_waits_longer_each_time():
    class Broken(Sensor):
        period_ms = 1

        async def sample(self):
            raise OSError("no probe")

    desk = Desk()
    broken = desk.add(Broken, "broken")
    desk.scheduler.sample(True)
    desk.until(lambda: broken.failures == 3)
    assert broken.restart_delay_ms == 400


def test_a_stopped_actor_counts_what_it_had_in_hand_as_gone_and_is_cancelled():
    class Tidy(Gate):
        cancelled = 0

        async def write(self, value):
            try:
                await Gate.write(self, value)
            except asyncio.CancelledError:
                self.cancelled += 1
                raise

    desk, tidy = Desk(), Tidy()
    source = desk.add(Source())
    inlet = desk.wire(source, desk.add(tidy))
    emit(desk, source, 1, 2)
    desk.rest()
    desk.scheduler.stop(DEVICE + "tidy")
    assert inlet.dropped == {"gone": 2}
    assert exact(inlet)
    desk.until(lambda: tidy.cancelled == 1)
    assert tidy.done == []


def test_a_question_is_answered_when_its_handler_is_done_and_messages_keep_their_order():
    class Clerk(Actor):
        def __init__(self):
            self.inside, self.seen = 0, []

        async def on_slow(self, number):
            assert self.inside == 0, "two handlers of one actor at once"
            self.inside += 1
            await asyncio.sleep(0.005)
            self.inside -= 1
            self.seen.append(number)
            if number == 2:
                raise ValueError("not two")
            return 10 * number

        def on_quick(self, number):
            assert self.inside == 0
            self.seen.append(number)

    desk, clerk, answers = Desk(), Clerk(), []
    cell = desk.add(lambda: clerk, "clerk")

    def told(number, *answer):
        answers.append((number, *answer))

    for number, kind in enumerate(("slow", "slow", "quick", "slow"), 1):
        answer = partial(told, number)
        assert desk.scheduler.post(cell.path, kind, (number,), "lab/desk/asker", answer)
    desk.until(lambda: len(answers) == 4)
    assert clerk.seen == [1, 2, 3, 4]
    assert answers[0] == (1, None, 10)
    assert answers[1][0] == 2
    assert answers[1][1][0] == "failed"
    assert "ValueError: not two (test_awaiting.py:" in answers[1][1][1]
    assert answers[2:] == [(3, None, None), (4, None, 40)]
    assert (cell.failures, cell.handled) == (1, 3)


def test_messages_that_waited_come_before_those_that_were_sent_meanwhile():
    class Clerk(Actor):
        def __init__(self):
            self.seen = []

        async def on_slow(self):
            await asyncio.sleep(0.005)
            self.tell(self.path, "quick", 2)

        def on_quick(self, number):
            self.seen.append(number)

    desk, clerk = Desk(), Clerk()
    cell = desk.add(lambda: clerk, "clerk")
    for kind, args in (("slow", ()), ("quick", (1,))):
        desk.scheduler.post(cell.path, kind, args, "x/y/z", None)
    desk.until(lambda: len(clerk.seen) == 2)
    assert clerk.seen == [1, 2]


def test_messages_wait_for_a_value_that_is_in_hand_and_a_flood_of_them_is_told_so():
    desk, gate, answers = Desk(control_bound=4), Gate(), []
    source, cell = desk.add(Source()), desk.add(gate)
    desk.wire(source, cell)
    emit(desk, source, 1)
    desk.rest()

    def answer(error, value):
        answers.append((error and error[0], value))

    for _ in range(6):
        desk.scheduler.post(cell.path, "count", (), source.path, answer)
        desk.rest()
    assert answers == [("busy", None)] * 2
    gate.open.set()
    desk.until(lambda: len(answers) == 6)
    assert answers[2:] == [(None, 1)] * 4


def test_whoever_asks_an_actor_that_is_stopped_meanwhile_is_told():
    class Clerk(Actor):
        async def on_never(self):
            await asyncio.Event().wait()

    desk, answers = Desk(), []
    desk.add(Clerk())
    for _ in range(2):
        path = DEVICE + "clerk"
        desk.scheduler.post(path, "never", (), "x/y/z", lambda *one: answers.append(one))
    desk.rest()
    desk.scheduler.stop(DEVICE + "clerk")
    desk.until(lambda: len(answers) == 2)
    assert [error[0] for error, _ in answers] == ["failed", "failed"]


def test_blocking_work_runs_in_a_thread_and_its_error_comes_back():
    go_on = threading.Event()

    def blocking(value):
        go_on.wait(LIMIT_S)
        return 1 // value, threading.current_thread() is threading.main_thread()

    class Store(Filter):
        async def apply(self, value):
            return await offload(blocking, value)

    desk, gate = Desk(), Gate()
    gate.open.set()
    source = desk.add(Source())
    inlet = desk.wire(source, desk.add(Store, "store"))
    out = desk.wire(desk.scheduler.cell(DEVICE + "store"), desk.add(gate))
    emit(desk, source, 1, 0)
    desk.rest()
    assert inlet.waiting == 2
    go_on.set()
    desk.until(lambda: inlet.waiting == 0 and out.delivered == 1)
    assert gate.done == [(1, False)]
    assert inlet.dropped == {"poison": 1}


def test_without_a_loop_what_is_offloaded_runs_at_once():
    with pytest.raises(StopIteration) as done:
        offload(max, 3, 4).send(None)
    assert done.value.value == 4


def test_a_coroutine_that_never_really_waits_leaves_the_others_their_turn():
    class Greedy(Actor):
        laps = 0

        async def on_go(self):
            while self.laps >= 0:
                self.laps += 1
                await asyncio.sleep(0)

    desk, greedy = Desk(), Greedy()
    desk.add(greedy)
    desk.scheduler.post(DEVICE + "greedy", "go", (), "x/y/z", None)
    desk.rest()
    assert 0 < greedy.laps < 1000
    assert desk.awaiting.step(0) == 0
    greedy.laps = -10
    desk.until(lambda: desk.awaiting.step(0) > 0)


def test_the_node_sleeps_until_a_coroutine_is_due_and_one_that_waits_at_the_end_cleans_up():
    class Naps(Actor):
        woken = False

        async def on_nap(self):
            try:
                await asyncio.sleep(30)
            finally:
                self.woken = True

    desk = Desk()
    assert desk.awaiting.step(0) == 60_000
    naps = Naps()
    desk.add(naps)
    desk.scheduler.post(DEVICE + "naps", "nap", (), "x/y/z", None)
    desk.rest()
    assert 20_000 < desk.awaiting.step(0) <= 30_001
    desk.awaiting.close()
    assert naps.woken
