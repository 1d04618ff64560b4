"""A controller that is killed again and again: `python -m tests.soak.controller [--kills 20]`.

A site runs by `up` and `node`; the process with the controller gets SIGKILL at moments of chance,
also while it rolls out, stays away for a while and comes back. What has to hold: every reading
arrives once, none of them waits for it, and nobody else begins anew.
"""

import argparse
import random
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from flows import CALM, DESK, GATE, HURT, SOURCE, Flows
from processes import until
from rich.console import Console

from actors.client import UnreachableError

KILLS = 20
FLOWS = 4
PER_S = 200
AWAY_S = (0.2, 2.0)
RUNS_S = (0.0, 1.5)  # once it is there again; 0: it is killed while it rolls out
OTHERS = (GATE, SOURCE, HURT, CALM)


@dataclass
class Outcome:
    """What was seen. `away`: readings that arrived each time while there was no controller."""

    kills: int = 0
    accepted: int = 0
    lost: int = 0
    doubled: int = 0
    away: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)


def run(folder: Path, kills: int = KILLS, seed: int = 1) -> Outcome:
    """Kill it so many times. *Raises* AssertionError if the site does not come up or back."""
    chance, made = random.Random(seed), Outcome()
    with Flows(folder, flows=FLOWS, per_s=PER_S) as site:
        site.start(DESK, *OTHERS)
        site.wait_for_flow()
        _wait_until_ready(site)
        before = _starts(site)
        for _ in range(kills):
            _kill(site, made, chance)
        _wait_until_ready(site)
        after = _starts(site)
        made.wrong += _status(site)["failures"]
        made.wrong += [f"{path} began anew" for path in OTHERS if before[path] != after[path]]
        for row, number in zip(site.account(), range(FLOWS), strict=True):
            numbers = [one[0] for one in site.rows(number)]
            made.accepted += row["accepted"]
            made.lost += row["accepted"] - len(set(numbers))
            made.doubled += len(numbers) - len(set(numbers))
        made.wrong += _begun_again(site)
    if made.lost or made.doubled:
        made.wrong.append(f"{made.lost} lost, {made.doubled} twice of {made.accepted}")
    if not all(made.away):
        made.wrong.append(f"no readings while it was away: {made.away}")
    return made


def _kill(site: Flows, made: Outcome, chance: random.Random) -> None:
    site.processes[DESK].kill()
    made.kills += 1
    before = _arrived(site)
    time.sleep(chance.uniform(*AWAY_S))
    made.away.append(_arrived(site) - before)
    site.start(DESK)
    until(lambda: _status(site), "a controller that answers")
    if chance.random() < 0.5:
        _wait_until_ready(site)
    time.sleep(chance.uniform(*RUNS_S))


def _status(site: Flows) -> dict:
    try:
        return site.desk.status()
    except UnreachableError:
        return {}


def _wait_until_ready(site: Flows) -> None:
    """Also until every device has told of itself and of its actors, which are reports apart."""

    def is_ready() -> bool:
        status = _status(site)
        heard = [one["pid"] for one in status.get("devices", {}).values()]
        is_told = heard and all(heard) and len(status["actors"]) == 2 * FLOWS
        return bool(status.get("ready") and is_told)

    until(is_ready, f"a site that is rolled out\n{site.output}")


def _starts(site: Flows) -> dict[str, tuple]:
    """What changes when a device, or an actor of it, begins anew; by device."""
    status = _status(site)
    return {
        path: (
            status["devices"][path]["pid"],
            [(one, told["failures"], told["restarts"]) for one, told in status["actors"].items()
             if one.startswith(path + "/")],
        )
        for path in OTHERS
    }


def _begun_again(site: Flows) -> list[str]:
    """Each actor says once that it begins."""
    lines = [line.partition(" begins")[0] for line in site.output.splitlines() if "begins" in line]
    expected = 2 * FLOWS
    if len(lines) == len(set(lines)) == expected:
        return []
    return [f"{len(lines)} actors began, expected {expected}: {sorted(lines)}"]


def _arrived(site: Flows) -> int:
    return sum(len(site.rows(number)) for number in range(FLOWS))


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak.controller", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS)
    given = parser.parse_args(arguments)
    console = Console()
    with tempfile.TemporaryDirectory(prefix="mp-actors-soak-") as name:
        made = run(Path(name), given.kills)
    console.print(
        f"{made.kills} kills: {made.accepted} readings, {made.lost} lost, {made.doubled} twice; "
        f"{min(made.away)} or more arrived each time it was away",
        highlight=False,
    )
    for text in made.wrong:
        console.print(f"  WRONG: {text}", style="red", highlight=False)
    return 1 if made.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
