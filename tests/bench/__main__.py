"""The command: `python -m tests.bench [NAME ...] [--rounds N] [--json FILE]`.

Prints the machine first, then a table for each benchmark. Names are `local`, `wire`, `seals`,
`board`, `sim`, `faults`, `placement` and `places`; without one all are run but the last three, of
which two take ten minutes and more.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from tests.bench import board, faults, local, placement, places, seals, sim, wire
from tests.bench.measure import Bench, Figures, machine, measure
from tests.bench.report import plain, show

GROUPS = {
    "local": local.benches,
    "wire": wire.benches,
    "seals": seals.benches,
    "board": board.benches,
    "sim": sim.benches,
}
FAULTS, PLACEMENT, PLACES = "faults", "placement", "places"  # no rates, and not by the way
NAMES = ", ".join([*GROUPS, FAULTS, PLACEMENT])
ROUNDS = 5


def run(
    names: list[str],
    rounds: int,
    units: int | None,
    leaf_seconds: float,
    fault_seconds: float,
    console: Console,
    seeds: int = placement.SEEDS,
    leaf_readings: int = 0,
) -> dict[str, Any]:
    """Measure the groups of these names, print them, and return all as JSON has it."""
    line = machine()
    console.print(line, highlight=False)
    result: dict[str, Any] = {"machine": line, "rounds": rounds, "benches": {}}
    for name in names:
        for figures in _measured(GROUPS[name]() if name in GROUPS else [], rounds, units, console):
            show(console, figures)
            result["benches"][figures.bench.name] = plain(figures)
    if "seals" in names:
        result["bytes_per_reading"] = seals.show_weights(console, seals.weights())
    if "board" in names:
        result["leaves"] = [
            board.show_leaf(console, board.leaf(leaf_seconds, seal, parts, leaf_readings))
            for parts in (board.TWO_SENSORS, board.FIVE_SENSORS)
            for seal in board.LEAF_SEALS
        ]
    if FAULTS in names:
        result["faults"] = faults.run(console, fault_seconds)
    if PLACEMENT in names:
        result["placement"] = placement.run(console, seeds)
    if PLACES in names:
        result["places"] = places.run(console)
    return result


def _measured(
    benches: list[Bench], rounds: int, units: int | None, console: Console
) -> list[Figures]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        total = rounds * sum(len(bench.subjects) for bench in benches)
        task = progress.add_task("", total=total)
        done = []
        for bench in benches:
            progress.update(task, description=bench.name)
            done.append(measure(bench, rounds, units, lambda: progress.advance(task)))
    return done


def main(arguments: list[str] | None = None) -> int:
    """Returns 0; a goal that is not met is said, and no error: machines differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"{NAMES} or {PLACES}")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--units", type=int, help="units of work in a round, instead of each own")
    parser.add_argument("--leaf-seconds", type=float, default=5.0, help="how long the leaf runs")
    parser.add_argument(
        "--leaf-readings", type=int, default=0, help="and until it has sent so many"
    )
    parser.add_argument("--seconds", type=float, default=20.0, help="how long a fault lasts")
    parser.add_argument("--seeds", type=int, default=placement.SEEDS, help="instances of a kind")
    given = parser.parse_args(arguments)
    unknown = sorted(set(given.names) - {*GROUPS, FAULTS, PLACEMENT, PLACES})
    if unknown or given.rounds < 1 or (given.units is not None and given.units < 1):
        parser.error(f"expected names of {NAMES}, {PLACES}, and numbers of 1 or more")
    result = run(
        given.names or list(GROUPS),
        given.rounds,
        given.units,
        given.leaf_seconds,
        given.seconds,
        Console(),
        given.seeds,
        given.leaf_readings,
    )
    if given.json:
        given.json.write_text(json.dumps(result, indent=1), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
