"""Twice what a board can take, for a million messages: `python -m tests.soak.overload`.

A real MicroPython with the heap of a virtual board; three wires bring numbers, texts and lists, one
of them goes on to another actor there, one comes back to here. First the board gets as much as it
takes, which says what that is; then for each message it takes two are sent, whatever the machine is
doing, until all are. In between it comes to rest and looks at its heap. What has to hold: no
MemoryError that nobody caught, no reset, no connection given up for want of memory, and the largest
free piece does not shrink.
"""

import argparse
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actors.boards import virtual
from mp_actors import batch, frame
from mp_actors.node import Limits
from tests.bench.board import LEAF, LEAF_NUMBER, ROUTER, ROUTER_NUMBER, Station, keys_of
from tests.bench.local import Source

PARTS = Path(__file__).parent / "flooded"
MESSAGES = 1_000_000
LOOKS = 20
OVERLOAD = 2.0
FILL_S = 5.0
# An answer is kept until that many others were given, so the first looks cost memory of their own.
WARM_UP_LOOKS = Limits(is_board=True).answers + 4
TIMEOUT_S = 60.0
SHRINK_BYTES_MAX = 2048
CREDIT = Limits(is_board=True).credit_readings
VALUES = {
    "numbers": lambda chance: chance.random(),
    "texts": lambda chance: "x" * chance.randrange(1, 120),
    "lists": lambda chance: [chance.randrange(1000), "abc", chance.random()],
}
ACTORS = {"pass": "Pass", "back": "Pass", "heap": "Heap"}
WIRES = {  # number: (source, target)
    1: (f"{ROUTER}/numbers", f"{LEAF}/take"),
    2: (f"{ROUTER}/texts", f"{LEAF}/pass"),
    3: (f"{ROUTER}/lists", f"{LEAF}/back"),
    4: (f"{LEAF}/pass", f"{LEAF}/taker"),
    5: (f"{LEAF}/back", f"{ROUTER}/tally"),
}
NUMBERS = {ROUTER: ROUTER_NUMBER, LEAF: LEAF_NUMBER}


@dataclass
class Outcome:
    """What was seen. `looks`: (messages sent, free bytes, largest free piece) at rest."""

    sent: int = 0
    delivered: int = 0
    per_s: float = 0.0  # what the board takes
    looks: list[tuple[int, int, int]] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


class Flood(Station):
    """The router of this process, with three sources."""

    def __init__(self, seed: int, taker: str) -> None:
        super().__init__("ccm")
        self.actors = {**ACTORS, "take": taker, "taker": taker}
        self.chance = random.Random(seed)
        spawn = self.node.scheduler.spawn
        self.sources = {name: spawn(f"{ROUTER}/{name}", Source) for name in VALUES}
        self.sent = 0
        self.is_there: Callable[[], bool] = lambda: True  # the board's process

    def until(self, is_so: Callable[[], bool], seconds: float = TIMEOUT_S) -> None:
        """Serve until that holds. *Raises* TimeoutError, RuntimeError if the board has ended."""
        super().until(lambda: is_so() or not self.is_there(), seconds)
        if not self.is_there():
            raise RuntimeError("the board has ended")

    def roll_out(self) -> None:
        """The board's actors and all wires."""
        self.until(lambda: LEAF_NUMBER in self.node.neighbours)
        self.ask("watch", ROUTER + "/watcher", 500)
        for name, cls in self.actors.items():
            self.ask("spawn", name, f"parts:{cls}", {})
        for number, ends in WIRES.items():
            source, target = (end.rsplit("/", 1)[0] for end in ends)
            spec = {"wire": number, "epoch": 1, "first": 1, "origins": [], "limit": 1024}
            spec |= {"items": 128, "via": 0, "credit": CREDIT, "full": "drop-oldest"}
            spec |= {"reliable": False, "source": ends[0], "target": ends[1]}
            spec |= {"source_device": NUMBERS[source], "target_device": NUMBERS[target]}
            spec["origins"] = [[1, f"{ROUTER}/lists"]] if number == 5 else []
            if LEAF in (source, target):
                self.ask("wire", spec)
            if ROUTER in (source, target):
                self.node.wires.connect(spec)
        self.ask("start")

    @property
    def delivered(self) -> int:
        """Readings that the board was given."""
        return sum(box.sent for box in self.node.wires.outboxes.values())

    def send(self, count: int) -> None:
        """So many messages more, on each wire in turn."""
        now_us = self.server.clock.site_us()
        for _ in range(count):
            name = tuple(VALUES)[self.sent % len(VALUES)]
            self.sources[name].emit(VALUES[name](self.chance), now_us, f"{ROUTER}/{name}")
            self.sent += 1

    def lose_one(self) -> None:
        """A reading of no wire: what keeps the reasons of losses comes with the first, 5 KB."""
        body = batch.encode(self.node.codec, 99, 1, 1, [0], [0], [0], 128)
        self.node.send(frame.STREAM, LEAF_NUMBER, body)

    def fill(self, seconds: float) -> float:
        """Give the board all it takes for that long; returns how many a second that is."""
        clock, before = self.server.clock, self.delivered
        began_us = clock.site_us()
        while clock.site_us() - began_us < seconds * 1e6:
            self.send(64)
            self.server.turn(1)
        return (self.delivered - before) / (clock.site_us() - began_us) * 1e6

    def flood(self, count: int) -> None:
        """So many messages, twice as many as the board takes meanwhile; its queues stay full."""
        begun, before = self.sent, self.delivered
        ahead = sum(box.bound for box in self.node.wires.outboxes.values())
        while self.sent - begun < count:
            due = int(OVERLOAD * (self.delivered - before)) + ahead - (self.sent - begun)
            self.send(max(0, min(due, count - (self.sent - begun))))
            self.server.turn(2)

    def rest(self) -> None:
        """Until the board has dealt with all it was given."""

        def rests() -> bool:
            boxes = self.node.wires.outboxes.values()
            return not any(box.values for box in boxes) and not self.node.links.peers[
                LEAF_NUMBER
            ].frames

        self.until(rests)

    def look(self) -> tuple[int, int, int]:
        """Messages sent so far, free bytes of the board and the largest piece of them."""
        self.rest()
        answers: list[Any] = []
        self.requests.ask(
            ROUTER + "/watcher", LEAF + "/heap", "look", [], lambda *answer: answers.append(answer)
        )
        self.until(lambda: bool(answers))
        error, value = answers[0]
        if error is not None:
            raise RuntimeError(f"look: {error}")
        return (self.sent, *value)


def run(
    messages: int,
    seed: int = 1,
    done: Callable[[int], object] = lambda _messages: None,
    taker: str = "Take",
) -> Outcome:
    """Flood a board. Never raises for what the board does: that is in `wrong`. `taker`: the class
    of its sinks.
    """
    flood, made = Flood(seed, taker), Outcome()
    config = {
        "path": LEAF,
        "number": LEAF_NUMBER,
        "parents": [ROUTER_NUMBER],
        "dial": [[*flood.address, ROUTER_NUMBER]],
        "attached": True,
        "keys": keys_of(LEAF_NUMBER, "ccm"),
    }
    with tempfile.TemporaryDirectory(prefix="mp-actors-soak-") as name:
        folder = Path(name)
        virtual.prepare(folder, PARTS, config, seed=1)
        argv, environment = virtual.command(folder)
        said = folder / "said"
        with said.open("wb") as out:
            board = subprocess.Popen(
                argv, cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=out, stderr=out
            )
        flood.is_there = lambda: board.poll() is None
        try:
            _flood(flood, made, messages, done)
        except (TimeoutError, RuntimeError) as error:
            made.wrong.append(f"after {flood.sent} messages: {error}")
        finally:
            if board.poll() is not None:
                made.wrong.append(f"the board ended with {board.returncode}")
            board.stdin.close()
            board.wait(TIMEOUT_S)
        words = said.read_text(errors="replace")
    made.sent = flood.sent
    made.wrong += [f"the board said: {line}" for line in words.splitlines() if "emory" in line]
    made.wrong += shortcomings(made.looks)
    return made


def _flood(flood: Flood, made: Outcome, messages: int, done: Callable[[int], object]) -> None:
    flood.roll_out()
    flood.lose_one()
    for _ in range(WARM_UP_LOOKS):
        flood.fill(FILL_S / WARM_UP_LOOKS)
        flood.look()
    made.per_s = flood.fill(FILL_S)
    flood.sent, before = 0, flood.delivered
    made.looks.append(flood.look())
    for part in range(LOOKS):
        count = messages * (part + 1) // LOOKS - messages * part // LOOKS
        flood.flood(count)
        made.looks.append(flood.look())
        done(count)
    made.delivered = flood.delivered - before
    starts = {report["inc"] for report in flood.watcher.reports}
    if len(starts) != 1:
        made.wrong.append(f"the board began anew {len(starts) - 1} times")
    resumed = flood.node.links.peers[LEAF_NUMBER].resumed
    if resumed:
        made.wrong.append(f"its connection was given up and resumed {resumed} times")


def shortcomings(looks: list[tuple[int, int, int]]) -> list[str]:
    """What is wrong with the heap's figures, as sentences: its largest piece has become smaller.

    A third at the beginning against a third at the end: one look is by chance a little off.
    """
    third = max(1, len(looks) // 3)
    if len(looks) < 2:
        return ["no two looks at the heap"]
    first, last = (max(one[2] for one in part) for part in (looks[:third], looks[-third:]))
    if last < first - SHRINK_BYTES_MAX:
        return [f"the largest free piece shrank from {first} to {last} bytes"]
    return []


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.overload", description=__doc__)
    parser.add_argument("--messages", type=int, default=MESSAGES)
    given = parser.parse_args(arguments)
    console = Console()
    columns = (TextColumn("messages"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=given.messages)
        made = run(given.messages, done=lambda count: progress.advance(task, count))
    show(console, made)
    return 1 if made.wrong else 0


def show(console: Console, made: Outcome) -> None:
    """Print what was seen."""
    console.print(
        f"{made.sent} messages at {OVERLOAD:g} x the {made.per_s:.0f} a second that the board "
        f"takes; {made.delivered} reached it, the others were dropped at the source, counted; "
        f"heap {virtual.HEAP_KB} KB",
        highlight=False,
    )
    for sent, free, largest in made.looks:
        console.print(f"  after {sent:>8}: {free} bytes free, the largest piece {largest}",
                      highlight=False)
    for text in made.wrong:
        console.print(f"  WRONG: {text}", style="red", highlight=False)


if __name__ == "__main__":
    sys.exit(main())
