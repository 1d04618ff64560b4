"""Living nodes under attack from the way between two of them.

Whatever is changed, kept back or played again there ends a connection at most: it is counted by
reason, logged once, touches no other link, and the session goes on afterwards with nothing lost.
What somebody with valid keys tries, `tests/fuzz/test_insiders.py` tries.
"""

import itertools

import pytest

from actors.accel import codec
from mp_actors import frame
from tests.fuzz.harness import (
    GATE,
    HUB,
    METER,
    PROBE,
    Cord,
    End,
    Net,
    without,
    work,
)

# (dialler, acceptor, wire whose readings pass that link): KK, NNpsk0 with ccm, NNpsk0 with fernet
PAIRS = {"host-host": (GATE, HUB, 2), "host-board": (PROBE, HUB, 1), "fernet": (METER, GATE, 2)}
pairs = pytest.mark.parametrize(("one", "other", "wire"), PAIRS.values(), ids=PAIRS)


def greeted(net, one, other, ways):
    """A new cord of which so many greetings have crossed: 1 the first, 2 the answer, too."""
    cord = Cord(net.nodes[one], net.nodes[other], address=f"way {next(_addresses)}")
    for side in range(ways):
        (data,) = cord.take(side)
        cord.give(1 - side, data)
    return cord


_addresses = itertools.count()


def wrong_ones(data):
    """A greeting with a bit of each byte of it turned, and cut at some places."""
    for place in range(4, len(data)):
        wrong = bytearray(data)
        wrong[place] ^= 1 << place % 8
        yield bytes(wrong)
    for size in range(5, len(data), 7):
        yield frame.enclose(data[4:size], 1024)


def is_refused(node, *said):
    """Whether a stranger who says this is sent away; never twice from one address."""
    end = End("a stranger", f"way {next(_addresses)}")
    connection = node.connected(end)
    for data in said:
        node.received(connection, data)
        work(node)
    return end.is_closed


def state_of(node):
    """All that a node keeps of others."""
    links = node.links
    peers = [(number, one.known, one.expected, one.first) for number, one in links.peers.items()]
    return sorted(peers), len(links.connections), sorted(links.up)


# --- on the way: greetings ------------------------------------------------------------------------


@pairs
def test_a_first_message_that_was_touched_leaves_no_state_and_one_line_each(one, other, wire):
    net = Net(links=without(one, other))
    node = net.nodes[other]
    (first,) = greeted(net, one, other, 0).take(0)
    before = state_of(node)
    net.lines.clear()
    for times, wrong in enumerate(wrong_ones(first), 1):
        assert is_refused(node, wrong)
        assert state_of(node) == before
        assert sum(node.links.refused.values()) + sum(node.links.link_errors.values()) == times
        assert len(net.lines_of(other)) == 1
    assert {reason for _, reason in node.links.refused} >= {"key", "version", "unknown"}
    assert_goes_on(net, one, other, wire)


@pairs
def test_an_answer_that_was_touched_is_refused_by_who_dialled(one, other, wire):
    net = Net(links=without(one, other))
    node = net.nodes[one]
    (answer,) = greeted(net, one, other, 1).take(1)
    for place in range(4, len(answer), 5):
        cord = greeted(net, one, other, 1)
        (answer,) = cord.take(1)
        wrong = bytearray(answer)
        wrong[place] ^= 1
        net.lines.clear()
        cord.give(0, bytes(wrong))
        assert cord.connections[0].is_closed
        assert len(net.lines_of(one)) == 1
        assert other not in node.neighbours
        net.nodes[other].disconnected(cord.connections[1], "the other end closed")
    counted = sum(node.links.refused.values()) + sum(node.links.link_errors.values())
    assert counted == len(range(4, len(answer), 5))
    assert_goes_on(net, one, other, wire)


@pairs
def test_messages_that_come_back_or_go_to_another_are_refused(one, other, wire):
    net = Net(links=without(one, other))
    cord = greeted(net, one, other, 0)
    (first,) = cord.take(0)
    cord.give(0, first)
    assert cord.connections[0].is_closed
    for number in set(net.nodes) - {other}:
        links, before = net.nodes[number].links, state_of(net.nodes[number])
        counted = sum(links.refused.values())
        assert is_refused(net.nodes[number], first)
        assert sum(links.refused.values()) == counted + 1
        assert state_of(net.nodes[number]) == before
    for ways in (1, 2):
        cord = greeted(net, one, other, ways)
        cord.give(1, first)  # a second time on one connection
        assert cord.connections[1].is_closed
    assert_goes_on(net, one, other, wire)


@pairs
def test_a_whole_conversation_that_is_played_again_opens_nothing(one, other, wire):
    net = Net(links=without(one, other))
    cord = net.link(one, other)
    net.wire(wire)
    net.emit(wire, range(10))
    net.rest()
    before = net.nodes[other].links.peers[one].expected
    for _ in range(3):
        assert is_refused(net.nodes[other], *cord.seen[0])
    assert cord.is_open
    assert net.nodes[other].links.peers[one].expected == before
    assert net.kept(wire) == list(range(10))
    assert net.nodes[other].links.link_errors
    net.emit(wire, range(10, 20))
    net.rest()
    assert net.kept(wire) == list(range(20))


@pairs
def test_a_confirmation_that_is_played_again_confirms_nobody(one, other, wire):
    net = Net(links=without(one, other))
    cord = net.link(one, other)
    again = greeted(net, one, other, 1)
    again.give(1, cord.seen[0][1])
    assert again.connections[1].is_closed
    assert cord.connections[1].is_open
    assert net.nodes[other].links.peers[one].connection is cord.connections[1]
    net.nodes[one].disconnected(again.connections[0], "the other end closed")
    net.wire(wire)
    net.emit(wire, range(9))
    net.rest()
    assert net.kept(wire) == list(range(9))


@pairs
def test_a_greeting_in_the_clear_is_refused_at_both_ends_of_a_sealed_link(one, other, wire):
    net = Net(links=without(one, other))
    plain = {"path": net.nodes[one].path, "number": one, "inc": 5, "peer": 0, "next": 1}
    plain.update({"version": frame.PROTOCOL_VERSION, "limit": 1 << 20, "buffer": 1 << 20})
    hello = codec.encode({**plain, "router": True, "map": 0})
    said = frame.enclose(bytes([frame.HELLO]) + hello, 1024)
    before = state_of(net.nodes[other])
    assert is_refused(net.nodes[other], said)
    assert state_of(net.nodes[other]) == before
    assert net.nodes[other].links.refused == {(one, "clear"): 1}
    cord = greeted(net, one, other, 1)
    cord.give(0, said)
    assert cord.connections[0].is_closed
    assert "in the clear" in "".join(net.nodes[one].links.link_errors)
    net.nodes[other].disconnected(cord.connections[1], "the other end closed")
    assert_goes_on(net, one, other, wire)


def test_a_forged_refusal_costs_one_full_handshake_and_no_more():
    net = Net(links=without(PROBE, HUB))
    net.link(PROBE, HUB).cut()
    cord = Cord(net.nodes[PROBE], net.nodes[HUB])
    (first,) = cord.take(0)
    assert first[4 + 2] == 3  # it would resume
    refusal = bytes([2, first[5], 3, 254, 0, HUB, 0, PROBE])
    cord.give(0, frame.enclose(refusal, 64))
    net.nodes[HUB].disconnected(cord.connections[1], "the other end closed")
    cord = net.link(PROBE, HUB)
    assert cord.is_open
    assert cord.seen[0][0][4 + 2] == 2
    assert net.nodes[HUB].links.peers[PROBE].resumed == 1


def assert_goes_on(net, one, other, wire):
    """All links of the site are up in the end, and every reading comes once."""
    for number in (one, other):
        for connection in list(net.nodes[number].links.connections):
            if not connection.is_open:
                net.nodes[number].disconnected(connection, "over")
    others = [cord for pair, cord in net.cords.items() if pair != (one, other)]
    assert all(cord.is_open for cord in others)
    assert net.link(one, other).is_open
    net.wire(wire)
    net.emit(wire, range(20))
    net.rest()
    assert net.kept(wire) == list(range(20))


# --- on the way: records --------------------------------------------------------------------------


def turned(data):
    """With a bit turned behind the length."""
    return data[:9] + bytes([data[9] ^ 4]) + data[10:]


RECORD_ATTACKS = {
    "played again": lambda now, before: [before[-1], *now],
    "an old one": lambda now, before: [before[1], *now],
    "overtaken": lambda now, _before: [now[1], now[0], *now[2:]],
    "dropped": lambda now, _before: now[1:],
    "a bit turned": lambda now, _before: [turned(now[0]), *now[1:]],
    "the last byte cut off": lambda now, _before: [frame.enclose(now[0][4:-1], 1 << 20), *now[1:]],
    "two made one": lambda now, _: [frame.enclose(now[0][4:] + now[1][4:], 1 << 20), *now[2:]],
    "nothing in it": lambda now, _before: [frame.enclose(b"\0" * 8, 64), *now],
    "a length that is none": lambda now, _before: [b"\xff\xff\xff\xff" + now[0], *now[1:]],
    "in the clear": lambda now, _before: [frame.enclose(frame.beat(frame.PING, 1), 64), *now],
}


@pairs
@pytest.mark.parametrize("attack", RECORD_ATTACKS.values(), ids=RECORD_ATTACKS)
def test_a_record_that_was_touched_ends_the_connection_and_the_session_loses_nothing(
    attack, one, other, wire
):
    net = Net(links=without(one, other))
    cord = net.link(one, other)
    net.wire(wire)
    net.emit(wire, range(5))
    net.rest()
    before = list(cord.seen[0])
    writes = []
    for start in (5, 8, 11):  # three writes, which cross in a way the attacker likes
        net.emit(wire, range(start, start + 3))
        for _ in range(5):
            for link in net.cords.values():
                if link is not cord:
                    link.pass_on()
            writes += cord.take(0)
    assert len(writes) >= 3
    net.lines.clear()
    for data in attack(writes, before):
        cord.give(1, data)
    assert cord.connections[1].is_closed
    assert len(net.lines_of(other)) == 1
    assert sum(net.nodes[other].links.link_errors.values()) == 1
    assert all(link.is_open for link in net.cords.values() if link is not cord)
    net.nodes[one].disconnected(cord.connections[0], "the other end closed")
    assert net.link(one, other).is_open
    net.emit(wire, range(14, 20))
    net.rest()
    assert net.kept(wire) == list(range(20))
    assert net.nodes[other].links.peers[one].resumed == 1


@pairs
def test_a_record_that_comes_back_to_its_sender_is_refused(one, other, wire):
    net = Net(links=without(one, other))
    cord = net.link(one, other)
    cord.give(0, cord.seen[0][-1])
    assert cord.connections[0].is_closed
    assert sum(net.nodes[one].links.link_errors.values()) == 1
    net.nodes[other].disconnected(cord.connections[1], "the other end closed")
    assert_goes_on(net, one, other, wire)


def test_a_record_of_one_link_does_not_open_on_another():
    net = Net()
    there, here = net.cords[PROBE, HUB], net.cords[GATE, HUB]
    net.clock.advance_ms(2000)
    (taken, *_) = there.take(0)
    here.give(1, taken)
    assert here.connections[1].is_closed
    assert there.is_open
