"""An attacker who owns the network between three parties gets nothing accepted.

He keeps every frame and record that was ever sent, makes the parties dial and accept when he likes,
and gives anybody anything: old, reflected, sent to another, spliced of two, cut, with bits turned.
Two of the three are hosts (KK between them), the third is a board (NNpsk0); whoever met once
resumes. What is accepted has to be what a neighbour wrote for exactly this reader.
"""

import itertools
import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.accel import crypto
from mp_actors.errors import RemoteWireError
from mp_actors.handshake import HEAD_BYTES, Handshake
from mp_actors.keyring import Keys
from tests.kernel.pairs import FixedRandom, key_dict

HOSTS, BOARD = (1, 2), 3
PARTIES = (*HOSTS, BOARD)
KK, NNPSK0, RESUME = 1, 2, 3
PRIVATE = {host: bytes([host]) * 32 for host in HOSTS}


def party_dict(number):
    """The keys of a party, as its file has them."""
    data = key_dict(number, [other for other in PARTIES if other != number])
    if number in HOSTS:
        data["private"] = PRIVATE[number].hex()
        other = HOSTS[1 - HOSTS.index(number)]
        public = crypto.run(crypto.public_key(PRIVATE[other]))
        data["neighbours"][str(other)] = {"pattern": "KK", "public": public.hex(), "seal": "ccm"}
    return data


class End:
    """One side of one connection, and what it would have to be told to accept."""

    def __init__(self, keys, to=None):
        self.number = keys.number
        self.is_dialler = to is not None
        self.handshake = Handshake(crypto, keys, to is not None, to)
        self.is_over = False  # it was given a frame
        self.partner = None  # who wrote what this end accepted last
        self.first = b""  # the message 1 that this end wrote or accepted
        self.records = 0  # opened


class World:
    """The parties, what was ever sent, and the law."""

    def __init__(self):
        self.keys = {number: Keys(party_dict(number)) for number in PARTIES}
        self.ends = []
        self.frames = []
        self.records = []  # (body, its writer, its index)
        self.written = {}  # frame: (its writer, its reader's number, payload)
        self.accepted = 0

    def dial(self, number, to):
        """A party dials another: its first frame is sent to whoever the attacker likes."""
        end = End(self.keys[number], to)
        end.first = self._write(end, to)
        self.ends.append(end)
        return end

    def accept(self, number):
        """A party takes a connection."""
        end = End(self.keys[number])
        self.ends.append(end)
        return end

    def give(self, end, frame):
        """Give a frame to an end. If it is accepted it has to be right; answer as the end does."""
        handshake, end.is_over = end.handshake, True
        try:
            payload = crypto.run(handshake.read(frame))
        except RemoteWireError as error:
            if error.answer is not None:
                self.frames.append(error.answer)
            return False
        assert frame in self.written, "a frame that nobody wrote was accepted"
        writer, reader, meant = self.written[frame]
        assert (writer.number, reader, meant) == (handshake.peer_number, end.number, payload)
        self.accepted += 1
        end.partner = writer
        if handshake.is_done:
            assert writer.first == end.first, "an answer to another dialling was accepted"
            self._seal(end)
        else:
            end.first = frame
            self._write(end, handshake.peer_number)
            self._seal(end)
        return True

    def open(self, end, record):
        """Give a record to an end that has shaken hands."""
        body, writer, index = record
        try:
            end.handshake.seal.open(body)
        except RemoteWireError:
            return False
        assert end.is_dialler != writer.is_dialler, "a reflected record was opened"
        dialler, acceptor = (end, writer) if end.is_dialler else (writer, end)
        # An acceptor may have been given a recording; the dialler knows who answered it.
        assert dialler.partner is acceptor
        assert index == end.records
        end.records += 1
        end.handshake.confirm()
        return True

    def meet(self, number, to):
        """Two parties shake hands and nobody interferes; at most one refusal to resume."""
        for _ in range(2):
            dialler, acceptor = self.dial(number, to), self.accept(to)
            if self.give(acceptor, dialler.first):
                assert self.give(dialler, self.frames[-1])
                assert self.open(acceptor, self.records[-2])
                assert self.open(dialler, self.records[-4])
                return dialler, acceptor
            self.give(dialler, self.frames[-1])
        raise AssertionError("two parties who know each other could not meet")

    def _write(self, end, to):
        payload = struct.pack("!HHI", end.number, to, len(self.frames))
        frame = crypto.run(end.handshake.write(payload))
        self.frames.append(frame)
        self.written[frame] = (end, to, payload)
        return frame

    def _seal(self, end):
        for index in range(2):
            self.records.append((end.handshake.seal.seal(b"record"), end, index))


def met(pattern):
    """(world, number, to): two parties of whom the one would dial the other by this pattern."""
    world = World()
    number, to = (1, 2) if pattern == KK else (1, BOARD)
    if pattern == RESUME:
        world.meet(number, to)
    return world, number, to


def touched(frame):
    """The frame with each bit turned, cut at each place, and longer."""
    for bit in range(8 * len(frame)):
        wrong = bytearray(frame)
        wrong[bit // 8] ^= 1 << bit % 8
        yield bytes(wrong)
    for size in range(len(frame)):
        yield frame[:size]
    yield frame + b"\0"


def headed(frame):
    """The frame under each head that there is among the parties."""
    for pattern, step in itertools.product(range(5), (0, 1, 2, 254, 255)):
        for sender, to in itertools.product(PARTIES, PARTIES):
            yield struct.pack("!BBBBHH", 2, 1, pattern, step, sender, to) + frame[HEAD_BYTES:]


@pytest.mark.parametrize("pattern", [KK, NNPSK0, RESUME])
def test_message_1_is_accepted_as_it_is_by_its_reader_and_otherwise_by_nobody(pattern):
    world, number, to = met(pattern)
    frame = world.dial(number, to).first
    assert frame[2] == pattern
    before = world.accepted
    for wrong in touched(frame):
        assert not world.give(world.accept(to), wrong)
    for wrong, reader in itertools.product(headed(frame), PARTIES):
        assert (wrong, reader) == (frame, to) or not world.give(world.accept(reader), wrong)
    assert world.accepted == before
    assert world.give(world.accept(to), frame)


@pytest.mark.parametrize("pattern", [KK, NNPSK0, RESUME])
def test_message_2_is_accepted_as_it_is_by_its_dialler_and_otherwise_by_nobody(pattern):
    world, number, to = met(pattern)

    secret = world.keys[number].resumption(to)

    def dial():
        # One dialling takes one answer; with the same randomness it is had again. A forged refusal
        # has made the dialler forget its secret, and that is all it can.
        world.keys[number].remember(to, secret)
        random = FixedRandom(b"r" * (16 if pattern == RESUME else 32))
        end = Handshake(random, world.keys[number], True, to)
        return end, crypto.run(end.write(b"question"))

    acceptor = Handshake(crypto, world.keys[to], False)
    crypto.run(acceptor.read(dial()[1]))
    answer = crypto.run(acceptor.write(b"answer"))
    for wrong in itertools.chain(touched(answer), headed(answer)):
        assert wrong == answer or not takes(dial()[0], wrong)
    for other in PARTIES:
        assert not takes(world.accept(other).handshake, answer)
        for third in {*PARTIES} - {other}:
            assert not takes(world.dial(other, third).handshake, answer)
    assert crypto.run(dial()[0].read(answer)) == b"answer"


@pytest.mark.parametrize("pattern", [KK, NNPSK0, RESUME])
def test_a_recorded_conversation_opens_nothing_when_it_is_played_again(pattern):
    world, number, to = met(pattern)
    start = len(world.records)
    world.meet(number, to)
    frames, records = world.frames[-2:], world.records[start:]
    secret = world.keys[to].resumption(number)
    replayed = world.accept(to)
    assert world.give(replayed, frames[0])
    for record in records:
        assert not world.open(replayed, record)
    assert world.keys[to].resumption(number) == secret
    for frame in frames:
        assert not world.give(world.dial(number, to), frame)


# --- who has some keys, but not these -------------------------------------------------------------


@pytest.mark.parametrize(("thief", "claimed"), [*itertools.permutations(PARTIES, 2)])
def test_a_party_cannot_speak_as_another_with_any_key_it_has(thief, claimed):
    (victim,) = {*PARTIES} - {thief, claimed}
    victim_keys = Keys(party_dict(victim))
    for stolen in party_dict(thief)["neighbours"].values():
        data = party_dict(thief) | {"number": claimed, "neighbours": {str(victim): stolen}}
        liar = Handshake(crypto, Keys(data), True, victim)
        frame = crypto.run(liar.write(b"it is me"))
        assert not takes(Handshake(crypto, victim_keys, False), frame)
        # The other way: the victim dials, and the thief has its line.
        dialler = Handshake(crypto, victim_keys, True, claimed)
        frame = crypto.run(dialler.write(b"is it you?"))
        liar = Handshake(crypto, Keys(data), False)
        assert not takes(liar, frame)


def test_two_devices_of_one_number_are_told_apart_by_their_keys():
    data = party_dict(BOARD)
    data["neighbours"]["1"]["psk"] = "00" * 32
    host = Keys(party_dict(1))
    for keys, is_right in ((Keys(data), False), (Keys(party_dict(BOARD)), True)):
        end = Handshake(crypto, keys, True, 1)
        assert takes(Handshake(crypto, host, False), crypto.run(end.write(b"3"))) == is_right


@pytest.mark.parametrize(("number", "to"), [(1, 2), (1, BOARD)])
def test_the_same_keys_at_another_site_are_strangers(number, to):
    elsewhere = Keys(party_dict(to) | {"site": "00" * 16})
    end = Handshake(crypto, Keys(party_dict(number)), True, to)
    frame = crypto.run(end.write(b"hello"))
    assert not takes(Handshake(crypto, elsewhere, False), frame)
    assert takes(Handshake(crypto, Keys(party_dict(to)), False), frame)


def takes(handshake, frame):
    """Whether one end takes a frame."""
    try:
        crypto.run(handshake.read(frame))
    except RemoteWireError:
        assert handshake.seal is None
        return False
    return True


# --- schedules ------------------------------------------------------------------------------------

BYTE = st.integers(0, 255)
WHICH = st.integers(0, 1 << 16)  # of what there is at that moment, counted from the newest
LATE = st.integers(0, 3)
CHANGES = st.one_of(
    st.none(),
    st.tuples(st.just("turn"), WHICH, st.integers(1, 255)),
    st.tuples(st.just("head"), st.integers(0, HEAD_BYTES - 1), BYTE),
    st.tuples(st.just("cut"), WHICH, BYTE),
    st.tuples(st.just("splice"), WHICH, st.integers(0, 60)),
    st.tuples(st.just("reflect"), BYTE, BYTE),
)
PARTY = st.sampled_from(PARTIES)
MOVES = st.one_of(
    st.tuples(st.just("dial"), PARTY, PARTY),
    st.tuples(st.just("accept"), PARTY, PARTY),
    st.tuples(st.just("connect"), PARTY, PARTY),
    st.tuples(st.just("meet"), PARTY, PARTY),
    st.tuples(st.just("give"), LATE, LATE, st.none()),
    st.tuples(st.just("give"), LATE, LATE, CHANGES),
    st.tuples(st.just("give"), WHICH, WHICH, CHANGES),
    st.tuples(st.just("open"), LATE, LATE, st.none()),
    st.tuples(st.just("open"), WHICH, WHICH, CHANGES),
)


def newest(things, which):
    """One of the things, 0 being the newest."""
    return things[-1 - which % len(things)]


def change(data, how, others):
    """Bytes as an attacker changes them."""
    if how is None or not data:
        return data
    kind, where, value = how
    wrong = bytearray(data)
    if kind in ("turn", "head"):
        wrong[where % len(data)] ^= value
    elif kind == "cut":
        del wrong[where % len(data) :]
    elif kind == "splice":
        wrong[value:] = newest(others, where)[value:]
    else:
        wrong[4:8] = wrong[6:8] + wrong[4:6]
    return bytes(wrong)


def play(world, move):
    """One move of the attacker."""
    kind, one, two = move[:3]
    waiting = [end for end in world.ends if not end.is_over]
    if kind in ("dial", "connect") and one != two:
        world.dial(one, two)
    if kind in ("accept", "connect"):
        world.accept(two)
    elif kind == "meet" and one != two:
        world.meet(one, two)
    elif kind == "give" and waiting and world.frames:
        frame = change(newest(world.frames, two), move[3], world.frames)
        world.give(newest(waiting, one), frame)
    elif kind == "open" and world.records:
        ends = [end for end in world.ends if end.handshake.is_done]
        body, writer, index = newest(world.records, two)
        wrong = change(body, move[3], [record[0] for record in world.records])
        if world.open(newest(ends, one), (wrong, writer, index)):
            assert wrong == body


@settings(max_examples=100, deadline=None)
@given(st.lists(MOVES, min_size=20, max_size=80))
def test_in_any_schedule_only_what_was_written_for_this_reader_is_accepted(moves):
    world = World()
    for move in moves:
        play(world, move)
    # And whatever the attacker did, those who know each other still meet.
    for one, two in itertools.permutations(PARTIES, 2):
        world.meet(one, two)
