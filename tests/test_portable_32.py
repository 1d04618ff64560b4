"""Runs the files of `tests/kernel/` on 32 bits, as boards have: integers that change their kind at
2**30, words and pointers of four bytes. Floats have 64 bits here; an ESP32's have 32.

The interpreter is MicroPython's WebAssembly port under node; what a chip would lend it (chance and
AES) comes from node. Where there is no node, each test is skipped and says what to install.
"""

import shutil

import pytest

from tests.portable import (
    FILES,
    assert_passes,
    assert_tells_good_from_bad,
    run_portable,
    why_not_32_bits,
)

# Files that are not run on 32 bits, where they take two to three times as long as on 64; all the
# others together take 45 s. None needs what the port lacks, which is sockets and processes.
NOT_ON_32_BITS = {
    "test_resume": "more than 80 s of processor time",
    "test_full": "45 s of processor time",
    "test_reliable": "20 s of processor time",
    "test_watch": "20 s of processor time",
    "test_credit": "17 s of processor time",
}
CHOSEN = [path for path in FILES if path.stem not in NOT_ON_32_BITS]

pytestmark = pytest.mark.portable
needs_port = pytest.mark.skipif(bool(why_not_32_bits()), reason=why_not_32_bits() or "")


@needs_port
@pytest.mark.parametrize("path", CHOSEN, ids=[path.stem for path in CHOSEN])
def test_every_test_of_the_file_passes_on_32_bits(path):
    assert_passes("wasm", path)


@needs_port
def test_the_runner_tells_good_from_bad_on_32_bits(tmp_path):
    assert_tells_good_from_bad("wasm", tmp_path)


@needs_port
def test_the_port_of_32_bits_has_the_integers_of_a_board(tmp_path):
    path = tmp_path / "test_width.py"
    path.write_text(
        "import sys, time\n"
        "def test_width():\n"
        "    assert sys.implementation.name == 'micropython' and sys.maxsize == 2**31 - 1\n"
        "    assert time.ticks_add(2**30 - 1, 1) == 0\n"
    )
    done = run_portable("wasm", [path])
    assert done.returncode == 0, done.stdout


def test_what_is_left_out_exists():
    assert set(NOT_ON_32_BITS) <= {path.stem for path in FILES}


def test_without_node_the_reason_and_the_remedy_are_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    said = why_not_32_bits.__wrapped__()
    assert said == "no node here, so not tried on 32 bits: apt install nodejs npm, then make test"
