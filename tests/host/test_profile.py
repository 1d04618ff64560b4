"""`profile` measures a site that runs, and what it writes moves a filter that nobody has pinned: to
the board when the link is slow, to a worker when the board is slow.

Real processes: the board is MicroPython, its link a cable that takes its time, and it is slow when
it is stopped most of the time.
"""

import json
import os
import signal
import threading
import time

import pytest
from processes import SITES, Desk, finished, free_ports, living_in, until
from pumps import SlowPump
from started import DESK, GATE, HOST, Started

SITE = SITES / "sieve" / "site.py"
BOARD, LINK = "d/board", "d/gate - d/board"
SLOW_S = 0.15
WORKS_S, RESTS_S = 0.002, 0.058
NARROW_KBPS = 160


class Brake:
    """Lets a process work for only a part of the time: a device that is 30 times as slow."""

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

    def begin_by(self, profile):
        """Start all of it anew by a profile. Returns where the filter has been at work."""
        self.end()
        (self.file.parent / "site.profile.json").write_bytes(profile.read_bytes())
        self.begin()
        until(lambda: any("/sieve" in path for path in self.desk.status()["actors"]), "a report")
        (path,) = [path for path in self.desk.status()["actors"] if path.endswith("/sieve")]
        until(lambda: all(row["delivered"] > 1 for row in self.desk.status()["wires"]), "readings")
        return path.rsplit("/", 1)[0]


def figure(profile, *path):
    """A figure of a profile that was measured."""
    found = json.loads(profile.read_text())
    for name in path:
        found = found[name]
    assert found["from"] == "measured"
    return found["value"]


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The site, and its profiles: as it is, with a slow board, with a quick cable."""
    with Sieve(tmp_path_factory.mktemp("sieve")) as site:
        site.cable.bytes_per_s = NARROW_KBPS * 125
        site.begin()
        profiles = {"slow link": site.measure("link.json", "--bandwidth")}
        site.cable.bytes_per_s = None
        with Brake(site.processes[BOARD].pid):
            profiles["slow board"] = site.measure("board.json")
        site.cable.delay_s = 0.0
        profiles["quick link"] = site.measure("quick.json", seconds=4)
        site.cable.delay_s = SLOW_S
        yield site, profiles


def test_a_filter_is_on_the_board_if_the_link_is_slow_and_on_a_worker_if_the_board_is(measured):
    site, profiles = measured
    assert site.place(profiles["slow link"]) == BOARD
    assert site.place(profiles["slow board"]) in (GATE, DESK)
    assert site.place(profiles["quick link"]) in (GATE, DESK)


def test_what_was_measured_is_what_is_there(measured):
    _, profiles = measured
    link, board, quick = profiles.values()
    # What takes its time takes no less of it, whatever else the machine does.
    assert figure(link, "links", LINK, "delay_ms") >= 1000 * SLOW_S
    assert figure(quick, "links", LINK, "delay_ms") < 1000 * SLOW_S
    assert figure(link, "links", LINK, "bandwidth_kbps") <= 1.2 * NARROW_KBPS
    assert figure(link, "links", "d/gate - d/desk", "bandwidth_kbps") > 10 * NARROW_KBPS
    for profile in (quick, board):
        marks = json.loads(profile.read_text())["links"][LINK]
        assert marks["bandwidth_kbps"] == {"value": None, "from": "default"}
    for profile in (link, board, quick):
        assert 0.1 < figure(profile, "actors", "sieve", "selectivity") < 0.5
        assert 1 < figure(profile, "actors", "pulse", "rate_hz") < 15
        assert 30 <= figure(profile, "actors", "pulse", "bytes") <= 60
        assert 10 < figure(profile, "devices", BOARD, "memory_kb") < 224
        assert figure(profile, "actors", "sieve", "work_us") > figure(
            profile, "actors", "pulse", "work_us"
        )
    assert figure(board, "devices", BOARD, "speed") < figure(link, "devices", BOARD, "speed") / 5
    assert figure(link, "devices", BOARD, "speed") < figure(link, "devices", DESK, "speed")


def test_a_site_that_begins_anew_with_its_profile_has_the_filter_where_it_was_planned(measured):
    site, profiles = measured
    assert site.begin_by(profiles["slow link"]) == BOARD
    assert site.begin_by(profiles["slow board"]) in (GATE, DESK)


def test_a_site_that_nobody_runs_is_run_for_that_long(tmp_path):
    site = Started(tmp_path, SITE)
    out = tmp_path / "out.json"
    done = finished(tmp_path, "profile", site.file, "--seconds", "1", "--out", out,
                    **site.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure(out, "actors", "sieve", "work_us") > 0
    assert living_in(tmp_path) == []


def test_what_is_declared_stays_so_with_what_was_measured_beside_it(measured):
    site, profiles = measured
    profile = json.loads(profiles["slow link"].read_text())
    profile["actors"]["sieve"]["work_us"] = 7
    profile["constraints"] = {"never": {"sieve": ["d/gate"]}}
    (site.file.parent / "site.profile.json").write_text(json.dumps(profile))
    out = site.measure("again.json", seconds=1)
    found = json.loads(out.read_text())
    work_us = found["actors"]["sieve"]["work_us"]
    assert (work_us["value"], work_us["from"]) == (7, "declared")
    assert work_us["measured"] > 7
    assert found["constraints"] == profile["constraints"]
    assert "work_us 7, " in site.command("plan", "--profile", out, "--why", "sieve")
    assert "rate_hz 1 (default)" in site.command("plan", "--profile", out, "--why", "sieve")
    assert "(measured)" in site.command("plan", "--profile", out, "--why", "sieve")


def test_a_site_that_runs_elsewhere_and_does_not_answer_is_not_run_here(tmp_path):
    (tmp_path / "site.py").write_text(
        SITE.read_text().replace('"desk", address', '"desk", host="127.0.0.9", address')
    )
    (tmp_path / "parts.py").write_text((SITE.parent / "parts.py").read_text())
    done = finished(tmp_path, "profile", tmp_path / "site.py", FIRST_PORT=str(free_ports(3)))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "nothing runs" in done.stderr


def test_a_folder_that_is_not_there_is_named_before_anything_is_measured(tmp_path):
    done = finished(tmp_path, "profile", SITE, "--out", tmp_path / "no" / "out.json")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
