"""`actors flash` with the real mpremote, on virtual boards at serial ports.

The site has a board, `far/probe`, a gate that the board dials, and a desk with the controller.
"""

import os
import re
import shutil
import socket
import stat
import subprocess
import sys

import pytest
import serial
from ported import Board
from processes import ROOT, SITES, Arrivals, Process, finished, free_ports, until, with_keys

from actors.boards import port as ports
from actors.boards.image import image
from actors.boards.interpreter import BoardError, find
from actors.boards.onboard import MAIN, install
from actors.boards.probe import Found, differences, probe
from actors.boards.reach import wifi_of
from actors.boards.remote import Remote
from actors.check import load_checked
from actors.flash import Flasher
from actors.flash_all import flash_all
from actors.plan import make_plan
from mp_actors.errors import ActorsError

SITE = SITES / "two_machines" / "site.py"
THERE, PROBE = "127.0.0.2", "far/probe"
OLD = "with open('starts', 'a') as file:\n    file.write('x')\n"
NOBODY = 65534

# A radio that refuses: what ESP32 says of a wrong password.
NETWORK = """
STA_IF, STAT_CONNECTING, STAT_WRONG_PASSWORD = 0, 1001, 202

class WLAN:
    def __init__(self, kind):
        self.key = None
    def active(self, on):
        pass
    def isconnected(self):
        return self.key == "right"
    def connect(self, name, key):
        self.key = key
    def status(self):
        return STAT_WRONG_PASSWORD
    def ifconfig(self):
        return ("10.0.0.7",)
    def config(self, **_):
        pass
    def disconnect(self):
        self.key = None
"""
NO_WAY = """
class socket:
    def settimeout(self, s):
        pass
    def connect(self, address):
        raise OSError(113)

def getaddrinfo(*_):
    return [(None,)]
"""


class Bench:
    """A board at a port, a site, and what has become of its devices."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_ports(1, ("127.0.0.1", THERE))
        self.environment = {"FIRST_PORT": str(self.port)}
        self.file = with_keys(folder, SITE, **self.environment)
        self.board = Board(folder, folder / "flash")

    def flash(self, *options, device=PROBE, **environment):
        """The command, with the board's port if no other is named."""
        words = options or ("--port", self.board.port)
        return finished(
            self.folder, "flash", self.file, device, *words, **self.environment, **environment
        )

    def flashed(self, **environment):
        """What the command says when it ends well."""
        done = self.flash(**environment)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def refused(self, *options, **environment):
        """Why the command does not end well."""
        done = self.flash(*options, **environment)
        assert done.returncode == 1, done.stdout + done.stderr
        return done.stderr

    def restart(self):
        """Plug the board in again: another port, the same flash."""
        self.board.kill()
        self.board = Board(self.folder, self.board.flash)

    def start(self, *command):
        """A device of the site."""
        return Process(self.folder, *command, **self.environment)


@pytest.fixture(scope="module")
def kernel():
    """What every board gets, compiled once: {path: content}."""
    files, _ = image(SITE.parent, {}, find(), (), None, has_wifi=True)
    return {path: content for path, content in files.items() if path.startswith("lib/")}


@pytest.fixture
def blank(tmp_path):
    """With a board that has nothing in its flash."""
    made = Bench(tmp_path)
    yield made
    made.board.end()  # and whatever else was started


@pytest.fixture
def bench(blank, kernel):
    """With a board that has the kernel already, which saves each test ten seconds."""
    for path, content in kernel.items():
        file = blank.board.flash / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    return blank


def in_flash(bench):
    """Every file of the board but its hardware: {path: content}."""
    flash = bench.board.flash
    return {
        path.relative_to(flash).as_posix(): path.read_bytes()
        for path in flash.rglob("*")
        if path.is_file() and path.relative_to(flash).parts[0] not in ("peripherals", "next")
    }


def starts(bench):
    """How often the board has begun with what it had before."""
    file = bench.board.flash / "starts"
    return len(file.read_text()) if file.exists() else 0


def test_a_flashed_board_is_part_of_a_site_that_runs_by_up_and_node(bench):
    assert "nothing of its site runs here yet; start it: actors up" in bench.flashed()
    arrivals = Arrivals(bench.folder / "arrivals.csv")
    bench.start("node", bench.file, "far/gate")
    bench.start("up", bench.file)
    arrivals.wait_for_more("far/probe/pulse")
    with (bench.file.parent / "parts.py").open("a") as file:
        file.write("CHANGED = True\n")
    said = bench.flashed()
    assert "sent 1 of" in said
    assert f"{PROBE}: is heard" in said
    arrivals.wait_for_more("far/probe/pulse")
    status = finished(bench.folder, "status", bench.file, **bench.environment).stdout
    assert re.search(r"^far/probe +micropython +up ", status, re.MULTILINE), status


def test_the_second_time_nothing_is_sent_and_what_changes_is(blank):
    first = blank.flashed()
    assert "MicroPython 1." in first
    before = in_flash(blank)
    assert f"sent {len(before)} of {len(before)} files" in first
    assert f"nothing to send: the board has all {len(before)} files" in blank.flashed()
    assert in_flash(blank) == before
    (blank.file.parent / "parts.py").rename(blank.file.parent / "kept.py")
    (blank.file.parent / "site.py").write_text(
        blank.file.read_text().replace("from parts", "from kept")
    )
    assert "; removed 1" in blank.flashed()
    assert "kept.mpy" in in_flash(blank)
    assert "parts.mpy" not in in_flash(blank)


def test_a_board_gets_its_own_keys_no_others_and_no_router(bench):
    bench.flashed()
    files = in_flash(bench)
    assert b'"site"' in files["config.json"]
    assert b"signing" not in files["config.json"]
    assert "lib/mp_actors/router.mpy" not in files
    assert "lib/mp_actors/sensors/dht.mpy" not in files
    modes = {stat.S_IMODE(path.stat().st_mode) for path in bench.board.flash.glob("*.json")}
    assert modes == {0o600}


def test_after_the_cable_was_pulled_half_way_the_board_has_what_it_had_and_the_rest_is_sent(blank):
    blank.board.write("main.py", OLD)
    words = ["flash", blank.file, PROBE, "--port", blank.board.port]
    with Process(blank.folder, *words, **blank.environment) as flash:
        waiting = blank.board.flash / "next"
        until(lambda: waiting.is_dir() and len(list(waiting.iterdir())) > 10, "ten files")
        blank.board.kill()
        assert flash.wait() == 1
        assert "cable" in flash.output
        assert "still starts what it had" in flash.output
        before = starts(blank)
        blank.restart()
        until(lambda: starts(blank) > before, "what it had")
        assert set(in_flash(blank)) - {"starts"} == {"main.py"}
        said = blank.flashed()
        assert " had arrived before" in said
        assert "nothing to send" in blank.flashed()


def test_a_reset_at_any_moment_while_files_are_put_into_place_is_made_good(tmp_path, monkeypatch):
    old = {"main.py": "old main", "lib/k/one.mpy": "old", "gone.py": "gone", "own.txt": "own"}
    new = {"lib/k/one.mpy": "new", "lib/k/deep/two.mpy": "two", "main.py": MAIN.format("boot")}
    program = install([(f"n{at}", path) for at, path in enumerate(new)], ["gone.py"])

    def put(folder, files):
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text)

    for steps in range(100):
        folder = tmp_path / str(steps)
        put(folder, {**old, **{f"next/n{at}": text for at, text in enumerate(new.values())}})
        put(folder, {"next/ready": program, "next/left-over": "of an earlier one"})
        monkeypatch.chdir(folder)
        is_cut = cut_after(steps, program)
        assert (folder / "main.py").exists()
        if is_cut and (folder / "next" / "ready").exists():
            exec(program, {})
        found = {p.relative_to(folder).as_posix(): p.read_text() for p in folder.rglob("*.*")}
        assert found == {**new, "own.txt": "own"}
        if not is_cut:
            return
    raise AssertionError("it never ended")


def cut_after(steps, program):
    """Run a program until its step of that number touches the disk. Whether it was cut off."""

    class Pulled(BaseException):
        pass

    class Disk:
        left = steps

        def __getattr__(self, name):
            if name in ("rename", "remove", "mkdir", "rmdir"):
                if not self.left:
                    raise Pulled
                self.left -= 1
            return getattr(os, name)

    real, sys.modules["os"] = sys.modules["os"], Disk()
    try:
        exec(program, {})
    except Pulled:
        return True
    finally:
        sys.modules["os"] = real
    return False


def test_ctrl_c_and_a_file_hold_keep_a_flashed_board_from_its_work(bench):
    bench.flashed()
    assert bench.board.mpremote("resume", "exec", "open('hold', 'w').close()") == ""
    bench.board.mpremote("reset")
    with serial.Serial(bench.board.port, timeout=20) as terminal:
        terminal.write(b"\x04")
        reason = b"because of the file hold"
        assert terminal.read_until(reason).endswith(reason)
    assert "sent" not in bench.flashed()


def test_the_kernel_of_a_board_holds_the_parts_its_actors_and_modules_name(tmp_path):
    (tmp_path / "parts.py").write_text("from mp_actors.actuators.switch import Switch\n")
    files, _ = image(tmp_path, {}, find(), ["mp_actors.sensors.dht:DHT22"], None, has_wifi=False)
    sent = {path.removeprefix("lib/mp_actors/") for path in files}
    assert {"sensors/dht.mpy", "wired.mpy", "actuators/switch.mpy", "boot.mpy"} <= sent
    assert not {"sensors/touch.mpy", "wired_i2c.mpy", "router.mpy", "wifi.mpy"} & sent


def test_a_module_that_is_not_python_is_said_with_its_line_and_nothing_is_sent(bench):
    before = in_flash(bench)
    (bench.file.parent / "more.py").write_text("fine = 1\ndef wrong(:\n    pass\n")
    said = bench.refused()
    assert "more.py:2: " in said
    assert "SyntaxError" in said
    assert in_flash(bench) == before


def test_a_board_whose_watchdog_is_on_is_held_still_while_it_is_flashed(bench):
    text = bench.file.read_text()
    bench.file.write_text(text.replace('board="virtual"', 'board="virtual", watchdog_ms=2000'))
    bench.flashed()
    assert b"safety" in in_flash(bench)["main.py"]
    with (bench.file.parent / "parts.py").open("a") as file:
        file.write("CHANGED = True\n")
    assert "sent 2 of" in bench.flashed()  # the digest of the code is in its config, too
    assert "hold" not in in_flash(bench)
    assert "nothing to send" in bench.flashed()


def test_all_attached_boards_are_flashed_as_what_they_are_and_the_others_told_apart(
    bench, monkeypatch
):
    bench.flashed()
    with (bench.file.parent / "parts.py").open("a") as file:
        file.write("CHANGED = True\n")
    monkeypatch.setenv("FIRST_PORT", str(bench.port))
    site = load_checked(bench.file)
    said = []
    flasher = Flasher(bench.file, site, make_plan(site), said.append, lambda *_: None)
    flash = f"actors flash {bench.file} {PROBE} --port"
    with Board(bench.folder, bench.folder / "blank") as blank:
        blank.write("main.py", OLD)
        with pytest.raises(BoardError) as caught:
            flash_all(flasher, [blank.port, bench.board.port], None, lambda: None)
        assert str(caught.value).splitlines() == [
            f"{blank.port}: is blank: no device was ever flashed to it; no board of {bench.file} "
            "is left for it; declare one more there",
            "1 of 2 boards flashed",
        ]
        assert any("sent 1 of" in line for line in said)
        until(lambda: (blank.flash / "starts").exists(), "what it had")
        with pytest.raises(BoardError) as caught:
            flash_all(flasher, [blank.port], None, lambda: None)
        remedy = f"to make it {PROBE}: {flash} {blank.port}"
        assert f"{blank.port}: is blank: no device was ever flashed to it; {remedy}" in str(
            caught.value
        )
        shutil.copytree(bench.board.flash, blank.flash, dirs_exist_ok=True)
        with pytest.raises(BoardError) as caught:
            flash_all(flasher, [bench.board.port, blank.port], None, lambda: None)
        so_is = f"{blank.port}: is {PROBE}, and so is the board at {bench.board.port}"
        assert so_is in str(caught.value)
        config = blank.flash / "config.json"
        config.write_text(config.read_text().replace(PROBE, "barn/one"))
        with pytest.raises(BoardError) as caught:
            flash_all(flasher, [blank.port], None, lambda: None)
        said_of = f"{blank.port}: is barn/one, which is no board of {bench.file}; {remedy}"
        assert said_of in str(caught.value)


def test_make_flash_is_the_same_command():
    done = subprocess.run(
        ["make", "-n", "flash", "SITE=a/site.py", "DEVICE=field/one", "PORT=/dev/ttyUSB0"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )
    assert "-m actors flash a/site.py field/one --port /dev/ttyUSB0" in done.stdout


def test_a_real_board_is_started_by_nobody_else(bench):
    text = bench.file.read_text()
    text = text.replace('board="virtual", host="127.0.0.2"', 'board="esp32"')
    bench.file.write_text(text)
    assert "good" in finished(bench.folder, "check", bench.file, **bench.environment).stdout
    node = finished(bench.folder, "node", bench.file, PROBE, **bench.environment)
    assert node.returncode == 2
    assert f"actors flash {bench.file} {PROBE}" in node.stderr
    bench.start("node", bench.file, "far/gate")
    run = bench.start("run", bench.file)
    run.wait_for(PROBE, "is not local; start it there: actors flash")
    assert "is heard" in bench.flashed()


# What goes wrong


def test_a_port_that_is_not_there_or_no_serial_port_is_said(bench):
    assert "/dev/nothing: no such port" in bench.refused("--port", "/dev/nothing")
    assert "expected a serial port" in bench.refused("--port", bench.file)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may stand in for somebody else")
def test_without_permission_the_group_to_join_is_named(bench):
    os.chmod(bench.board.port, 0o660)
    os.chown(bench.board.port, -1, 20)
    os.seteuid(NOBODY)
    try:
        with pytest.raises(BoardError, match=r"no permission; it belongs to the group \w+, you"):
            ports.check(bench.board.port)
    finally:
        os.seteuid(0)


def test_a_busy_port_names_the_process_that_has_it(bench):
    holding = "import sys, time; f = open(sys.argv[1], 'rb', 0); print(1, flush=True); "
    holding += "time.sleep(99)"
    with subprocess.Popen(
        [sys.executable, "-c", holding, bench.board.port], stdout=subprocess.PIPE
    ) as other:
        other.stdout.readline()
        said = bench.refused()
        other.kill()
    assert f"is in use by python (pid {other.pid}); end that first" in said


def test_a_port_that_somebody_unseen_has_is_told_from_a_cable_that_was_pulled(bench):
    remote = Remote(bench.board.port)
    with (
        serial.Serial(bench.board.port, exclusive=True),
        pytest.raises(BoardError, match=r"a program of another user has it; .* sudo lsof /dev/p"),
    ):
        probe(remote)


def test_where_no_micropython_answers_the_command_that_puts_one_there_is_given(monkeypatch):
    monkeypatch.setattr("actors.boards.remote.IDLE_S", 3.0)
    master, slave = os.openpty()
    with pytest.raises(BoardError, match=r"no MicroPython: .*esptool --port /dev/pts/\S+ --chip"):
        probe(Remote(os.ttyname(slave)))
    os.close(master)
    os.close(slave)


def test_a_micropython_too_old_is_refused_by_its_version(bench, monkeypatch):
    monkeypatch.setattr("actors.boards.probe.VERSION_MIN", (9, 0, 0))
    with pytest.raises(BoardError, match=r"MicroPython 1\.\d+\.\d+ is too old, 9\.0\.0 is needed"):
        probe(Remote(bench.board.port))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a flash of a certain size")
def test_a_flash_that_is_full_says_so_and_the_board_has_what_it_had(blank):
    flash = blank.board.flash
    blank.board.kill()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=128k", "none", flash], check=True)
    try:
        blank.board = Board(blank.folder, flash)
        blank.board.write("main.py", OLD)
        said = blank.refused()
        assert "its flash is full" in said
        assert "KB are needed; nothing was changed" in said
        assert set(in_flash(blank)) - {"starts"} == {"main.py"}
        # Whoever comes to the board now ends its program, which may not have begun yet.
        until(lambda: starts(blank), "what it had")
        (blank.folder / "big").write_bytes(bytes(200_000))
        with pytest.raises(BoardError, match="its flash is full; the board still starts"):
            Remote(blank.board.port).copy([blank.folder / "big"], "next", lambda _: None)
        before = starts(blank)
        blank.refused()
        until(lambda: starts(blank) > before, "what it had")
    finally:
        blank.board.kill()
        subprocess.run(["umount", "-l", flash], check=True)


def test_a_wifi_that_refuses_is_said_before_anything_is_changed(bench):
    bench.board.write("network.py", NETWORK)
    said = bench.refused(ACTORS_WIFI="barn:wrong")
    assert "Wi-Fi 'barn' refused the board: wrong password (status 202)" in said
    assert "main.py" not in in_flash(bench)
    assert "joined Wi-Fi 'barn', there it is 10.0.0.7" in bench.flashed(ACTORS_WIFI="barn:right")
    assert b'"barn"' in in_flash(bench)["wifi.json"]
    with serial.Serial(bench.board.port, timeout=20) as terminal:
        line = b"far/probe: Wi-Fi barn joined as 10.0.0.7"
        assert terminal.read_until(line).endswith(line)
    assert "nothing to send" in bench.flashed()  # what is on the board stays, and is not asked for
    bench.board.write("network.py", NETWORK.replace("right", "new"))
    assert "is flashed, but Wi-Fi 'barn' refused the board: wrong password" in bench.refused()


def test_a_router_that_only_this_machine_reaches_is_named_with_its_address(bench):
    bench.board.write("socket.py", NO_WAY)
    with socket.create_server((THERE, bench.port)):
        said = bench.refused()
    assert f"reaches none of its routers: tried {THERE}:{bench.port} (113" in said.replace(
        "[Errno 113] EHOSTUNREACH", "113"
    )


def test_an_address_that_means_the_board_itself_is_refused_for_a_real_board(bench, monkeypatch):
    monkeypatch.setenv("FIRST_PORT", str(bench.port))
    site = load_checked(bench.file)
    flasher = Flasher(bench.file, site, make_plan(site), print, lambda *_: None)
    real = Found(None, "esp32", "Generic ESP32 module", -1, 4096)
    with pytest.raises(BoardError, match=rf"dials far/gate at {THERE}:{bench.port}, which on a b"):
        flasher._config(site.topology.find(PROBE), real)


def test_which_devices_can_be_flashed_is_said(bench):
    done = bench.flash(device="far/prob")
    assert done.stderr == "far/prob: no such device; did you mean 'far/probe'?\n"
    assert done.returncode == 2
    for worker, command in (
        ("far/gate", f"actors node {bench.file} far/gate"),
        ("home/desk", f"actors up {bench.file}"),
    ):
        said = bench.flash(device=worker).stderr
        assert said == f"{worker}: is a worker, which no board can be; start it: {command}\n"


def test_what_is_no_wifi_is_said():
    assert wifi_of(None) is None
    assert wifi_of("barn:a:b") == {"name": "barn", "password": "a:b"}
    with pytest.raises(ActorsError, match="expected NAME:PASSWORD"):
        wifi_of("barn")


def test_the_other_form_of_a_module_goes_and_a_persons_own_files_stay():
    found = Found(None, "esp32", "", -1, 4096, flashed=["old.mpy", "gone.mpy"])
    found.files = dict.fromkeys(("one.py", "old.mpy", "own.py", "wifi.json", "main.py"), "x")
    news, gone = differences({"one.mpy": b"1", "main.py": b"2"}, found)
    assert news == ["one.mpy", "main.py"]
    assert gone == ["old.mpy", "one.py"]
