"""The controller's state: the old file or the new one, whatever happens; a damaged one is named."""

import json
import os
import random
import resource
import signal
import subprocess
import sys
import time

import pytest

from actors.ledger import DeviceReport
from actors.repair import QUIET_S, Repair
from actors.state import State, StateError, StateFile
from tests.house import ROOT

FULL = State(
    term=7, map_version=3, epochs={1: 2, 40000: 65535}, starts={"d/a": 5, "d/b": (1 << 30) - 1}
)

SAVER = """
import sys
from pathlib import Path
from actors.state import State, StateFile
file = StateFile(Path(sys.argv[1]))
state = file.load()
print(state.term, flush=True)
for _ in range(int(sys.argv[2])):
    state.term += 1
    state.map_version = state.term
    state.epochs = {wire: state.term for wire in range(1, 200)}
    if not file.save(state):
        print(file.failed, flush=True)
        sys.exit(3)
"""


@pytest.fixture
def file(tmp_path):
    return StateFile(tmp_path / "state.json")


def saver(path, times, **more):
    """A process that saves again and again."""
    return subprocess.Popen(
        [sys.executable, "-c", SAVER, str(path), str(times)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        **more,
    )


def test_what_was_saved_is_loaded(file):
    assert file.load() == State()
    assert file.save(FULL)
    assert file.failed == ""
    assert file.load() == FULL
    assert file.save(State())
    assert file.load() == State()


def test_without_a_file_nothing_is_kept_and_nothing_fails():
    file = StateFile()
    assert file.load() == State()
    assert file.save(FULL)
    assert file.load() == State()


def test_saving_leaves_one_file_that_others_cannot_write(file):
    for term in range(5):
        assert file.save(State(term=term))
    assert os.listdir(file.file.parent) == ["state.json"]
    assert file.file.stat().st_mode & 0o022 == 0


def test_a_file_that_was_torn_anywhere_is_named_and_not_half_read(file):
    file.save(FULL)
    whole = file.file.read_bytes()
    for length in range(len(whole) - 1):  # without its last line end it is whole
        file.file.write_bytes(whole[:length])
        with pytest.raises(StateError, match=r"state\.json: the controller's state is damaged"):
            file.load()


def test_a_bit_that_flipped_anywhere_is_noticed_or_changes_nothing(file):
    file.save(FULL)
    whole = file.file.read_bytes()
    noticed = 0
    for place in range(len(whole)):
        for bit in (0, 5, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            file.file.write_bytes(damaged)
            try:
                assert file.load() == FULL, (place, bit)
            except StateError:
                noticed += 1
    assert noticed > 0.97 * 3 * len(whole)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "[]",
        "{}",
        "7",
        '{"state": 1, "sha256": 2}',
        '{"state": {}, "sha256": ""}',
        "[" * 100_000,
        "\0" * 100,
        "\ud800",
    ],
)
def test_what_is_no_state_is_named(file, text):
    file.file.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(StateError, match="put a copy back"):
        file.load()


@pytest.mark.parametrize(
    "plain",
    [
        {"term": 1, "map_version": 1, "epochs": {}},
        {"term": "x", "map_version": 1, "epochs": {}, "starts": {}},
        {"term": 1, "map_version": 1, "epochs": {"x": 1}, "starts": {}},
        {"term": 1, "map_version": 1, "epochs": [], "starts": {}},
        {"term": None, "map_version": 1, "epochs": {}, "starts": {}},
    ],
)
def test_a_checksum_over_what_is_no_state_does_not_help(file, plain):
    from actors.state import _digest

    file.file.write_text(json.dumps({"state": plain, "sha256": _digest(plain)}))
    with pytest.raises(StateError):
        file.load()


def test_a_folder_in_its_place_is_named(file):
    file.file.mkdir()
    with pytest.raises(StateError):
        file.load()
    assert not file.save(FULL)
    assert "state.json: the state is not saved" in file.failed
    assert os.listdir(file.file.parent) == ["state.json"]


def test_a_folder_that_is_not_there_changes_nothing_and_is_said(tmp_path):
    file = StateFile(tmp_path / "nowhere" / "state.json")
    assert not file.save(FULL)
    assert "No such file" in file.failed
    (tmp_path / "nowhere").mkdir()
    assert file.save(FULL)
    assert file.failed == ""


def test_a_start_is_news_where_another_was_known_or_could_have_been():
    first, later = Repair(), Repair({"d/a": 5}, is_later=True)
    assert [first.is_news("d/a", start, 1.0) for start in (5, 5, 6, 6)] == [
        False, False, True, False,
    ]
    assert [later.is_news("d/a", start, 1.0) for start in (5, 6)] == [False, True]
    assert [later.is_news("d/b", start, 1.0) for start in (9, 9)] == [True, False]
    assert later.is_present("d/a", 6)
    assert not later.is_present("d/a", 5)


def test_an_answer_to_what_was_asked_before_a_start_was_known_is_of_none_that_follows():
    repair = Repair({"d/a": 5})
    assert repair.can_be("d/a", 6, asked_s=1.0)
    repair.is_news("d/a", 6, now_s=2.0)
    assert not repair.can_be("d/a", 7, asked_s=1.9)
    assert repair.can_be("d/a", 7, asked_s=2.0)
    assert repair.can_be("d/a", 6, asked_s=0.0)


def test_who_was_not_heard_lately_is_asked():
    repair = Repair({"d/a": 1, "d/b": 2, "d/c": 3})
    reports = {path: DeviceReport(heard_s=heard_s) for path, heard_s in
               (("d/a", 10.0), ("d/b", 10.0 - QUIET_S - 0.1), ("d/c", None))}
    assert repair.quiet(reports, 10.0) == ["d/b", "d/c"]


def limited(size):
    """What a child calls before it begins: no file may grow beyond that."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("room", [0, 1, 100, 1000, 2000])
def test_a_full_disk_leaves_the_old_state_and_is_said(file, room):
    file.save(FULL)
    child = saver(file.file, 5, preexec_fn=limited(room))
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 3
    assert told.splitlines()[0] == "7"
    assert "the state is not saved: File too large" in told
    assert file.load() == FULL
    assert os.listdir(file.file.parent) == ["state.json"]


def test_when_there_is_room_again_it_is_saved(file):
    file.save(FULL)
    child = saver(file.file, 5, preexec_fn=limited(100))
    child.communicate(timeout=60)
    child = saver(file.file, 5)
    assert child.communicate(timeout=60)[0] == "7\n"
    assert file.load().term == 12


def test_a_process_killed_at_any_moment_leaves_the_old_state_or_the_new_one(file):
    chance, last = random.Random(4), 0
    for _ in range(25):
        child = saver(file.file, 100_000)
        begun = int(child.stdout.readline())
        assert begun >= last  # what was saved is never taken back
        time.sleep(chance.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        child.communicate(timeout=60)
        state = StateFile(file.file).load() if file.file.exists() else State()
        assert state.term >= begun
        assert state.map_version == state.term
        assert set(state.epochs.values()) <= {state.term}
        last = state.term
    assert last > 10
    assert os.listdir(file.file.parent) == ["state.json"]  # what the killed left is gone
