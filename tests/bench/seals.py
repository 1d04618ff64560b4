"""What a seal costs: bytes and CPU of a reading, and of a handshake, on hosts and on boards.

Both ends are in one process, so one end pays about half of what is shown. On a board it is time by
the wall clock. KK is between hosts only: boards lack its cipher.
"""

from collections.abc import Callable
from typing import Any

from rich.console import Console

from actors.accel import codec, crypto
from tests.bench.board import on_board, run_on_board
from tests.bench.leaf import sealed
from tests.bench.measure import Bench, Goal, Subject, cpu_seconds

SEALS = ("plain", "ccm", "fernet")
SIZES = (1, 64)
HOST_PATTERNS = ("RESUME", "NNpsk0", "KK")
BOARD_PATTERNS = ("RESUME", "NNpsk0")
GOALS = [Goal("ccm", "plain", 0.5)]  # of whole writes, from an actor to an actor
WEIGHED = 640  # readings whose bytes are counted


def carried(seal: str, size: int) -> Callable[[int], float]:
    """A subject: sealed readings, `size` in a write."""

    def run(count: int) -> float:
        work = sealed.carrying(codec, crypto, seal, size, False, count)
        return cpu_seconds(work)

    return run


def shaken(pattern: str) -> Callable[[int], float]:
    """A subject: handshakes."""
    return lambda count: cpu_seconds(sealed.shaking(crypto, pattern, count))


def host_benches() -> list[Bench]:
    """Both ends under this interpreter, with the cryptography of hosts."""
    found = []
    for size in SIZES:
        units = {1: 4_000, 64: 64_000}[size]
        subjects = [Subject(seal, carried(seal, size)) for seal in SEALS]
        name = f"seals on a host, writes of {size}"
        found.append(Bench(name, "readings", units, subjects, GOALS))
    subjects = [Subject(name, shaken(name), warm_ups=1) for name in HOST_PATTERNS]
    return [*found, Bench("handshakes on a host, both ends", "handshakes", 200, subjects)]


def board_benches() -> list[Bench]:
    """Both ends under MicroPython, with the cryptography of boards; a process for each figure."""
    found = []
    for size in SIZES:
        units = {1: 4_000, 64: 32_000}[size]
        subjects = [Subject(seal, on_board(f"{seal}-{size}"), 1, 0) for seal in SEALS]
        name = f"seals on a board, writes of {size}"
        found.append(Bench(name, "readings", units, subjects, GOALS))
    subjects = [Subject(name, on_board(name), 1, 0) for name in BOARD_PATTERNS]
    return [*found, Bench("handshakes on a board, both ends", "handshakes", 20, subjects)]


def benches() -> list[Bench]:
    """All of this file."""
    return host_benches() + board_benches()


def weights() -> dict[str, float]:
    """Bytes on the link per reading, both ways, by seal, readings in a write and kind of device."""
    found = {}
    for size in SIZES:
        for seal in SEALS:
            work = sealed.carrying(codec, crypto, seal, size, False, WEIGHED)
            found[f"{seal}, {size}, host"] = work() / WEIGHED
            _, _, carried_bytes = run_on_board(f"{seal}-{size}", WEIGHED)
            found[f"{seal}, {size}, board"] = carried_bytes / WEIGHED
    return found


def show_weights(console: Console, found: dict[str, float]) -> dict[str, Any]:
    """Print what `weights` found; returns it."""
    for name, each_bytes in found.items():
        console.print(f"  {name}: {each_bytes:.1f} bytes per reading", highlight=False)
    return found
