"""A board: the local ping-pong and a batch under real MicroPython, and what heap a leaf has left.

The heap is that of a whole virtual board, `boot` and all, whose two sensors send to a router in
this process over TCP, sealed or in the clear; the board's own report says what is free after a
collection.
"""

import socket
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from rich.console import Console

from actors.accel import crypto
from actors.boards import interpreter, virtual
from mp_actors import Actor, codec
from mp_actors.board import draw
from mp_actors.clock import SystemClock
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.node import Limits, Node
from mp_actors.requests import Requests
from mp_actors.router import Router
from mp_actors.serve import Server
from tests.bench.leaf import sealed
from tests.bench.local import Tally
from tests.bench.measure import Bench, Subject

Parts = dict[str, tuple[str, dict[str, Any]]]

PARTS = Path(__file__).parent / "leaf"
LEAF, ROUTER = "bench/leaf", "bench/router"
LEAF_NUMBER, ROUTER_NUMBER = sealed.TARGET, sealed.SOURCE  # which have keys for each other
LEAF_SEALS = ("plain", "ccm")
REPORT_MS = 500
# name: (class, arguments)
TWO_SENSORS = {"saw": ("parts:Saw", {"height": 50}), "wave": ("parts:Wave", {})}
# Real drivers, as fast as they go: the fewer ms, the more readings in a run.
FIVE_SENSORS = {
    "chip": ("mp_actors.sensors.chip:ChipTemperature", {"period_ms": 2}),
    "touch": ("mp_actors.sensors.touch:Touch", {"pin": 4, "period_ms": 2}),
    "knob": ("mp_actors.sensors.potentiometer:Potentiometer", {"pin": 34, "period_ms": 2}),
    "motion": ("mp_actors.sensors.mpu6050:MPU6050", {"period_ms": 2}),
    "air": ("mp_actors.sensors.dht:DHT22", {"pin": 15}),
}
FREE_BYTES_MIN = 80 * 1024
TIMEOUT_S = 60
READINGS_PER_S_MIN = 100  # of a leaf, on a machine that has much else to do
DESK_HEAP_KB = 448  # two boards: both ends of a link are in one process


def benches() -> list[Bench]:
    """What runs in a board's process; a new process for each figure, as a board has one program."""
    subjects = {
        "bare": "deque",
        "chained": "chained",
        "queued": "queued, 1 in flight",
    }
    loops = [Subject(shown, on_board(name), 1, 0) for name, shown in subjects.items()]
    coders = [Subject(name, on_board(name), 1, 0) for name in ("encode", "decode")]
    return [
        Bench("ping-pong on a board, by the wall clock", "messages", 64_000, loops),
        Bench("a batch of 64 floats on a board, by the wall clock", "readings", 64_000, coders),
    ]


def on_board(name: str) -> Callable[[int], float]:
    """A subject: this work of `desk`, in a process of its own."""

    def run(count: int) -> float:
        units, us, _ = run_on_board(name, count)
        return us / 1e6 * count / units

    return run


def run_on_board(name: str, count: int) -> tuple[int, int, int]:
    """Do this work of `desk` on a board; returns the units done, how many microseconds they took,
    and the bytes on the link. *Raises* RuntimeError with what a board that failed says.
    """
    folder = Path(_shared_flash().name)
    argv, environment = virtual.command(folder, heap_kb=DESK_HEAP_KB)
    argv[-1:] = ["-c", f"import desk; desk.main({name!r}, {count})"]
    done = subprocess.run(
        argv,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{name} on a board: {done.stdout}{done.stderr}")
    units, us, carried_bytes = map(int, done.stdout.split())
    return units, us, carried_bytes


@cache
def _shared_flash() -> tempfile.TemporaryDirectory[str]:
    """A board's folder with the parts on it; goes when the program ends."""
    folder = tempfile.TemporaryDirectory(prefix="mp-actors-bench-")
    virtual.prepare(Path(folder.name), PARTS, {}, seed=1)
    return folder


class Watcher(Actor):
    """Takes the reports of a leaf."""

    def __init__(self) -> None:
        self.reports: list[dict[str, Any]] = []

    def on_device(self, _path, report):
        self.reports.append(report)

    def on_actors(self, _path, rows):
        """Of no interest here."""

    def on_wires(self, _path, rows):
        """Nor are these: the router counts what arrives."""


class Station:
    """The router of this process: it listens, tells the leaf what to run, and watches it."""

    def __init__(self, seal: str) -> None:
        clock, limits, keys = SystemClock(), Limits(False), keys_of(ROUTER_NUMBER, seal)
        guard = None if keys is None else Guard(crypto, Keys(keys))
        self.node = Node(
            ROUTER, ROUTER_NUMBER, clock, codec, draw, limits, Router, lambda *_: None, guard
        )
        self.watcher = Watcher()
        self.node.scheduler.spawn(ROUTER + "/watcher", lambda: self.watcher)
        self.node.scheduler.spawn(ROUTER + "/tally", Tally)
        self.requests = Requests(self.node)
        self.server = Server(self.node, clock)
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.address = free.getsockname()
        self.server.listen(*self.address)

    def until(self, is_there: Callable[[], bool], seconds: float = TIMEOUT_S) -> None:
        """Serve until that holds. *Raises* TimeoutError."""
        clock = self.server.clock
        end_us = clock.site_us() + int(seconds * 1e6)
        while not is_there():
            if clock.site_us() > end_us:
                raise TimeoutError(f"the leaf did not get that far in {seconds:g} s")
            self.server.turn(20)

    def ask(self, kind: str, *args: Any) -> None:
        """Ask the leaf's node actor and wait for its answer. *Raises* RuntimeError."""
        answers: list[Any] = []
        self.requests.ask(
            ROUTER + "/watcher",
            LEAF + "/node",
            kind,
            list(args),
            lambda *answer: answers.append(answer),
        )
        self.until(lambda: bool(answers))
        error, _ = answers[0]
        if error is not None:
            raise RuntimeError(f"{kind}: {error}")

    def roll_out(self, parts: Parts = TWO_SENSORS) -> None:
        """Sensors, a wire from each to the sink here; then they start."""
        self.until(lambda: LEAF_NUMBER in self.node.neighbours)
        self.ask("watch", ROUTER + "/watcher", REPORT_MS)
        for number, (name, (cls, arguments)) in enumerate(parts.items(), 1):
            self.ask("spawn", name, cls, arguments)
            spec = {"wire": number, "epoch": 1, "first": 1, "origins": [], "limit": 1024}
            spec["items"], spec["via"] = 128, 0
            spec["credit"], spec["full"], spec["reliable"] = 1 << 20, "drop-oldest", False
            spec |= {"source": f"{LEAF}/{name}", "target": ROUTER + "/tally"}
            spec |= {"source_device": LEAF_NUMBER, "target_device": ROUTER_NUMBER}
            self.node.wires.connect(spec)
            self.ask("wire", spec)
        self.ask("start")

    def delivered(self) -> int:
        """Readings that have arrived."""
        return sum(inlet.delivered for inlet in self.node.wires.inlets.values())


def keys_of(number: int, seal: str) -> dict[str, Any] | None:
    """The keys of the leaf or of the router; None without a seal."""
    return None if seal == "plain" else sealed.key_dict(crypto, number, "NNpsk0", seal)


def config_of(station: Station, seal: str) -> dict[str, Any]:
    """What the flash of the leaf says."""
    return {
        "path": LEAF,
        "number": LEAF_NUMBER,
        "parents": [ROUTER_NUMBER],
        "dial": [[*station.address, ROUTER_NUMBER]],
        "attached": True,
        "keys": keys_of(LEAF_NUMBER, seal),
    }


def leaf(
    seconds: float, seal: str, parts: Parts = TWO_SENSORS, readings: int = 0
) -> dict[str, Any]:
    """Run a leaf for that long, and until so many readings have come; returns its free heap, report
    by report, once it samples.
    """
    station = Station(seal)
    config = config_of(station, seal)
    with tempfile.TemporaryDirectory(prefix="mp-actors-bench-") as name:
        folder = Path(name)
        virtual.prepare(folder, PARTS, config, seed=1)
        argv, environment = virtual.command(folder)
        board = subprocess.Popen(argv, cwd=folder, env=environment, stdin=subprocess.PIPE)
        try:
            station.roll_out(parts)
            assert station.node.neighbours[LEAF_NUMBER].seal_name == seal
            station.watcher.reports.clear()
            wanted = max(1, round(seconds * 1000 / REPORT_MS))
            station.until(
                lambda: len(station.watcher.reports) >= wanted and station.delivered() >= readings,
                seconds + TIMEOUT_S + readings / READINGS_PER_S_MIN,
            )
            station.ask("end")
        finally:
            board.stdin.close()
            board.wait(TIMEOUT_S)
    frees = [report["free"] for report in station.watcher.reports]
    return {
        "seal": seal,
        "micropython": interpreter.find().text,
        "heap_kb": virtual.HEAP_KB,
        "sensors": len(parts),
        "readings": station.delivered(),
        "free_bytes": frees,
        "free_bytes_min": min(frees),
        "goal_bytes": FREE_BYTES_MIN,
        "met": min(frees) >= FREE_BYTES_MIN,
    }


def show_leaf(console: Console, figures: dict[str, Any]) -> dict[str, Any]:
    """Print what `leaf` found; returns it."""
    frees = figures["free_bytes"]
    verdict = "met" if figures["met"] else "NOT MET"
    console.print(
        f"a leaf with {figures['sensors']} sensors and one link ({figures['seal']}), "
        f"heap of {figures['heap_kb']} KB, {figures['readings']} readings, {len(frees)} reports: "
        f"{frees[0] / 1024:.1f} KB free at the first, {min(frees) / 1024:.1f} at the least, "
        f"{frees[-1] / 1024:.1f} at the last",
        highlight=False,
    )
    console.print(
        f"  goal {verdict}: {min(frees) / 1024:.1f} KB free, to be "
        f"{figures['goal_bytes'] // 1024} KB or more",
        style="green" if figures["met"] else "red",
        highlight=False,
    )
    return figures
