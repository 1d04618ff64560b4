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

# What is not run on 32 bits, where it takes two to three times as long as on 64; all the others
# together take a minute of processor time. None needs what the port lacks: sockets and processes.
FILES_LEFT_OUT = {
    "test_resume": "more than 80 s of processor time",
    "test_reliable": "20 s of processor time",
    "test_watch": "20 s of processor time",
}
TESTS_LEFT_OUT = {
    "test_full": {"test_random_bursts_leave_every_ledger_exact_with_every_policy": "27 s"},
    "test_credit": {"test_random_losses_never_close_a_wire_and_every_gap_is_counted_once": "9 s"},
}
CHOSEN = [path for path in FILES if path.stem not in FILES_LEFT_OUT]

pytestmark = pytest.mark.portable
needs_port = pytest.mark.skipif(bool(why_not_32_bits()), reason=why_not_32_bits() or "")


@needs_port
@pytest.mark.parametrize("path", CHOSEN, ids=[path.stem for path in CHOSEN])
def test_every_test_of_the_file_passes_on_32_bits(path):
    assert_passes("wasm", path, TESTS_LEFT_OUT.get(path.stem, ()))


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
    known = {path.stem: path.read_text() for path in FILES}
    assert set(FILES_LEFT_OUT) <= set(known)
    for stem, names in TESTS_LEFT_OUT.items():
        for name in names:
            assert f"def {name}(" in known[stem]


def test_without_node_the_reason_and_the_remedy_are_said(monkeypatch):
    monkeypatch.setattr(shutil, "which", lambda _name: None)
    said = why_not_32_bits.__wrapped__()
    assert said == "no node here, so not tried on 32 bits: apt install nodejs npm, then make test"
