"""`kill -9` again and again, on a site of real processes: what was lost and what came twice.

    python -m tests.host.kills --kills 50

Each kind of victim has a flow of its own. Its sink's list is in a process that is not killed, but
for the plain sink, which is the victim; there it is what its handler has written.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console as Screen
from rich.table import Table

from tests.host.processes import SITES, Desk, Process, free_ports, until, with_keys

SITE = SITES / "kills" / "site.py"
GATES = ("field/gate-1", "field/gate-2")
DEVICES = (*GATES, "field/source", "field/feeder", "office/worker", "office/sink", "office/till")
APART_S = 3.0
WITHOUT_WAY_S = 0.4  # readings that only their source has, when it is killed
# The flow of each kind, and who dies one after the other; "+": at once.
VICTIMS = {
    "gateways": ("field/gate-1", "field/gate-2"),
    "durable": ("+".join((*GATES, "field/source")),),
    "operator": ("office/worker",),
    "plain": ("office/till",),
}


@dataclass
class Suffered:
    """One kind of victim: readings. `told`: that came twice at most, by the status."""

    kind: str
    kills: int
    came: int
    lost: int
    doubled: int
    disorder: int
    told: int


class Kills:
    """A site by `up` and `node`, and whoever is killed in it."""

    def __init__(self, folder):
        self.folder = folder
        self._environment = {"FIRST_PORT": str(free_ports(3))}
        self.file = with_keys(folder, SITE, **self._environment)
        self.desk = Desk(self.file, int(self._environment["FIRST_PORT"]) + 2)
        self._processes = {"office/desk": self._process("up", self.file)}
        for path in DEVICES:
            self._start(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in self._processes.values():
            one.end()

    def began(self):
        """Wait until everything flows."""
        for kind in VICTIMS:
            until(lambda kind=kind: len(self.came(kind)) > 20, f"readings of {kind}", 60)

    def kill(self, kind, number):
        """Kill the next victim, start it again, and wait until its flow has gone on."""
        names = VICTIMS[kind][number % len(VICTIMS[kind])].split("+")
        for name in names:
            if name == names[-1] and len(names) > 1:
                time.sleep(WITHOUT_WAY_S)
            self._processes[name].kill()
        before = len(self.came(kind))
        for name in names:
            self._start(name)
        until(lambda: len(self.came(kind)) > before + 20, f"more of {kind} after {names}", 60)

    def came(self, kind):
        """What the sink has written."""
        file = self.folder / f"{kind}.txt"
        text = file.read_text() if file.exists() else ""
        return [json.loads(line) for line in text[: text.rfind("\n") + 1].splitlines()]

    def rest(self):
        """Let everything arrive. Returns {kind: readings that came twice at most}."""
        self.desk.rested_status()

        def at_rest():
            rows = self.desk.status()["wires"]
            return not any(row["in_flight"] or row["unexplained"] for row in rows) and rows

        rows = {row["wire"]: row for row in until(at_rest, "all that is under way", 60)}
        for row in rows.values():
            assert row["accepted"] == row["delivered"] + sum(row["dropped"].values()), row
        numbers = {"durable": 1, "gateways": 2, "operator": 4, "plain": 5}
        return {kind: rows[number]["doubled"] for kind, number in numbers.items()}

    def expected(self, kind):
        """What has to be in the list of its sink: all that was taken."""
        came = self.came(kind)
        if kind == "operator":
            return [[number, number] for number in range(1, max(last for _, last in came) + 1)]
        if kind != "durable":
            return list(range(1, max(came) + 1))
        kept = (self.folder / "kept.txt").read_text().split("\n")
        last = Counter()  # of each start: what was kept, or came
        for start, number in [*(map(int, one.split(",")) for one in kept if "," in one), *came]:
            last[start] = max(last[start], number)
        return [[start, number] for start in sorted(last) for number in range(1, last[start] + 1)]

    def suffered(self, kind, kills, told):
        """The account of one kind."""
        came = [json.dumps(one) for one in self.came(kind)]
        expected = [json.dumps(one) for one in self.expected(kind)]
        first = list(dict.fromkeys(came))
        ends = zip(self.came(kind), self.came(kind)[1:], strict=False)
        return Suffered(
            kind,
            kills,
            came=len(came),
            lost=len(set(expected) - set(came)),
            doubled=len(came) - len(first),
            disorder=sum(one > following for one, following in ends),
            told=told[kind],
        )

    def _start(self, path):
        self._processes[path] = self._process("node", self.file, path)

    def _process(self, *words):
        return Process(self.folder, *words, **self._environment)


def run(folder, kills, kinds=tuple(VICTIMS), apart_s=APART_S, say=print):
    """Kill so many of each kind; a `Suffered` for each."""
    with Kills(folder) as site:
        site.began()
        for kind in kinds:
            for number in range(kills):
                began_s = time.monotonic()
                site.kill(kind, number)
                time.sleep(max(0.0, apart_s - (time.monotonic() - began_s)))
            say(f"{kind}: {kills} kills")
        told = site.rest()
        return [site.suffered(kind, kills, told) for kind in kinds]


def main():
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.host.kills")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--kind", choices=VICTIMS, action="append")
    parser.add_argument("--apart", type=float, default=APART_S, help="seconds, at least")
    given = parser.parse_args()
    table = Table(title="kill -9, readings")
    for column in ("killed", "kills", "came", "lost", "doubled", "at most", "out of order"):
        table.add_column(column, justify="right")
    with tempfile.TemporaryDirectory() as name:
        found = run(Path(name), given.kills, tuple(given.kind or VICTIMS), given.apart)
    for one in found:
        figures = (one.kills, one.came, one.lost, one.doubled, one.told, one.disorder)
        table.add_row(one.kind, *map(str, figures))
    Screen().print(table)
    is_good = all(
        one.lost == 0 and one.doubled <= (one.told if one.kind == "plain" else 0) for one in found
    )
    return 0 if is_good else 1


if __name__ == "__main__":
    sys.exit(main())
