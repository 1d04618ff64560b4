"""A site that explains itself: `status`, `trace` and `logs` from another terminal, real processes.

One clinic runs by `run`, one by `up` and `node`; both are asked the same.
"""

import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
from contextlib import ExitStack

import jsonschema
import pytest
from processes import (
    SITES,
    Desk,
    Process,
    end_process,
    environment_of,
    finished,
    free_ports,
    living_in,
    until,
    with_keys,
)

from actors.client import UnreachableError
from actors.summary import SCHEMA_FILE
from actors.trace import share

CLINIC = SITES / "clinic" / "site.py"
DEVICES = ("ward/bed", "ward/door", "office/clerk", "office/desk", "attic/sleeper")
WIRES = {  # by the way their readings take
    ("ward/bed/pulse", "ward/door/fussy"): ["ward/bed", "ward/door"],
    ("ward/door/fussy", "office/desk/keep"): ["ward/door", "office/clerk", "office/desk"],
    ("ward/door/flood", "attic/sleeper/sleepy"): ["ward/door", "attic/sleeper"],
}
NOT_UP_WITHIN_S = 7.0  # the promise about a device that is not heard any more
LINE = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (.*)$")


class Clinic:
    """A clinic that runs, and the terminal beside it."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_ports(4)
        self.environment = {"FIRST_PORT": str(self.port)}
        self.file = with_keys(folder, CLINIC)
        self.desk = Desk(self.file, self.port + 2)

    def command(self, name, *arguments):
        """A command from the other terminal, which has to end by itself."""
        done = finished(self.folder, name, self.file, *arguments, **self.environment)
        assert "Traceback" not in done.stdout + done.stderr, done.stderr
        return done

    def status(self):
        """What `status --json` writes."""
        done = self.command("status", "--json", "-")
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)

    def trace(self, path):
        """{(source, target): wire} of what `trace --json` writes."""
        done = self.command("trace", path, "--json", "-")
        assert done.returncode == 0, done.stderr
        return {(one["source"], one["target"]): one for one in json.loads(done.stdout)["wires"]}

    def state(self, path):
        """up, stale, gone …"""
        return self.status()["devices"][path]["state"]

    def flows(self):
        """Whether readings arrive at the end of every wire, and some are lost on two."""
        status = self.known()
        return status and [1 for row in status["wires"] if row["dropped"]] == [1, 1]

    def known(self):
        """What the controller knows, None as long as it is not there."""
        try:
            return self.desk.status()
        except UnreachableError:
            return None


@pytest.fixture(scope="module")
def clinics(tmp_path_factory):
    """{how it was started: a clinic with readings at every place}."""
    with ExitStack() as stack:
        by_run, by_node = (Clinic(tmp_path_factory.mktemp(name)) for name in ("run", "node"))
        command = ("run", by_run.file)
        by_run.process = stack.enter_context(
            Process(by_run.folder, *command, **by_run.environment)
        )
        by_node.processes = {
            path: stack.enter_context(start(by_node, path)) for path in DEVICES
        }
        for clinic in (by_run, by_node):
            until(clinic.flows, "readings on every wire")
        yield {"run": by_run, "up and node": by_node}


def start(clinic, path):
    """Start one device by hand."""
    words = ("up", clinic.file) if path == "office/desk" else ("node", clinic.file, path)
    return Process(clinic.folder, *words, **clinic.environment)


@pytest.fixture(params=["run", "up and node"])
def clinic(request, clinics):
    return clinics[request.param]


def lines_of(done):
    """What `logs` printed, without the moments, which every line has."""
    return [LINE.match(line).group(1) for line in done.stdout.splitlines()]


def causes(status, kind):
    """The causes of one kind, as sentences with their remedies."""
    return [f"{one['cause']} | {one['remedy']}" for one in status["causes"] if one["kind"] == kind]


def assert_adds_up(wire):
    """What the places of a wire show is its account, and that is exact."""
    account = wire["account"]
    lost = sum(account["lost"].values())
    accounted = account["delivered"] + lost + account["waiting"] + account["unexplained"]
    assert account["accepted"] == accounted, account
    shown = sum(wire["lost_elsewhere"].values())
    waiting = 0
    for hop in wire["hops"]:
        shown += sum(hop["lost"].values())
        ends = [hop[one] for one in ("outbox", "inlet") if one in hop]
        waiting += hop["held"] + sum(end["waiting"] for end in ends)
    assert (shown, waiting) == (lost, account["waiting"]), wire
    found = {"lost": 0, "held": 0, "unexplained": 0}
    for finding in wire["findings"]:
        if finding["readings"]:
            found[finding["kind"]] += finding["readings"]
    assert found["lost"] == lost
    assert found["held"] == account["waiting"]
    assert found["unexplained"] == account["unexplained"]


# -- status


def test_status_shows_every_figure_with_its_age(clinic):
    status = clinic.status()
    assert set(status["devices"]) == set(DEVICES)
    for one in [*status["devices"].values(), *status["wires"], *status["links"]]:
        assert 0 <= one["age_s"] < NOT_UP_WITHIN_S
    assert all(0 <= one["age_s"] < NOT_UP_WITHIN_S for one in status["actors"].values())
    assert {one["state"] for one in status["devices"].values()} <= {"up", "stale"}
    shown = clinic.command("status").stdout
    for path in DEVICES:
        assert re.search(rf"^{path} +\S+ +(up|stale \d+ s) +\d+\.\d s ", shown, re.MULTILINE)


def test_status_follows_the_schema_and_has_the_addresses_of_the_devices(clinic):
    status = clinic.status()
    schema = json.loads(SCHEMA_FILE.read_text())
    validator = jsonschema.Draft202012Validator(schema)
    assert [error.message for error in validator.iter_errors(status)] == []
    assert status["devices"]["ward/door"]["address"] == f"127.0.0.1:{clinic.port}"
    assert status["devices"]["ward/bed"]["address"] is None


def test_status_says_why_an_actor_failed_and_where(clinic):
    (told,) = causes(clinic.status(), "failed")
    lines = (CLINIC.parent / "parts.py").read_text().splitlines()
    number = 1 + next(place for place, line in enumerate(lines) if "raise ValueError" in line)
    assert told.startswith("ward/door/fussy failed ")
    assert f"will not do (parts.py:{number}); made anew " in told


def test_status_says_which_wire_lost_readings_why_when_and_what_to_do(clinic):
    # A device that is busy may answer too late to be in the first.
    told = until(lambda: why_lost(clinic, r"last [01] s ago on ward/door"), "a fresh reason")
    overflow = next(one for one in told if "as overflow" in one)
    assert overflow.startswith("ward/door/flood → attic/sleeper/sleepy lost ")
    assert "latest(" in overflow.split(" | ")[1]
    poison = next(one for one in told if "as poison" in one)
    assert poison.startswith("ward/bed/pulse → ward/door/fussy lost ")
    assert "ValueError" in poison


def test_dead_letters_count_what_the_wires_have_lost(clinic):
    _, letter = until(lambda: with_letter(clinic, "overflow"), "a letter")
    assert (letter["device"], letter["from"]) == ("ward/door", "ward/door/flood")
    assert letter["what"] == "ward/door/flood → attic/sleeper/sleepy"
    assert letter["count"] > 0

    def caught_up():
        """Letters are asked for at the moment, the figures are of reports twice a second."""
        status = clinic.status()
        wire = next(one for one in status["wires"] if one["source"] == "ward/door/flood")
        return wire["dropped"]["overflow"] >= letter["count"]

    until(caught_up, f"a report of {letter['count']} lost")
    # What the wire had lost by then, a letter of later has counted.
    status = clinic.status()
    wire = next(one for one in status["wires"] if one["source"] == "ward/door/flood")
    lost = wire["dropped"]["overflow"]
    until(lambda: with_letter(clinic, "overflow")[1]["count"] >= lost, f"a letter of {lost} lost")


def why_lost(clinic, words):
    """Why readings were lost, once one of the reasons has such words."""
    told = causes(clinic.status(), "dropped")
    return told if any(re.search(words, one) for one in told) else None


def with_letter(clinic, reason):
    """A status, and the newest of its dead letters of a reason, once there is one."""
    status = clinic.status()
    found = [one for one in status["dead_letters"] if one["reason"] == reason]
    return (status, found[0]) if found else None


# -- trace


def test_trace_walks_every_wire_of_an_actor_hop_by_hop(clinic):
    found = clinic.trace("ward/door/fussy")
    assert list(found) == list(WIRES)[:2]
    for ends, wire in found.items():
        assert wire["way_planned"] == wire["way_now"] == WIRES[ends]
        assert [hop["device"] for hop in wire["hops"]] == WIRES[ends]
        assert all(hop["answers"] and hop["is_planned"] for hop in wire["hops"])
        parts = ["source", *["router"] * (len(WIRES[ends]) - 2), "target"]
        assert [hop["part"] for hop in wire["hops"]] == parts
        numbers = [hop["next"][0] for hop in wire["hops"][:-1]]
        assert len(set(numbers)) == len(numbers)


@pytest.mark.parametrize("ends", WIRES)
def test_the_counts_of_a_trace_add_up(clinic, ends):
    for _ in range(2):
        for wire in clinic.trace(ends[1]).values():
            assert wire["account"]["accepted"] > 0
            assert_adds_up(wire)


def test_trace_names_the_handler_that_loses_readings_and_its_line(clinic):
    def told():
        wire = clinic.trace("ward/bed/pulse")["ward/bed/pulse", "ward/door/fussy"]
        lost = [one for one in wire["findings"] if one["kind"] == "lost"]
        assert [one["place"] for one in lost] == ["ward/door"]
        assert "poison: the handler of ward/door/fussy raised: ValueError" in lost[0]["why"]
        assert "(parts.py:" in lost[0]["why"]
        return wire["hops"][-1]["handler"]["failures"] == lost[0]["readings"]

    # A device tells of its actors and of its wires one after the other, and one may fail between.
    until(told, "as many failures as readings lost by them")


def test_trace_names_the_slow_target_for_which_readings_wait_and_are_lost(clinic):
    ends = ("ward/door/flood", "attic/sleeper/sleepy")

    def waits():
        wire = clinic.trace(ends[0])[ends]
        found = [(one["place"], one["why"]) for one in wire["findings"]]
        reasons = [why for place, why in found if place == "ward/door"]
        return any(why.startswith(f"{ends[1]} gives no credit") for why in reasons) and wire

    wire = until(waits, "a moment without credit: it is given in large pieces")
    lost = {one["place"]: one for one in wire["findings"] if one["kind"] == "lost"}
    assert set(lost) == {"ward/door"}
    assert lost["ward/door"]["why"].startswith("overflow: ")


def test_trace_is_a_table_for_a_person(clinic):
    done = clinic.command("trace", "attic/sleeper/sleepy")
    assert done.returncode == 0
    head, _, source, target, total, *findings = done.stdout.splitlines()
    assert head.startswith("ward/door/flood → attic/sleeper/sleepy   stream")
    assert source.startswith("ward/door/flood ")
    assert re.search(r" overflow +credit \d+", source)
    assert target.startswith("attic/sleeper/sleepy ")
    assert re.match(r"\d+ accepted = \d+ delivered \+ \d+ lost \+ \d+ waiting", total)
    assert any(re.match(r"\d+ lost at ward/door: overflow: a full queue", one) for one in findings)
    assert any("ago on ward/door" in one and "overflow" in one for one in findings)


def test_what_devices_tell_twice_is_shown_once():
    """Not acknowledged may have arrived, and a reason on the way explains a gap counted before."""
    source = {"held": 5, "lost": {}, "outbox": {"waiting": 1, "dropped": {"overflow": 2}}}
    router = {"held": 9, "lost": {"no-route": 4}}
    target = {"held": 0, "lost": {}, "inlet": {"waiting": 1, "dropped": {"poison": 1}}}
    lost = {"overflow": 2, "no-route": 3, "poison": 1, "crash": 7}
    found = {"account": {"waiting": 4, "lost": lost}, "hops": [source, router, target]}
    share(found)
    assert [hop["held"] for hop in found["hops"]] == [2, 0, 0]
    told = [hop["lost"] for hop in found["hops"]]
    assert told == [{"overflow": 2}, {"no-route": 3}, {"poison": 1}]
    assert found["lost_elsewhere"] == {"crash": 7}


def test_what_a_board_had_kept_in_flash_takes_no_loss_from_another_place():
    source = {"held": 0, "lost": {}, "outbox": {"waiting": 0, "dropped": {"crash": -64}}}
    target = {"held": 0, "lost": {}}
    found = {"account": {"waiting": 0, "lost": {"crash": 36}}, "hops": [source, target]}
    share(found)
    assert [hop["lost"] for hop in found["hops"]] == [{}, {}]
    assert found["lost_elsewhere"] == {"crash": 36}


# -- logs


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("ward/bed/pulse", r"beat \d+0"),
        ("ward/door/fussy", r"ValueError: \d+ will not do \(parts.py:\d+\)"),
    ],
    ids=["on a board, by self.log", "on a host, its failures"],
)
def test_logs_shows_an_actors_own_lines_in_order(clinic, path, said):
    lines = lines_of(clinic.command("logs", path))
    assert lines
    assert all(re.fullmatch(said, line) for line in lines), lines
    numbers = [int(re.search(r"\d+", line).group()) for line in lines]
    assert numbers == list(range(numbers[0], numbers[-1] + 1, numbers[1] - numbers[0]))


def test_logs_of_a_device_shows_who_said_what(clinic):
    lines = lines_of(clinic.command("logs", "ward/bed"))
    assert 0 < len(lines) <= 16
    assert all(line.startswith(("ward/bed/pulse  beat ", "ward/bed/node  ")) for line in lines)


def test_logs_follows_until_it_is_interrupted_and_repeats_nothing(clinic):
    with follower_of(clinic) as follower:
        first = int(follower.wait_for("beat ").split()[-1])
        follower.wait_for(f"beat {first + 60}")  # far more than one look has
        os.kill(follower.pid, signal.SIGINT)
        assert follower.wait() == 130
        numbers = [int(line.split()[-1]) for line in follower.lines if "beat" in line]
        assert numbers == list(range(first, numbers[-1] + 1, 10))
        assert "Traceback" not in follower.output


def follower_of(clinic):
    """`logs --follow` of what talks; in a folder of its own, so that it ends alone."""
    folder = clinic.folder / "terminal"
    folder.mkdir(exist_ok=True)
    command = ("logs", clinic.file, "ward/bed/pulse", "--follow")
    return Process(folder, *command, **clinic.environment)


# -- wrong use


@pytest.mark.parametrize("command", ["trace", "logs"])
def test_an_unknown_path_is_refused_with_what_was_probably_meant(clinic, command):
    done = clinic.command(command, "ward/door/fuzzy")
    assert done.returncode == 2
    assert "ward/door/fuzzy: no such actor" in done.stderr
    assert "did you mean 'ward/door/fussy'?" in done.stderr
    assert clinic.command(command).returncode == 2


def test_an_actor_without_a_wire_is_no_unknown_one(clinic):
    assert "no wire begins or ends there" in clinic.command("trace", "ward/door/router").stderr
    assert clinic.command("logs", "ward/door/router").returncode == 0


@pytest.mark.parametrize(
    "command", [("status",), ("trace", "ward/door/fussy"), ("logs", "ward/bed")], ids=" ".join
)
@pytest.mark.parametrize("has_keys", [True, False], ids=["with keys", "without keys"])
def test_where_nothing_runs_it_says_which_command_starts_it(tmp_path, command, has_keys):
    here = Clinic(tmp_path)
    if not has_keys:
        (here.file.parent / "keys").rename(here.file.parent / "elsewhere")
    done = here.command(*command)
    assert done.returncode == 3
    assert "nothing runs" in done.stderr
    assert f"actors run {here.file}" in done.stderr
    assert f"actors up {here.file}" in done.stderr


@pytest.mark.parametrize("command", ["status", "trace", "logs"])
def test_each_has_help(tmp_path, command):
    done = finished(tmp_path, command, "--help")
    assert done.returncode == 0
    assert "SITE.py" in done.stdout


# -- devices that are not heard; these come last, they take devices away


def not_up(clinic, path):
    """Wait until `status` does not call a device up; what it says then, and at the limit of 7 s."""
    return until(lambda: clinic.state(path) != "up" and clinic.status(), f"{path} not up")


@pytest.mark.parametrize(
    ("path", "number"),
    [("attic/sleeper", signal.SIGSTOP), ("ward/bed", signal.SIGKILL)],
    ids=["SIGSTOP", "kill -9"],
)
def test_a_device_that_is_not_heard_is_stale_and_then_gone(clinics, path, number):
    clinic = clinics["up and node"]
    os.kill(clinic.desk.pid_of(path), number)
    device = not_up(clinic, path)["devices"][path]
    assert device["state"] in ("stale", "gone")
    assert device["age_s"] > 2
    status = until(lambda: (now := clinic.status())["devices"][path]["state"] == "gone" and now)
    device = status["devices"][path]
    assert not device["alive"]
    # It is called gone as soon as it is so old: a status later says the same.
    assert device["age_s"] >= 6
    assert not status["ok"]
    told = causes(status, "gone")
    assert any(one.startswith(f"{path} was not heard for ") for one in told), told
    assert any(f"actors node SITE.py {path}" in one for one in told)
    done = clinic.command("status")
    assert done.returncode == 1
    assert re.search(rf"^{path} .* gone \d+ s ", done.stdout, re.MULTILINE)


def test_no_status_calls_a_device_up_that_was_not_heard_for_seven_seconds(clinics):
    clinic = clinics["up and node"]
    for path in ("attic/sleeper", "ward/bed"):
        device = clinic.status()["devices"][path]
        assert device["age_s"] > NOT_UP_WITHIN_S or until(
            lambda path=path: clinic.status()["devices"][path]["age_s"] > NOT_UP_WITHIN_S
        )
        device = clinic.status()["devices"][path]
        assert (device["alive"], device["state"]) == (False, "gone")


def test_trace_names_the_device_that_does_not_answer_and_still_adds_up(clinics):
    clinic = clinics["up and node"]
    wire = clinic.trace("ward/door/flood")["ward/door/flood", "attic/sleeper/sleepy"]
    assert wire["way_now"] is None
    assert_adds_up(wire)
    silent = [one for one in wire["findings"] if one["kind"] == "silent"]
    assert [one["place"] for one in silent] == ["attic/sleeper"]
    assert re.match(r"not heard for \d+ s", silent[0]["why"])
    done = clinic.command("logs", "attic/sleeper")
    assert done.returncode == 3
    assert "attic/sleeper does not answer" in done.stderr


def test_status_says_what_a_roll_out_waits_for_and_who_is_not_placed(tmp_path):
    here = Clinic(tmp_path)
    with ExitStack() as stack:
        for path in ("office/desk", "office/clerk", "ward/door", "attic/sleeper"):
            stack.enter_context(start(here, path))
        until(lambda: len(living_in(tmp_path)) == 4 and _waits(here), "a roll-out that waits")
        status = here.status()
        (told,) = causes(status, "waiting")
        assert told.startswith("the roll-out waits for an answer of ward/bed, sent to ward/bed")
        assert "wire ward/bed/pulse → ward/door/fussy" in told
        assert "not placed: ward/bed/pulse" in told
        assert "actors node SITE.py ward/bed" in told
        assert status["devices"]["ward/bed"]["state"] == "not heard yet"
        assert not status["ok"]


def _waits(here):
    rows = (here.known() or {}).get("rollout", [])
    return [row["device"] for row in rows] == ["ward/bed"] and rows[0]["says"]


def test_a_device_that_begins_anew_is_explained_and_its_log_goes_on(clinics):
    clinic = clinics["run"]
    with follower_of(clinic) as follower:
        follower.wait_for("beat ")
        end_process(clinic.desk.pid_of("ward/bed"))
        follower.wait_for("ward/bed has begun anew")
        try:
            until(lambda: "beat" in follower.lines[-1], "lines of its new start")
        except AssertionError as error:
            error.add_note(f"{follower.output}\n{clinic.process.output}")
            raise
    status = until(lambda: (now := clinic.status())["devices"]["ward/bed"]["restarts"] and now)
    assert any("ward/bed began anew once" in one for one in causes(status, "restarted"))


# -- the live screen of `run`


class Screen:
    """`run` at a terminal of its own: what it draws."""

    def __init__(self, clinic):
        self.text = ""
        self._folder = clinic.folder
        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 60, 160, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "actors", "run", clinic.file, "--json", "out.json"],
            cwd=clinic.folder,
            env=environment_of(clinic.folder, TERM="xterm", **clinic.environment),
            stdin=subprocess.DEVNULL,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        threading.Thread(target=self._read, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for pid in [self.process.pid, *living_in(self._folder)]:
            end_process(pid)
        self.process.wait()

    def state(self, path):
        """What it said last of a device."""
        plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", self.text)
        found = re.findall(rf"{path} +\S+ +(up|stale|gone|cut off|not heard yet)", plain)
        return found[-1] if found else None

    def _read(self):
        while True:
            try:
                data = os.read(self._ours, 1 << 16)
            except OSError:  # whoever drew has ended
                return
            self.text += data.decode(errors="replace")


@pytest.mark.parametrize(
    "frozen", ["attic/sleeper", "office/desk"], ids=["a device", "the controller"]
)
def test_the_screen_of_run_does_not_show_a_frozen_device_as_up(tmp_path, frozen):
    here = Clinic(tmp_path)
    with Screen(here) as screen:
        until(lambda: all(screen.state(path) == "up" for path in DEVICES), "all up")
        os.kill(here.desk.pid_of(frozen), signal.SIGSTOP)
        until(lambda: screen.state(frozen) == "stale", "stale")
        until(lambda: screen.state(frozen) == "gone", "gone")
        # Of a controller that says nothing nobody knows how the others are.
        expected = "up" if frozen != "office/desk" else "gone"
        until(lambda: screen.state("office/clerk") == expected, expected)
        screen.process.send_signal(signal.SIGINT)
        assert screen.process.wait(60) == 1
        device = json.loads((tmp_path / "out.json").read_text())["devices"][frozen]
        assert (device["alive"], device["state"]) == (False, "gone")
