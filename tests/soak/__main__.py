"""Hours of it: `python -m tests.soak --hours H`, in rounds of ten minutes.

A real site runs all the time; gates, an operator's device and the controller's are killed or
stopped at moments of chance, all clocks and numbers wrap in its first minutes. Between two kills a
simulated seed is run. Each round ends with everybody there again and a look at what may not grow:
memory and open files of the machines that were never killed and of this process, the board's heap
and the largest free piece of it. The first look is taken when everything that may die has died
once, so that all code has been loaded and every table has its rows. It fails if something has grown
since, if a reading came twice or out of order, if the sink's own count is not that of the account,
or if a seed failed. What nobody gave a reason for is shown: gates die here with what they hold.
"""

import argparse
import os
import random
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from signal import SIGCONT, SIGSTOP

from processes import Desk, until
from rich.console import Console
from started import DESK, GATE, Started

from actors import summary
from actors.check import load_checked
from actors.client import UnreachableError
from actors.plan import make_plan
from mp_actors.ticks import WRAP_MS
from tests.sim import soak as seeds

SITE = Path(__file__).parent / "worn" / "site.py"
SOURCE, BOARD, KEEP = "d/source", "d/board", "d/keep"
SECOND, WORK = "d/second", "d/work"
STAYING, KILLED = (SOURCE, KEEP, BOARD), (GATE, SECOND, WORK, DESK)
PULSES = (f"{SOURCE}/pulse", f"{BOARD}/pulse", f"{SOURCE}/worked")
HEAP = f"{BOARD}/heap"
ROUND_S = 600.0
WARM_UP_S = 15.0
WRAP_S = 60.0  # after the start
REST_S = 30.0
SETTLE_S = (0.0, 2.0)
LOOKS_AT_HEAP = 4
# What may be more, by chance, at a later look than at the first.
GROWTH_MAX = {"MiB": 8.0, "files": 2, "free": 6144, "largest": 8192}
OWN_MIB_MAX = 48.0  # this process keeps what it has decoded of the last seeds, up to a bound


class Worn(Started):
    """The real site, and what its sink has written."""

    def __init__(self, folder: Path) -> None:
        now_ms = time.monotonic_ns() // 1_000_000
        shift_ms = (WRAP_MS - round(WRAP_S * 1000) - now_ms) % WRAP_MS
        super().__init__(folder, SITE, TICKS_SHIFT=str(shift_ms))
        self.desk = Desk(self.file, self.port + 1)
        self.kills = 0
        self.wrong: list[str] = []
        self.arrived: dict[str, int] = {}
        self.heap: list[tuple[int, int]] = []
        self._last: dict[str, int] = {}
        self._read_bytes = 0

    def read(self) -> None:
        """Take what the sink has written since, and judge its order."""
        file = self.folder / "lines"
        if not file.exists():
            return
        with file.open("rb") as stream:
            stream.seek(self._read_bytes)
            data = stream.read()
        data = data[: data.rfind(b"\n") + 1]
        self._read_bytes += len(data)
        for line in data.decode().splitlines():
            source, value = line.split(" ", 1)
            self.arrived[source] = self.arrived.get(source, 0) + 1
            if source == HEAP:
                free, largest = value.strip("[]").split(", ")
                self.heap = [*self.heap[1 - LOOKS_AT_HEAP :], (int(free), int(largest))]
                continue
            if int(value) <= self._last.get(source, 0):
                self.wrong.append(f"{source}: {value} after {self._last[source]}")
            self._last[source] = int(value)

    def trouble(self, chance: random.Random) -> Iterator[None]:
        """One of those that may die is killed, or stopped; with the next step it is back."""
        path = chance.choice(KILLED)
        self.kills += 1
        if chance.random() < 0.7:
            self.processes[path].kill()
            yield
            self.start(path)
        else:
            self.processes[path].send(SIGSTOP)
            yield
            self.processes[path].send(SIGCONT)

    def settle(self) -> None:
        """Let each of those that may die do so twice: at once, and when it was given up."""
        for away_s in SETTLE_S:
            for path in KILLED:
                self.processes[path].kill()
                time.sleep(away_s)
                self.start(path)
            self.come_to_rest()

    def come_to_rest(self) -> None:
        """Until everybody is there and readings of each sensor arrive. *Raises* AssertionError."""

        def is_ready() -> bool:
            try:
                status = self.desk.status()
            except UnreachableError:
                return False
            self.wrong += [f"roll-out: {text}" for text in status["failures"]]
            return status["ready"] and all(one["alive"] for one in status["devices"].values())

        until(is_ready, f"a site that is whole\n{self.output[-3000:]}", 2 * REST_S)
        self.read()
        before = dict(self.arrived)
        self.heap = []

        def flows() -> bool:
            self.read()
            is_so = all(self.arrived.get(one, 0) > before.get(one, 0) for one in PULSES)
            return is_so and len(self.heap) >= LOOKS_AT_HEAP

        until(flows, f"readings of each sensor after {before}", 2 * REST_S)

    def figures(self) -> dict[str, dict[str, float]]:
        """What may not grow, of each process that stays; call it at rest."""
        pids = {path: self.processes[path].pid for path in STAYING} | {"this process": os.getpid()}
        found = {
            name: {"MiB": resident_mib(pid), "files": len(os.listdir(f"/proc/{pid}/fd"))}
            for name, pid in pids.items()
        }
        free, largest = (max(look[place] for look in self.heap) for place in (0, 1))
        found[BOARD] |= {"free": free, "largest": largest}
        return found

    def account(self, console: Console) -> list[str]:
        """Halt it, and print the account of the readings between those that stayed; returns what is
        wrong with it.
        """
        site = load_checked(self.file)
        plan = make_plan(site)
        self.desk.ask("halt")
        end_s, before = time.monotonic() + REST_S, None
        while True:
            status = self.desk.status()
            figures = [(row["accepted"], row["delivered"]) for row in status["wires"]]
            if figures == before or time.monotonic() > end_s:
                break
            before = figures
            time.sleep(2.0)
        self.read()
        nobody = {plan.wires[row["wire"]].source: row["unexplained"] for row in status["wires"]}
        rows = {plan.wires[row["wire"]].source: row
                for row in summary.closed(plan, status)["wires"]}
        wrong = []
        for source in PULSES[:2]:
            row, made = rows[source], self.arrived.get(source, 0)
            counted = sum(row["dropped"].values())
            console.print(
                f"{source}: {row['accepted']} accepted, {made} arrived, dropped {row['dropped']}, "
                f"of which nobody explained {nobody[source]}",
                highlight=False,
            )
            if row["delivered"] != made or row["accepted"] - made != counted:
                wrong.append(f"{source}: {made} have arrived; told {row}")
        return wrong


def resident_mib(pid: int) -> float:
    """The resident memory of a process."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096 / 2**20


def growth(
    first: dict[str, dict[str, float]], now: dict[str, dict[str, float]]
) -> list[str]:
    """What has grown since the first look, as sentences; of free memory: what has shrunk."""
    wrong = []
    for name, figures in now.items():
        for kind, figure in figures.items():
            by = figure - first[name][kind]
            is_own = name == "this process" and kind == "MiB"
            limit = OWN_MIB_MAX if is_own else GROWTH_MAX[kind]
            if (-by if kind in ("free", "largest") else by) > limit:
                wrong.append(f"{name}: {kind} was {first[name][kind]:g} and is {figure:g}")
    return wrong


def shown(figures: dict[str, dict[str, float]]) -> str:
    """One line of figures."""
    parts = []
    for name, kinds in figures.items():
        text = f"{name} {kinds['MiB']:.1f} MiB, {kinds['files']} files"
        if "free" in kinds:
            text += f", {kinds['free']} B free, largest {kinds['largest']}"
        parts.append(text)
    return "; ".join(parts)


def run(console: Console, hours: float, round_s: float, start: int) -> list[str]:
    """Rounds until the time is over. Returns what was wrong, as sentences."""
    chance, wrong, seed = random.Random(start), [], start
    end_s = time.monotonic() + hours * 3600
    with tempfile.TemporaryDirectory(prefix="mp-actors-soak-") as name, Worn(Path(name)) as site:
        site.start(DESK, GATE, SECOND, WORK, *STAYING)
        time.sleep(WARM_UP_S)
        site.come_to_rest()
        site.settle()
        first = site.figures()
        number = 0
        while time.monotonic() < end_s:
            number += 1
            console.print(f"round {number} begins: {shown(site.figures())}", highlight=False)
            until_s = min(end_s, time.monotonic() + round_s)
            seeds_before, kills_before = seed, site.kills
            while time.monotonic() < until_s:
                for _ in site.trouble(chance):
                    wrong += [f"seed {seed}: {text}" for text in seeds.failures_of(seed)]
                    seed += 1
                    time.sleep(chance.uniform(0, 3))
                time.sleep(chance.uniform(0, 4))
                site.read()
            site.come_to_rest()
            now = site.figures()
            wrong += [f"round {number}: {text}" for text in growth(first, now)]
            console.print(
                f"round {number} ends:   {shown(now)}; {seed - seeds_before} seeds, "
                f"{site.kills - kills_before} kills, {sum(site.arrived.values())} readings so far, "
                f"{len(wrong) + len(site.wrong)} faults",
                highlight=False,
            )
        wrong += site.wrong + site.account(console)
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Returns 1 if something was wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--hours", type=float, default=1.0)
    parser.add_argument("--round", type=float, default=ROUND_S, help="seconds of a round")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    given = parser.parse_args(arguments)
    console = Console(width=200)
    wrong = run(console, given.hours, given.round, given.start)
    for text in wrong:
        console.print(f"WRONG: {text}", style="red", highlight=False, markup=False)
    console.print(f"{len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
