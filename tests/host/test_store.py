"""The file of a device: whole or not at all, whatever happens to it."""

import sqlite3
import subprocess
import sys
from random import Random

import pytest

from actors.store import Store, StoreError

READINGS = [("a > b", place, b"reading %d" % place) for place in range(1, 40)]
NOTES = [("a > b", b"a note"), ("actor a", b"x" * 5000)]


@pytest.fixture
def file(tmp_path):
    """Where a store is to be."""
    return tmp_path / "kept" / "d.one.sqlite3"


def filled(file):
    """A closed store with something in it."""
    store = Store(file)
    store.open()
    store.write(NOTES, READINGS)
    store.close()
    return store


def content(store):
    """All that a store has."""
    notes = [(key, store.note(key)) for key, _ in NOTES]
    return notes, [("a > b", *row) for row in store.readings("a > b")]


def test_what_was_written_is_there_for_the_next_process(file):
    store = filled(file)
    store.open()
    assert content(store) == (NOTES, READINGS)
    store.write([("a > b", b"another")], [("a > b", 40, b"last")], [("a > b", 39)])
    store.close()
    store.open()
    assert store.note("a > b") == b"another"
    assert store.readings("a > b") == [(39, b"reading 39"), (40, b"last")]
    assert store.note("nobody") is None
    assert store.set_aside is None


def test_a_process_that_is_killed_leaves_whole_transactions(file):
    script = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from actors.store import Store\n"
        "store = Store(Path(sys.argv[1])); store.open()\n"
        "for place in range(1, 200):\n"
        "    store.write([('a', b'%d' % place)], [('a', place, b'x')])\n"
        "    print(place, flush=True)\n"
        "    if place == 150: os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, str(file)], capture_output=True, text=True,
                          check=False)
    assert done.stdout.split()[-1] == "150", done.stderr
    store = Store(file)
    store.open()
    assert store.note("a") == b"150"
    assert [place for place, _ in store.readings("a")] == list(range(1, 151))


def test_a_full_disk_refuses_all_of_a_write_and_takes_it_when_there_is_room(file):
    store = filled(file)
    store.open()
    (pages,) = store._db.execute("PRAGMA page_count").fetchone()
    store._db.execute(f"PRAGMA max_page_count = {pages}")
    big = [("a > b", place, b"y" * 900) for place in range(40, 80)]
    for _ in range(3):
        with pytest.raises(StoreError, match=f"{file.name}.*full"):
            store.write([("a > b", b"newer")], big, [("a > b", 30)])
        assert content(store) == (NOTES, READINGS)
    store._db.execute("PRAGMA max_page_count = 100000")
    store.write([("a > b", b"newer")], big, [("a > b", 30)])
    assert len(store.readings("a > b")) == 50


def test_a_second_process_of_a_device_is_refused(file):
    one, other = filled(file), Store(file)
    one.open()
    with pytest.raises(StoreError, match=r"cannot be used: database is locked"):
        other.open()
    one.close()
    other.open()
    assert content(other) == (NOTES, READINGS)


def test_a_file_of_another_version_is_refused_and_left_alone(file):
    filled(file)
    db = sqlite3.connect(file)
    db.execute("PRAGMA user_version = 7")
    db.close()
    store = Store(file)
    with pytest.raises(StoreError, match="version is 7; expected 1"):
        store.open()
    assert store.set_aside is None
    assert file.exists()


def test_a_file_that_is_no_database_is_set_aside_under_a_name_of_its_own(file):
    for number in (1, 2):
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(b"not a database, that is certain" * 100)
        store = Store(file)
        store.open()
        assert store.set_aside == file.with_name(f"{file.name}.damaged-{number}")
        assert store.set_aside.read_bytes().startswith(b"not a database")
        assert store.readings("a > b") == []
        store.write(NOTES, READINGS)
        store.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_flipped_or_torn_file_is_never_half_read(file, seed):
    chance = Random(seed)
    filled(file)
    whole = file.read_bytes()
    aside = 0
    for _ in range(25):
        damaged = bytearray(whole)
        if chance.random() < 0.2:
            del damaged[chance.randrange(1, len(damaged)) :]
        else:
            damaged[chance.randrange(len(damaged))] ^= 1 << chance.randrange(8)
        file.write_bytes(damaged)
        store = Store(file)
        try:
            store.open()
        except StoreError:
            continue  # of another version
        if store.set_aside is None:
            assert content(store) == (NOTES, READINGS)  # it hit what nobody uses
        else:
            aside += 1
            assert store.readings("a > b") == []
            assert store.note("a > b") is None
        store.close()
        file.unlink()
    assert aside > 10


def test_a_reading_that_is_missing_or_stands_at_another_place_is_damage(file):
    for damage in (
        "DELETE FROM readings WHERE position = 20",
        "UPDATE readings SET position = 40 WHERE position = 39",
        "UPDATE readings SET wire = 'a > c'",
        "UPDATE notes SET key = 'actor b' WHERE key = 'actor a'",
        "DROP TABLE notes",
    ):
        filled(file)
        db = sqlite3.connect(file)
        db.execute(damage)
        db.commit()
        db.close()
        store = Store(file)
        store.open()
        assert store.set_aside is not None, damage
        store.close()
        file.unlink()


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "kept").write_text("a file where the folder should be")
    with pytest.raises(StoreError, match="kept"):
        Store(tmp_path / "kept" / "d.one.sqlite3").open()
