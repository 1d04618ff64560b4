"""A cable is pulled at every byte, noticed late, dialled from both ends: nothing is lost, doubled
or overtaken; and where buffers cannot hold what comes, the gap is what the counters say.
"""

from cables import WHOLE
from helpers import Dice
from schedules import Schedule
from test_outbox import Way

ROUNDS, EACH = 4, 10  # 40 messages each way
EVERYTHING = ROUNDS * EACH


def pump(schedule):
    """Carry all that is to be said over the newest cable, as long as something moves."""
    cable = schedule.cables[-1]
    moves = True
    while moves:
        schedule.step(1)
        schedule.step(2)
        moves = cable.carry(0) or cable.carry(1)


def exchange(left=(WHOLE, WHOLE), mend=None, make=Schedule):
    """40 messages each way over a cable that is cut after so many bytes, then mended somehow."""
    schedule = make()
    schedule.dial(1, left)
    cable = schedule.cables[0]
    for _ in range(ROUNDS):
        schedule.say(1, EACH)
        schedule.say(2, EACH)
        pump(schedule)
        if cable.is_used_up and mend is not None:
            mend(schedule, min(left))
            mend = None
        schedule.wait(500)
    schedule.rest()
    return schedule


# -- how a cut is noticed, and what is done about it


def both_told(schedule, _offset):
    for side in (0, 1):
        schedule.notice(-1, side)
    schedule.dial(1)


def acceptor_late(schedule, _offset):
    schedule.notice(-1, 0)
    schedule.dial(1)


def dialler_late(schedule, _offset):
    schedule.notice(-1, 1)
    schedule.dial(2)


def both_dial(schedule, offset):
    for side in (0, 1):
        schedule.notice(-1, side)
    for who in ((1, 2), (2, 1))[offset % 2]:
        schedule.dial(who)
    for who in (1, 2):
        schedule.step(who)
    for side in (0, 1):
        for place in (-1, -2):
            schedule.carry(place, side)


def confirm_cut(schedule, offset):
    for side in (0, 1):
        schedule.notice(-1, side)
    schedule.dial(1, (HELLO_BYTES + offset % CONFIRM_BYTES, WHOLE))
    pump(schedule)
    both_told(schedule, offset)


def nobody_told(_schedule, _offset):
    """Silence says it after 6 s."""


def sizes():
    """(bytes of a HELLO, of a CONFIRM)."""
    schedule = Schedule()
    schedule.dial(1)
    dialler = schedule.cables[0].ends[0]
    schedule.step(1)
    hello = WHOLE - dialler.left
    schedule.carry(0, 0)
    schedule.step(2)
    schedule.carry(0, 1)
    schedule.step(1)
    return hello, WHOLE - dialler.left - hello


HELLO_BYTES, CONFIRM_BYTES = sizes()


def check_cut_everywhere(mend, every=1, make=Schedule):
    """Cut at each so many bytes, each way. Fails unless all 40 messages are heard, in order.

    Returns how often it was cut.
    """
    resumed = cuts = 0
    ends = exchange(make=make).cables[0].ends
    for side in (0, 1):
        for offset in range(side, WHOLE - ends[side].left, every):
            left = [WHOLE, WHOLE]
            left[side] = offset
            schedule = exchange(left, mend, make)
            for who in (1, 2):
                expected = [(3 - who, 1, number) for number in range(1, EVERYTHING + 1)]
                assert schedule.heard[who] == expected, (mend, side, offset)
            assert schedule.only_cables
            resumed += schedule.resumed
            cuts += 1
    # Both ends resume, unless it was the greeting that was cut.
    assert resumed > cuts
    return cuts


def test_a_cut_at_any_byte_costs_nothing():
    assert check_cut_everywhere(both_told) > 2 * EVERYTHING * 9  # bytes of a message


def test_a_cut_that_the_acceptor_has_not_seen_costs_nothing():
    check_cut_everywhere(acceptor_late)


def test_a_cut_that_the_dialler_has_not_seen_and_the_other_dials_costs_nothing():
    check_cut_everywhere(dialler_late)


def test_a_cut_after_which_both_dial_at_once_costs_nothing():
    check_cut_everywhere(both_dial)


def test_a_cut_whose_mending_is_cut_before_it_is_confirmed_costs_nothing():
    check_cut_everywhere(confirm_cut)


def test_a_cut_that_nobody_is_told_of_costs_nothing():
    check_cut_everywhere(nobody_told, 37)


def test_2000_messages_whose_cable_is_cut_again_and_again_all_arrive():
    dice = Dice(1)
    schedule = Schedule(is_board=True)
    cuts = 0
    while schedule.nodes[1].said < 1000 or schedule.nodes[2].said < 1000:
        if not schedule.nodes[1].is_talking(2):
            schedule.dial(1)
        for who in (1, 2):
            schedule.say(who, 1 + dice.below(3), dice.below(60))
            schedule.step(who)
        for side in (0, 1):
            schedule.carry(-1, side, 1 + dice.below(800))
        if not dice.below(6):
            cuts += 1
            schedule.cut(-1)
            for side in ((0,), (1,), (0, 1), ())[dice.below(4)]:
                schedule.notice(-1, side)
        schedule.wait(dice.below(200))
    schedule.rest()
    for who in (1, 2):
        said = schedule.nodes[3 - who].said
        assert said >= 1000 and schedule.heard[who] == [(3 - who, 1, n + 1) for n in range(said)]
    assert cuts > 60 and schedule.resumed > 20


def test_bytes_of_a_connection_that_was_replaced_are_discarded_however_many():
    schedule = exchange()
    old = schedule.cables[0].ends[1].connection
    schedule.dial(1)
    pump(schedule)
    assert old.is_closed
    schedule.nodes[2].received(old, b"\xff" * 10000)
    assert schedule.nodes[2].links.link_errors == {}
    schedule.rest()


def test_much_that_was_not_acknowledged_follows_the_greeting_at_once():
    schedule = Schedule()
    schedule.say(1)
    schedule.rest()
    schedule.cut(-1)
    schedule.say(1, 40, 1000)
    schedule.step(1)
    schedule.rest()
    assert len(schedule.heard[2]) == 41 and schedule.nodes[2].links.link_errors == {}


# -- readings: what buffers hold, and what they do not


class Outage:
    """A sensor's readings over a router to a keeper, while one of the two cables is out."""

    def __init__(self, cable, out_ms, every_ms, is_board=True):
        self.way = Way(is_board)
        self.said = 0
        self.every_ms = every_ms
        self.run(2000)
        self.way.row.links[cable].cut()
        self.way.row.links.pop(cable)
        self.run(out_ms)
        self.way.row.join(0, 1) if cable == 0 else self.way.row.join(1, 2)
        self.run(2000)
        self.way.row.run(1000)

    def run(self, ms):
        for _ in range(ms // self.every_ms):
            self.way.put(self.said)
            self.said += 1
            for _ in range(self.every_ms // 50):
                self.way.row.clock.advance_ms(50)
                self.way.row.run()

    @property
    def gap(self):
        """Readings that were taken and not kept; none came twice or too early."""
        kept = self.way.kept
        assert kept == sorted(set(kept)) and kept[-1] == self.said - 1
        return self.said - len(kept)


def test_a_boards_only_cable_is_out_for_20_s_and_its_buffers_hold_all():
    outage = Outage(0, 20000, 1000)
    assert outage.gap == 0 and outage.way.outbox.dropped == {}
    assert outage.way.one.links.peers[2].resumed == 1


def test_what_a_board_has_no_room_for_is_counted_to_the_reading():
    for every_ms in (50, 100, 250):
        outage = Outage(0, 20000, every_ms)
        assert outage.gap > 0 and outage.way.outbox.dropped == {"overflow": outage.gap}
        # What never got a number leaves no gap in them.
        assert outage.way.inlet.missing == 0


def test_what_a_router_on_the_way_has_no_room_for_is_counted_to_the_reading():
    for every_ms in (50, 100):
        outage = Outage(1, 20000, every_ms)
        lost = outage.way.two.wires.lost
        assert outage.gap == sum(lost.values()) == outage.way.inlet.missing > 100
        assert set(lost) <= {(1, "overflow"), (1, "no-route")}
        # What it had taken before it knew that the link is down, it has kept.
        assert outage.way.two.links.peers[3].resumed == 1
