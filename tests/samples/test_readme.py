"""The README tells the truth: its code, its commands and its links are tried."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ACTORS = [sys.executable, "-m", "actors"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
START_S = 40


@pytest.fixture
def folder(tmp_path):
    """A folder with the files the README shows, as its first-line comments name them."""
    for name in ("parts.py", "site.py", "test_parts.py", "read_tap.py"):
        (tmp_path / name).write_text(snippet(f"# {name}"), encoding="utf-8")
    return tmp_path


def test_the_site_runs_and_any_program_reads_its_tap(folder):
    run = start([*ACTORS, "run", "site.py", "--seconds", "6", "--json", "out.json"], folder)
    tap = wait_for(run, r"tap at (\S+)")[1]
    wait_for(run, r"office/desk/mean \d")
    readings = output([sys.executable, "read_tap.py", tap], folder).splitlines()
    assert len(readings) == 5
    assert all(line.startswith("['soil-moisture', ") for line in readings)
    assert run.wait(timeout=START_S) == 0, run.stdout.read()
    summary = json.loads((folder / "out.json").read_text())
    assert summary["ok"]
    assert summary["devices"]["field/probe"]["interpreter"] == "micropython"
    assert any(wire["hops"] == 1 and wire["delivered"] for wire in summary["wires"])


def test_the_tests_shown_pass(folder):
    output([sys.executable, "-m", "pytest", "-q", "test_parts.py"], folder)


def test_another_device_is_one_more_line(folder):
    with (folder / "site.py").open("a") as file:
        file.write(snippet("# site.py, one line more"))
    assert "field/probe-2/soil-moisture" in output([*ACTORS, "plan", "site.py"], folder)


def test_one_operator_is_two_each_for_its_source(folder):
    with (folder / "site.py").open("a") as file:
        file.write(snippet("# site.py, one line more") + snippet("# site.py, one operator as two"))
    planned = output([*ACTORS, "plan", "site.py"], folder)
    rows = [row.split() for row in planned.splitlines() if "deadband-" in row and "/soil" in row]
    assert [[end.rpartition("/")[2] for end in row[1:3]] for row in rows] == [
        ["soil-moisture", "deadband-1"], ["soil-moisture", "deadband-2"]
    ]


def test_a_board_with_parts_from_the_shelf_measures_the_world_shown(folder):
    with (folder / "site.py").open("a") as file:
        file.write(snippet("# site.py, with a sensor from the shelf and a lamp"))
    (folder / "world.py").write_text(snippet("# world.py"))
    run = start([*ACTORS, "run", "site.py", "--seconds", "20"], folder)
    wait_for(run, r"field/probe/dht22 21\.0")
    run.send_signal(signal.SIGINT)
    text = run.communicate(timeout=START_S)[0]
    assert run.returncode == 0, text


def test_what_a_full_wire_does_is_said_where_it_is_drawn(folder):
    site = (folder / "site.py").read_text().replace("soil >> calm >> mean >> show\n", "")
    (folder / "site.py").write_text(site + snippet("# site.py, another last line"))
    text = output([*ACTORS, "run", "site.py", "--seconds", "3", "--json", "out.json"], folder)
    summary = json.loads((folder / "out.json").read_text())
    assert summary["ok"], text
    deliveries = {one["source"].split("/")[2]: one["delivery"] for one in summary["wires"]}
    assert deliveries == {"soil-moisture": "stream", "deadband": "latest", "mean": "reliable"}


def test_what_a_board_keeps_in_flash_is_said_where_its_wire_is_drawn(folder):
    site = (folder / "site.py").read_text().replace("soil >> calm >> mean >> show\n", "")
    added = snippet("# site.py, a last line for a board that is often alone")
    (folder / "site.py").write_text(site + added)
    text = output([*ACTORS, "run", "site.py", "--seconds", "3", "--json", "out.json"], folder)
    summary = json.loads((folder / "out.json").read_text())
    assert summary["ok"], text
    (wire,) = [one for one in summary["wires"] if one["source"].endswith("/deadband")]
    assert wire["delivered"] > 0


def test_a_second_gateway_takes_over_in_the_simulator(folder):
    site = (folder / "site.py").read_text()
    (folder / "site.py").write_text(site + snippet("# site.py, a second gateway"))
    (folder / "test_site.py").write_text(snippet("# test_site.py"))
    output([sys.executable, "-m", "pytest", "-q", "test_site.py"], folder)
    (command,) = re.findall(r"^    actors (sim site\.py .*)$", README, re.MULTILINE)
    assert "ok: " in output([*ACTORS, *command.split()], folder)


def test_another_machine_is_an_address_and_the_same_file(folder):
    # Two loopback addresses stand for the two machines.
    there = {"192.168.1.10": "127.0.0.1", "192.168.1.20": "127.0.0.2"}
    site = (folder / "site.py").read_text()
    for line in snippet("# site.py, on two machines").splitlines()[1:]:
        name = line.split(" =")[0]
        for shown, real in there.items():
            line = line.replace(shown, real)
        site = re.sub(rf"^{name} = .*$", line, site, flags=re.MULTILINE)
    (folder / "site.py").write_text(site)
    shown = re.findall(r"^    actors ((?:keys|up|node) .*?) +# ", README, re.MULTILINE)
    keys, *commands = shown
    assert [command.split()[0] for command in shown] == ["keys", "up", "node", "node"]
    output([*ACTORS, *keys.split()], folder)
    processes = {one: start([*ACTORS, *one.split()], folder) for one in commands}
    try:
        wait_for(processes["node site.py office/desk"], r"office/desk/mean \d")
    finally:
        for process in processes.values():
            process.terminate()
            process.wait(timeout=START_S)


def test_a_device_is_given_its_keys_and_others_by_the_commands_shown(folder):
    (export,) = re.findall(r"^    actors (keys .* --export .*)$", README, re.MULTILINE)
    rotate, revoke = (f"--{what} field/probe" for what in ("rotate", "revoke"))
    assert f"`{rotate}`" in README
    assert f"`{revoke}`" in README
    output([*ACTORS, "keys", "site.py"], folder)
    assert "keys/office.desk.json" in output([*ACTORS, *export.split()], folder)
    assert "revoked" in output([*ACTORS, "keys", "site.py", *revoke.split()], folder)
    assert "rotated" in output([*ACTORS, "keys", "site.py", *rotate.split()], folder)
    files = [folder / "office.desk.json", *(folder / "keys").glob("*.json")]
    assert [file.stat().st_mode & 0o777 for file in files] == [0o600] * 2
    assert (folder / "keys").stat().st_mode & 0o777 == 0o700


def test_a_link_without_a_seal_is_asked_for_and_a_serial_line_is_declared(folder):
    site = (folder / "site.py").read_text()
    plain = 'site.link(gate, desk, seal="plain")'
    assert f"`{plain}`" in README
    for line in (plain, snippet("# site.py, over a serial line")):
        (folder / "site.py").write_text(site + line)
        assert "good" in output([*ACTORS, "check", "site.py"], folder)


def test_a_handler_that_waits_stores_what_comes(folder):
    (folder / "archive.py").write_text(snippet("# archive.py"))
    program = "import asyncio, archive, sqlite3; one = archive.Archive('a.db'); "
    program += "asyncio.run(one.write(2.5)); "
    program += "print(*sqlite3.connect('a.db').execute('SELECT * FROM readings'))"
    assert output([sys.executable, "-c", program], folder) == "(None, 0, 2.5)\n"


def test_a_profile_beside_the_site_is_taken_and_every_place_is_explained(folder):
    site = (folder / "site.py").read_text()
    assert "mean = flow.add(Mean, at=desk, window_ms=1000)" in site
    (folder / "site.py").write_text(site.replace("Mean, at=desk,", "Mean,"))
    (profile,) = re.findall(r"^```json\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    (folder / "site.profile.json").write_text(profile)
    commands = re.findall(r"^    actors (plan site\.py .*?) +# ", README, re.MULTILINE)
    assert [command.split()[2] for command in commands] == ["--why", "--placement"]
    why, exact = (output([*ACTORS, *command.split()], folder) for command in commands)
    assert "field/probe/mean: costs least; next best field/gate" in why
    assert "placed by exact" in exact
    assert "proven" in exact


def test_an_experiment_compares_placements(tmp_path):
    (text,) = re.findall(r"^```toml\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    alarm = tmp_path / "alarm"
    shutil.copytree(ROOT / "samples" / "experiments" / "alarm", alarm)
    (alarm / "short.toml").write_text(text)
    said = output([*ACTORS, "experiment", "alarm/short.toml"], tmp_path)
    assert "on-the-pc is the fastest" in said
    assert "on-the-pc" in (tmp_path / "runs" / "short" / "index.html").read_text()
    for file in re.findall(r"^    actors experiment (\S+)", README, re.MULTILINE):
        assert (ROOT / file).is_file()


def test_a_site_with_one_on_each_board_is_measured_and_planned_by_that(folder):
    (each,) = re.findall(r"`(flow\.each\(.*?\))`", README)
    site = (folder / "site.py").read_text()
    one = "flow.add(SoilMoisture, at=probe, pin=32)"
    assert one in site
    (folder / "site.py").write_text(site.replace(one, each))
    (command,) = re.findall(r"^    actors (profile site\.py .*)$", README, re.MULTILINE)
    assert "--seconds 10 " in command
    told = output([*ACTORS, *command.replace("--seconds 10 ", "--seconds 1 ").split()], folder)
    assert "site.profile.json: written" in told
    why = output([*ACTORS, "plan", "site.py", "--why", "soil-moisture"], folder)
    assert re.search(r"rate_hz \S+ \(measured\)", why)


def test_a_board_with_a_watchdog_is_declared(folder):
    site = (folder / "site.py").read_text()
    line = snippet("# site.py, a board with a watchdog")
    site = re.sub(r"^probe = .*$", line, site, flags=re.MULTILINE)
    (folder / "site.py").write_text(site)
    assert "good" in output([*ACTORS, "check", "site.py"], folder)


def test_an_asyncio_program_that_finds_nobody_says_so(folder):
    (folder / "ask.py").write_text(snippet("# ask.py"))
    output([*ACTORS, "keys", "site.py"], folder)
    asked = subprocess.run(
        [sys.executable, "ask.py"], cwd=folder, env=ENVIRONMENT, capture_output=True, text=True,
        timeout=START_S,
    )
    assert "UnreachableError: office/desk does not answer: 127.0.0.1:" in asked.stderr


def test_every_command_and_target_named_exists(folder):
    helped = output([*ACTORS, "--help"], folder)
    for command in re.findall(r"^\| `actors (\w+)", README, re.MULTILINE):
        assert command in helped
        output([*ACTORS, command, "--help"], folder)
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"(?:^    |`)make ([a-z-]+)", README, re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_a_board_is_flashed_by_the_commands_shown(folder):
    board, flash = re.findall(r"^    actors ((?:board|flash) .*?) +#", README, re.MULTILINE)
    virtual = start([*ACTORS, *board.split()], folder, TMPDIR=str(folder))
    try:
        port = wait_for(virtual, r"^(/dev/\S+)$")[1]
        *words, shown = flash.split()
        assert shown.startswith("/dev/pts/")
        said = output([*ACTORS, *words, port], folder)
        assert "field/probe: flashed" in said
        sent, of = map(int, re.search(r"sent (\d+) of (\d+) files", said).groups())
        assert sent == of
        stated = int(re.search(r"first time that is about (\d+) files", README)[1])
        assert abs(sent - stated) < stated / 5
        assert "nothing to send" in output([*ACTORS, *words, port], folder)
    finally:
        virtual.terminate()
        virtual.wait(timeout=START_S)


def test_a_real_board_is_declared(folder):
    site = (folder / "site.py").read_text()
    for line in snippet("# site.py, with a real board").splitlines()[1:]:
        site = re.sub(rf"^{line.split(' =')[0]} = .*$", line, site, flags=re.MULTILINE)
    (folder / "site.py").write_text(site)
    assert "good" in output([*ACTORS, "check", "site.py"], folder)


def test_every_link_leads_to_a_file():
    links = re.findall(r"\]\(([^)]+)\)", README)
    assert len(links) > 5
    for link in links:
        assert (ROOT / link).exists(), link


def snippet(first_line):
    """The code block that begins with this comment."""
    for block in re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL):
        head = block.split("\n", 1)[0]
        if head == first_line or head.startswith(first_line + " - "):
            return block
    raise AssertionError(f"the README has no block that begins with {first_line!r}")


def start(command, folder, **environment):
    return subprocess.Popen(
        command,
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def output(command, folder):
    done = subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=START_S
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def wait_for(process, pattern):
    """The first line of a process that matches, as a match."""
    seen = []
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        line = process.stdout.readline()
        seen.append(line)
        found = re.search(pattern, line)
        if found:
            return found
        if not line and process.poll() is not None:
            break
    raise AssertionError(f"no line like {pattern!r} in:\n{''.join(seen)}")
