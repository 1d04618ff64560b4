"""Every command as a person calls it, and calls it wrongly: exit codes, texts, and no traceback.

Exit codes: 0 good, 1 ran and failed, 2 wrong use or a wrong site, 3 nobody there.
"""

import json
import re
import signal
import socket

import pytest
from processes import (
    ORCHARD,
    ROOT,
    Process,
    finished,
    free_ports,
    living_in,
    until,
    with_keys,
)

COMMANDS = ("run", "node", "up", "check", "plan", "keys", "tap")

WRONG_SITE = """
from parts import Pulse, Rows
from actors import Pipeline, Topology

site = Topology("wrong")
house = site.domain("house")
desk = house.device("desk")
house.device("9lives")
flow = Pipeline("wrong")
rows = flow.add(Rows, at="house/desc", file="rows.csv")
pulse = flow.add(Pulse, at=desk)
rows >> pulse
"""
WRONG = (  # line, and what is said about it
    (8, "for example 'device-9lives'"),
    (10, "nothing is wired to rows"),
    (10, "did you mean 'house/desk'?"),
    (12, "rows is a sink and has no output"),
    (12, "pulse is a sensor and takes no input"),
)

# Loaded before anything else: whoever opens a socket or starts a process fails at once.
GUARD = """
import sys

def refuse(event, arguments):
    if event.startswith(("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn")):
        raise SystemExit("refused: " + event)

sys.addaudithook(refuse)
"""


@pytest.fixture
def wrong_site(tmp_path):
    """A site file with mistakes, and the modules it imports."""
    folder = tmp_path / "wrong"
    folder.mkdir()
    (folder / "parts.py").write_text((ORCHARD.parent / "parts.py").read_text())
    (folder / "site.py").write_text(WRONG_SITE)
    return folder / "site.py"


def assert_tidy(done, code):
    """It ended with this exit code and without a traceback."""
    said = done.stdout + done.stderr
    assert done.returncode == code, said
    assert "Traceback" not in said


# -- help and wrong use


def test_without_a_command_the_commands_are_listed(tmp_path):
    done = finished(tmp_path)
    assert_tidy(done, 2)
    for command in COMMANDS:
        assert re.search(rf"\b{command}\b", done.stdout + done.stderr)


@pytest.mark.parametrize("command", [(), *((one,) for one in COMMANDS)])
def test_help_explains(command, tmp_path):
    done = finished(tmp_path, *command, "--help")
    assert_tidy(done, 0)
    assert "Usage:" in done.stdout
    assert "--addresses" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("rum", ORCHARD), "rum"),
        (("run",), "SITE.py"),
        (("node", ORCHARD), "DEVICE"),
        (("run", ORCHARD, "--seconds", "soon"), "--seconds"),
        (("run", ORCHARD, "--seconds", "0"), "--seconds"),
        (("tap", "nowhere", "pulse"), "expected HOST:PORT"),
        (("tap", "127.0.0.1:99999", "pulse"), "65535"),
        (("tap", "127.0.0.1:7400", "pulse", "--count", "0"), "--count"),
        (("run", ORCHARD, "--json", "no/such/folder/out.json"), "no/such/folder"),
        (("plan", ORCHARD, "--json", "no/such/folder/out.json"), "no/such/folder"),
    ],
)
def test_wrong_use_is_refused_with_a_word_about_it(arguments, words, tmp_path):
    done = finished(tmp_path, *arguments)
    assert_tidy(done, 2)
    assert words in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize(
    ("wrong", "meant"), [("yard/lefft", "did you mean 'yard/left'?"), ("cellar", "known are: ")]
)
def test_an_unknown_device_is_answered_with_those_there_are(wrong, meant, tmp_path):
    done = finished(tmp_path, "node", ORCHARD, wrong)
    assert_tidy(done, 2)
    assert f"{wrong}: no such device; {meant}" in done.stderr


# -- wrong sites


@pytest.mark.parametrize("command", ["check", "plan", "run", "up", "node"])
def test_a_wrong_site_is_refused_with_all_its_errors_at_once(command, wrong_site, tmp_path):
    device = ("house/desk",) if command == "node" else ()
    done = finished(tmp_path, command, wrong_site, *device)
    assert_tidy(done, 2)
    assert done.stdout == ""
    errors = done.stderr.split("wrong/site.py:")[1:]
    assert len(errors) == len(WRONG)
    for error, (line, text) in zip(errors, WRONG, strict=True):
        assert error.startswith(f"{line}: error: ")
        assert text in error
    assert "5 errors; nothing was started" in done.stderr
    assert living_in(tmp_path) == []


@pytest.mark.parametrize("command", ["check", "run"])
def test_a_missing_file_is_refused_with_the_one_that_was_meant(command, tmp_path):
    done = finished(tmp_path, command, ORCHARD.parent / "sight.py")
    assert_tidy(done, 2)
    assert "no such site file" in done.stderr
    assert "did you mean 'site.py'?" in done.stderr


def test_a_syntax_error_is_shown_at_its_line(tmp_path):
    (tmp_path / "site.py").write_text("from actors import Topology\nsite = Topology(\n")
    done = finished(tmp_path, "run", "site.py")
    assert_tidy(done, 2)
    assert "site.py:2: error: syntax error" in done.stderr


# -- check and plan


@pytest.mark.parametrize("arguments", [("check",), ("plan", "--json", "-"), ("plan",)])
def test_nothing_is_started_or_contacted_by(arguments, tmp_path):
    (tmp_path / "sitecustomize.py").write_text(GUARD)
    path = f"{tmp_path}:{ROOT}"
    command, *options = arguments
    done = finished(tmp_path, command, ORCHARD, *options, PYTHONPATH=path)
    assert_tidy(done, 0)
    assert done.stdout
    # The guard is on: what does contact somebody is stopped by it.
    stopped = finished(tmp_path, "tap", "127.0.0.1:9", "pulse", PYTHONPATH=path)
    assert "refused: socket." in stopped.stderr


def test_a_plan_says_who_runs_what_and_which_way_wires_take(tmp_path):
    done = finished(tmp_path, "plan", ORCHARD, "--json", "plan.json")
    assert_tidy(done, 0)
    plan = json.loads((tmp_path / "plan.json").read_text())
    assert plan["controller"] == "house/desk"
    assert plan["devices"]["yard/left"]["board"] == "virtual"
    assert plan["actors"]["yard/left/fussy"]["role"] == "filter"
    wire = next(one for one in plan["wires"] if one["source"] == "yard/left/fussy")
    assert wire["way"] == ["yard/left", "yard/gate", "house/hall", "house/desk"]
    assert wire["hops"] == 2
    assert "yard/left/fussy" in done.stdout


def test_a_good_site_is_said_to_be_good(tmp_path):
    done = finished(tmp_path, "check", ORCHARD)
    assert_tidy(done, 0)
    assert "good; 5 devices, 3 domains" in done.stdout


# -- single devices


@pytest.mark.parametrize(
    ("command", "place"), [(("node", "yard/gate"), 1), (("up",), 3), (("node", "yard/left"), 1000)]
)
def test_a_port_that_is_taken_is_said(command, place, tmp_path):
    first = free_ports(4)
    with socket.create_server(("127.0.0.1", first + place)):
        name, *device = command
        site = with_keys(tmp_path, ORCHARD, FIRST_PORT=str(first))
        done = finished(tmp_path, name, site, *device, FIRST_PORT=str(first))
    assert_tidy(done, 1)
    assert f"cannot listen on 127.0.0.1:{first + place}" in done.stdout + done.stderr


@pytest.mark.parametrize("how", ["SIGINT", "SIGTERM", "its parent has gone"])
@pytest.mark.parametrize("device", ["yard/gate", "yard/left"], ids=["worker", "board"])
def test_a_single_device_ends_by(how, device, tmp_path):
    first = free_ports(4)
    # A worker listens, and so does a board with a tap: then it serves.
    port = first + (1 if device == "yard/gate" else 1000)
    site = with_keys(tmp_path, ORCHARD, FIRST_PORT=str(first))
    command = ("node", site, device, "--attached")
    with Process(tmp_path, *command, FIRST_PORT=str(first)) as process:
        until(lambda: not process.is_running or _answers(port), f"port {port}: {process.output}")
        if how in signal.Signals.__members__:
            process.send(signal.Signals[how])
        else:
            process.close_stdin()
        code = process.wait()
        assert "Traceback" not in process.output
        # MicroPython has no signals but Ctrl-C: the system ends it.
        assert code == (-signal.SIGTERM if (how, device) == ("SIGTERM", "yard/left") else 0)
        assert living_in(tmp_path) == []


def _answers(port):
    with socket.socket() as one:
        return one.connect_ex(("127.0.0.1", port)) == 0


# -- nobody there


def test_a_tap_where_nobody_listens_says_so(tmp_path):
    done = finished(tmp_path, "tap", f"127.0.0.1:{free_ports(1)}", "pulse")
    assert_tidy(done, 3)
    assert "does the device have a tap?" in done.stderr
