"""Links between processes, MicroPython at one end; and how UNIX sockets are found.

The MicroPython side is a real process that serves its end with `select.poll`, as a board does.
"""

import io
import os
import pty
import select
import shutil
import signal
import subprocess
import sys

import pytest

from actors.serial import open_port
from mp_actors import listen
from mp_actors.clock import SystemClock
from mp_actors.links import unix
from mp_actors.links.uart import UartLink
from tests.house import ROOT, find_tool

LIMIT_S = 30
HOST, PORT = "127.0.0.1", 7
DATA = bytes(range(256)) * 120  # 30 KiB: more than a terminal holds

# Sends back everything until the other end closes; then says so and ends.
ECHO = """
import select, sys
from mp_actors import listen
from mp_actors.links import unix
from mp_actors.links.uart import UartLink

class Clock:
    def ticks_ms(self):
        import time
        return time.ticks_ms()

def accepted(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    assert poll.poll(10000)
    return listen.accept(listener)[0]

def serve(link):
    poll = select.poll()
    poll.register(link.sock, select.POLLIN)
    waiting, total = b"", 0
    while True:
        poll.poll(min(5 if waiting else 1000, link.step() if hasattr(link, "step") else 1000))
        got = link.read(1024)
        while got:
            waiting += got
            total += len(got)
            got = link.read(1024)
        if got == b"":
            break
        if waiting:
            waiting = waiting[link.write(waiting):]
    link.close()
    link.close()
    for call in (lambda: link.write(b"x"), lambda: link.read(1)):
        try:
            call()
            print("not refused")
        except OSError:
            pass
    print(link.transport, total)
"""

DIAL = "unix.FOLDER = sys.argv[1]\nserve(unix.UnixLink(unix.dial('127.0.0.1', 7), 'host'))\n"
LISTEN = """
unix.FOLDER = sys.argv[1]
listener = unix.listen('127.0.0.1', 7)
print('listening' if listener else 'no folder')
if listener:
    serve(unix.UnixLink(accepted(listener), 'host'))
    unix.remove('127.0.0.1', 7)
"""
SERIAL = """
port = open(int(sys.argv[1]), 'r+b')
serve(UartLink(port, 'host', Clock(), int(sys.argv[2])))
"""


class Board:
    """A MicroPython process that runs ECHO and then some lines."""

    def __init__(self, lines, *arguments, keeps=()):
        # -c knows no arguments, so they are put where a script finds them.
        given = f"import sys\nsys.argv[1:] = {[str(one) for one in arguments]}\n"
        command = [find_tool("micropython", "MICROPYTHON"), "-X", "heapsize=256k", "-c"]
        self.child = subprocess.Popen(
            [*command, given + ECHO + lines],
            env={"MICROPYPATH": f"{ROOT}:.frozen"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            pass_fds=keeps,
        )

    def said(self):
        """Its lines, once it has ended well."""
        text, _ = self.child.communicate(timeout=LIMIT_S)
        assert self.child.returncode == 0, text
        return text.splitlines()

    def line(self):
        """The next line it says."""
        return self.child.stdout.readline().strip()

    def kill(self):
        self.child.kill()
        self.child.wait()
        self.child.stdout.close()


@pytest.fixture
def board():
    """Starts boards; kills those that are left."""
    started = []

    def start(*arguments, **options):
        started.append(Board(*arguments, **options))
        return started[-1]

    yield start
    for one in started:
        one.kill()


def accepted(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    assert poll.poll(LIMIT_S * 1000)
    return listen.accept(listener)[0]


def echoed(link, data):
    """Write all of data; returns what came back."""
    poll = select.poll()
    poll.register(link.sock, select.POLLIN)
    came, sent = b"", 0
    while len(came) < len(data):
        wait_ms = link.step() if hasattr(link, "step") else 1000
        if sent < len(data):
            sent += link.write(data[sent : sent + 5000])
            wait_ms = min(wait_ms, 5)
        poll.poll(wait_ms)
        came += link.read(4096) or b""
    return came


# --- UNIX sockets ---------------------------------------------------------------------------------


def test_a_board_dials_a_host_by_a_unix_socket(sockets, board):
    with unix.listen(HOST, PORT) as listener:
        process = board(DIAL, sockets)
        link = unix.UnixLink(accepted(listener), "board")
        assert echoed(link, DATA) == DATA
        link.close()
        assert process.said() == [f"unix {len(DATA)}"]


def test_a_host_dials_a_board_by_a_unix_socket(sockets, board):
    assert unix.dial(HOST, PORT) is None  # which makes the folder, private
    process = board(LISTEN, sockets)
    assert process.line() == "listening"
    link = unix.UnixLink(unix.dial(HOST, PORT), "board")
    assert echoed(link, DATA) == DATA
    link.close()
    assert process.said() == [f"unix {len(DATA)}"]
    assert unix.dial(HOST, PORT) is None  # it removed its file


def test_a_board_that_finds_no_private_folder_makes_none(sockets, board):
    assert board(LISTEN, sockets).said() == ["no folder"]
    assert os.listdir(os.path.dirname(sockets)) == []


LISTENER = """
import sys, time
from mp_actors.links import unix
unix.FOLDER = sys.argv[1]
kept = unix.listen("127.0.0.1", 7)
print("listening", flush=True)
time.sleep(60)
"""
DIALLER = """
import sys
from mp_actors.links import unix
unix.FOLDER = sys.argv[1]
print(unix.dial("127.0.0.1", 7))
"""


def test_the_file_of_a_killed_process_is_no_obstacle(sockets):
    command = [sys.executable, "-c", LISTENER, sockets]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout.readline() == "listening\n"
        unix.dial(HOST, PORT).close()
        child.send_signal(signal.SIGKILL)
    (folder,) = os.scandir(sockets % os.getuid())
    assert os.listdir(folder) == ["127.0.0.1-7.sock"]
    assert unix.dial(HOST, PORT) is None
    with unix.listen(HOST, PORT):
        unix.dial(HOST, PORT).close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces")
def test_a_process_in_another_network_finds_no_file(sockets):
    with unix.listen(HOST, PORT):
        command = [sys.executable, "-c", DIALLER, sockets]
        found = []
        for prefix in ([], [shutil.which("unshare"), "--net"]):
            done = subprocess.run(
                [*prefix, *command], cwd=ROOT, capture_output=True, text=True, check=True
            )
            found.append(done.stdout)
        assert found[0].startswith("<socket.socket")
        assert found[1] == "None\n"


@pytest.mark.parametrize("kind", ["open to others", "a link", "a file"])
def test_a_folder_that_another_could_write_is_not_used(kind, sockets, tmp_path):
    folder = sockets % os.getuid()
    if kind == "open to others":
        os.mkdir(folder)
        os.chmod(folder, 0o770)
    elif kind == "a link":
        (tmp_path / "elsewhere").mkdir(mode=0o700)
        os.symlink(tmp_path / "elsewhere", folder)
    else:
        os.close(os.open(folder, os.O_CREAT, 0o600))
    assert (unix.listen(HOST, PORT), unix.dial(HOST, PORT)) == (None, None)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a folder away")
def test_the_folder_of_another_user_is_not_used(sockets):
    folder = sockets % os.getuid()
    os.mkdir(folder, 0o700)
    os.chown(folder, 65534, -1)
    assert (unix.listen(HOST, PORT), unix.dial(HOST, PORT)) == (None, None)


@pytest.mark.usefixtures("sockets")
@pytest.mark.parametrize("host", ["a/b", "../x", "h" * 100])
def test_an_address_that_is_no_file_name_is_left_to_tcp(host):
    assert (unix.listen(host, PORT), unix.dial(host, PORT)) == (None, None)


def test_where_there_are_no_unix_sockets_nothing_happens(sockets, monkeypatch):
    monkeypatch.setattr(unix, "_FAMILY", None)
    assert (unix.listen(HOST, PORT), unix.dial(HOST, PORT)) == (None, None)
    unix.remove(HOST, PORT)
    assert not os.path.exists(sockets % os.getuid())


def test_the_folder_is_private_and_a_listener_can_remove_its_file(sockets):
    with unix.listen(HOST, PORT):
        assert os.stat(sockets % os.getuid()).st_mode & 0o777 == 0o700
        unix.remove(HOST, PORT)
        unix.remove(HOST, PORT)
        assert unix.dial(HOST, PORT) is None


# --- a serial line --------------------------------------------------------------------------------


@pytest.mark.parametrize("bytes_per_ms", [0, 200])
def test_a_board_at_the_other_end_of_a_terminal_echoes_and_sees_the_close(bytes_per_ms, board):
    ours, theirs = pty.openpty()
    with io.FileIO(ours, "r+") as port, open_port(os.ttyname(theirs)) as terminal:
        os.set_blocking(ours, False)
        os.close(theirs)
        process = board(SERIAL, terminal.fileno(), bytes_per_ms, keeps=[terminal.fileno()])
        link = UartLink(port, "board", SystemClock())
        assert echoed(link, DATA) == DATA
        link.close()
        assert process.said() == [f"uart {len(DATA)}"]


def test_a_board_that_starts_again_on_the_line_is_told_from_the_one_before(board):
    ours, theirs = pty.openpty()
    with io.FileIO(ours, "r+") as port, open_port(os.ttyname(theirs)) as terminal:
        os.set_blocking(ours, False)
        os.close(theirs)
        for _ in range(2):
            process = board(SERIAL, terminal.fileno(), 0, keeps=[terminal.fileno()])
            link = UartLink(port, "board", SystemClock())
            assert echoed(link, b"hello") == b"hello"
            process.kill()
        board(SERIAL, terminal.fileno(), 0, keeps=[terminal.fileno()])
        poll = select.poll()
        poll.register(port, select.POLLIN)
        with pytest.raises(OSError, match="the other end began anew"):
            read_on(poll, link)


def read_on(poll, link):
    """Read until something breaks."""
    while poll.poll(LIMIT_S * 1000):
        link.read(100)
