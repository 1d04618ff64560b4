"""The site `sieve` as processes, its board at the end of a cable that takes its time, and what
brakes that board. What is measured of it moves the filter that nobody has pinned.
"""

import json
import os
import signal
import threading
import time
from contextlib import contextmanager, nullcontext

from processes import SITES, Desk, finished, until
from pumps import SlowPump
from started import DESK, GATE, HOST, Started

from actors.check import load_checked
from actors.plan import make_plan

SITE = SITES / "sieve" / "site.py"
BOARD, LINK = "d/board", "d/gate - d/board"
SLOW_S = 0.4
WORKS_S, RESTS_S = 0.002, 0.15
NARROW_KBPS = 160
CASES = {  # how long the cable takes, and whether the board is braked
    "slow link": (SLOW_S, False),
    "slow link, slow board": (SLOW_S, True),
    "quick link": (0.0, False),
}


class Brake:
    """Lets a process work for only a part of the time: a device that is 75 times as slow."""

    def __init__(self, pid):
        self._pid, self._is_over = pid, threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self):
        self._thread.start()

    def __exit__(self, *_):
        self._is_over.set()
        self._thread.join()
        os.kill(self._pid, signal.SIGCONT)

    def _run(self):
        while not self._is_over.wait(WORKS_S):
            os.kill(self._pid, signal.SIGSTOP)
            time.sleep(RESTS_S)
            os.kill(self._pid, signal.SIGCONT)


class Sieve(Started):
    """The site, its board at the end of a cable that takes `SLOW_S`."""

    def __init__(self, folder):
        super().__init__(folder, SITE)
        self.desk = Desk(self.file, self.port + 1)
        self.cable = SlowPump(self.port + 2, (HOST, self.port), SLOW_S)

    def __exit__(self, *_):
        super().__exit__()
        self.cable.close()

    def begin(self):
        """Start all of it, as its profile says, and wait until readings have come."""
        kept = self.folder / "kept.txt"
        kept.unlink(missing_ok=True)
        self.start(DESK, GATE)
        self.start(BOARD, gate_port=self.port + 2)
        until(lambda: kept.exists() and kept.read_text(), f"readings\n{self.output}", 60)

    def end(self):
        """End all of it."""
        for process in self.processes.values():
            process.end()

    def command(self, name, *arguments):
        """A command from another terminal, which has to end by itself."""
        done = finished(self.folder, name, self.file, *arguments, **self.environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def measure(self, name, *options, seconds=2):
        """The profile that `profile` writes."""
        file = self.folder / name
        self.command("profile", "--seconds", str(seconds), "--out", file, *options)
        return file

    def place(self, profile, *options):
        """Where `plan` has the filter."""
        file = self.folder / "plan.json"
        self.command("plan", "--profile", profile, "--json", file, *options)
        operators = json.loads(file.read_text())["placement"]["operators"]
        (found,) = [one["device"] for path, one in operators.items() if path.endswith("/sieve")]
        return found

    def cost(self, profile, device):
        """What the planner expects the filter to cost on a device; on a worker it is 2."""
        placement = make_plan(load_checked(self.file), profile=profile).placement
        (stage,) = [stage for stage in placement.places if stage.name == "sieve"]
        return next(one.cost for one in placement.offers(stage) if one.device == device)

    def begin_by(self, profile):
        """Start all of it anew by a profile. Returns where the filter has been at work."""
        self.end()
        (self.file.parent / "site.profile.json").write_bytes(profile.read_bytes())
        self.begin()
        until(lambda: any("/sieve" in path for path in self.desk.status()["actors"]), "a report")
        (path,) = [path for path in self.desk.status()["actors"] if path.endswith("/sieve")]
        until(lambda: all(row["delivered"] > 1 for row in self.desk.status()["wires"]), "readings")
        return path.rsplit("/", 1)[0]

    def measured(self):
        """A profile for each case; in the first the cable is narrow, too."""
        profiles = {}
        for case in CASES:
            is_first = not profiles
            self.cable.bytes_per_s = NARROW_KBPS * 125 if is_first else None
            with self.like(case):
                options = ("--bandwidth",) if is_first else ()
                # A round trip of before is forgotten with the next beat.
                profiles[case] = self.measure(f"{len(profiles)}.json", *options, seconds=3)
        self.cable.delay_s = SLOW_S
        return profiles

    @contextmanager
    def like(self, case):
        """Let cable and board be as in a case."""
        self.cable.delay_s, is_braked = CASES[case]
        with Brake(self.processes[BOARD].pid) if is_braked else nullcontext():
            yield

    def expected_ms(self, profile):
        """How long a reading takes, by the plan."""
        placement = make_plan(load_checked(self.file), profile=profile).placement
        return 1000 * placement.instance.parts(placement.answer.places).response

    def taken_ms(self, readings=12):
        """How long the median of all readings has taken, once so many more have come."""
        first = self.desk.status()["wires"][-1]["delivered"]
        until(lambda: self.desk.status()["wires"][-1]["delivered"] >= first + readings, "readings")
        return self.desk.status()["wires"][-1]["p50_us"] / 1000


def figure(profile, *path):
    """A figure of a profile that was measured."""
    found = json.loads(profile.read_text())
    for name in path:
        found = found[name]
    assert found["from"] == "measured"
    return found["value"]
