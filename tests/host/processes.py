"""The command line as real processes, for tests: started, watched, ended and looked for.

Everything a test starts here, and everything that starts in turn, inherits a TMPDIR of the test's
own. So it can be found again, whoever its parent is by then, and two runs never share a flash.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

from actors.client import Console

ROOT = Path(__file__).parent.parent.parent
SITES = Path(__file__).parent / "sites_to_run"
ORCHARD = SITES / "orchard" / "site.py"
_first_ports = iter(range(20000 + os.getpid() % 500 * 16, 31000, 16))
LIMIT_S = 30.0  # generous: a condition that never comes fails, a slow machine does not


class Process:
    """`python -m actors …` in a folder of its own, its output read line by line."""

    def __init__(self, folder, *arguments, **environment):
        self.folder = folder
        self.lines = []
        self._child = subprocess.Popen(
            [sys.executable, "-m", "actors", *map(str, arguments)],
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


class Orchard(Process):
    """A run of the orchard: what its sink has written, what its controller knows.

    `port` is the first of its addresses: the left board's, then the gate's, the hall's, the desk's.
    """

    def __init__(self, folder, *options):
        self.port = free_ports(4)
        command = ("run", ORCHARD, "--json", "out.json", *options)
        super().__init__(folder, *command, FIRST_PORT=str(self.port))

    def values(self, source):
        """The readings of a sensor that have arrived, in order."""
        file = self.folder / "rows.csv"
        text = file.read_text() if file.exists() else ""
        whole = [row.split(",") for row in text[: text.rfind("\n") + 1].splitlines()]
        return [int(value) for name, value in whole if name == source]

    def wait_for_more(self, *sources, count=5):
        """Wait until so many more readings of each sensor have arrived."""
        before = {source: len(self.values(source)) for source in sources}

        def have_come():
            assert self.is_running, self.output
            return all(len(self.values(one)) >= before[one] + count for one in sources)

        until(have_come, f"{count} more readings of {sources}")

    def device(self, path):
        """What a device has told the controller."""
        with Console("127.0.0.1", self.port + 3) as console:
            return console.ask("house/desk/controller", "status")["devices"][path]

    def summary(self):
        """What --json wrote."""
        return json.loads((self.folder / "out.json").read_text())


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


def free_ports(count, hosts=("127.0.0.1",), apart=1000):
    """The first of `count` ports in a row that nobody uses, nor those of their taps.

    None is given twice: who got them may not listen yet.
    """
    for first in _first_ports:
        numbers = [first + step + tap for step in range(count) for tap in (0, apart)]
        if all(_is_free(host, port) for host in hosts for port in numbers):
            return first
    raise AssertionError("no free ports from 20000 to 31000")


def _is_free(host, port):
    with socket.socket() as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            one.bind((host, port))
        except OSError:
            return False
    return True
