"""Sessions that break one rule each, for the tests to catch.

They are the simpler rules that were tried before those of `mp_actors.session` and failed, and the
slips one makes. Each is {(class, name): what stands there instead}.
"""

import traps

from mp_actors import frame
from mp_actors import greeting as greeting_module
from mp_actors.connection import Connection
from mp_actors.greeting import ACCEPTED, Greeting
from mp_actors.neighbours import Neighbours
from mp_actors.node import Node
from mp_actors.session import Session
from mp_actors.ticks import add, diff
from tests.wire.slips import (
    forgets_what_is_in_doubt,
    keeps_its_incarnation,
    resumes_with_a_stranger,
    sends_nothing_again,
)

right_adopt, right_send, right_arrived = Session.adopt, Session.send, Session.arrived
right_acknowledged, right_confirm = Session.acknowledged, Greeting.confirm
right_take_beat, right_take_greeting = Connection._take_beat, Greeting._take_greeting
right_say_hello, right_take = Greeting._say_hello, Connection._take
right_adopted, right_down = Neighbours.adopted, Neighbours._down
right_send_again = Node.send_again


# -- the counter-examples of the model


def _adopts_without_confirm(greeting, encoded):
    """Rule 2: whoever answers a HELLO waits until the dialler has said that it is still there."""
    was = greeting.state
    right_take_greeting(greeting, encoded)
    if was == ACCEPTED:
        greeting.confirm()


def _is_told_first_later(connection, payload, now_ms):
    if connection.is_open and payload[0] == frame.HELLO:
        connection.peer.begins(connection.owner.codec.decode(payload[1:])["first"])
    else:
        right_take(connection, payload, now_ms)


def _says_hello_and_notes_next(greeting):
    greeting.told = greeting._connection.peer.expected
    right_say_hello(greeting)


def _counts_from_what_it_told(greeting):
    """What I told goes stale while the old connection still delivers."""
    right_confirm(greeting)
    session = greeting._connection.peer
    session._coming = min(greeting.told, session.expected)  # 1 in a fresh session


def _is_told_nothing(_session, _number):
    """Does not listen to what the other end says it begins with."""


def _believes_any_told_number(session, incarnation, _named, next_receive):
    """Rule 4: it counts only if it was told to my present incarnation."""
    return right_adopt(session, incarnation, session.incarnation, next_receive)


def _counts_beats_it_receives(connection, payload, now_ms):
    """Beats are not numbered; here one end counts those that come."""
    right_take_beat(connection, payload, now_ms)
    peer = connection.peer
    if peer._coming is not None:
        peer._coming = add(peer._coming, 1)


def _leaves_greetings_open(neighbours, gone):
    """Rule 9: giving up closes what is being greeted, too."""
    if gone.connection is not None:
        neighbours.disconnected(gone.connection, "given up")
    neighbours.node.send_again(gone.give_up(neighbours.draw() | 1))


def _keeps_the_old_connection(neighbours, connection, doubts, map_version):
    """Rule 5: adopting closes the old connection at once."""
    connection.peer.connection = None
    right_adopted(neighbours, connection, doubts, map_version)


def _drops_the_oldest(session, payload, is_control):
    """Rule 7: a numbered frame is never dropped."""
    while not right_send(session, payload, is_control):
        if not session.takes(payload):
            return False
        session._trim(1)
    return True


def _forgets(neighbours, gone):
    """Rule 1: no timed forgetting. Here the session is gone with its link, at one end."""
    right_down(neighbours, gone)
    if neighbours.node.number == 2:
        gone.known = 0
        neighbours.node.send_again(gone._restart())


def _goes_on_anyhow(_session, _named):
    """Else who is forgotten begins afresh as well, and the two that need this would be healed."""
    return False


def _repeats_all(node, doubts):
    """Rule 9: what the receiver cannot tell as a repeat is not sent again."""
    right_send_again(node, [bytes([one[0], one[1] & ~0x20]) + one[2:] for one in doubts])


# -- slips


def _takes_repeats(session, size_bytes):
    return right_arrived(session, size_bytes) or True


def _lets_gaps_be(session, _size_bytes):
    number, session._coming = session._coming, add(session._coming, 1)
    session._taken_frames += 1
    is_new = diff(number, session.expected) >= 0
    if is_new:
        session.expected = session._coming
    return is_new


def _believes_any_ack(session, number):
    session._trim(max(0, diff(number, session.first)))


def _trims_one_too_many(session, number):
    right_acknowledged(session, add(number, 1))


def _says_first_one_late(greeting):
    peer = greeting._connection.peer
    first, peer.first = peer.first, add(peer.first, 1)
    right_confirm(greeting)
    peer.first = first


def _never_acknowledges(_connection):
    """Does not say what has arrived."""


def _prefers_the_old(neighbours, connection, doubts, map_version):
    """Rule 5: a newly confirmed connection always wins."""
    older = connection.peer.connection
    if older is not None and neighbours.node.number == 1:
        neighbours.disconnected(connection, "there is one")
        return
    right_adopted(neighbours, connection, doubts, map_version)


# Each with the schedule that shows it.
MODEL = {
    "no CONFIRM": (
        {(Greeting, "_take_greeting"): _adopts_without_confirm,
         (Connection, "_take"): _is_told_first_later,
         # Frames may follow a HELLO at once then.
         (greeting_module, "STRANGE_BYTES"): 1 << 30,
         (Session, "_is_forgotten"): _goes_on_anyhow},
        traps.late_hello),
    "counting from a stale next receive": (
        {(Greeting, "_say_hello"): _says_hello_and_notes_next,
         (Greeting, "confirm"): _counts_from_what_it_told,
         (Session, "begins"): _is_told_nothing},
        traps.stale_count),
    "a told number that names another incarnation": (
        {(Session, "adopt"): _believes_any_told_number}, traps.told_to_another),
    "beats counted by one side": (
        {(Connection, "_take_beat"): _counts_beats_it_receives}, traps.beats_between),
    "greetings left open at giving up": (
        {(Neighbours, "_give_up"): _leaves_greetings_open}, traps.given_up_twice),
    "data from the old connection": (
        {(Neighbours, "adopted"): _keeps_the_old_connection}, traps.old_connection),
    "the oldest dropped from a full buffer": (
        {(Session, "send"): _drops_the_oldest}, traps.full_buffer),
    "one side forgets": (
        {(Neighbours, "_down"): _forgets, (Session, "_is_forgotten"): _goes_on_anyhow},
        traps.long_break),
}
SLIPS = {
    "repeats are taken": {(Session, "arrived"): _takes_repeats},
    "gaps are let be": {
        (Session, "arrived"): _lets_gaps_be, (Session, "send"): _drops_the_oldest},
    "any acknowledgement is believed": {(Session, "acknowledged"): _believes_any_ack},
    "an acknowledgement covers one more": {(Session, "acknowledged"): _trims_one_too_many},
    "nothing is sent again": {(Session, "adopt"): sends_nothing_again},
    "first is one late": {(Greeting, "confirm"): _says_first_one_late},
    "a session goes on with a stranger": {(Session, "adopt"): resumes_with_a_stranger},
    "giving up keeps the incarnation": {(Session, "give_up"): keeps_its_incarnation},
    "nothing is acknowledged": {(Connection, "acknowledge"): _never_acknowledges},
    "what is in doubt is forgotten": {(Session, "_restart"): forgets_what_is_in_doubt},
    "the old connection wins": {(Neighbours, "adopted"): _prefers_the_old},
}
# Sent again although nobody could tell it as a repeat: only whoever has another way does that.
REPEATS = {(Node, "send_again"): _repeats_all}
