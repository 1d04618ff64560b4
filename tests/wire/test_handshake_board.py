"""A host and a board shake hands: two processes, CPython and MicroPython, and a pipe between them.

Each side has the cryptography it has in earnest: `cryptography` here, the portable modules there.
"""

import json
import os
import struct
import subprocess
from contextlib import contextmanager

import pytest

from actors.accel import crypto
from mp_actors.errors import RemoteWireError
from mp_actors.handshake import Handshake
from mp_actors.keyring import Keys
from tests.house import ROOT, find_tool
from tests.kernel.pairs import key_dict

HOST, BOARD = 1, 2
RECORDS = [b"", b"reading", bytes(range(256)) * 3]
HEAP = "heapsize=1m"  # the kernel arrives as source here, and compiling takes most of it

# Handshake after handshake until the pipe ends; after each, every record comes back reversed.
BOARD_PROGRAM = """
import json, os, struct, sys
from mp_actors.crypto import portable as crypto
from mp_actors.errors import RemoteWireError
from mp_actors.handshake import Handshake
from mp_actors.keyring import Keys

def receive():
    head = sys.stdin.buffer.read(4)
    return sys.stdin.buffer.read(struct.unpack("!I", head)[0]) if head else None

def send(data):
    sys.stdout.buffer.write(struct.pack("!I", len(data)) + data)

keys = Keys(json.loads(os.getenv("KEYS")))
is_dialler, records = sys.argv[1] == "dial", int(sys.argv[2])
frame = b""
while True:
    end = Handshake(crypto, keys, is_dialler, 1 if is_dialler else None)
    if is_dialler:
        send(crypto.run(end.write(b"board says hello")))
    frame = receive()
    if frame is None:
        break
    try:
        payload = crypto.run(end.read(frame))
    except RemoteWireError as error:
        send(error.answer or b"refused " + error.reason.encode())
        continue
    if not is_dialler:
        send(crypto.run(end.write(b"board answers " + payload)))
    for _ in range(records):
        data = end.seal.open(receive())
        end.confirm()
        send(end.seal.seal(bytes(reversed(data))))
"""


class Board:
    """A MicroPython process at the other end of a pipe."""

    def __init__(self, process):
        self._process = process

    def send(self, data):
        """One frame to the board."""
        self._process.stdin.write(struct.pack("!I", len(data)) + data)
        self._process.stdin.flush()

    def receive(self):
        """One frame from the board."""
        (size,) = struct.unpack("!I", self._process.stdout.read(4))
        return self._process.stdout.read(size)


@contextmanager
def board(role, seal="ccm", keys=None):
    """A board that dials or accepts, until the block ends; it has to end well."""
    data = json.dumps(keys or key_dict(BOARD, [HOST], seal=seal))
    process = subprocess.Popen(
        [
            find_tool("micropython", "MICROPYTHON"),
            *("-X", HEAP, "-c", BOARD_PROGRAM, role, str(len(RECORDS))),
        ],
        # Not as an argument: MicroPython takes none of more than 255 bytes.
        env={"PATH": os.defpath, "MICROPYPATH": f"{ROOT}:.frozen", "KEYS": data},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield Board(process)
        said, complaint = process.communicate(timeout=30)
        # A board that dials has begun the next handshake before the pipe ended.
        assert (process.returncode, complaint) == (0, b""), (said, complaint)
    finally:
        process.kill()
        process.wait()


def shake_hands(keys, other, is_dialler):
    """One handshake with the board; the host's end of it."""
    end = Handshake(crypto, keys, is_dialler, BOARD if is_dialler else None)
    if is_dialler:
        other.send(crypto.run(end.write(b"host")))
        assert crypto.run(end.read(other.receive())) == b"board answers host"
    else:
        assert crypto.run(end.read(other.receive())) == b"board says hello"
        other.send(crypto.run(end.write(b"host")))
    assert end.is_done
    return end


@pytest.mark.parametrize("seal", ["ccm", "fernet"])
@pytest.mark.parametrize("role", ["dial", "accept"])
def test_host_and_board_agree_and_resume(role, seal):
    keys = Keys(key_dict(HOST, [BOARD], seal=seal))
    with board(role, seal) as other:
        for has_met in (False, True, True):
            end = shake_hands(keys, other, role == "accept")
            assert end.is_resumed == has_met
            assert end.seal.name == seal
            for data in RECORDS:
                other.send(end.seal.seal(data))
                assert end.seal.open(other.receive()) == data[::-1]
                end.confirm()


def test_a_host_that_lost_its_secret_is_met_with_a_full_handshake_again():
    keys = Keys(key_dict(HOST, [BOARD]))
    with board("dial") as other:
        for round_number in range(2):
            end = shake_hands(keys, other, False)
            assert not end.is_resumed
            for data in RECORDS:
                other.send(end.seal.seal(data))
                assert end.seal.open(other.receive()) == data[::-1]
            end.confirm()
            if not round_number:
                keys.remember(BOARD, None)
                with pytest.raises(RemoteWireError) as caught:
                    crypto.run(Handshake(crypto, keys, False).read(other.receive()))
                assert caught.value.reason == "resume"
                other.send(caught.value.answer)
                assert other.receive() == b"refused resume"


def test_a_board_refuses_a_host_with_another_key_and_serves_the_right_one_then():
    wrong = key_dict(HOST, [BOARD])
    wrong["neighbours"][str(BOARD)]["psk"] = "00" * 32
    with board("accept") as other:
        for keys, reason in ((wrong, b"key"), (key_dict(3, [BOARD]), b"unknown")):
            end = Handshake(crypto, Keys(keys), True, BOARD)
            other.send(crypto.run(end.write(b"host")))
            assert other.receive() == b"refused " + reason
        end = shake_hands(Keys(key_dict(HOST, [BOARD])), other, True)
        for data in RECORDS:
            other.send(end.seal.seal(data))
            assert end.seal.open(other.receive()) == data[::-1]
