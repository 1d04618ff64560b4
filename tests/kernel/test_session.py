"""The rules of a session, one by one, and what two nodes make of them in any order of events.

The first half asks a `Session` alone; the second lets two nodes talk over cables that are cut,
dialled twice and half noticed, and looks after each event for what was lost, doubled or overtaken.
"""

from helpers import frames_of, refusal
from schedules import random_schedule
from traps import TRAPS

from mp_actors.errors import RemoteWireError
from mp_actors.session import ACK_FRAMES, Session
from mp_actors.ticks import WRAP_MS

BUFFER_BYTES = 1000
SEEDS = 60


def session(sent=0, size=8, their_buffer_bytes=1 << 20):
    """A session with another incarnation, 9, that numbered some frames."""
    made = Session(7, BUFFER_BYTES)
    made.their_buffer_bytes = their_buffer_bytes
    assert made.adopt(9, 0, 1) == []
    made.begins(1)
    for number in range(1, sent + 1):
        assert made.send(payload(number, size), False)
    return made


def payload(number, size=8):
    return bytes([0x80, number]) + b"." * (size - 2)


def numbers(data):
    """The numbers of the payloads in what leaves."""
    return [one[1] for one in frames_of(data)]


# -- sending


def test_frames_leave_in_order_and_stay_until_they_are_acknowledged():
    one = session(5)
    assert numbers(one.leaving(1 << 20)) == [1, 2, 3, 4, 5] and one.leaving(1 << 20) == b""
    assert len(one.frames) == 5
    one.acknowledged(4)
    assert [enclosed[5] for enclosed in one.frames] == [4, 5] and one.first == 4
    one.send(payload(6), False)
    assert numbers(one.leaving(1 << 20)) == [6]
    one.acknowledged(7)
    assert one.frames == [] and one.buffered_bytes == 0 and one.first == 7


def test_control_goes_before_data_that_waits_and_behind_other_control():
    one = session(3)
    assert one.send(payload(4), True) and one.send(payload(5), False) and one.send(payload(6), True)
    assert numbers(one.leaving(1 << 20)) == [4, 6, 1, 2, 3, 5]
    assert one.send(payload(7), False) and one.send(payload(8), True)
    assert numbers(one.leaving(1 << 20)) == [8, 7]


def test_nothing_overtakes_what_may_have_arrived():
    one = session(4)
    assert numbers(one.leaving(25)) == [1, 2]
    one.send(payload(5), True)
    assert one.adopt(9, 7, 2) is None  # another connection: the first has arrived, perhaps more
    one.send(payload(6), True)
    assert numbers(one.leaving(1 << 20)) == [2, 5, 6, 3, 4]
    one.acknowledged(6)
    one.send(payload(7), True)
    assert [enclosed[5] for enclosed in one.frames] == [4, 7]


def test_a_session_that_begins_anew_puts_control_first_again():
    one = session(2)
    one.leaving(1 << 20)
    one.give_up(11)
    one.send(payload(3), False)
    one.send(payload(4), True)
    assert [enclosed[5] for enclosed in one.frames] == [4, 3]


def test_a_write_holds_whole_frames_and_one_at_least():
    one = session(5)
    assert numbers(one.leaving(1)) == [1]
    assert numbers(one.leaving(24)) == [2, 3]
    assert numbers(one.leaving(35)) == [4, 5]


def test_acknowledgements_that_cannot_be_are_ignored_and_counted():
    one = session(5)
    one.leaving(36)
    for number in (5, 6, 77, 0, WRAP_MS - 1, 1 << 29):
        one.acknowledged(number)
    assert one.first == 1 and len(one.frames) == 5 and one.stale_acks == 6
    one.acknowledged(4)
    one.acknowledged(3)
    assert one.first == 4 and one.stale_acks == 7


def test_a_full_buffer_takes_no_data_then_no_control_and_gives_up_nothing_it_has():
    one = session()
    data = control = 0
    while one.send(payload(data, 96), False):
        data += 1
    assert data == 10 and one.buffered_bytes == BUFFER_BYTES
    while one.send(payload(control, 96), True):
        control += 1
    assert control == 10 and one.is_full and not one.send(payload(1, 96), False)
    assert len(one.frames) == 20
    one.leaving(1 << 20)
    one.acknowledged(12)
    assert one.send(payload(99, 90), False) and len(one.frames) == 10


def test_the_first_frame_always_has_room():
    one = session()
    assert one.send(payload(1, 2000), False)
    assert not one.send(payload(2), False) and not one.send(payload(2), True)
    one.leaving(1)
    one.acknowledged(2)
    assert one.send(payload(2, 2000), False)


def test_a_frame_the_neighbour_does_not_take_gets_no_number():
    one = session()
    one.limit_bytes = 50
    assert not one.send(payload(1, 51), True) and one.frames == []
    assert one.send(payload(1, 50), False)


# -- receiving


def test_the_expected_frame_is_new_a_lower_one_is_not_and_a_higher_one_is_refused():
    one = session()
    assert [one.arrived(8) for _ in range(3)] == [True, True, True] and one.expected == 4
    one.begins(2)
    assert [one.arrived(8) for _ in range(3)] == [False, False, True] and one.expected == 5
    one.begins(6)
    assert refusal(RemoteWireError, one.arrived, 8) == "frame 6 came; expected 5"
    assert one.expected == 5


def test_a_frame_is_refused_until_its_number_is_known():
    one = session()
    one.adopt(9, 7, 1)
    assert "before its number" in refusal(RemoteWireError, one.arrived, 8)
    one.begins(1)
    assert one.arrived(8)


def test_frames_are_acknowledged_before_the_other_end_runs_out_of_room():
    one = session()
    for _ in range(ACK_FRAMES - 1):
        one.arrived(8)
        assert one.owes_ack and not one.must_ack
    one.arrived(8)
    assert one.must_ack and one.ack() == ACK_FRAMES + 1
    assert not one.must_ack and not one.owes_ack
    small = session(their_buffer_bytes=2048)
    small.arrived(1000)
    assert not small.must_ack
    small.arrived(24)
    assert small.must_ack
    # One it had before counts too: its sender waits for that.
    small.ack()
    small.begins(1)
    small.arrived(1024)
    assert small.must_ack and small.ack() == 3


# -- connections


def test_a_resumed_connection_sends_what_is_not_acknowledged_and_trims_what_is_told():
    one = session(5)
    one.leaving(1 << 20)
    one.acknowledged(2)
    assert one.adopt(9, 7, 4) is None and one.resumed == 1
    assert one.first == 4 and numbers(one.leaving(1 << 20)) == [4, 5]
    assert one.adopt(9, 7, 2) is None and one.first == 4
    assert one.adopt(9, 7, 6) is None and one.frames == [] and one.first == 6


def test_what_is_told_to_another_incarnation_counts_as_nothing():
    one = session(5)
    for named in (0, 5, 9):
        assert one.adopt(9, named, 4) is None
        assert one.first == 1 and numbers(one.leaving(1 << 20)) == [1, 2, 3, 4, 5]


def test_who_names_another_though_it_had_talked_to_me_begins_anew():
    heard, told = session(3), session(3)
    heard.arrived(8)
    told.leaving(1 << 20)
    told.acknowledged(2)
    assert heard.adopt(9, 5, 1) == [payload(1), payload(2), payload(3)]
    assert told.adopt(9, 5, 1) == [payload(2), payload(3)]
    for one in (heard, told):
        assert (one.first, one.expected, one.resumed, one.known) == (1, 1, 0, 9)


def test_to_expect_what_was_never_sent_is_refused():
    one = session(5)
    assert "never sent" in refusal(RemoteWireError, one.adopt, 9, 7, 7)
    assert len(one.frames) == 5 and one.adopt(9, 7, 6) is None


def test_another_incarnation_begins_anew_and_leaves_the_rest_in_doubt_in_order():
    one = session(3)
    one.arrived(8)
    one.leaving(1 << 20)
    one.acknowledged(2)
    assert one.adopt(11, 7, 4) == [payload(2), payload(3)]
    assert (one.known, one.first, one.expected, one.frames) == (11, 1, 1, [])
    one.send(payload(4), False)
    assert numbers(one.leaving(1 << 20)) == [4] and one.buffered_bytes == 12


def test_who_gives_up_is_another_from_then_on():
    one = session(3)
    one.arrived(8)
    assert one.give_up(13) == [payload(1), payload(2), payload(3)]
    assert (one.incarnation, one.known, one.first, one.expected) == (13, 0, 1, 1)
    assert one.adopt(9, 7, 4) == []


def test_a_connection_may_end_before_anything_came_of_it():
    one = session(3)
    for _ in range(3):
        one.leaving(1 << 20)
        assert one.adopt(9, 7, 1) is None
    assert numbers(one.leaving(1 << 20)) == [1, 2, 3]


def test_numbers_go_on_across_the_wrap():
    one = session()
    one.first = one.expected = WRAP_MS - 2
    one.begins(WRAP_MS - 2)
    for number in range(5):
        one.send(payload(number), False)
        assert one.arrived(8)
    assert one.expected == 3
    one.leaving(1 << 20)
    one.acknowledged(WRAP_MS - 1)
    one.acknowledged(1)
    assert one.first == 1 and len(one.frames) == 2
    one.acknowledged(WRAP_MS - 1)
    assert one.stale_acks == 1
    assert one.adopt(9, 7, 2) is None and numbers(one.leaving(1 << 20)) == [4]


# -- two nodes, any order of events


def test_where_simpler_rules_fail_these_do_not():
    for trap in TRAPS:
        schedule = trap()
        assert len(schedule.heard[1]) + len(schedule.heard[2]) >= 10, trap


def test_nothing_is_lost_doubled_overtaken_or_stuck_in_any_order_of_events():
    heard = resumed = 0
    for seed in range(SEEDS):
        schedule = random_schedule(seed)
        heard += len(schedule.heard[1]) + len(schedule.heard[2])
        resumed += schedule.resumed
    # Else the schedules try too little to say anything.
    assert heard > 20 * SEEDS and resumed > SEEDS
