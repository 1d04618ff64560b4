"""Memory ran out in the middle of something: what `mend` makes whole, each broken off on purpose.

That nothing else is needed is shown by `tests/host/test_out_of_memory.py`, allocation by allocation
on a board; here is what is rare there, on both interpreters.
"""

from helpers import Desk, Keeper, Row, check_ledger, refusal

from mp_actors import frame, news
from mp_actors.outbox import Outbox, align
from mp_actors.supervise import describe
from mp_actors.timers import Timers

PATH = "lab/desk/one"
T0 = 1700000000000000


class Way:
    """A wire from device 1 to device 3, whose outbox holds what the test puts there."""

    def __init__(self):
        self.row = Row()
        self.node = self.row.nodes[0]
        self.cell = self.node.scheduler.spawn("a/one/source", Keeper)
        self.keeper = self.row.nodes[2].scheduler.spawn("c/three/keeper", Keeper)
        self.row.wire(1, "a/one/source", "c/three/keeper")
        self.outbox = self.node.wires.outboxes[1]
        self.inlet = self.row.nodes[2].wires.inlets[1]

    def put(self, *values):
        for place, value in enumerate(values):
            self.cell.emit(value, T0 + place, self.cell.path)


def short(*_):
    raise MemoryError


def test_rows_that_an_append_left_unequal_end_with_the_last_whole_reading():
    for lengths in ((3, 2, 2), (3, 3, 2), (3, 3, 3)):
        rows = [list(range(length)) for length in lengths]
        align(*rows)
        assert rows == [list(range(min(lengths)))] * 3


def test_rows_that_were_forgotten_in_part_begin_with_the_same_reading():
    for lengths in ((2, 5, 5), (2, 2, 5), (2, 2, 2)):
        rows = [list(range(5 - length, 5)) for length in lengths]
        align(*rows)
        assert rows == [[3, 4]] * 3


def test_a_reading_that_found_no_room_in_memory_is_an_overflow_and_the_others_keep_their_times():
    way = Way()
    way.put(1, 2, 3)
    way.outbox.accepted += 1
    way.outbox.values.append(4)  # and no further
    way.node.mend()
    assert way.outbox.dropped == {"overflow": 1}
    way.row.run()
    assert way.keeper.actor.kept == [1, 2, 3]
    assert way.outbox.accepted == way.outbox.sent + 1


def test_what_was_sent_and_is_not_forgotten_yet_is_not_sent_again():
    way = Way()
    way.put(1, 2, 3)
    way.row.run()
    way.put(4, 5)
    way.outbox.values[:0] = [1, 2, 3]
    way.outbox.mend()
    assert way.outbox.values == [4, 5] and way.outbox.dropped == {}


def test_an_outbox_whose_flush_was_broken_off_is_flushed_with_the_next_step():
    way = Way()
    way.put(1, 2)
    way.outbox.flush = short
    refusal(MemoryError, way.node.wires.flush)
    way.outbox.flush = lambda: Outbox.flush(way.outbox)
    way.row.run()
    assert way.keeper.actor.kept == [1, 2]


def test_a_turn_that_was_broken_off_goes_on_and_the_value_in_hand_is_an_overflow():
    desk = Desk()
    cells = [desk.add(name, Keeper) for name in ("one", "two")]
    inlet = desk.wire(*cells)
    desk.emit(cells[0], 1, 2, 3)
    follow, desk.flow.follow = desk.flow.follow, short
    refusal(MemoryError, desk.flow.turn)
    desk.flow.follow = follow
    inlet.undelivered += 1  # the value was accepted, and no handler has had it
    desk.scheduler.mend()
    desk.rest()
    assert cells[1].actor.kept == [2, 3]
    assert inlet.dropped == {"overflow": 1}
    check_ledger(inlet)


def test_an_actor_that_failed_without_memory_to_make_it_anew_is_made_anew():
    desk = Desk()
    cell = desk.add("one", Keeper)
    cell.failed("MemoryError")
    made = Keeper.made
    desk.scheduler.mend()
    desk.scheduler.mend()  # it may run out twice
    desk.run(cell.restart_delay_ms)
    assert not cell.down
    assert Keeper.made == made + 1


def test_a_call_that_found_no_memory_is_made_again_and_a_periodic_one_at_its_next_moment():
    timers, calls, fails = Timers(), [], [True, True]

    def due(place):
        if fails[place]:
            fails[place] = False
            raise MemoryError
        calls.append(place)

    timers.after(0, 10, lambda: due(0))
    timers.every(0, 20, lambda: due(1))
    refusal(MemoryError, timers.run_due, 10)
    timers.run_due(11)
    assert calls == [0]
    refusal(MemoryError, timers.run_due, 20)
    timers.run_due(21)
    assert calls == [0]
    timers.run_due(40)
    assert calls == [0, 1]


def test_an_error_that_cannot_be_described_for_want_of_memory_has_its_name():
    class Odd(Exception):
        def __str__(self):
            raise MemoryError

    assert describe(Odd()) == "Odd"


def test_a_frame_for_which_there_was_no_memory_is_counted_with_its_wire_and_its_sender():
    way = Way()
    target, inlet = way.row.nodes[2], way.inlet
    for reading, where in ((1, "in the inlet"), (2, "not the target")):
        way.put(reading)
        take, target.wires.take = target.wires.take, short
        if where == "not the target":
            inlet.source_device = 9
        refusal(MemoryError, way.row.run)
        target.wires.take = take
        target.mend()
        way.row.run()
    assert inlet.dropped == {"overflow": 1} and inlet.missing == 0
    assert target.wires.lost == {(1, "overflow"): 1}
    assert target.short is None
    check_ledger(inlet)


def test_news_for_which_there_was_no_memory_comes_again_with_the_next_connection():
    row = Row()
    router = row.nodes[1]
    peer = router.neighbours[1]
    expected = peer.expected
    router.forwarder.take_news = short
    payload = news.bit_frames([(7, 1, 2, True)])[0]
    peer.expected += 1
    refusal(MemoryError, router.take, peer, frame.NEWS, payload)
    assert peer.expected == expected
    assert router.short is None
