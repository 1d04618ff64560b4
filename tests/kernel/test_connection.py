"""One connection to a neighbour: who says what first, and what strangers may cost.

The link is in the test's hand (`Line`), so every byte either way is seen and every cut is chosen.
"""

from helpers import Line, Stranger, hello_of, new_node, settle

from mp_actors import codec, frame
from mp_actors.connection import LOOK_MS
from mp_actors.frame import PROTOCOL_VERSION
from mp_actors.greeting import RETRY_MAX_MS
from mp_actors.neighbours import GREETING_MS

DATA = frame.routed(frame.STREAM, 0, (), 3, 9, b"")  # for whoever is beyond


def greeting(fields):
    return b"\x01" + codec.encode(fields)


class Dialled:
    """A node that has dialled device 3, and what the test answers."""

    def __init__(self, to=3):
        self.lines = []
        self.node = new_node("lab/hub", 2, lines=self.lines)
        self.line = Line()
        self.connection = self.node.connected(self.line, to)
        settle([self.node])

    def say(self, payload):
        self.node.received(self.connection, frame.enclose(payload, 1 << 20))
        settle([self.node])


# -- greeting


def test_who_dials_says_who_it_is_and_then_where_it_begins():
    dialled = Dialled()
    (payload,) = dialled.line.frames()
    hello = codec.decode(payload[1:])
    assert (hello["path"], hello["number"]) == ("lab/hub", 2)
    assert (hello["peer"], hello["next"], hello["version"]) == (0, 1, PROTOCOL_VERSION)
    assert (hello["limit"], hello["router"], hello["map"]) == (1 << 20, True, 0)
    assert not dialled.connection.is_open
    dialled.say(greeting(hello_of("lab/far", 3, 2048, False, 7)))
    confirm = dialled.line.frames()[0]
    assert codec.decode(confirm[1:]) == {"first": 1}
    peer = dialled.node.neighbours[3]
    assert (peer.path, peer.number, peer.limit_bytes) == ("lab/far", 3, 2048)
    assert (peer.is_router, peer.map_version, peer.known) == (False, 7, 5)


def test_who_is_dialled_answers_and_begins_when_that_was_confirmed():
    stranger = Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)
    stranger.say(greeting(hello_of("lab/far", 3)))
    settle([stranger.node])
    (payload,) = stranger.line.frames()
    hello = codec.decode(payload[1:])
    assert (hello["number"], hello["peer"], hello["next"]) == (2, 0, 1)
    assert stranger.node.neighbours == {} and stranger.peer.known == 0
    stranger.confirm()
    settle([stranger.node])
    assert frame.read_beat(stranger.line.frames()[0])[:2] == (frame.FROM, 1)
    assert sorted(stranger.node.neighbours) == [3] and stranger.peer.known == 5


def test_frames_before_the_confirmation_and_a_confirmation_of_nothing_are_refused():
    for payload in (DATA, b"\xa0", frame.beat(frame.ACK, 1), greeting({}), greeting({"first": "1"}),
                    greeting([1]), greeting(hello_of("lab/far", 3))):
        stranger = Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)
        stranger.say(greeting(hello_of("lab/far", 3)))
        stranger.say(payload)
        assert stranger.connection.is_closed and stranger.node.neighbours == {}
        dialled = Dialled()
        if payload[0] != frame.HELLO:
            dialled.say(payload)
            assert dialled.connection.is_closed and dialled.node.neighbours == {}


def test_another_version_of_the_protocol_is_refused_and_both_are_named():
    for version in (0, 1, PROTOCOL_VERSION + 1, 99, None, "2"):
        for end in (Dialled(), Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)):
            end.say(greeting(hello_of("lab/far", 3, version=version)))
            (text,) = end.node.links.link_errors
            assert "version %r, this node %d" % (version, PROTOCOL_VERSION) in text
            assert end.connection.is_closed and end.node.neighbours == {}


def test_a_hello_with_a_field_of_another_type_or_size_is_refused():
    wrong = [("path", 5), ("path", None), ("number", "3"), ("number", -1), ("number", 65536)]
    wrong += [("router", 1), ("router", None), ("map", True), ("map", "1")]
    wrong += [("number", True), ("number", 3.0), ("inc", "x"), ("inc", None), ("limit", None)]
    wrong += [("limit", "2048"), ("limit", 0), ("limit", -1), ("limit", 1023), ("peer", None)]
    wrong += [("next", None), ("next", 1.0), ("buffer", None), ("buffer", "1")]
    payloads = []
    for name, value in wrong:
        fields = hello_of("lab/far", 3)
        fields[name] = value
        payloads.append(greeting(fields))
    payloads += [b"\x01", b"\x01\x80", b"\x01\x05", b"\x01\xa0", b"\x01\xff"]
    for payload in payloads:
        stranger = Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)
        stranger.say(payload)
        stranger.confirm()
        assert stranger.connection.is_closed and stranger.node.links.peers == {}, payload


def test_a_neighbour_with_the_smallest_limit_is_taken():
    stranger = Stranger(new_node("lab/hub", 2), 65535, "lab/far", 1024)
    assert stranger.peer.takes(b"a" * 1024) and not stranger.peer.takes(b"a" * 1025)
    assert sorted(stranger.node.neighbours) == [65535]


def test_who_answers_under_another_number_than_was_dialled_is_refused():
    dialled = Dialled()
    dialled.say(greeting(hello_of("lab/far", 4)))
    assert dialled.connection.is_closed and dialled.node.neighbours == {}
    assert "number 4; expected 3" in str(dialled.lines)


def test_of_two_that_dial_each_other_the_lower_number_s_dial_goes_on():
    for number, survives in ((1, False), (3, True)):
        dialled = Dialled(number)
        stranger = Stranger(dialled.node, number, "lab/far", greets=False)
        stranger.say(greeting(hello_of("lab/far", number)))
        assert dialled.connection.is_closed is not survives
        assert stranger.connection.is_closed is survives


def test_a_console_gets_no_number_and_nothing_is_routed_to_it():
    node = new_node("lab/hub", 2)
    consoles = [Stranger(node, 0, "console") for _ in range(3)]
    assert node.neighbours == {} and node.links.peers == {}
    assert [one.connection.is_open for one in consoles] == [True, True, True]


# -- strangers


def test_who_says_nothing_is_not_waited_for():
    node = new_node("lab/hub", 2)
    silent = Stranger(node, 3, "lab/far", greets=False)
    half = Stranger(node, 4, "lab/half", greets=False)
    half.say(greeting(hello_of("lab/half", 4)))
    node.clock.advance_ms(GREETING_MS - LOOK_MS)
    settle([node])
    assert not silent.connection.is_closed
    node.clock.advance_ms(LOOK_MS)
    settle([node])
    assert silent.connection.is_closed and half.connection.is_closed
    assert node.links.connections == []


def test_a_stranger_says_little_before_it_has_greeted():
    stranger = Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)
    stranger.node.received(stranger.connection, b"\x00\x00\x04\x01")
    assert stranger.connection.is_closed
    stranger = Stranger(new_node("lab/hub", 2), 3, "lab/far", greets=False)
    stranger.node.received(stranger.connection, b"\x00\x00\x04\x00" + b"\x01" * 1000)
    assert not stranger.connection.is_closed
    stranger.node.received(stranger.connection, b"\x01" * 4000)
    assert stranger.connection.is_closed


def test_a_full_house_tells_to_come_again_and_keeps_nothing():
    node = new_node("lab/hub", 2, is_board=True)
    first = Stranger(node, 3, "lab/far", greets=False)
    second = Stranger(node, 4, "lab/near")
    (payload,) = second.line.frames()
    operation, wait_ms = frame.read_beat(payload)[:2]
    assert operation == frame.RETRY and wait_ms > 0 and second.connection.is_closed
    assert node.links.refused == {(0, "busy"): 1} and node.links.connections == [first.connection]
    first.say(greeting(hello_of("lab/far", 3)))
    first.confirm()
    assert sorted(Stranger(node, 4, "lab/near").node.neighbours) == [3, 4]


def test_who_is_told_to_come_again_stays_away_that_long_within_reason():
    for wait_ms, taken_ms in ((700, 700), (1 << 30, RETRY_MAX_MS)):
        dialled = Dialled()
        dialled.say(frame.beat(frame.RETRY, wait_ms))
        assert dialled.connection.is_closed and dialled.connection.retry_ms == taken_ms
