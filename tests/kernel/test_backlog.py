"""Blocks of readings in files: what was written is found again, in order, once; damage is known."""

import os

from helpers import Dice

from mp_actors.backlog import FILE_BYTES, HEAD_BYTES, TAKEN, Backlog, Folder, block

LIMIT = 64 * 1024
COUNTER = [0]


class Failing(Folder):
    """A folder that refuses what is named in `refused`."""

    refused = ()

    def append(self, name, data):
        if "append" in self.refused:
            Folder.append(self, name, data[: len(data) // 2])  # as much as there was room for
            raise OSError(28)
        Folder.append(self, name, data)

    def rename(self, name, to):
        if "rename" in self.refused:
            raise OSError(30)
        Folder.rename(self, name, to)


def new_folder():
    """A folder of its own, empty and not yet made."""
    base = os.getenv("TMPDIR") or "/tmp"
    COUNTER[0] += 1
    place = "%s/backlog-%s-%d" % (base, os.urandom(6).hex(), COUNTER[0])
    return Failing(place)


def backlog(folder, limit_bytes=LIMIT, key="a > b", wire=3):
    """A backlog that has begun."""
    made = Backlog(folder, wire, key, limit_bytes)
    made.begin()
    return made


def write(log, *bodies):
    for body in bodies:
        log.write(block(2, body), 2)


def take_all(log):
    """All bodies, in order."""
    found = []
    while log.readings:
        found.append(log.take()[1])
    return found


def replace(folder, name, data):
    """Let a file hold something else."""
    if name in folder.names():
        folder.remove(name)
    folder.append(name, data)


def clean(folder):
    for name in folder.names():
        folder.remove(name)
    os.rmdir(folder._path)


def test_blocks_leave_in_the_order_in_which_they_came_and_leave_nothing_behind():
    folder = new_folder()
    log, bodies = backlog(folder), [b"%d" % number * 300 for number in range(40)]
    write(log, *bodies)
    assert log.readings == 80
    assert len(folder.names()) > 3
    assert take_all(log) == bodies
    assert folder.names() == []
    clean(folder)


def test_what_was_written_is_there_at_the_next_start_and_goes_on_behind():
    folder = new_folder()
    write(backlog(folder), b"one", b"two")
    log = backlog(folder)
    assert (log.readings, log.torn) == (4, 0)
    write(log, b"three")
    assert take_all(backlog(folder)) == [b"one", b"two", b"three"]
    clean(folder)


def test_what_has_begun_to_leave_is_gone_at_the_next_start_and_counted():
    folder = new_folder()
    log = backlog(folder)
    write(log, b"one", b"two", b"x" * FILE_BYTES)
    assert log.take() == (2, b"one")
    later = backlog(folder)
    assert (later.readings, later.torn) == (2, 4)
    assert take_all(later) == [b"x" * FILE_BYTES]
    clean(folder)


def test_a_block_that_is_torn_anywhere_is_none_and_those_before_it_are_whole():
    folder = new_folder()
    write(backlog(folder), b"one", b"two")
    (name,) = folder.names()
    whole = folder.read(name, 0, 1000)
    first = HEAD_BYTES + 3
    for length in range(len(whole)):
        replace(folder, name, whole[:length])
        log = backlog(folder)
        is_torn = length not in (0, first)
        assert (log.readings, log.torn) == (2 * (length >= first), 1 if is_torn else 0), length
        write(log, b"three")  # behind what is torn, it would not be found
        assert take_all(backlog(folder)) == ([b"one"] if length >= first else []) + [b"three"]
        assert folder.names() == []
    clean(folder)


def test_a_bit_that_flipped_anywhere_is_noticed():
    folder = new_folder()
    write(backlog(folder), b"one", b"two")
    (name,) = folder.names()
    whole = folder.read(name, 0, 1000)
    for place in range(len(whole)):
        for bit in (0, 6, 7):
            damaged = bytearray(whole)
            damaged[place] ^= 1 << bit
            replace(folder, name, damaged)
            log = backlog(folder)
            is_first = place < HEAD_BYTES + 3
            assert (log.readings, log.torn) == (0 if is_first else 2, 1), (place, bit)
    clean(folder)


def test_a_block_that_is_damaged_while_it_waits_costs_its_file_and_no_other():
    folder = new_folder()
    log = backlog(folder)
    write(log, b"one", b"two", b"three", b"x" * FILE_BYTES)
    name = sorted(folder.names())[0]
    whole = bytearray(folder.read(name, 0, 1000))
    whole[HEAD_BYTES + 3 + HEAD_BYTES] ^= 1
    replace(folder, name, whole)
    assert [log.take(), log.take(), log.take()] == [
        (2, b"one"), (4, None), (2, b"x" * FILE_BYTES)]
    assert log.readings == 0
    clean(folder)


def test_no_more_is_kept_than_is_asked_for_and_of_the_oldest_a_file_makes_room():
    folder, dice = new_folder(), Dice(5)
    log = backlog(folder, 4 * FILE_BYTES)
    written, dropped = 0, 0
    for _ in range(300):
        data = block(2, bytes(1 + dice.below(1500)))
        while not log.has_room(len(data)):
            gone = log.drop_oldest()
            assert gone > 0
            dropped += gone
        log.write(data, 2)
        written += 2
        assert written == dropped + log.readings
        held = sum([len(folder.read(name, 0, 10 * FILE_BYTES)) for name in folder.names()])
        assert held <= 4 * FILE_BYTES
    assert dropped > 400
    log.clear()
    assert folder.names() == []
    clean(folder)


def test_files_of_another_wire_are_left_and_those_of_another_use_of_this_one_go():
    folder = new_folder()
    write(backlog(folder, wire=30), b"other")
    write(backlog(folder, key="a > c"), b"former")
    log = backlog(folder)
    assert (log.readings, log.torn) == (0, 0)
    assert len(folder.names()) == 1
    assert take_all(backlog(folder, wire=30)) == [b"other"]
    clean(folder)


def test_what_could_not_be_written_is_not_there_and_what_comes_later_is():
    folder = new_folder()
    log = backlog(folder)
    write(log, b"one")
    for _ in range(2):  # behind another, and in a file of its own
        folder.refused = ("append",)
        try:
            write(log, b"never")
            raise AssertionError("no error")
        except OSError:
            pass
        folder.refused = ()
        assert log.readings == 2
    write(log, b"two")
    assert take_all(backlog(folder)) == [b"one", b"two"]
    clean(folder)


def test_what_cannot_be_marked_as_leaving_does_not_leave():
    folder = new_folder()
    log = backlog(folder)
    write(log, b"one")
    folder.refused = ("rename",)
    try:
        log.take()
        raise AssertionError("no error")
    except OSError:
        pass
    assert log.readings == 2
    folder.refused = ()
    assert take_all(log) == [b"one"]
    assert not [name for name in folder.names() if name.endswith(TAKEN)]
    clean(folder)
