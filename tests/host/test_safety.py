"""Safe mode of a board: what a reset is blamed on, what ends it, and what stays of the actors.

One start of the board after the other, each a node of its own with the same file as flash; that
real boards do the same, `test_hangs.py` shows.
"""

import json

import pytest

from mp_actors import Actor, Sink, codec
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.safety import WELL_MS, Guarded
from mp_actors.testing import ManualClock

BOARD = "field/board"


class Dog:
    """A watchdog."""

    fed = 0

    def feed(self):
        self.fed += 1


class Probe(Sink):
    """Is made, or crashes the board."""

    def __init__(self, crashes=False, settings=None):  # noqa: ARG002
        if crashes:
            raise SystemExit("crashed")


class Flash:
    """A board that can start any number of times."""

    def __init__(self, file):
        self.file = file
        self.number = 0

    def start(self, code="code 1"):
        """The next start. Returns its node actor."""
        self.number += 1
        self.lines = []
        self.clock = ManualClock()
        self.node = Node(
            BOARD, 3, self.clock, codec, lambda: 2 * self.number, Limits(True),
            lambda node: Leaf(node, [1]), lambda _path, text: self.lines.append(text),
        )
        self.dog = Dog()
        self.board = Guarded(self.node, 1, self.dog, code, str(self.file))
        self.node.scheduler.spawn(BOARD + "/node", lambda: self.board)
        return self.board

    def run_ms(self, ms):
        """Let time pass."""
        for _ in range(ms // 500):
            self.clock.advance_ms(500)
            self.node.step(self.clock.ticks_ms())

    @property
    def made(self):
        """The names of actors that there is an instance of."""
        cells = self.node.scheduler.cells
        names = {path.rsplit("/", 1)[1] for path in cells if not cells[path].down}
        return sorted(names - {"node"})


@pytest.fixture
def flash(tmp_path):
    return Flash(tmp_path / "orders.json")


def deploy(board, *names, starts=True, **arguments):
    """Give a board its orders, as the controller does."""
    for name in names:
        board.on_spawn(name, __name__ + ":Probe", arguments)
    if starts:
        board.on_start()


def reset(flash, *names, times=1, code="code 1", **arguments):
    """Start, take these orders, and die."""
    for _ in range(times):
        deploy(flash.start(code), *names, **arguments)


def test_a_board_that_was_reset_twice_with_its_orders_makes_no_actor_and_reports_it(flash):
    reset(flash, "a", "b", times=2)
    board = flash.start()
    assert board.is_safe
    assert "safe mode: 2 resets in a row" in flash.lines[0]
    deploy(board, "a", "b")
    assert flash.made == []
    assert board.actors() == [[name, 0, 0, True, "not made: safe mode"] for name in "ab"]
    assert board.device()["safe"] == 2


def test_one_reset_is_none(flash):
    reset(flash, "a")
    board = flash.start()
    deploy(board, "a")
    assert (board.is_safe, flash.made) == (False, ["a"])
    assert "safe" not in board.device()


def test_an_actor_that_crashes_while_it_is_made_is_to_blame_too(flash):
    for _ in range(2):
        with pytest.raises(SystemExit):
            deploy(flash.start(), "a", crashes=True)
    assert flash.start().is_safe


def test_safe_mode_lasts_over_further_starts_ends_in_order_and_orders_that_are_the_same(flash):
    reset(flash, "a", "b", times=2)
    for _ in range(3):
        board = flash.start()
        deploy(board, "b", "a")
        assert (board.is_safe, flash.made) == (True, [])
        flash.run_ms(2 * WELL_MS)
        board.ended()


def test_a_minute_in_which_all_is_well_blames_nobody(flash):
    reset(flash, "a")
    deploy(flash.start(), "a")
    flash.run_ms(WELL_MS - 1000)
    assert flash.file.exists()
    flash.run_ms(2000)
    assert not flash.file.exists()
    reset(flash, "a")
    assert not flash.start().is_safe


def test_an_end_in_order_is_no_reset(flash):
    reset(flash, "a")
    board = flash.start()
    deploy(board, "a")
    board.ended()
    reset(flash, "a")
    assert not flash.start().is_safe


@pytest.mark.parametrize(
    ("names", "arguments", "code"),
    [
        (("a", "b"), {"settings": [1, {"x": 2, "y": 3}]}, "code 1"),
        (("a",), {}, "code 1"),
        (("a", "b"), {}, "code 2"),
    ],
    ids=["other arguments", "an actor less", "other code"],
)
def test_a_changed_deployment_leaves_safe_mode_and_has_two_resets_of_its_own(
    flash, names, arguments, code
):
    reset(flash, "a", "b", times=2)
    board = flash.start(code)
    deploy(board, *names, **arguments)
    assert (board.is_safe, flash.made) == (False, list(names))
    assert "safe" not in board.device()
    deploy(flash.start(code), *names, **arguments)
    assert flash.made == list(names)
    assert flash.start(code).is_safe


def test_an_actor_more_does_not_cure_the_others(flash):
    reset(flash, "a", times=2)
    board = flash.start()
    deploy(board, "a", "more")
    assert (board.is_safe, flash.made) == (True, [])


def test_a_board_in_safe_mode_takes_changed_orders_and_makes_everybody(flash):
    reset(flash, "a", "b", times=2)
    board = flash.start()
    deploy(board, "a", "b")
    deploy(board, "b", settings=1)
    assert not board.is_safe
    assert flash.made == ["a", "b"]
    assert "leaves safe mode" in flash.lines[-1]


def test_what_comes_for_an_actor_that_is_not_made_waits_and_is_counted(flash):
    reset(flash, "a", times=2)
    board = flash.start()
    deploy(board, "a", starts=False)
    source = flash.node.scheduler.spawn(BOARD + "/source", Actor)
    spec = {"wire": 1, "epoch": 1, "source": source.path, "target": BOARD + "/a", "via": 0}
    spec.update({"source_device": 3, "target_device": 3, "first": 1, "origins": [], "limit": 1024})
    spec.update({"items": 128, "credit": 32, "full": "drop-oldest", "reliable": False})
    board.on_wire(spec)
    board.on_start()
    for value in range(20):
        source.emit(value, 0, source.path)
    flash.run_ms(1000)
    inlet = flash.node.wires.inlets[1]
    assert (inlet.delivered, inlet.waiting, inlet.dropped) == (0, 16, {"overflow": 4})
    deploy(board, "a", settings=1)
    flash.run_ms(1000)
    assert (inlet.delivered, inlet.waiting, flash.made) == (16, 0, ["a", "source"])


@pytest.mark.parametrize(
    "note", ["", "{", "[]", '{"code": "code 1", "resets": "2", "orders": {"a": "x"}}']
)
def test_a_damaged_note_blames_nobody(flash, note):
    flash.file.write_text(note)
    assert not flash.start().is_safe


def test_a_flash_that_cannot_be_written_is_told_and_keeps_nobody_from_work(flash):
    flash.file = flash.file.parent / "missing" / "orders.json"
    deploy(flash.start(), "a")
    assert flash.made == ["a"]
    assert "orders not noted" in flash.lines[0]


def test_the_same_arguments_are_the_same_in_whatever_order_a_map_keeps_them(flash):
    reset(flash, "a", settings={"x": 1, "y": [2, {"z": 3, "w": 4}]})
    first = json.loads(flash.file.read_text())["orders"]
    reset(flash, "a", settings={"y": [2, {"w": 4, "z": 3}], "x": 1})
    assert json.loads(flash.file.read_text())["orders"] == first


def test_each_turn_of_the_loop_feeds_the_watchdog(flash):
    board = flash.start()
    assert board.step(0) <= 1000
    assert flash.dog.fed == 1
