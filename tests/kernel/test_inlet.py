"""The end of a wire: a bounded queue whose oldest makes room, and numbers that show every gap.

Also what a device does with batches that are damaged, forged, or for a wire it does not have.
"""

from helpers import Desk, Dice, Keeper, Source, Stranger, check_ledger, new_node

from mp_actors import batch, codec, frame, gaps
from mp_actors.inlet import Inlet
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP


def new_inlet(bound=4):
    """An inlet whose actor is down, so that all that comes has to wait."""
    desk = Desk()
    source, target = desk.add("source", Source), desk.add("target", Keeper)
    inlet = Inlet(1, source.path, bound)
    desk.scheduler.connect(inlet, target)
    inlet.is_ready = True
    return inlet


def numbered(expected):
    inlet = new_inlet()
    inlet.expected = expected
    return inlet


def test_a_full_queue_drops_its_oldest_and_counts_it():
    inlet = new_inlet(bound=3)
    for value in range(10):
        inlet.put(value, 0, "a/b/c")
        check_ledger(inlet)
        assert len(inlet.queue) <= 3
    assert [entry[0] for entry in inlet.queue] == [7, 8, 9]
    assert (inlet.accepted, inlet.delivered, inlet.dropped) == (10, 0, {"overflow": 7})


def test_a_bound_of_one_keeps_the_newest():
    inlet = new_inlet(bound=1)
    for value in range(5):
        inlet.put(value, 0, "a/b/c")
    assert [entry[0] for entry in inlet.queue] == [4]
    check_ledger(inlet)


def test_a_value_waits_with_its_time_and_its_source():
    inlet = new_inlet()
    inlet.put("x", 17, "a/b/c")
    assert list(inlet.queue) == [("x", 17, "a/b/c")]


def test_what_waits_at_an_actor_that_stops_is_counted():
    inlet = new_inlet()
    inlet.discard("gone")
    assert inlet.dropped == {}
    for value in range(3):
        inlet.put(value, 0, "a/b/c")
    inlet.discard("gone")
    assert inlet.dropped == {"gone": 3}
    check_ledger(inlet)
    inlet.put("later", 0, "a/b/c")
    check_ledger(inlet)


def test_numbers_in_a_row_leave_no_gap():
    inlet = numbered(1)
    assert [inlet.arrived(1, 64), inlet.arrived(65, 1), inlet.arrived(66, 10)] == [0, 0, 0]
    assert (inlet.missing, inlet.late, inlet.expected) == (0, 0, 76)


def test_a_gap_is_counted_once():
    inlet = numbered(1)
    inlet.arrived(1, 5)
    assert inlet.arrived(10, 2) == 0
    assert inlet.arrived(12, 2) == 0
    assert (inlet.missing, inlet.late, inlet.expected) == (4, 0, 14)


def test_a_gap_before_the_first_batch_counts():
    inlet = numbered(1)
    inlet.arrived(4, 1)
    assert inlet.missing == 3


def test_a_batch_that_comes_twice_is_late_and_changes_nothing_else():
    inlet = numbered(1)
    inlet.arrived(1, 5)
    assert inlet.arrived(1, 5) == 5
    assert inlet.arrived(2, 3) == 3
    assert (inlet.missing, inlet.late, inlet.expected) == (0, 8, 6)


def test_of_a_batch_that_overlaps_only_the_old_part_is_late():
    inlet = numbered(1)
    inlet.arrived(1, 5)
    assert inlet.arrived(4, 6) == 2
    assert (inlet.missing, inlet.late, inlet.expected) == (0, 2, 10)


def test_numbers_go_on_across_the_wrap():
    last = SEQUENCE_WRAP - 1
    inlet = numbered(last - 2)
    assert inlet.arrived(last - 2, 5) == 0
    assert inlet.expected == 2
    assert inlet.arrived(last, 3) == 3
    assert inlet.arrived(last, 4) == 3
    assert inlet.expected == 3
    assert (inlet.missing, inlet.late) == (0, 6)
    inlet = numbered(last)
    assert inlet.arrived(4, 1) == 0
    assert (inlet.missing, inlet.expected) == (5, 5)


def test_the_number_before_the_half_is_ahead_and_the_half_is_late():
    half = SEQUENCE_WRAP // 2
    inlet = numbered(0)
    assert inlet.arrived(half - 1, 1) == 0
    assert inlet.missing == half - 1
    assert numbered(0).arrived(half, 1) == 1


def test_what_newer_readings_have_overtaken_is_lost_as_link_and_a_repeat_is_not():
    inlet = numbered(SEQUENCE_WRAP - 10)
    inlet.arrived(SEQUENCE_WRAP - 10, 5)
    assert inlet.arrived(5, 3) == 0
    assert (inlet.missing, inlet.late, inlet.dropped) == (10, 0, {})
    assert inlet.arrived(SEQUENCE_WRAP - 7, 6) == 6  # two of them were here before
    assert (inlet.missing, inlet.late, inlet.dropped) == (6, 2, {"link": 4})
    assert inlet.arrived(SEQUENCE_WRAP - 1, 6) == 6
    assert inlet.arrived(SEQUENCE_WRAP - 10, 18) == 18
    assert (inlet.missing, inlet.late, inlet.dropped) == (0, 20, {"link": 10})
    assert inlet.accepted == inlet.delivered + 10


def test_of_many_gaps_the_latest_are_remembered_and_of_another_epoch_none():
    inlet = numbered(0)
    for number in range(0, 40, 2):
        inlet.arrived(number, 1)
    inlet.arrived(1, 37)
    assert inlet.missing == 19 - inlet.dropped["link"] and 0 < inlet.dropped["link"] < 19
    inlet.arrived(45, 1)
    inlet.epoch = 0
    inlet.rebind(1, 50)
    missing = inlet.missing
    assert inlet.arrived(39, 6) == 6 and inlet.missing == missing


def one_by_one(expected, batches):
    """Reference: (taken, missing, late, overtaken), each reading judged by itself."""
    taken, missing, late, overtaken = [], set(), 0, 0
    for sequence, count in batches:
        for number in range(sequence, sequence + count):
            if number >= expected:
                missing.update(range(expected, number))
                expected = number + 1
                taken.append(number)
            elif number in missing:
                missing.remove(number)
                overtaken += 1
            else:
                late += 1
    return taken, len(missing), late, overtaken


def test_random_losses_repeats_and_detours_agree_with_judging_one_by_one():
    for seed in range(40):
        dice = Dice(seed)
        start = SEQUENCE_WRAP - 60 if seed % 2 else 1
        batches, held, sequence = [], [], start
        for _ in range(40):
            count = 1 + dice.below(6)
            if dice.below(4):
                batches.append((sequence, count))
            elif len(held) < gaps.KEPT // 2:  # each may be cut in two
                held.append((sequence, count))
            else:
                batches.append((sequence, count))
            if dice.below(5) == 0 and batches:
                old, size = batches[dice.below(len(batches))]
                batches.append((old, size + dice.below(3)))
            if dice.below(8) == 0 and held:
                old, size = held[dice.below(len(held))]
                batches.append((old, 1 + dice.below(size)))
            sequence += count
        inlet = numbered(start)
        taken = []
        for first, count in batches:
            old = inlet.arrived(first % SEQUENCE_WRAP, count)
            taken += list(range(first + old, first + count))
        judged = inlet.missing, inlet.late, inlet.dropped.get("link", 0)
        assert (taken,) + judged == one_by_one(start, batches), seed
        assert len(taken) + judged[0] + judged[2] == taken[-1] + 1 - start


class Target:
    """A node with a keeper: wire 1 comes from device 3, wire 2 from this device itself."""

    def __init__(self):
        self.lines = []
        self.node = new_node("lab/hub", 2, lines=self.lines)
        self.keeper = self.node.scheduler.spawn("lab/hub/keeper", Keeper)
        self.node.scheduler.spawn("lab/hub/source", Source)
        for wire, device, path in ((1, 3, "lab/far/source"), (2, 2, "lab/hub/source")):
            spec = {"wire": wire, "epoch": 1, "source": path, "target": "lab/hub/keeper"}
            spec["source_device"], spec["target_device"] = device, 2
            spec["first"], spec["limit"], spec["origins"] = 1, 1024, [[9, "lab/far/other"]]
            spec["credit"], spec["full"], spec["reliable"] = 1024, "drop-oldest", False
            self.node.wires.connect(spec)
        self.inlet = self.node.wires.inlets[1]
        self.stranger = Stranger(self.node, 3, "lab/far")

    def send(self, body, from_device=3):
        self.stranger.route(frame.STREAM, 2, from_device, body)
        assert not self.stranger.connection.is_closed and self.node.links.link_errors == {}

    @property
    def lost(self):
        return self.node.wires.lost


def body_of(values, sequence=1, wire=1, epoch=1, origins=None):
    return batch.encode(codec, wire, epoch, sequence, [0] * len(values), values, origins)


def test_a_batch_is_taken_with_sources_and_times():
    target = Target()
    target.send(body_of([1, 2, 3], origins=[0, 9, 77]))
    assert target.keeper.actor.kept == [1, 2, 3]
    far = "lab/far/source"
    assert target.keeper.actor.sources == [far, "lab/far/other", far]


def test_a_batch_that_comes_twice_is_delivered_once():
    target = Target()
    for values, sequence in (([1, 2, 3], 1), ([1, 2, 3], 1), ([3, 4], 3), ([9], 2)):
        target.send(body_of(values, sequence))
    assert target.keeper.actor.kept == [1, 2, 3, 4]
    assert (target.inlet.late, target.inlet.delivered) == (5, 4)


def test_a_routed_body_that_is_garbage_is_dropped_as_undecodable_and_its_link_stays():
    target = Target()
    for body in (b"", b"\xff", b"\x80", b"{}", body_of([1, 2])[:20]):
        target.send(body)
    assert target.lost == {(0, "undecodable"): 5}
    target.send(body_of(["abc", "def"], 1)[:-1] + b"\xff")
    target.send(body_of([5, 6], 3))
    assert target.inlet.dropped == {"undecodable": 2}
    assert (target.inlet.missing, target.inlet.expected) == (0, 5)
    assert target.keeper.actor.kept == [5, 6]
    assert len([text for _, text in target.lines if "device 3, undecodable" in text]) == 6


def test_garbage_for_a_wire_that_is_not_here_is_counted_with_its_wire():
    target = Target()
    target.send(body_of(["abc", "def"], 1, wire=7)[:-1] + b"\xff")
    assert target.lost == {(7, "undecodable"): 2} and target.inlet.dropped == {}


def test_readings_for_a_wire_that_is_gone_are_counted():
    target = Target()
    target.send(body_of([1, 2, 3], wire=7))
    target.node.wires.disconnect(1)
    target.send(body_of([1, 2]))
    assert target.lost == {(7, "gone"): 3, (1, "gone"): 2}


def test_readings_of_another_device_or_epoch_are_denied_and_move_no_number():
    target = Target()
    target.send(body_of([1, 2]), from_device=4)
    target.send(body_of([3], epoch=2))
    assert target.lost == {(1, "denied"): 3} and target.keeper.actor.kept == []
    target.send(body_of(["abc"], 500)[:-1] + b"\xff", from_device=4)
    target.send(body_of(["abc"], 500, epoch=2)[:-1] + b"\xff")
    assert target.lost == {(1, "denied"): 3, (1, "undecodable"): 2}
    assert (target.inlet.expected, target.inlet.missing, target.inlet.dropped) == (1, 0, {})


def test_nobody_outside_can_feed_a_wire_that_never_leaves_the_device():
    target = Target()
    target.send(body_of([1, 2], wire=2), from_device=2)
    target.send(body_of(["abc"], wire=2)[:-1] + b"\xff", from_device=2)
    assert target.lost == {(2, "denied"): 2, (2, "undecodable"): 1}
    assert target.keeper.actor.kept == [] and target.node.wires.inlets[2].accepted == 0
