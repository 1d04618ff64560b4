"""The end of a wire at its source: batches, bounds, refusals one by one, and an exact ledger."""

from helpers import Dice, Keeper, Row, check_ledger, part, refusal

from mp_actors import Filter, batch, frame
from mp_actors.errors import UnknownActor
from mp_actors.outbox import BATCH
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP

SPAN_US = (1 << 32) - 1
T0 = 1700000000000000


def check_box(outbox):
    lost = sum(outbox.dropped.values())
    assert outbox.accepted == outbox.sent + lost + len(outbox.values)


class Way:
    """A keeper on device 3, wired to a cell on device 1 over the router 2."""

    def __init__(self, is_board=False, first=1, limit=1 << 20):
        self.row = Row(is_board)
        self.one, self.two, self.three = self.row.nodes
        self.cell = self.one.scheduler.spawn("a/one/source", Keeper)
        self.keeper = self.three.scheduler.spawn("c/three/keeper", Keeper)
        self.row.wire(1, "a/one/source", "c/three/keeper", first, (), limit)
        self.outbox = self.one.wires.outboxes[1]
        self.inlet = self.three.wires.inlets[1]

    def put(self, *values):
        """Let values leave, a microsecond apart."""
        for place, value in enumerate(values):
            self.cell.emit(value, T0 + place, self.cell.path)

    def frames(self):
        """[(sequence, readings)] of the frames that wait at the first node."""
        found = []
        neighbour = self.one.neighbours[2]
        for enclosed in neighbour.frames[neighbour.sent :]:
            payload = enclosed[4:]
            if payload[0] == frame.ROUTED:
                body = payload[frame.Head(payload).body :]
                found.append((batch.head(body)[2], batch.count(body)))
        return found

    def settle(self):
        self.row.run()
        check_box(self.outbox)
        check_ledger(self.inlet)

    @property
    def kept(self):
        return self.keeper.actor.kept


def test_readings_of_a_step_leave_together():
    way = Way()
    way.put(1, 2, 3)
    assert way.frames() == []
    way.one.wires.flush()
    assert way.frames() == [(1, 3)]
    way.settle()
    assert way.kept == [1, 2, 3]


def test_a_full_batch_leaves_at_once_and_the_rest_at_the_end_of_the_step():
    way = Way()
    way.put(*range(2 * BATCH + 5))
    assert way.frames() == [(1, BATCH), (1 + BATCH, BATCH)]
    way.one.wires.flush()
    assert way.frames()[2:] == [(1 + 2 * BATCH, 5)]
    way.settle()
    assert way.kept == list(range(2 * BATCH + 5))


def test_a_handler_that_emits_thousands_for_which_there_is_credit_loses_nothing():
    for is_board in (False, True):
        way = Way(is_board)
        way.one.neighbours[2].buffer_bytes = 1 << 20
        way.inlet.bound = 5000
        way.outbox.granted += 5000
        way.put(*range(3000))
        assert len(way.one.wires.dirty) == 1
        way.settle()
        assert way.outbox.dropped == {} and way.kept == list(range(3000))


def test_without_a_way_readings_wait_and_the_oldest_make_room():
    way = Way()
    part(way.row.links[0])
    way.put(*range(1000))
    way.settle()
    bound = way.outbox.bound
    assert way.outbox.values == list(range(1000 - bound, 1000))
    assert way.outbox.dropped == {"overflow": 1000 - bound} and way.outbox.sent == 0
    way.row.join(0, 1)
    way.settle()
    # Numbers are given when a reading leaves: what was dropped before is no gap on the way.
    assert way.inlet.missing == 0 and way.outbox.sent == way.inlet.accepted == bound
    assert way.kept[-1] == 999


def test_without_room_in_the_link_readings_wait_and_leave_later_in_order():
    way = Way()
    neighbour = way.one.neighbours[2]
    neighbour.buffer_bytes = way.two.neighbours[1].their_buffer_bytes = 500
    way.put(*range(64))
    way.put(*range(64, 100))
    assert not way.outbox.flush() and way.outbox.values == list(range(64, 100))
    way.settle()
    assert way.kept == list(range(100))


def test_a_value_that_cannot_be_sent_is_refused_alone():
    for bad in ({1, 2}, 1 << 70, {"a": object}, {1.5: 2}):
        for place in (0, 1, 31, 62, 63):
            way = Way()
            values = list(range(64))
            values[place] = bad
            way.put(*values)
            way.settle()
            assert way.kept == [value for value in values if value is not bad], (bad, place)
            assert way.outbox.dropped == {"refused": 1} and way.inlet.missing == 0
            refusals = [text for path, text in way.row.lines if "reading refused" in text]
            assert len(refusals) == 1


def test_several_values_that_cannot_be_sent_are_refused_one_by_one():
    way = Way()
    way.put(*[{place} if place % 3 == 0 else place for place in range(60)])
    way.settle()
    assert way.kept == [place for place in range(60) if place % 3]
    assert way.outbox.dropped == {"refused": 20}


def test_a_value_too_long_for_the_way_is_refused_and_long_batches_are_cut():
    way = Way(limit=500)
    values = [b"%d" % (place % 10) * 100 for place in range(20)]
    way.put(*(values[:10] + [b"x" * 600] + values[10:]))
    way.settle()
    assert way.kept == values
    assert way.outbox.dropped == {"refused": 1}
    assert "bytes; the way takes 486" in str(way.row.lines)


def test_a_board_sends_frames_of_a_kibibyte_at_most():
    way = Way(is_board=True)
    way.one.neighbours[2].buffer_bytes = 1 << 20
    way.put(*["%03d" % place * 20 for place in range(30)])
    way.one.wires.flush()
    assert max([len(enclosed) for enclosed in way.one.neighbours[2].frames]) <= 1024 + 4
    way.settle()
    assert len(way.kept) == 30


def test_times_too_far_apart_for_one_frame_part_the_batch():
    way = Way()
    times = [T0, T0 + SPAN_US - 1, T0 + SPAN_US, T0, T0 - SPAN_US // 2, T0 + SPAN_US * 3 // 4]
    seen = []
    way.keeper.actor.on_value = lambda _value: seen.append(way.keeper.actor.at_us)
    way.inlet.attach(way.keeper.actor)
    for at_us in times:
        way.cell.emit(0, at_us, way.cell.path)
    way.settle()
    assert seen == times and way.outbox.dropped == {}


def test_numbers_go_on_across_the_wrap():
    way = Way(first=SEQUENCE_WRAP - 70)
    for start in range(0, 300, 50):
        way.put(*range(start, start + 50))
        way.settle()
    assert way.kept == list(range(300))
    assert (way.inlet.missing, way.inlet.late) == (0, 0)
    assert way.outbox.next == 300 - 70


def test_what_waits_when_a_wire_goes_is_counted_as_gone():
    way = Way()
    part(way.row.links[0])
    way.put(1, 2, 3)
    way.one.wires.disconnect(1)
    assert way.outbox.dropped == {"gone": 3}
    check_box(way.outbox)
    way.put(4)
    assert way.outbox.accepted == 3
    way.settle()


def test_sources_are_kept_over_hops():
    row = Row()
    one, two, three = row.nodes
    first = one.scheduler.spawn("a/one/first", Keeper)
    second = one.scheduler.spawn("a/one/second", Keeper)
    two.scheduler.spawn("b/two/filter", Filter)
    keeper = three.scheduler.spawn("c/three/keeper", Keeper)
    origins = [(11, "a/one/first"), (12, "a/one/second")]
    row.wire(1, "a/one/first", "b/two/filter")
    row.wire(2, "a/one/second", "b/two/filter")
    row.wire(3, "b/two/filter", "c/three/keeper", 1, origins)
    for value in range(10):
        cell = second if value % 3 else first
        cell.emit(value, T0, cell.path)
    row.run()
    pairs = sorted(zip(keeper.actor.kept, keeper.actor.sources))
    names = ["a/one/second" if value % 3 else "a/one/first" for value in range(10)]
    assert pairs == list(zip(range(10), names))


def test_a_wire_whose_readings_are_all_its_own_carries_no_origins():
    way = Way()
    way.put(1, 2)
    way.one.wires.flush()
    payload = way.one.neighbours[2].frames[-1][4:]
    assert payload[frame.Head(payload).body] == 0x86
    way.settle()
    assert way.keeper.actor.sources == ["a/one/source"] * 2


def test_a_wire_whose_source_is_missing_is_refused_until_it_is_there():
    row = Row()
    row.nodes[0].scheduler.spawn("a/one/keeper", Keeper)
    row.nodes[2].scheduler.spawn("c/three/keeper", Keeper)
    for target in ("a/one/keeper", "c/three/keeper"):
        assert "no such actor" in refusal(UnknownActor, row.wire, 1, "a/one/late", target)
        assert 1 not in row.nodes[0].wires.inlets and 1 not in row.nodes[0].wires.outboxes
    row.nodes[2].wires.disconnect(1)
    late = row.nodes[0].scheduler.spawn("a/one/late", Keeper)
    row.wire(1, "a/one/late", "a/one/keeper")
    row.wire(1, "a/one/late", "a/one/keeper")
    late.emit("hello", T0, late.path)
    row.run()
    assert row.nodes[0].scheduler.cells["a/one/keeper"].actor.kept == ["hello"]


def test_ledgers_are_exact_at_rest_over_random_cuts_and_bursts():
    for seed in range(12):
        dice = Dice(seed)
        way = Way(is_board=bool(seed % 2))
        sent = 0
        session, link = way.one.links.peers[2], way.row.links[0]
        for _ in range(25):
            event = dice.below(6)
            if event == 0 and session.connection is not None:
                (part if dice.below(2) else cut)(link)
            elif event == 1 and session.connection is None:
                way.row.join(0, 1)
                link = way.row.links[-1]
            else:
                size = dice.below(90)
                way.put(*range(sent, sent + size))
                sent += size
            if dice.below(2):
                way.one.step(0)
            else:
                way.settle()
        if session.connection is None:
            way.row.join(0, 1)
        way.settle()
        box, inlet = way.outbox, way.inlet
        assert box.accepted == sent and box.values == []
        # What had a number when a link was cut is in the session, and arrives.
        assert box.sent == inlet.accepted and inlet.missing == inlet.late == 0, seed
        assert way.kept == sorted(way.kept) and len(way.kept) == inlet.delivered


def cut(link):
    """Nobody has said goodbye."""
    link.cut()
