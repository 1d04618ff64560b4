"""The command line as real processes, for tests: started, watched, ended and looked for.

Everything a test starts here, and everything that starts in turn, inherits a TMPDIR of the test's
own. So it can be found again, whoever its parent is by then, and two runs never share a flash.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from itertools import pairwise
from pathlib import Path

from actors.check import load_checked
from actors.client import Console
from actors.keystore import Store
from actors.launch import TAP_PORT_OFFSET
from actors.runner import DRAIN_S

ROOT = Path(__file__).parent.parent.parent
SITES = Path(__file__).parent / "sites_to_run"
ORCHARD = SITES / "orchard" / "site.py"
PORTS_IN_A_ROW = 16
# Between the blocks of a row there is room for their taps. Above, Linux takes ports by itself.
_first_ports = (
    first
    for row in range(20000, 32000, 2 * TAP_PORT_OFFSET)
    for first in range(row, row + TAP_PORT_OFFSET - PORTS_IN_A_ROW, PORTS_IN_A_ROW)
)
_held_ports = []
LIMIT_S = 30.0  # generous: a condition that never comes fails, a slow machine does not


class Process:
    """`python -m actors …` in a folder of its own, its output read line by line."""

    before = ()  # words in front of the command

    def __init__(self, folder, *arguments, **environment):
        self.folder = folder
        self.lines = []
        self._child = subprocess.Popen(
            [*self.before, sys.executable, "-m", "actors", *map(str, arguments)],
            cwd=folder,
            env=environment_of(folder, **environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        self.pid = self._child.pid
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def output(self):
        """All it has said so far."""
        return "\n".join(self.lines)

    @property
    def is_running(self):
        """Whether it has not ended."""
        return self._child.poll() is None

    def wait_for(self, *words, limit_s=LIMIT_S):
        """The first line that holds all the words."""

        def found():
            if not self.is_running:
                self._reader.join(LIMIT_S)  # what it said last still counts
            line = next((line for line in self.lines if all(one in line for one in words)), None)
            assert line is not None or self.is_running, f"ended without {words}:\n{self.output}"
            return line

        return until(found, f"{words} in\n{self.output}", limit_s)

    def interrupt(self):
        """Ctrl-C: a terminal sends it to every process of the foreground group."""
        self.send(signal.SIGINT)

    def send(self, number):
        """Send a signal to it and its process group."""
        os.killpg(self.pid, number)

    def close_stdin(self):
        """What happens to a child's standard input when its parent ends, however it does."""
        self._child.stdin.close()

    def kill(self):
        """End it without a chance to say or do anything."""
        self._child.kill()
        self._child.wait()

    def wait(self, limit_s=LIMIT_S):
        """Its exit code, with its output complete."""
        code = self._child.wait(limit_s)
        self._reader.join(limit_s)
        return code

    def end(self):
        """Leave nothing behind, whatever the test found."""
        for pid in [self.pid, *living_in(self.folder)]:
            end_process(pid)
        self._child.wait()

    def _read(self):
        for line in self._child.stdout:
            self.lines.append(line.rstrip("\n"))


class Inside(Process):
    """A process in a network namespace."""

    def __init__(self, space, folder, *arguments, **environment):
        self.before = ("ip", "netns", "exec", space)  # which becomes the command
        super().__init__(folder, *arguments, **environment)


class Desk:
    """What the controller of a site knows, asked as `run` asks it: with the keys of a console."""

    def __init__(self, file, port, host="127.0.0.1"):
        device = load_checked(file).topology.controller_device
        self._path = f"{device.path}/controller"
        self._asked = host, port, device.number, Store.beside(file).console_keys()

    def ask(self, kind):
        """The controller's answer. *Raises* UnreachableError."""
        with Console(*self._asked) as console:
            return console.ask(self._path, kind)

    def status(self):
        """All it knows."""
        return self.ask("status")

    def device_status(self, path):
        """What a device has told it."""
        return self.status()["devices"][path]

    def link(self, *between):
        """What is known of the link between two devices; None if there never was one."""
        links = self.status()["links"]
        return next((one for one in links if set(one["between"]) == set(between)), None)

    def pid_of(self, path):
        """The process of a device, once it has told which that is."""
        return until(lambda: self.device_status(path)["pid"], f"a report of {path}")

    def rested_status(self):
        """See `rested_status`."""
        return rested_status(self.ask)


def rested_status(ask):
    """What is known once every sensor rests, every device has said so since, and what was under
    way has arrived, or has had the time for it that `run` gives. ask(kind): the controller.
    """
    rested_s = []

    def at_rest():
        status = ask("status")
        if not all(one["rested"] for one in status["devices"].values()):
            return None
        rested_s.append(time.monotonic())
        under_way = any(row["in_flight"] or row["unexplained"] for row in status["wires"])
        return status if not under_way or rested_s[-1] - rested_s[0] > DRAIN_S else None

    ask("halt")
    return until(at_rest, "a site at rest")


class Orchard(Process):
    """A run of the orchard: what its sink has written, what its controller knows.

    `port` is the first of its addresses: the left board's, then the gate's, the hall's, the desk's.
    """

    def __init__(self, folder, *options, seal="ccm"):
        self.port = free_ports(4)
        self.file = with_keys(folder, ORCHARD, SEAL=seal)
        self.desk = Desk(self.file, self.port + 3)
        command = ("run", self.file, "--json", "out.json", *options)
        super().__init__(folder, *command, FIRST_PORT=str(self.port), SEAL=seal)

    def values(self, source):
        """The readings of a sensor that have arrived, in order."""
        rows = whole_rows(self.folder / "rows.csv")
        return [int(value) for name, value in rows if name == source]

    def wait_for_more(self, *sources, count=5):
        """Wait until so many more readings of each sensor have arrived."""
        before = {source: len(self.values(source)) for source in sources}

        def have_come():
            assert self.is_running, self.output
            return all(len(self.values(one)) >= before[one] + count for one in sources)

        until(have_come, f"{count} more readings of {sources}")

    def device(self, path):
        """What a device has told the controller."""
        return self.desk.device_status(path)

    def summary(self):
        """What --json wrote."""
        return json.loads((self.folder / "out.json").read_text())


class Arrivals:
    """What the sink of a site has written: seconds of arrival, source, value, and more."""

    def __init__(self, file):
        self._file = file

    def rows(self, source):
        """(seconds, value, …) of a sensor's readings, in the order of their arrival."""
        return [
            (float(at_s), int(value), *rest)
            for at_s, name, value, *rest in whole_rows(self._file)
            if name == source
        ]

    def values(self, source):
        """A sensor's readings in the order of their arrival."""
        return [row[1] for row in self.rows(source)]

    def silence_s(self, source, since_s):
        """The longest time without a reading of a sensor that ended after that moment."""
        moments = [row[0] for row in self.rows(source)]
        return max(after_s - at_s for at_s, after_s in pairwise(moments) if after_s > since_s)

    def wait_for_more(self, *sources, count=10):
        """Wait until so many more readings of each sensor have arrived."""
        before = {source: len(self.rows(source)) for source in sources}

        def have_come():
            return all(len(self.rows(one)) >= before[one] + count for one in sources)

        until(have_come, f"{count} more readings of {sources}")


def whole_rows(file):
    """The rows of a file that somebody still writes: what has no end yet is left out."""
    text = file.read_text() if file.exists() else ""
    return [row.split(",") for row in text[: text.rfind("\n") + 1].splitlines()]


def with_keys(folder, file, **environment):
    """A copy of a site in a folder of the test's own, with keys beside it; its site file."""
    copy = folder / file.parent.name
    shutil.copytree(file.parent, copy, ignore=shutil.ignore_patterns("__pycache__"))
    done = finished(folder, "keys", copy / file.name, **environment)
    assert done.returncode == 0, done.stderr
    return copy / file.name


def environment_of(folder, **more):
    """What a process of a test finds in its environment."""
    return {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(folder), **more}


def finished(folder, *arguments, **environment):
    """A command that ends by itself: its exit code, standard output and standard error."""
    return subprocess.run(
        [sys.executable, "-m", "actors", *map(str, arguments)],
        cwd=folder,
        env=environment_of(folder, **environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=2 * LIMIT_S,
        check=False,
    )


def until(condition, what="the condition", limit_s=LIMIT_S):
    """What condition() returns once it is true; fails if that takes longer than the limit."""
    deadline = time.monotonic() + limit_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {limit_s:g} s: {what}"
        time.sleep(0.05)


def living_in(folder):
    """The processes that were started, by whomever, with this folder as TMPDIR."""
    mark = b"TMPDIR=" + os.fsencode(folder)
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                words = (entry / "environ").read_bytes().split(b"\0")
            except OSError:  # it has just ended, or is somebody else's
                continue
            if mark in words:
                found.append(int(entry.name))
    return found


def end_process(pid):
    """Kill a process that a test started, if it still lives."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass


def free_ports(count, hosts=("127.0.0.1",)):
    """The first of `count` ports in a row that nobody uses, nor those of their taps.

    None is given twice, neither here nor by another run of the tests that still goes on: who got
    them may not listen yet.
    """
    assert count <= PORTS_IN_A_ROW
    for first in _first_ports:
        numbers = [first + step + tap for step in range(count) for tap in (0, TAP_PORT_OFFSET)]
        if _is_ours(first) and all(_is_free(host, port) for host in hosts for port in numbers):
            return first
    raise AssertionError("no free ports from 20000 to 32000")


def _is_ours(first):
    """Whether this process has the ports from `first` on to itself, as long as it lives."""
    folder = Path(tempfile.gettempdir()) / f"mp-actors-ports-{os.getuid()}"
    folder.mkdir(exist_ok=True)
    lock = (folder / str(first)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return False
    _held_ports.append(lock)
    return True


def _is_free(host, port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True
