"""What strangers may cost a node before they have proved a key, and neighbours afterwards.

Time is virtual; memory is what tracemalloc counts, with the bounds as they were measured (64-bit
CPython) and half as much again. A neighbour is somebody with valid keys, see `tests/fuzz/harness`.
"""

import gc
import struct
import tracemalloc
from types import SimpleNamespace

import pytest

from actors.accel import codec, crypto
from mp_actors import frame, news
from mp_actors.connection import CHUNK_BYTES, GREETING_BYTES
from mp_actors.crypto import x25519
from mp_actors.gate import RETRY_MS, TRIES
from mp_actors.greeting import STRANGE_BYTES
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.neighbours import ADOPTING_MS, GREETING_MS, LINK_ERRORS_KEPT, NEWS_KEPT
from mp_actors.node import Limits
from tests.fuzz.harness import (
    CLERK,
    DESK,
    GATE,
    HUB,
    METER,
    NUMBERS,
    PROBE,
    Clerk,
    Cord,
    End,
    Insider,
    Net,
    keys,
    without,
    work,
)

LATE_MS = 500  # how often overdue greetings are looked for
HOSTS, BOARDS = 64, 1
BOMBS = {"4 GiB": 0xFFFFFFFF, "1 MiB": 1 << 20, "one too long": GREETING_BYTES + 1, "nothing": 0}


class Visitor:
    """Somebody who has connected to a node and says what the test wants."""

    def __init__(self, node, address=None):
        self.node = node
        self.end = End("a visitor", address)
        self.connection = node.connected(self.end)

    def say(self, data):
        """Give the node these bytes."""
        self.node.received(self.connection, data)
        work(self.node)

    @property
    def is_gone(self):
        """Whether the node has closed it."""
        return self.end.is_closed

    def told_to_wait_ms(self):
        """What a RETRY says, None for silence."""
        if not self.end.writes:
            return None
        operation, wait_ms, _, _ = frame.read_beat(self.end.writes[0][4:])
        assert operation == frame.RETRY
        return wait_ms


def first_message(net, one, other):
    """The greeting that one device would begin another's with, as bytes."""
    cord = Cord(net.nodes[one], net.nodes[other])
    (data,) = cord.take(0)
    cord.cut()
    return data


def wait(net, ms):
    """Let time pass for all nodes."""
    for _ in range(ms // 100):
        net.clock.advance_ms(100)
        for node in net.nodes.values():
            work(node)


# --- how many -------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "most"), [(GATE, HOSTS), (METER, BOARDS)])
def test_so_many_strangers_at_once_and_the_next_is_told_when_to_come_again(number, most):
    net = Net((number,))
    node = net.nodes[number]
    inside = [Visitor(node) for _ in range(most)]
    for times in range(1, 4):
        late = Visitor(node)
        assert late.is_gone
        assert late.told_to_wait_ms() == RETRY_MS
        assert node.links.refused == {(0, "busy"): times}
    assert not any(visitor.is_gone for visitor in inside)
    assert len(node.links.connections) == most
    node.disconnected(inside[0].connection, "gone")
    assert not Visitor(node).is_gone


@pytest.mark.parametrize("number", [HUB, PROBE])
def test_a_full_house_touches_no_neighbour_and_stops_no_dial(number):
    net = Net()
    node = net.nodes[number]
    for _ in range(node.limits.unproven):
        Visitor(node)
    assert Visitor(node).is_gone
    net.wire(1)
    net.emit(1, range(9))
    net.rest(GREETING_MS)
    assert net.kept(1) == list(range(9))
    net.cords[PROBE, HUB].cut()
    if number == PROBE:
        assert net.link(PROBE, HUB).is_open


def test_who_has_proved_a_key_takes_no_stranger_s_place():
    net = Net(links=without(PROBE, HUB))
    first = first_message(net, HUB, PROBE)
    proved = Visitor(net.nodes[PROBE])
    proved.say(first)
    assert not proved.is_gone
    assert not Visitor(net.nodes[PROBE]).is_gone
    assert Visitor(net.nodes[PROBE]).is_gone
    again = Visitor(net.nodes[PROBE])
    assert again.is_gone


def test_recordings_take_one_place_for_each_neighbour_at_most():
    net = Net(links=without(PROBE, HUB))
    first = first_message(net, PROBE, HUB)
    visitors = [Visitor(net.nodes[HUB]) for _ in range(10)]
    for visitor in visitors:
        visitor.say(first)
    assert [visitor.is_gone for visitor in visitors] == [True] * 9 + [False]


def test_one_address_has_so_many_tries_and_others_are_let_in():
    net = Net((GATE,))
    node = net.nodes[GATE]
    for _ in range(TRIES):
        visitor = Visitor(node, "192.0.2.1")
        visitor.say(b"\0\0\0\1\7")
        assert visitor.is_gone
        assert visitor.told_to_wait_ms() is None
    assert Visitor(node, "192.0.2.1").told_to_wait_ms() > 0
    assert not Visitor(node, "192.0.2.2").is_gone
    assert node.links.refused == {(0, "busy"): 1}


def test_a_neighbour_that_comes_and_goes_is_never_slowed_down():
    net = Net(links=without(PROBE, HUB))
    for _ in range(3 * TRIES):
        cord = net.link(PROBE, HUB)
        assert cord.is_open
        cord.cut()
    assert net.nodes[HUB].links.refused == {}


@pytest.mark.parametrize("is_recording", [False, True])
def test_one_stranger_who_comes_again_and_again_cannot_keep_a_board_for_itself(is_recording):
    net = Net(links=without(PROBE, HUB))
    said = first_message(net, HUB, PROBE) if is_recording else b"\0"
    node, silent, tries = net.nodes[PROBE], None, 0
    for passed_ms in range(0, 120_000, 100):
        if silent is None or silent.is_gone:
            silent = Visitor(node, "192.0.2.66")
            if not silent.is_gone:
                silent.say(said)
        if passed_ms % 1000 == 0:
            tries += 1
            cord = Cord(net.nodes[HUB], node, address="192.0.2.2")
            for _ in range(6):
                cord.pass_on()
            if cord.is_open:
                break
            cord.cut()
        wait(net, 100)
    assert cord.is_open
    assert tries <= 45


# --- how long -------------------------------------------------------------------------------------


def closed_after_ms(net, visitor, most_ms, drip=b""):
    """When the node closes a visitor, who says a byte each 100 ms until then."""
    for passed_ms in range(0, most_ms, 100):
        if visitor.is_gone:
            return passed_ms
        if drip:
            visitor.say(drip[:1])
            drip = drip[1:]
        wait(net, 100)
    return None


@pytest.mark.parametrize("number", [GATE, METER])
@pytest.mark.parametrize("drip", [b"", b"\0\0\3\x80" + b"\2" * 500], ids=["silent", "slow"])
def test_a_stranger_has_5_seconds_however_slowly_it_speaks(number, drip):
    net = Net((number,))
    visitor = Visitor(net.nodes[number])
    passed_ms = closed_after_ms(net, visitor, 30_000, drip)
    assert GREETING_MS <= passed_ms <= GREETING_MS + LATE_MS
    assert "not greeted within 5 s" in net.lines_of(number)[-1]


def test_who_has_proved_a_key_has_20_seconds_and_no_more():
    net = Net(links=without(PROBE, HUB))
    visitor = Visitor(net.nodes[HUB])
    visitor.say(first_message(net, PROBE, HUB))
    drip = struct.pack("!I", 900) + b"\2" * 500
    passed_ms = closed_after_ms(net, visitor, 60_000, drip)
    assert ADOPTING_MS <= passed_ms <= ADOPTING_MS + LATE_MS


def test_a_link_without_keys_gives_nobody_more_than_5_seconds():
    net = Net((GATE,))
    node = net.nodes[GATE]
    node.links.guard = None
    visitor = Visitor(node)
    hello = {"path": "a/b", "number": 9, "inc": 5, "peer": 0, "next": 1, "router": False, "map": 0}
    hello.update({"version": frame.PROTOCOL_VERSION, "limit": 2048, "buffer": 2048})
    visitor.say(frame.enclose(b"\1" + codec.encode(hello), 1024))
    assert len(visitor.end.writes) == 1
    assert closed_after_ms(net, visitor, 30_000) <= GREETING_MS + LATE_MS


def test_who_is_dialled_and_says_nothing_is_given_up_after_5_seconds():
    net = Net((GATE,))
    end = End("to nobody", None)
    connection = net.nodes[GATE].connected(end, HUB)
    passed_ms = 0
    while not connection.is_closed and passed_ms < 30_000:
        wait(net, 100)
        passed_ms += 100
    assert GREETING_MS <= passed_ms <= GREETING_MS + 2 * LATE_MS


def calculating_board(net):
    """The probe, with a board's arithmetic in slices."""
    sliced = SimpleNamespace(**{name: getattr(crypto, name) for name in crypto.__all__})
    sliced.public_key, sliced.x25519 = x25519.public_key, x25519.x25519
    board = net.nodes[PROBE]
    board.links.guard = Guard(sliced, Keys(keys()[PROBE]))
    return board


@pytest.mark.parametrize(("product_ms", "side"), [(800, 0), (800, 1), (2000, 1), (4500, 0)])
def test_a_board_that_is_slow_to_calculate_gets_in_whoever_dials(product_ms, side):
    # An ESP32 takes 0.8 s for a product by itself, and a multiple of that when it has other work.
    net = Net(links=without(PROBE, HUB))
    board = calculating_board(net)
    slices = 0
    for _ in x25519.public_key(bytes(range(32))):
        slices += 1
    pair = (board, net.nodes[HUB]) if side == 0 else (net.nodes[HUB], board)
    cord, passed_ms = Cord(*pair), 0.0
    while not cord.is_open and passed_ms < 30_000:
        before = passed_ms
        passed_ms += product_ms / slices
        net.clock.advance_ms(int(passed_ms) - int(before))
        for number, node in enumerate(cord.nodes):
            node.step(net.clock.ticks_ms())
            writes, cord.ends[number].writes = cord.ends[number].writes, []
            for data in writes:
                cord.nodes[1 - number].received(cord.connections[1 - number], data)
    assert cord.is_open
    assert 1.8 * product_ms < passed_ms < 2.3 * product_ms


# --- how much -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 100, 1500])
def test_more_bytes_than_a_greeting_can_have_end_it(size):
    net = Net((GATE,))
    visitor = Visitor(net.nodes[GATE])
    given = 0
    data = struct.pack("!IBB", GREETING_BYTES, frame.HANDSHAKE, frame.PROTOCOL_VERSION)
    data += b"\2" * (GREETING_BYTES - 3)
    while not visitor.is_gone:
        piece = data[given % len(data) :][:size]
        visitor.say(piece)
        given += len(piece)
        assert given <= STRANGE_BYTES + size
    assert len(visitor.end.writes) == 0


@pytest.mark.parametrize("size", [1, 100, 1000])
def test_bytes_that_come_while_a_board_calculates_are_bounded_too(size):
    net = Net(links=without(PROBE, HUB))
    first = first_message(net, HUB, PROBE)
    board = calculating_board(net)
    visitor = Visitor(board)
    board.received(visitor.connection, first)
    assert visitor.connection.work is not None
    given = len(first)
    while not visitor.is_gone:
        board.received(visitor.connection, b"\0" * size)
        given += size
        assert given <= STRANGE_BYTES + size


@pytest.mark.parametrize("size", BOMBS.values(), ids=BOMBS)
@pytest.mark.parametrize("stage", ["before a proof", "after one", "dialled"])
def test_a_length_bomb_is_refused_when_its_length_is_read(stage, size):
    net = Net(links=without(PROBE, HUB))
    node = net.nodes[HUB]
    visitor = Visitor(node)
    if stage == "after one":
        visitor.say(first_message(net, PROBE, HUB))
    elif stage == "dialled":
        node = net.nodes[PROBE]
        visitor.node, visitor.end = node, End("to the hub", None)
        visitor.connection = node.connected(visitor.end, HUB)
        work(node)
    says_something(node)
    assert peak_bytes(visitor.say, struct.pack("!I", size)) < 8192
    assert visitor.is_gone
    assert sum(node.links.link_errors.values()) == 1


@pytest.mark.parametrize("size", [0xFFFFFFFF, (1 << 21) + 1, 0])
@pytest.mark.parametrize("is_board", [False, True])
def test_a_length_bomb_of_a_neighbour_is_refused_outside_and_inside_of_a_record(is_board, size):
    insider, at = (HUB, PROBE) if is_board else (CLERK, GATE)
    links = without(PROBE, HUB) if is_board else without(CLERK, GATE)
    bomb = struct.pack("!I", size)
    for is_inside in (False, True):
        net = Net(links=links)
        thief = Insider(net, insider, at)
        data = frame.enclose(thief.connection._seals.seal(bomb), 64) if is_inside else bomb
        node = net.nodes[at]
        says_something(node)
        assert peak_bytes(lambda: node.received(thief.accepted, data)) < 8192  # noqa: B023
        assert thief.accepted.is_closed
        assert sum(node.links.link_errors.values()) == 1


def test_a_board_takes_no_record_that_is_longer_than_it_said():
    net = Net(links=without(PROBE, HUB))
    thief = Insider(net, HUB, PROBE)
    limit = Limits(True).in_bytes
    net.nodes[PROBE].received(thief.accepted, struct.pack("!I", limit + 1))
    assert thief.accepted.is_closed


def test_a_frame_that_comes_in_many_records_is_held_up_to_its_limit():
    net = Net(links=without(PROBE, HUB))
    thief = Insider(net, HUB, PROBE)
    seal = thief.connection._seals
    node = net.nodes[PROBE]
    node.received(thief.accepted, frame.enclose(seal.seal(struct.pack("!I", 2048)), 64))

    def drip():
        for _ in range(2000):
            node.received(thief.accepted, frame.enclose(seal.seal(b"\7"), 64))

    assert peak_bytes(drip) < 16384
    assert not thief.accepted.is_closed


# --- who sends and never reads --------------------------------------------------------------------


def stuck(net, number, at):
    """A neighbour that reads nothing from now on; returns (it, what says frames to the node)."""
    thief = Insider(net, number, at)
    thief._far.is_stuck = True
    seal, node = thief.connection._seals, net.nodes[at]

    def say(payloads):
        for start in range(0, len(payloads), 50):
            data = b"".join(frame.enclose(one, 1 << 20) for one in payloads[start : start + 50])
            node.received(thief.accepted, frame.enclose(seal.seal(data), 1 << 20))
            work(node)

    return thief, say


def question(number, kind="note", value=None):
    """One that wants an answer."""
    body = {"to": "field/gate/clerk", "from": "field/clerk/x", "inc": 1, "id": number, "do": kind}
    return codec.encode({**body, "args": [value]})


FLOODS = {
    "pings": lambda number: frame.beat(frame.PING, 1, number),
    "questions": lambda number: frame.routed(0, 0, (), GATE, CLERK, question(number)),
    "bare questions": question,
    "long questions": lambda number: question(number, value="x" * 500),
    "questions about nobody": lambda number: question(number, kind="nothing"),
    "frames to nowhere": lambda number: frame.routed(0, 0, (), 99, CLERK, question(number)),
    "frames for itself": lambda number: frame.routed(0, 0, (), CLERK, CLERK, question(number)),
    "news": lambda number: news.bit_frames([(9, 9, number + 1, number & 1)])[0],
}


@pytest.mark.parametrize("what", FLOODS)
def test_a_neighbour_that_sends_and_never_reads_costs_a_bounded_amount(what):
    net = Net(links=without(CLERK, GATE))
    gate = net.nodes[GATE]
    gate.scheduler.spawn("field/gate/clerk", Clerk)
    thief, say = stuck(net, CLERK, GATE)
    peer = thief.peer
    peer.buffer_bytes = 1 << 16  # a smaller buffer, so that it is full soon
    say([FLOODS[what](number) for number in range(2000)])
    gate.scheduler.cells["field/gate/clerk"].actor.calls.clear()
    first = peer.buffered_bytes
    say([FLOODS[what](number) for number in range(2000, 8000)])
    assert peer.buffered_bytes <= 2 * peer.buffer_bytes
    assert peer.buffered_bytes - first <= 2 * peer.buffer_bytes
    assert len(thief.accepted._rest) <= CHUNK_BYTES + 64
    assert net.cords[GATE, HUB].is_open
    assert thief.accepted.is_open


def test_a_router_that_never_reads_the_news_it_makes_is_given_up():
    net = Net(links=without(GATE, HUB))
    gate = net.nodes[GATE]
    thief, say = stuck(net, HUB, GATE)
    peer, number = thief.peer, 0
    peer.buffer_bytes = 4096
    while thief.accepted.is_open and number < 100_000:
        say([news.bit_frames([(1, DESK, one, one & 1)])[0] for one in range(number, number + 100)])
        number += 100
        wait(net, 100)
    assert not thief.accepted.is_open
    assert number < 100_000
    assert peer.buffered_bytes <= NEWS_KEPT * peer.buffer_bytes + 100 * 40 * LATE_MS // 100
    peer.buffer_bytes = gate.limits.buffer_bytes
    again = Insider(net, HUB, GATE)
    told = [bit for one in again.heard if one[:2] == b"\5\2" for bit in news.read(one)[1]]
    assert (1, DESK, number - 1, (number - 1) & 1) in told


def test_what_strangers_said_does_not_make_a_board_s_report_too_long():
    net = Net()
    board = net.nodes[METER]
    for number in range(60):
        odd = {"version": f"{number} " + "v" * 900}
        hello = odd if number % 2 else {"x" * 45 * (number % 9): 1}
        visitor = Visitor(board, f"192.0.2.{number}")
        visitor.say(frame.enclose(b"\1" + codec.encode(hello), 1024))
        assert visitor.is_gone
    assert len(board.links.link_errors) == LINK_ERRORS_KEPT + 1
    heard = []
    board.control.send = lambda _to, body: heard.append(len(codec.encode(body)))
    system = board.scheduler.cells["field/meter/node"].actor
    system.watcher = "field/desk/controller"
    system.report()
    assert max(heard) < Limits(True).out_bytes - frame.HEAD_BYTES


# --- what one costs -------------------------------------------------------------------------------


def says_something(node):
    """Once: with its first line a node makes room for the last ones, which is nobody's doing."""
    node.log(node.path + "/node", "is up")


def peak_bytes(what, *arguments):
    """The most that was allocated at a time."""
    gc.collect()
    tracemalloc.start()
    what(*arguments)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


def kept_bytes(make, times):
    """What is kept of each of so many things."""
    make()
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    made = [make() for _ in range(times)]
    gc.collect()
    after = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert len(made) == times
    return (after - before) / times


STAGES = {  # what a stranger says, and the most that is kept of it, its link not counted
    "nothing": (b"", 2000),
    "half a frame": (struct.pack("!I", 1000) + b"\2" * 999, 3500),
    "another frame's beginning": (struct.pack("!I", 1024), 2500),
}


@pytest.mark.parametrize("stage", STAGES)
def test_a_stranger_costs_little_memory(stage):
    said, most = STAGES[stage]
    net = Net((GATE,))

    def make():
        visitor = Visitor(net.nodes[GATE])
        if said:
            net.nodes[GATE].received(visitor.connection, bytes(bytearray(said)))
        return visitor

    assert kept_bytes(make, 50) - kept_bytes(lambda: End("a visitor", None), 50) < most


def test_nothing_is_kept_of_a_stranger_who_was_refused():
    net = Net(NUMBERS, links=without(PROBE, HUB))
    first = bytearray(first_message(net, PROBE, HUB))
    first[-1] ^= 1
    numbers = iter(range(1 << 20))

    def refused():
        visitor = Visitor(net.nodes[HUB], f"{next(numbers)}")
        visitor.say(bytes(first))
        assert visitor.is_gone
        net.lines.clear()

    for _ in range(200):
        refused()
    assert kept_bytes(refused, 300) < 100
