"""Credit: a source sends no more than its target has room for, and no loss closes a wire for good.

Three devices in a row; the one in the middle, a router, is cut off and crashed at will.
"""

from helpers import Dice, Keeper, Row, Source, check_ledger, refusal

from mp_actors import Actor, codec, credit, frame
from mp_actors.errors import RemoteWireError
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP

NEAR, FAR = "a/one/source", "c/three/keeper"


class Told(Source):
    """A source that keeps what it is told of its wires; one of all instances."""

    notes = []

    def on_stalled(self, path):
        Told.notes.append(("stalled", path))

    def on_flowing(self, path):
        Told.notes.append(("flowing", path))

    def on_fail(self):
        raise OSError("asked to")


class Wired:
    """A source on device 1 and a keeper on device 3 with a given credit."""

    def __init__(self, credit=8, first=1, make=Told, **more):
        Told.notes = []
        self.row = Row()
        self.source = self.row.nodes[0].scheduler.spawn(NEAR, make)
        self.keeper = self.row.nodes[2].scheduler.spawn(FAR, Keeper)
        self.spec = self.row.wire(1, NEAR, FAR, first, credit=credit, **more)
        self.outbox = self.row.nodes[0].wires.outboxes[1]
        self.inlet = self.row.nodes[2].wires.inlets[1]

    def emit(self, *values):
        for value in values:
            self.source.emit(value, self.row.clock.site_us(), NEAR)
        self.row.run()

    def block(self, blocks=True):
        """Let the keeper take nothing, or go on."""
        self.keeper.down = blocks
        flow = self.row.nodes[2].scheduler.flow
        flow.suspend(self.keeper) if blocks else flow.resume(self.keeper)

    def say(self, node, from_device, flags, body):
        """Deliver a body to a node as if it had come from a device."""
        payload = frame.routed(flags, 0, (), node.number, from_device, codec.encode(body))
        node.deliver(payload, frame.Head(payload))

    def check(self):
        lost = sum(self.outbox.dropped.values())
        assert self.outbox.accepted == self.outbox.sent + lost + self.outbox.waiting
        check_ledger(self.inlet)


def test_a_grant_and_a_question_are_read_and_anything_else_is_refused():
    assert credit.read([1, 2, 3]) == (1, 2, 3, None, None)
    assert credit.read([1, 2, 3, 4]) == (1, 2, 3, 4, None)
    assert credit.read([1, 2, 3, 4, 5]) == (1, 2, 3, 4, 5)
    for wrong in ([], [1, 2], [1, 2, 3, 4, 5, 6]):
        refusal(RemoteWireError, credit.read, wrong)
    for number in (-1, 1 << 32, "3", 3.0, None):
        refusal(RemoteWireError, credit.read, [1, 2, number])
    refusal(RemoteWireError, credit.read, [1, True, 3, 4])


def test_a_source_sends_no_more_than_its_target_has_room_for():
    for first in (1, SEQUENCE_WRAP - 5):
        wired = Wired(credit=8, first=first)
        wired.block()
        for value in range(30):
            wired.emit(value)
            assert len(wired.inlet.queue) <= 8
        assert wired.outbox.sent == 8 and wired.outbox.waiting == 22
        assert wired.inlet.dropped == {}
        wired.block(False)
        wired.row.run(10)
        assert wired.keeper.actor.kept == list(range(30)) and wired.outbox.waiting == 0
        wired.check()


def test_what_is_free_again_is_told_in_time_and_not_for_every_reading():
    wired = Wired(credit=64)
    told = []
    send = wired.row.nodes[2].send

    def counted(flags, to_device, body):
        told.append(codec.decode(body))
        return send(flags, to_device, body)

    wired.row.nodes[2].send = counted
    for value in range(640):
        wired.emit(value)
    assert wired.keeper.actor.kept == list(range(640)) and wired.outbox.dropped == {}
    assert len(told) == 20  # each time half of it was used
    assert all([body[2] - body[3] == 64 for body in told])


def test_a_grant_that_was_lost_is_asked_for():
    wired = Wired(credit=4)
    take = wired.row.nodes[0].wires.take_credit
    wired.row.nodes[0].wires.take_credit = lambda _body, _from_device: None
    wired.emit(*range(10))
    wired.row.run(100)
    assert wired.keeper.actor.kept == [0, 1, 2, 3] and wired.outbox.waiting == 6
    wired.row.nodes[0].wires.take_credit = take
    wired.row.run(2100)
    assert wired.keeper.actor.kept == list(range(10))
    wired.check()


def test_a_window_that_was_lost_as_a_whole_does_not_close_the_wire():
    for credit_readings in (1, 4, 32):
        wired = Wired(credit=credit_readings)
        wired.row.cut(1)  # between the router and the target
        wired.emit(*range(credit_readings))
        assert wired.outbox.sent == credit_readings
        wired.row.crash(1)  # and with it all that was under way
        wired.emit(100, 101, 102)
        wired.row.run(2500)
        assert wired.keeper.actor.kept == [100, 101, 102]
        assert wired.inlet.missing == credit_readings and wired.inlet.late == 0
        wired.check()


def test_random_losses_never_close_a_wire_and_every_gap_is_counted_once():
    for seed in range(8):
        dice, wired, value = Dice(seed), Wired(credit=1 + seed), 0
        for _ in range(12):
            burst = 1 + dice.below(12)
            wired.emit(*range(value, value + burst))
            value += burst
            if dice.below(2):
                wired.row.cut(1)
                wired.emit(value)
                value += 1
                wired.row.crash(1)
            wired.row.run(dice.below(3000))
        wired.emit(value)  # a gap shows when something comes behind it
        wired.row.run(4000)
        kept = wired.keeper.actor.kept
        assert kept == sorted(set(kept)) and kept[-1] == value
        assert wired.outbox.waiting == 0
        assert wired.outbox.sent == len(kept) + wired.inlet.missing
        wired.check()


def test_a_slow_way_is_no_loss():
    wired = Wired(credit=8)
    wired.block()
    wired.emit(*range(20))
    wired.row.run(5000)  # it asks, and asks
    assert wired.inlet.missing == wired.inlet.late == 0 and wired.outbox.sent == 8
    wired.block(False)
    wired.row.run(1500)
    assert wired.keeper.actor.kept == list(range(20))


def test_credit_of_another_device_epoch_or_wire_changes_nothing():
    wired = Wired(credit=4)
    wired.block()
    wired.emit(*range(10))
    one, _, three = wired.row.nodes
    for from_device, body in ((2, [1, 1, 99, 1]), (3, [1, 2, 99, 1]), (3, [7, 1, 99, 1])):
        wired.say(one, from_device, frame.CONTROL, body)
    for from_device, body in ((2, [1, 1, 99]), (1, [1, 2, 99]), (1, [7, 1, 99])):
        wired.say(three, from_device, frame.STREAM, body)
    wired.row.run(10)
    assert wired.outbox.sent == 4 and wired.outbox.waiting == 6
    assert wired.inlet.missing == 0
    wired.say(one, 3, frame.CONTROL, [1, 1, 2, 1])  # an old one: less than it has already
    wired.block(False)
    wired.row.run(10)
    assert wired.keeper.actor.kept == list(range(10))


def test_credit_that_is_no_credit_is_undecodable_and_nothing_else_happens():
    wired = Wired(credit=4)
    one, _, three = wired.row.nodes
    for node, flags in ((one, frame.CONTROL), (three, frame.STREAM)):
        for body in ([1, 1], [1, 1, "x"], [1, 1, -3], [[], 1, 1]):
            wired.say(node, 4 - node.number, flags, body)
    assert one.control.lost.get("undecodable") == 4
    assert sum(three.wires.lost.values()) == 4
    wired.emit(*range(9))
    assert wired.keeper.actor.kept == list(range(9))


def test_whoever_waits_for_credit_stands_in_one_place_of_one_list():
    wired = Wired(credit=16)
    wires = wired.row.nodes[2].wires
    for value in range(200):
        wired.block()
        wired.emit(value)
        assert len(wires.arrivals._owing) <= 1 and len(wired.row.nodes[0].wires.dirty) <= 1
        if value % 5 == 4:
            wired.block(False)
            wired.row.run(1)
    wired.block(False)
    wired.row.run(10)
    assert wired.keeper.actor.kept == list(range(200))


def test_the_source_is_told_once_when_nothing_moves_and_once_when_it_does_again():
    wired = Wired(credit=4)
    wired.block()
    wired.emit(*range(10))
    wired.row.run(900)
    assert Told.notes == []
    wired.row.run(3000)
    assert Told.notes == [("stalled", FAR)]
    wired.block(False)
    wired.row.run(1000)
    assert Told.notes == [("stalled", FAR), ("flowing", FAR)]
    wired.row.run(3000)
    assert len(Told.notes) == 2


def test_a_target_that_is_slow_but_moves_is_not_stalled():
    wired = Wired(credit=2)
    for value in range(40):
        wired.block()
        wired.emit(value)
        wired.row.run(300)
        wired.block(False)
        wired.row.run(1)
    assert Told.notes == []


def test_an_instance_is_told_what_the_one_before_it_was_told():
    wired = Wired(credit=2)
    wired.block()
    wired.emit(*range(9))
    wired.row.run(2000)
    wired.row.nodes[0].scheduler.post(NEAR, "fail", (), NEAR, None)
    wired.row.run(1500)
    assert wired.source.restarts == 1
    assert Told.notes == [("stalled", FAR)] * 2
    wired.block(False)
    wired.row.run(1500)
    assert Told.notes[2:] == [("flowing", FAR)]


def test_a_source_that_did_not_ask_to_be_told_is_not_bothered():
    wired = Wired(credit=2, make=Source)
    wired.block()
    wired.emit(*range(9))
    wired.row.run(3000)
    assert [line for line in wired.row.lines if "stalled" in line[1]] == []
    assert wired.outbox.is_stalled


def test_notices_wait_for_room_in_the_control_queue():
    wired = Wired(credit=2)
    scheduler = wired.row.nodes[0].scheduler
    wired.block()
    wired.emit(*range(9))
    bound, scheduler.control_bound = scheduler.control_bound, 0
    wired.row.run(2500)
    assert Told.notes == []
    scheduler.control_bound = bound
    wired.row.run(600)
    assert Told.notes == [("stalled", FAR)]


def test_an_older_epoch_changes_nothing_and_is_told_the_newer():
    wired = Wired(credit=4)
    wires = wired.row.nodes[2].wires
    newer, older = dict(wired.spec, epoch=5), dict(wired.spec, epoch=3)
    assert wires.connect(newer) == 5 and wired.row.nodes[0].wires.connect(newer) == 5
    for node in (wired.row.nodes[0], wired.row.nodes[2]):
        assert node.wires.connect(older) == 5  # it was held up on its way
    wired.emit(1, 2)
    assert wired.keeper.actor.kept == [1, 2]


def test_a_new_epoch_keeps_what_waits_and_begins_the_numbers_again():
    wired = Wired(credit=8)
    wired.block()
    wired.emit(*range(4))
    newer = dict(wired.spec, epoch=2)
    wired.row.nodes[2].wires.connect(newer)
    wired.row.nodes[0].wires.connect(newer)
    wired.emit(*range(4, 8))
    assert (wired.outbox.next, wired.inlet.expected) == (5, 5)
    wired.block(False)
    wired.emit(*range(8, 30))
    assert wired.keeper.actor.kept == list(range(30))
    assert wired.inlet.missing == wired.inlet.late == 0
    wired.check()


def test_an_actor_that_was_stopped_gives_no_more_credit():
    wired = Wired(credit=4)
    wired.block()
    wired.emit(1, 2)
    wired.row.nodes[2].scheduler.stop(FAR)
    wired.emit(*range(20))
    wired.row.run(3000)
    assert wired.outbox.sent == 4 and Told.notes == [("stalled", FAR)]
    assert wired.inlet.dropped == {"gone": 4}
    wired.check()


class Chatter(Actor):
    """Emits when it is told to, and says what `emit` said."""

    def on_emit(self, *values):
        return [self.emit(value) for value in values]


def test_emit_says_whether_every_wire_took_the_value():
    row = Row()
    row.nodes[0].scheduler.spawn("a/one/chatter", Chatter)
    for number in (1, 2):
        row.nodes[2].scheduler.spawn("c/three/k%d" % number, Keeper)
        policy = "refuse" if number == 1 else "drop-oldest"
        row.wire(number, "a/one/chatter", "c/three/k%d" % number, credit=3, full=policy)
        row.nodes[0].wires.outboxes[number].bound = 2
    cell = row.nodes[2].scheduler.cells["c/three/k1"]
    cell.down = True
    row.nodes[2].scheduler.flow.suspend(cell)
    said = []
    for value in range(7):
        row.nodes[0].scheduler.post(
            "a/one/chatter", "emit", (value,), NEAR, lambda _error, value: said.append(value[0])
        )
        row.run(1)
    assert said == [True] * 5 + [False] * 2
    assert row.nodes[2].scheduler.cells["c/three/k2"].actor.kept == list(range(7))
