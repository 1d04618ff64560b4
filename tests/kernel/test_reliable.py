"""Reliable wires: in order, once, whatever is lost between two ends that live.

The router between them is crashed with all it holds; grants are lost; ends are made anew.
"""

from helpers import Dice, Keeper, Row, Source, check_ledger

from mp_actors import frame
from mp_actors.reliable import ReliableInlet, ReliableOutbox
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP

NEAR, FAR = "a/one/source", "c/three/keeper"


class Wired:
    """A source on device 1, a keeper on device 3, a reliable wire with a given credit."""

    def __init__(self, credit=8, first=1, bound=None):
        self.row = Row()
        self.source = self.row.nodes[0].scheduler.spawn(NEAR, Source)
        self.keeper = self.row.nodes[2].scheduler.spawn(FAR, Keeper)
        self.spec = self.row.wire(
            1, NEAR, FAR, first, credit=credit, full="refuse", reliable=True
        )
        self.outbox.bound = bound or self.outbox.bound

    @property
    def outbox(self):
        return self.row.nodes[0].wires.outboxes[1]

    @property
    def inlet(self):
        return self.row.nodes[2].wires.inlets[1]

    def emit(self, *values):
        """Returns those that were taken."""
        actor, taken = self.source.actor, []
        for value in values:
            actor.at_us, actor.source = self.row.clock.site_us(), NEAR
            if actor.emit(value):
                taken.append(value)
        self.row.run()
        self.check()
        return taken

    def block(self, blocks=True):
        """Let the keeper take nothing, or go on."""
        self.keeper.down = blocks
        flow = self.row.nodes[2].scheduler.flow
        flow.suspend(self.keeper) if blocks else flow.resume(self.keeper)

    def lose_what_is_under_way(self):
        """Crash the router while it holds what was sent."""
        self.row.cut(1)
        self.row.run()
        self.row.crash(1)

    def renew(self, epoch, first=1):
        """Both ends are told a higher epoch, as a controller does: the target first."""
        self.spec = dict(self.spec, epoch=epoch, first=first)
        for node in (self.row.nodes[2], self.row.nodes[0]):
            node.wires.connect(self.spec)
        self.row.run()

    def check(self):
        box = self.outbox
        lost = sum(box.dropped.values())
        assert box.accepted == box.sent + lost + box.waiting, (box.accepted, box.sent)
        assert box.sent >= box.acknowledged and set(box.dropped) <= {"refused"}
        assert len(box.values) == box.waiting + box.sent - box.acknowledged
        check_ledger(self.inlet)


def test_what_is_dealt_with_is_acknowledged_and_forgotten():
    for first in (1, SEQUENCE_WRAP - 3):
        wired = Wired(first=first)
        wired.emit(*range(6))
        assert wired.keeper.actor.kept == list(range(6))
        wired.row.run(1000)
        assert wired.outbox.values == [] and wired.outbox.acknowledged == 6
        wired.emit(*range(6, 20))
        wired.row.run(1000)
        assert wired.keeper.actor.kept == list(range(20)) and wired.outbox.values == []
        wired.check()


def test_what_the_handler_has_not_dealt_with_is_kept():
    wired = Wired()
    wired.block()
    wired.emit(*range(5))
    wired.row.run(3000)
    assert wired.outbox.acknowledged == 0 and wired.outbox.values == [0, 1, 2, 3, 4]
    assert wired.outbox.sent == 5 and wired.outbox.waiting == 0
    wired.block(False)
    wired.row.run(2000)
    assert wired.outbox.values == [] and wired.keeper.actor.kept == [0, 1, 2, 3, 4]


def test_a_router_that_dies_with_everything_loses_nothing_and_doubles_nothing():
    for credit in (1, 3, 8):
        wired = Wired(credit)
        for turn in range(4):
            wired.row.cut(1)
            wired.emit(*range(10 * turn, 10 * turn + 10))
            wired.row.crash(1)
            wired.row.run(1000)
        wired.row.run(6000)
        assert wired.keeper.actor.kept == list(range(40)), credit
        assert wired.inlet.missing == 0 and wired.outbox.values == []
        wired.check()


def test_random_losses_of_readings_and_of_grants_change_nothing():
    for seed in range(10):
        dice, wired, taken, value = Dice(seed), Wired(1 + seed, bound=20), [], 0
        taking = wired.row.nodes[0].wires.take_credit
        for _ in range(14):
            burst = 1 + dice.below(12)
            taken += wired.emit(*range(value, value + burst))
            value += burst
            move = dice.below(5)
            if move == 0:
                wired.row.cut(1)
                taken += wired.emit(value)
                value += 1
                wired.row.crash(1)
            elif move == 1:
                wired.row.nodes[0].wires.take_credit = lambda _body, _from_device: None
            elif move == 2:
                wired.block()
            wired.row.run(dice.below(2500))
            wired.row.nodes[0].wires.take_credit = taking
            wired.block(False)
            wired.check()
        wired.row.run(6000)
        assert wired.keeper.actor.kept == taken, seed
        assert wired.outbox.values == [] and wired.inlet.missing == 0
        assert wired.outbox.accepted == len(taken) + wired.outbox.dropped.get("refused", 0)


def test_a_source_that_holds_all_it_may_takes_no_more():
    wired = Wired(credit=4, bound=6)
    wired.block()
    assert wired.emit(*range(10)) == [0, 1, 2, 3, 4, 5]
    assert wired.outbox.dropped == {"refused": 4}
    wired.block(False)
    wired.row.run(3000)
    assert wired.keeper.actor.kept == [0, 1, 2, 3, 4, 5]
    assert wired.emit(10) == [10]


def test_an_acknowledgement_that_comes_while_all_is_sent_again_is_not_lost():
    box = ReliableOutbox(Stub(), 1, 1, NEAR)
    box.granted, box.bound, box.limit_bytes, box.items_max = 100, 50, 1000, 1024
    box.name = 1
    for value in range(6):
        box.put(value, value, NEAR)
    box.flush()
    assert (box.next, box.waiting, box.numbered) == (7, 0, 7)
    box.again()
    assert (box.next, box.waiting, box.numbered) == (1, 0, 7)
    box.grant(100, 5)  # of what was sent the first time
    assert (box.next, box.start, box.values) == (5, 0, [4, 5])
    box.flush()
    assert box.next == 7 and box.sent == 6
    box.grant(100, 6)
    assert box.values == [5] and box.acknowledged == 5
    box.again()
    box.rebind(2, 6, 50)  # before that was sent once more
    assert (box.next, box.sent, box.waiting) == (6, 6, 0)
    assert box.flush() and (box.next, box.sent, box.waiting) == (7, 6, 0)


def test_an_acknowledgement_of_what_was_never_sent_changes_nothing():
    wired = Wired(credit=2)
    wired.block()
    wired.emit(*range(5))
    for number in (4, 5, 6, 1000, 0, SEQUENCE_WRAP - 1):
        wired.outbox.grant(wired.outbox.granted, number)
        wired.check()
        assert wired.outbox.values == [0, 1, 2, 3, 4]


class Stub:
    """Takes the batches of an outbox; `room` bytes at most."""

    incarnation = 5

    def __init__(self):
        from mp_actors import codec

        self.codec, self.wires, self.room, self.sent = codec, self, 1000, []
        self.dirty = []

    def room_bytes(self, _to_device):
        return self.room

    def send(self, flags, _to_device, body):
        assert flags & frame.CLASS_BITS == frame.STREAM
        self.sent.append(body)
        return True

    def log(self, _path, text):
        raise AssertionError(text)


def test_a_reading_that_was_sent_is_never_given_up_for_another_of_its_number():
    node = Stub()
    box = ReliableOutbox(node, 1, 1, NEAR)
    box.granted, box.bound, box.limit_bytes, box.items_max = 100, 50, 1000, 1024
    box.put("a" * 100, 1, NEAR)
    box.put("b", 2, NEAR)
    assert box.flush()
    box.again()
    node.room, sent = 60, len(node.sent)  # another way, on which it is too long
    assert not box.flush()
    assert box.dropped == {} and len(box.values) == 2 and len(node.sent) == sent
    node.room = 1000
    assert box.flush() and box.next == 3


def test_only_numbers_in_order_are_taken_and_only_as_many_as_there_is_room_for():
    inlet = ReliableInlet(1, NEAR, 4)
    inlet.expected = 10
    assert inlet.arrived(12, 2) == 2 and inlet.expected == 10  # ahead: it will come again
    assert inlet.arrived(10, 3) == 0 and inlet.expected == 13
    assert inlet.arrived(11, 4) == 2 and inlet.expected == 15
    assert inlet.arrived(10, 5) == 5 and inlet.expected == 15
    assert inlet.missing == 0
    inlet.is_ready = True
    for value in range(3):
        inlet.put(value, 0, NEAR)
    assert inlet.arrived(15, 2) == 2 and inlet.expected == 15
    assert inlet.arrived(15, 1) == 0 and inlet.expected == 16


def test_a_target_that_begins_anew_gets_what_it_had_not_acknowledged():
    for blocked in (False, True):
        wired = Wired(credit=4)
        wired.emit(*range(7))
        wired.row.run(1000)
        wired.block(blocked)
        wired.emit(*range(7, 12))
        unacknowledged = len(wired.outbox.values)
        before = list(wired.keeper.actor.kept)
        node = wired.row.crash(2)
        wired.keeper = node.scheduler.spawn(FAR, Keeper)
        wired.renew(2)
        wired.row.run(4000)
        after = wired.keeper.actor.kept
        assert sorted(set(before + after)) == list(range(12))
        doubled = len(before) + len(after) - 12
        assert 0 <= doubled <= unacknowledged and (doubled == 0 or not blocked)
        assert after == sorted(after) and wired.outbox.values == []
        wired.check()


def test_a_source_that_begins_anew_pushes_nothing_out_of_the_queue():
    wired = Wired(credit=4)
    wired.block()
    wired.emit(*range(4))
    assert len(wired.inlet.queue) == 4
    node = wired.row.crash(0)
    wired.source = node.scheduler.spawn(NEAR, Source)
    wired.renew(2)
    wired.emit(*range(4, 10))
    wired.row.run(3000)
    assert wired.inlet.dropped == {}
    wired.block(False)
    wired.row.run(3000)
    assert wired.keeper.actor.kept == list(range(10))
    wired.check()


def renew_often(before):
    wired, taken, value = Wired(credit=5, bound=40), [], 0
    for step in range(1, 11):
        if step % 3 != 2:
            wired.block()
        taken += wired.emit(*range(value, value + 7))
        value += 7
        wired.renew(before + step)
        wired.check()
        wired.block(False)
        wired.row.run((step + 1) * 150)
        wired.check()
    wired.row.run(4000)
    assert wired.keeper.actor.kept == taken
    assert wired.outbox.repeated == 0
    assert wired.outbox.values == [] and wired.inlet.dropped == {}


def test_new_epochs_while_both_ends_live_double_nothing():
    renew_often(1)


def test_epochs_beyond_16_bits_are_told_apart_too():
    renew_often(65_530)  # as of a device that has failed every minute for six weeks


def test_a_stopped_target_takes_nothing_and_nothing_is_given_up():
    wired = Wired(credit=4)
    wired.emit(1, 2)
    wired.row.run(1000)
    wired.row.nodes[2].scheduler.stop(FAR)
    wired.emit(3, 4, 5)
    wired.row.run(3000)
    assert wired.outbox.values == [3, 4, 5] and wired.outbox.is_stalled
    assert wired.inlet.dropped == {}


def test_a_stopped_target_acknowledges_nothing_of_a_source_that_began_anew():
    wired = Wired(credit=8)
    wired.emit(1, 2, 3)
    wired.row.run(1000)
    wired.row.nodes[2].scheduler.stop(FAR)
    hears = deaf(wired.row.nodes[2].wires.arrivals)
    node = wired.row.crash(0)
    wired.source = node.scheduler.spawn(NEAR, Source)
    wired.renew(2)
    wired.emit(4, 5, 6, 7)
    wired.row.run(3000)
    hears()
    wired.row.run(3000)
    assert wired.outbox.values == [4, 5, 6, 7] and wired.outbox.acknowledged == 0


def test_a_poisoned_reading_is_dealt_with_and_does_not_come_again():
    class Picky(Keeper):
        tries = 0

        def on_value(self, value):
            if value == 3:
                Picky.tries += 1
                raise ValueError("three")
            Keeper.on_value(self, value)

    wired = Wired(credit=8)
    wired.keeper.make = Picky
    wired.row.nodes[2].scheduler.fail(wired.keeper, OSError("anew"))
    wired.row.run(200)
    wired.emit(*range(6))
    wired.row.run(3000)
    assert Picky.tries == 1 and wired.outbox.values == []
    assert wired.inlet.dropped == {"poison": 1} and wired.inlet.delivered == 5


def test_the_end_of_a_wire_counts_what_was_never_sent_as_gone():
    wired = Wired(credit=3)
    wired.block()
    wired.emit(*range(8))
    box = wired.outbox
    wired.row.nodes[0].wires.disconnect(1)
    wired.row.run(10)
    assert box.dropped == {"gone": 5} and box.sent == 3 and box.waiting == 0
    assert not box.is_dirty and wired.row.nodes[0].wires.dirty == []


def test_what_was_lost_is_sent_again_though_there_is_credit_and_more_to_send():
    wired = Wired(credit=1000)
    wired.emit(0)
    wired.row.cut(1)
    wired.emit(1, 2, 3)
    wired.row.crash(1)
    for value in range(4, 40):  # 3.6 s
        wired.emit(value)
        wired.row.run(100)
    assert wired.keeper.actor.kept[:10] == list(range(10))
    wired.row.run(2000)
    assert wired.keeper.actor.kept == list(range(40))


def test_nothing_is_taken_before_the_numbers_were_introduced():
    inlet = ReliableInlet(1, NEAR, 8)
    inlet.expected = 1
    inlet.rebind(1, 1)
    assert inlet.arrived(1, 2) == 2 and inlet.ahead == 2 and inlet.expected == 1
    inlet.introduce(1, 77)
    assert inlet.arrived(1, 2) == 0 and inlet.expected == 3 and inlet.is_fresh
    inlet.rebind(2, 1)
    assert inlet.arrived(3, 2) == 2 and inlet.expected == 3 and not inlet.is_fresh


def test_who_knows_the_name_of_the_numbers_goes_on_and_who_does_not_begins_with_the_first():
    for first in (1, SEQUENCE_WRAP - 2):
        inlet = ReliableInlet(1, NEAR, 8)
        inlet.expected = first
        inlet.rebind(1, first)
        inlet.introduce(first, 77)
        assert inlet.arrived(first, 5) == 0
        inlet.rebind(2, 1)
        inlet.introduce(first, 77)  # the same numbers, none of them acknowledged
        assert inlet.arrived(first, 6) == 5
        inlet.rebind(3, 1)
        inlet.introduce(500, 78)  # a source that knows nothing of them
        assert inlet.arrived(500, 2) == 0 and not inlet.is_fresh


def test_an_introduction_that_comes_late_again_changes_nothing():
    wired = Wired(credit=8)
    arrivals = wired.row.nodes[2].wires.arrivals
    early = tuple(wired.outbox.question()) + (None,)
    wired.emit(*range(5))
    wired.row.run(1000)
    arrivals.asked(early, 1)
    wired.emit(*range(5, 8))
    assert wired.keeper.actor.kept == list(range(8))


def test_an_introduction_that_is_lost_is_made_again():
    wired = Wired(credit=8)
    arrivals = wired.row.nodes[2].wires.arrivals
    asked, arrivals.asked = arrivals.asked, lambda _question, _from_device: None
    wired.emit(1, 2, 3)
    assert wired.keeper.actor.kept == [] and wired.inlet.ahead == 3
    arrivals.asked = asked
    wired.row.run(1000)
    assert wired.keeper.actor.kept == [1, 2, 3]


def test_a_target_that_began_anew_says_so_and_what_it_may_have_had_is_counted():
    wired = Wired(credit=8)
    wired.emit(*range(3))  # not acknowledged yet
    assert len(wired.outbox.values) == 3
    node = wired.row.crash(2)
    wired.keeper = node.scheduler.spawn(FAR, Keeper)
    wired.renew(2)
    wired.row.run(3000)
    assert wired.keeper.actor.kept == [0, 1, 2] and wired.outbox.repeated == 3
    wired.renew(3)
    wired.row.run(3000)
    assert wired.outbox.repeated == 3 and wired.outbox.values == []


def deaf(arrivals):
    """Introductions come and are lost. Returns what ends that."""
    asked, arrivals.asked = arrivals.asked, lambda _question, _from_device: None

    def hears():
        arrivals.asked = asked

    return hears


def test_who_has_not_heard_whose_numbers_come_is_not_taken_for_one_that_knew_them():
    wired = Wired(credit=8)
    wired.emit(*range(3))  # not acknowledged yet
    node = wired.row.crash(2)
    wired.keeper = node.scheduler.spawn(FAR, Keeper)
    node.wires.connect(dict(wired.spec, epoch=2))
    hears = deaf(node.wires.arrivals)
    wired.renew(2)
    wired.row.run(800)
    hears()
    wired.row.run(3000)
    assert wired.keeper.actor.kept == [0, 1, 2] and wired.outbox.repeated == 3


def test_numbers_of_a_source_that_is_gone_acknowledge_nothing_of_the_next():
    wired = Wired(credit=8)
    wired.emit(*range(5))
    wired.row.run(1000)
    hears = deaf(wired.row.nodes[2].wires.arrivals)
    node = wired.row.crash(0)
    wired.source = node.scheduler.spawn(NEAR, Source)
    wired.renew(2)
    wired.emit(*range(5, 11))
    wired.row.run(800)
    hears()
    wired.row.run(3000)
    assert wired.keeper.actor.kept == list(range(11)) and wired.outbox.values == []
