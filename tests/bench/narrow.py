"""Leaves and routers on 32 bits, as boards have: what they hold of their heap once they run.

    python -m tests.bench.narrow [--readings 100000]

Each is a process of its own, see `tests.narrow`. The other end of its links, by TCP, is in this
one, so nothing of it is counted.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from actors.boards import virtual
from tests.bench import board
from tests.host import forwarded
from tests.narrow import LOOKS, Held, command, least, looks
from tests.portable import why_not_32_bits

# Real drivers, two of them and all five: the others of `board` are too slow for so many readings.
TWO_SENSORS = {name: board.FIVE_SENSORS[name] for name in ("chip", "knob")}
TIMEOUT_S = 60
READINGS = 100_000


def leaf(
    seal: str, parts: board.Parts, readings: int, heap_kb: int = virtual.HEAP_KB
) -> tuple[Held, int]:
    """What a leaf holds when so many of its readings have come here, and how many have.

    *Raises* MemoryError if that heap is too small, TimeoutError.
    """
    station = board.Station(seal)
    config = board.config_of(station, seal) | {"attached": False}  # the port has no such input
    with tempfile.TemporaryDirectory(prefix="mp-actors-narrow-") as name:
        folder, said = Path(name) / "flash", Path(name) / "said"
        virtual.prepare(folder, board.PARTS, config, seed=1)
        argv = command(heap_kb, "mp_actors.boot")
        with said.open("w") as out:
            process = subprocess.Popen(argv, cwd=folder, stdin=subprocess.PIPE, stdout=out)

        def has_ended() -> bool:
            return process.poll() is not None

        try:
            station.roll_out(parts)
            assert station.node.neighbours[board.LEAF_NUMBER].seal_name == seal
            limit_s = TIMEOUT_S + readings / board.READINGS_PER_S_MIN
            station.until(lambda: station.delivered() >= readings or has_ended(), limit_s)
            enough = len(looks(said)) + LOOKS
            station.until(lambda: len(looks(said)) >= enough or has_ended())
            assert not has_ended(), said.read_text()
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(TIMEOUT_S)
        return least(said), station.delivered()


def rows(readings: int) -> list[tuple[str, Held]]:
    """Each kind of board, and what it holds."""
    found = [
        (f"a leaf, {len(parts)} sensors, {seal}", leaf(seal, parts, readings)[0])
        for parts in (TWO_SENSORS, board.FIVE_SENSORS)
        for seal in board.LEAF_SEALS
    ]
    site_map = forwarded.map_of(1, len(forwarded.NEIGHBOURS))
    for seal in forwarded.SEALS:
        with tempfile.TemporaryDirectory(prefix="mp-actors-narrow-") as name:
            router = forwarded.forward(Path(name), seal, site_map, is_narrow=True)
            held = least(router.said)
        found.append((f"a router, {len(forwarded.NEIGHBOURS)} neighbours, {seal}", held))
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.narrow")
    parser.add_argument("--readings", type=int, default=READINGS, help="of each leaf")
    readings = parser.parse_args().readings
    missing = why_not_32_bits()
    if missing is not None:
        print(missing, file=sys.stderr)
        return 1
    table = Table(caption=f"KB of {virtual.HEAP_KB}, on 32 bits; leaves after {readings} readings")
    for heading in ("board", "in use", "free", "largest free piece"):
        table.add_column(heading, justify="left" if heading == "board" else "right")
    for name, held in rows(readings):
        sizes = held.used, held.free, *([] if held.grown else [held.largest])
        table.add_row(name, *(f"{size / 1024:.1f}" for size in sizes))
    Console().print(table)
    return 0


if __name__ == "__main__":
    sys.exit(main())
