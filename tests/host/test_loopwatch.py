"""The loop watch: whose handler keeps a device from its turns, and whose does not."""

import time
from pathlib import Path

import pytest

from actors.loopwatch import LoopWatch
from mp_actors import Actor, Sink
from mp_actors.clock import SystemClock
from mp_actors.operators import Map
from mp_actors.scheduler import Scheduler
from mp_actors.serve import Server

HERE = Path(__file__)
LIMIT_S = 0.6  # of the watch; shorter than in use, so that the tests are
PATIENCE_S = 30.0


class Links:
    """No neighbours."""

    connections = ()


class Node:
    """A scheduler that is stepped by a real server."""

    is_ending = False
    links = Links()

    def __init__(self):
        self.clock = SystemClock()
        self.scheduler = Scheduler(self.clock, None, None)

    def step(self, now_ms):
        return 0 if self.scheduler.step(now_ms) else 500


class Sleeps(Sink):
    """Blocks for as long as it is told."""

    def write(self, seconds):
        nap(seconds)

    def on_sleep(self, seconds):
        self.write(seconds)


def nap(seconds):
    time.sleep(seconds)  # the function's line


@pytest.fixture
def watched():
    """(server, watch, its lines) of a device with nothing to do yet."""
    node, lines = Node(), []
    server = Server(node, node.clock)
    watch = LoopWatch(HERE.parent, lambda path, text: lines.append((path, text)), LIMIT_S, 0.05)
    watch.serve(server)
    yield server, watch, lines
    for clean_up in server.at_end:
        clean_up()


def work(server, cell, kind, *args):
    """Let an actor handle a message, and a few turns pass."""
    server.node.scheduler.post(cell.path, kind, args, "x/y/z", None)
    for _ in range(3):
        server.turn(50)


def line(mark):
    """Where a comment of this file stands."""
    lines = HERE.read_text().splitlines()
    return f"{HERE.name}:{1 + next(n for n, text in enumerate(lines) if text.endswith(mark))}"


def until(condition):
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_handler_that_blocks_is_named_once_while_it_does_and_once_when_it_is_over(watched):
    server, watch, lines = watched
    cell = server.node.scheduler.spawn("lab/desk/sleeps", Sleeps)
    for times in (1, 2):
        work(server, cell, "sleep", 3 * LIMIT_S)
        until(lambda times=times: len(lines) == 2 * times)
    place = line("# the function's line")  # the innermost of the person
    for begun, over in (lines[:2], lines[2:]):
        assert (begun[0], over[0]) == (cell.path, cell.path)
        assert begun[1].startswith(f"blocks its device ({place});")
        assert over[1].startswith("blocked its device for ")
    ((name, at, block_ms, times),) = watch.rows()
    assert (name, at, times) == ("sleeps", place, 2)
    assert block_ms > 2000 * LIMIT_S


def test_a_function_of_the_person_in_an_operator_is_named_by_its_own_line(watched):
    server, watch, lines = watched
    cell = server.node.scheduler.spawn("lab/desk/map", lambda: Map(nap))
    cell.actor.on_go = cell.actor.apply
    work(server, cell, "go", 3 * LIMIT_S)
    until(lambda: len(lines) == 2)
    assert watch.rows()[0][:2] == ("map", line("# the function's line"))


def test_time_without_work_is_no_part_of_a_block(watched):
    server, watch, lines = watched
    cell = server.node.scheduler.spawn("lab/desk/sleeps", Sleeps)
    for _ in range(3):
        server.turn()  # half a second with nothing to do
        work(server, cell, "sleep", LIMIT_S / 3)
    assert (watch.rows(), lines) == ([], [])


def test_what_the_runtime_itself_does_is_told_and_is_no_problem_of_a_handler(watched):
    server, watch, lines = watched

    class Import(Actor):
        def on_spawn(self, seconds):
            time.sleep(seconds)

    cell = server.node.scheduler.spawn("lab/desk/node", Import)
    work(server, cell, "spawn", 2 * LIMIT_S)
    until(lambda: len(lines) == 2)
    assert watch.rows() == []


def test_a_report_names_the_eight_that_blocked_longest(watched):
    server, watch, lines = watched
    from actors.loopwatch import Block

    for seconds in range(1, 12):
        watch._over(Block(f"lab/desk/a{seconds}", "parts.py:1", 1.0), float(seconds))
    assert [row[0] for row in watch.rows()] == [f"a{seconds}" for seconds in range(11, 3, -1)]
    assert server
    assert len(lines) == 11
