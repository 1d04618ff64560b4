"""Ten thousand cases of the fuzzer, and that it sees what it is there for."""

import random
import subprocess
import sys

import pytest
from rich.console import Console

from actors.accel import codec as fast
from mp_actors import connection, frame, router
from tests.fuzz.cases import LIVES, BrokenError, Cases, began, check_codec
from tests.fuzz.guided import one_input
from tests.fuzz.soak import run
from tests.house import ROOT

CASES = 10_000


def failures(cases, first=0):
    """The first case that fails, in a list."""
    return run(Console(quiet=True), cases, first, shown=1)


def test_ten_thousand_almost_right_conversations_break_nothing():
    targets = Cases()
    for number in range(CASES):
        targets.play(number)


def test_a_case_is_repeated_from_the_beginning_of_its_nodes_lives():
    def told(number):
        targets = Cases()
        for one in range(began(number), number + 1):
            targets.play(one)
        return [repr(sorted(one.node.links.link_errors.items())) for one in targets.plain]

    assert began(LIVES + 5) == LIVES
    assert told(LIVES + 30) == told(LIVES + 30)
    assert told(LIVES + 30) != told(LIVES)


def test_an_error_that_is_not_ours_is_found(monkeypatch):
    monkeypatch.setattr(connection.frame, "read_beat", lambda one: (one[1], one[17], 0, one[30]))
    assert failures(2000)


def test_a_node_that_forwards_without_end_is_found(monkeypatch):
    monkeypatch.setattr(router.frame, "HOPS_MAX", 300)
    assert failures(2 * LIVES)


def test_a_length_that_is_not_checked_is_found(monkeypatch):
    monkeypatch.setattr(frame.FrameReader, "next", _next_unchecked)
    assert failures(3000)


def test_codecs_that_disagree_are_found(monkeypatch):
    monkeypatch.setattr(fast, "_is_plain", lambda *_: True)
    check_codec(b"\x83\x01\x02\x03")
    with pytest.raises(BrokenError, match="disagree"):
        check_codec(b"\x83\x01\x02\x03\x04")


def test_bytes_that_coverage_has_chosen_go_everywhere():
    chance = random.Random(5)
    for place in range(8):
        for _ in range(50):
            one_input(bytes([place]) + chance.randbytes(chance.randint(0, 60)))
    one_input(b"")


def test_the_command_says_how_many_failed():
    command = [sys.executable, "-m", "tests.fuzz", "--cases", "50", "--seed", "7"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "50 cases from 7: 0 failed" in done.stdout


# --- mistakes -------------------------------------------------------------------------------------


def _next_unchecked(reader):
    start = reader._offset + 4
    if start > len(reader._buffer):
        return None
    end = start + int.from_bytes(reader._buffer[reader._offset : start], "big")
    if end > len(reader._buffer):
        return None
    reader._offset = end
    return bytes(reader._buffer[start:end])
