"""Taps: any program reads along with a virtual board of a run, and none of them disturbs it.

One run of the orchard serves the whole file. At its end its ledger is exact and nothing was lost,
so whatever the readers here did, the board did not feel it.
"""

import itertools
import json
import re
import socket
import struct
import subprocess
import sys
import time

import pytest
from processes import LIMIT_S, Orchard, Process, finished, until

# What anybody can write without the project: only the standard library.
SCRIPT = """
import json, socket, struct, sys

def read(count):
    data = b""
    while len(data) < count:
        data += tap.recv(count - len(data)) or sys.exit("closed")
    return data

tap = socket.create_connection((sys.argv[1], int(sys.argv[2])))
request = json.dumps({"sensor": "pulse", "every_ms": 100}).encode()
tap.sendall(struct.pack("!I", len(request)) + request)
for _ in range(3):
    length, = struct.unpack("!I", read(4))
    print(json.loads(read(length)))
"""


@pytest.fixture(scope="module")
def orchard(tmp_path_factory):
    """A run of the orchard; ended by Ctrl-C after the last test."""
    with Orchard(tmp_path_factory.mktemp("taps")) as process:
        process.wait_for_more("yard/left/pulse")
        yield process


@pytest.fixture(scope="module")
def address(orchard):
    """(host, port) of the tap, from the line that tells a person."""
    line = orchard.wait_for("yard/left", "tap at")
    host, port = re.search(r"tap at ([\d.]+):(\d+)", line).groups()
    return host, int(port)


class Reader:
    """A tap's client that reads only when told to."""

    def __init__(self, address, request, buffer_bytes=None):
        self.sock = socket.socket()
        if buffer_bytes:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer_bytes)
        self.sock.settimeout(LIMIT_S)
        self.sock.connect(address)
        if isinstance(request, dict):
            request = json.dumps(request).encode()
        self.sock.sendall(struct.pack("!I", len(request)) + request)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def next(self):
        """The next answer; None once the device has closed the connection."""
        head = self._read(4)
        if head is None:
            return None
        payload = self._read(struct.unpack("!I", head)[0])
        return None if payload is None else json.loads(payload)

    def _read(self, count):
        data = b""
        while len(data) < count:
            try:
                more = self.sock.recv(count - len(data))
            except ConnectionError:
                more = b""
            if not more:
                return None
            data += more
        return data


def test_the_tap_command_prints_readings_of_a_board(address, tmp_path):
    done = finished(tmp_path, "tap", f"{address[0]}:{address[1]}", "pulse", "--count", 3)
    assert (done.returncode, done.stderr) == (0, "")
    readings = [json.loads(line) for line in done.stdout.splitlines()]
    assert [name for name, _, _ in readings] == ["pulse"] * 3
    first = readings[0][2]
    assert [value for _, _, value in readings] == [first, first + 1, first + 2]
    moments_ms = [at_ms for _, at_ms, _ in readings]
    assert moments_ms == sorted(moments_ms)
    assert abs(moments_ms[0] - time.time() * 1000) < 3_600_000  # Unix time, whose clock it is


def test_a_script_of_the_standard_library_reads_too(address, tmp_path):
    # -I: it sees neither the project nor anything installed.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", SCRIPT, address[0], str(address[1])],
        cwd=tmp_path, capture_output=True, text=True, timeout=LIMIT_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("['pulse', ") == 3


def test_a_filter_can_be_tapped_by_its_whole_path(address):
    with Reader(address, {"sensor": "yard/left/fussy"}) as reader:
        readings = [reader.next() for _ in range(8)]
    assert {name for name, _, _ in readings} == {"yard/left/fussy"}
    assert [value for _, _, value in readings if value % 7 == 0] == []


def test_every_ms_leaves_readings_out(address):
    begun_s = time.monotonic()
    with Reader(address, {"sensor": "pulse", "every_ms": 200}) as reader:
        heard = [reader.next() for _ in range(4)]
    # The moment of a reading is not the one it is passed on, so not all of the 200 ms.
    assert all(later[1] - earlier[1] > 150 for earlier, later in itertools.pairwise(heard))
    # However late a reading comes, three times 200 ms are between the first and the fourth; a board
    # counts whole ones.
    assert time.monotonic() - begun_s >= 3 * 0.2 - 0.001
    assert heard[-1][2] - heard[0][2] > 3


def test_an_unknown_sensor_is_answered_with_the_names_there_are(address, tmp_path):
    done = finished(tmp_path, "tap", f"{address[0]}:{address[1]}", "puls")
    assert (done.returncode, done.stdout) == (3, "")
    for name in ("pulse", "fussy", "chatter"):
        assert name in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "request_",
    [
        b"garbage",
        b"[1, 2]",
        b'"pulse"',
        b"\xff\xfe\x00",
        b"[" * 200,
        b'{"sensor": "pulse", "every_ms": "often"}',
        b'{"sensor": ["pulse"]}',
        b"{}",
        b"x" * 300,
        b"",
    ],
)
def test_a_bad_request_closes_that_connection_only(address, request_):
    with Reader(address, {"sensor": "pulse"}) as other:
        assert other.next()[0] == "pulse"
        with Reader(address, request_) as reader:
            answer = reader.next()
            assert answer is None or list(answer) == ["error"]
            assert reader.next() is None
        first = other.next()[2]
        assert other.next()[2] == first + 1


def test_one_reader_too_many_is_turned_away_and_the_others_stay(address):
    readers = []
    try:
        for _ in range(4):
            readers.append(Reader(address, {"sensor": "pulse"}))
            assert readers[-1].next()[0] == "pulse"
        with Reader(address, {"sensor": "pulse"}) as fifth:
            assert fifth.next() is None
        assert [reader.next()[0] for reader in readers] == ["pulse"] * 4
    finally:
        for reader in readers:
            reader.sock.close()

    def is_free():
        with Reader(address, {"sensor": "pulse"}) as next_one:
            return next_one.next() is not None

    until(is_free, "a place that is free again")


def test_a_reader_that_does_not_read_misses_readings_and_slows_nobody(address):
    def number(reader):
        return reader.next()[2][0]

    with (
        Reader(address, {"sensor": "chatter"}, buffer_bytes=2048) as lazy,
        Reader(address, {"sensor": "chatter"}) as eager,
    ):
        # 3.4 MB in all: what the buffers of a connection hold, and half as much again.
        first = number(eager)
        assert [number(eager) for _ in range(1000)] == list(range(first + 1, first + 1001))
        earlier, later = number(lazy), number(lazy)
        while later == earlier + 1:
            assert later < first + 1000, "nothing was skipped"
            earlier, later = later, number(lazy)
        assert later > earlier + 1


def test_a_port_that_speaks_something_else_is_no_tap(address, tmp_path):
    host, port = address
    ordinary = f"{host}:{port - 999}"  # the port of the gate, for neighbours
    done = finished(tmp_path, "tap", ordinary, "pulse")
    assert done.returncode == 3
    assert done.stderr.startswith(f"{ordinary}: ")
    assert "is that the address of a tap?" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_device_that_dies_ends_the_tap_command(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as device:
        where = f"127.0.0.1:{device.getsockname()[1]}"
        with Process(tmp_path, "tap", where, "pulse") as process:
            connection, _ = device.accept()
            connection.recv(100)
            # A reset, as from a machine that was switched off and on again.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.close()
            assert process.wait() == 3
            assert process.output.startswith(f"{where}: ")
            assert "Traceback" not in process.output


def test_whatever_its_readers_did_the_board_lost_nothing(orchard):
    orchard.interrupt()
    assert orchard.wait() == 0, orchard.output
    summary = orchard.summary()
    assert summary["ok"]
    assert summary["devices"]["yard/left"]["tap"] in orchard.wait_for("tap at")
    assert summary["devices"]["yard/right"]["tap"] is None
    for wire in summary["wires"]:
        assert set(wire["dropped"]) <= {"poison"}, wire
        assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
