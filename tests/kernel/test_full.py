"""A wire that is full does what its policy says, at its source and at its target, and counts it.

Locally the inlet is full; between two devices, where nothing is full that has credit, the outbox.
"""

from helpers import DEVICE, SOURCE, Desk, Dice, Keeper, Row, Source, check_ledger

from mp_actors import Actor, Filter, Sensor, full
from mp_actors.inlet import Inlet

POLICIES = (full.DROP_OLDEST, full.DROP_NEWEST, full.REFUSE, full.HOLD, full.REPLACE)
FAR, NEAR = "c/three/keeper", "a/one/source"


class Sleeper(Keeper):
    """Takes nothing while `asleep`: it fails on the first value, then waits to be made anew."""

    asleep = False

    def on_value(self, value):
        if Sleeper.asleep:
            raise OSError("asleep")
        Keeper.on_value(self, value)


def check_box(outbox):
    lost = sum(outbox.dropped.values())
    assert outbox.accepted == outbox.sent + lost + outbox.waiting, outbox.dropped


class Local:
    """A source wired to a keeper that takes nothing before `wake`, on one desk."""

    def __init__(self, policy, bound=4):
        self.desk = Desk(queue_bound=bound)
        self.source, self.keeper = self.desk.add("source", Source), self.desk.add("keeper", Keeper)
        self.inlet = self.desk.wire(self.source, self.keeper, policy)
        self.keeper.down = True
        self.desk.flow.suspend(self.keeper)

    def emit(self, *values):
        """Returns what `emit` says of each value."""
        actor = self.source.actor
        actor.at_us, actor.source = 0, self.source.path
        taken = [actor.emit(value) for value in values]
        check_ledger(self.inlet)
        return taken

    def wake(self):
        """Let the keeper take what waits. Returns all it has."""
        self.keeper.down = False
        self.desk.flow.resume(self.keeper)
        self.desk.rest()
        check_ledger(self.inlet)
        return self.keeper.actor.kept


class Remote:
    """A source on device 1, a keeper on device 3, and credit for four readings."""

    def __init__(self, policy, bound=4, credit=4, **more):
        self.row = Row()
        self.source = self.row.nodes[0].scheduler.spawn(NEAR, Source)
        self.keeper = self.row.nodes[2].scheduler.spawn(FAR, Keeper)
        self.row.wire(1, NEAR, FAR, full=policy, credit=credit, **more)
        self.outbox = self.row.nodes[0].wires.outboxes[1]
        self.inlet = self.row.nodes[2].wires.inlets[1]
        self.outbox.bound = bound
        self.block()

    def block(self):
        """Let the keeper take nothing."""
        self.keeper.down = True
        self.row.nodes[2].scheduler.flow.suspend(self.keeper)

    def emit(self, *values):
        """Returns what `emit` says of each value, each in a step of its own."""
        actor, taken = self.source.actor, []
        for value in values:
            actor.at_us, actor.source = self.row.clock.site_us(), NEAR
            taken.append(actor.emit(value))
            self.row.run()
            self.check()
        return taken

    def wake(self):
        """Let the keeper take what waits. Returns all it has."""
        self.keeper.down = False
        self.row.nodes[2].scheduler.flow.resume(self.keeper)
        self.row.run(1500)
        self.check()
        return self.keeper.actor.kept

    def check(self):
        check_box(self.outbox)
        check_ledger(self.inlet)


def test_a_full_local_wire_does_what_it_says():
    expected = {
        full.DROP_OLDEST: ([True] * 7, [3, 4, 5, 6], {"overflow": 3}),
        full.DROP_NEWEST: ([True] * 4 + [False] * 3, [0, 1, 2, 3], {"overflow": 3}),
        full.REFUSE: ([True] * 4 + [False] * 3, [0, 1, 2, 3], {"refused": 3}),
        full.HOLD: ([True] * 7, [3, 4, 5, 6], {"overflow": 3}),  # one handler that emits seven
        full.REPLACE: ([True] * 7, [6], {"replaced": 6}),
    }
    for policy in POLICIES:
        taken, kept, dropped = expected[policy]
        local = Local(policy)
        assert local.emit(*range(7)) == taken, policy
        assert local.inlet.dropped == dropped, policy
        assert local.wake() == kept, policy


def test_a_full_wire_between_devices_does_what_it_says_at_its_source():
    expected = {
        full.DROP_OLDEST: ([True] * 12, [0, 1, 2, 3, 8, 9, 10, 11], {"overflow": 4}),
        full.DROP_NEWEST: ([True] * 8 + [False] * 4, list(range(8)), {"overflow": 4}),
        full.REFUSE: ([True] * 8 + [False] * 4, list(range(8)), {"refused": 4}),
        full.HOLD: ([True] * 12, [0, 1, 2, 3, 8, 9, 10, 11], {"overflow": 4}),
    }
    for policy in POLICIES[:4]:
        taken, kept, dropped = expected[policy]
        remote = Remote(policy)
        assert remote.emit(*range(12)) == taken, policy
        assert remote.outbox.dropped == dropped, policy
        assert remote.wake() == kept, policy
        assert remote.inlet.missing == remote.inlet.late == 0 and remote.inlet.dropped == {}


def test_the_latest_is_kept_for_each_origin():
    local = Local(full.REPLACE)
    for value, source in ((1, "x/y/a"), (2, "x/y/b"), (3, "x/y/a"), (4, "x/y/c"), (5, "x/y/b")):
        assert local.inlet.put(value, value, source)
        check_ledger(local.inlet)
    assert local.wake() == [3, 5, 4]
    assert local.keeper.actor.sources == ["x/y/a", "x/y/b", "x/y/c"]
    assert local.inlet.dropped == {"replaced": 2}


def test_more_origins_than_room_make_the_oldest_leave():
    local = Local(full.REPLACE, bound=3)
    for place in range(5):
        local.inlet.put(place, 0, "x/y/s%d" % place)
    assert local.inlet.dropped == {"overflow": 2}
    assert local.wake() == [2, 3, 4]


def test_the_latest_of_each_origin_waits_at_a_source_without_credit_and_at_a_target_that_is_down():
    origins = [[7, "x/y/a"], [8, "x/y/b"]]
    remote = Remote(full.REPLACE, bound=8, credit=2, origins=origins)
    for value in range(20):
        remote.outbox.put(value, value, "x/y/" + "ab"[value % 2])
        remote.row.run()
        remote.check()
    # The first two have left and wait at the target; of the others the newest of each is here.
    assert remote.outbox.waiting == 2 and len(remote.inlet.queue) == 2
    kept = remote.wake()
    assert kept == [0, 1, 18, 19]
    assert remote.keeper.actor.sources == ["x/y/a", "x/y/b"] * 2
    assert remote.inlet.dropped == {} and remote.outbox.dropped == {"replaced": 16}
    # With credit to spare, a newer one takes the place of one that waits at the target.
    remote = Remote(full.REPLACE, bound=8, credit=100, origins=origins)
    for value in range(20):
        remote.outbox.put(value, value, "x/y/" + "ab"[value % 2])
        remote.row.run()
        remote.check()
    assert remote.wake() == [18, 19] and remote.inlet.dropped == {"replaced": 18}


class Beat(Sensor):
    """Counts up each 10 ms."""

    period_ms = 10

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


def slow(desk_or_node, cell, is_slow):
    """Let an actor take nothing, or go on."""
    cell.down = is_slow
    if is_slow:
        desk_or_node.scheduler.flow.suspend(cell)
    else:
        desk_or_node.scheduler.flow.resume(cell)


def test_a_held_sensor_rests_until_half_is_free_and_loses_nothing():
    desk = Desk(queue_bound=8)
    sensor, keeper = desk.add("sensor", Beat), desk.add("keeper", Keeper)
    inlet = desk.wire(sensor, keeper, full.HOLD)
    desk.scheduler.sample(True)
    slow(desk, keeper, True)
    desk.run(500)
    assert sensor.is_held and sensor.actor.value == 8 and inlet.dropped == {}
    slow(desk, keeper, False)
    desk.run(500)
    assert not sensor.is_held
    assert keeper.actor.kept == list(range(1, sensor.actor.value + 1)) and sensor.actor.value > 50
    check_ledger(inlet)


class Chain:
    """sensor -> filter (device 1) -> keeper (device 3), all wires with `hold`."""

    def __init__(self, filters=1, credit=4, bound=4):
        self.row = Row()
        self.one, _, self.three = self.row.nodes
        self.one.scheduler.queue_bound = bound
        self.sensor = self.one.scheduler.spawn("a/one/sensor", Beat)
        self.keeper = self.three.scheduler.spawn(FAR, Keeper)
        last, number = "a/one/sensor", 1
        self.filters = []
        for place in range(filters):
            path = "a/one/filter%d" % place
            self.filters.append(self.one.scheduler.spawn(path, Filter))
            self.row.wire(number, last, path, full=full.HOLD)
            last, number = path, number + 1
        origins = [[9, "a/one/sensor"]]
        self.row.wire(number, last, FAR, full=full.HOLD, credit=credit, origins=origins)
        self.outbox = self.one.wires.outboxes[number]
        self.outbox.bound = bound
        self.one.scheduler.sample(True)

    def check_nothing_lost(self):
        kept = self.keeper.actor.kept
        assert kept == list(range(1, len(kept) + 1)), kept
        assert self.outbox.dropped == {}
        for inlet in self.one.wires.inlets.values():
            assert inlet.dropped == {}
            check_ledger(inlet)
        check_box(self.outbox)


def test_hold_reaches_back_through_filters_to_the_sensor_and_nothing_is_lost():
    for filters in (0, 1, 2, 3):
        chain = Chain(filters)
        slow(chain.three, chain.keeper, True)
        chain.row.run(2000)
        # Four at the target, four in the outbox, and at most four in front of each filter.
        made = chain.sensor.actor.value
        assert chain.sensor.is_held and 8 <= made <= 8 + 4 * filters, (filters, made)
        chain.check_nothing_lost()
        slow(chain.three, chain.keeper, False)
        chain.row.run(2500)
        assert not chain.sensor.is_held and chain.sensor.actor.value > made + 100
        chain.check_nothing_lost()
        assert len(chain.keeper.actor.kept) > made


def test_hold_survives_many_stops_and_goes_of_a_slow_sink():
    for seed in range(6):
        chain, dice = Chain(2, credit=4 + seed, bound=3 + seed), Dice(seed)
        for _ in range(12):
            slow(chain.three, chain.keeper, True)
            chain.row.run(dice.below(300))
            slow(chain.three, chain.keeper, False)
            chain.row.run(dice.below(300))
            chain.check_nothing_lost()
        chain.row.run(1500)
        made = chain.sensor.actor.value
        chain.row.run(500)
        assert chain.sensor.actor.value > made + 40  # nobody is held for good
        chain.check_nothing_lost()


def test_a_held_filter_is_not_run_by_values_from_another_device():
    row = Row()
    one, two, three = row.nodes
    source = three.scheduler.spawn("c/three/source", Source)
    one.scheduler.spawn("a/one/filter", Filter)
    keeper = two.scheduler.spawn("b/two/keeper", Keeper)
    row.wire(1, "c/three/source", "a/one/filter", credit=4, full=full.HOLD)
    origins = [[9, "c/three/source"]]
    row.wire(2, "a/one/filter", "b/two/keeper", credit=2, full=full.HOLD, origins=origins)
    one.wires.outboxes[2].bound = 2
    three.wires.outboxes[1].bound = 4
    slow(two, keeper, True)
    for value in range(12):
        source.emit(value, 0, source.path)
        row.run(1)
    assert one.wires.outboxes[2].dropped == {} and one.wires.inlets[1].dropped == {}
    assert source.is_held
    slow(two, keeper, False)
    row.run(3000)
    assert keeper.actor.kept == list(range(12))[: len(keeper.actor.kept)]
    assert len(keeper.actor.kept) >= 12 - three.wires.outboxes[1].dropped.get("overflow", 0)


def test_one_full_wire_of_two_holds_the_source_until_that_one_has_room():
    desk = Desk(queue_bound=4)
    sensor = desk.add("sensor", Beat)
    first, second = desk.add("first", Keeper), desk.add("second", Keeper)
    desk.wire(sensor, first, full.HOLD)
    desk.wire(sensor, second, full.HOLD)
    desk.scheduler.sample(True)
    slow(desk, first, True)
    desk.run(100)
    assert sensor.is_held and len(second.actor.kept) == 4
    slow(desk, second, True)
    slow(desk, first, False)
    desk.run(200)
    assert sensor.is_held  # now by the other
    slow(desk, second, False)
    desk.run(200)
    assert not sensor.is_held
    assert first.actor.kept == second.actor.kept == list(range(1, sensor.actor.value + 1))


def test_of_two_wires_only_the_one_that_holds_slows_the_source():
    desk = Desk(queue_bound=4)
    sensor = desk.add("sensor", Beat)
    first, second = desk.add("first", Keeper), desk.add("second", Keeper)
    desk.wire(sensor, first, full.HOLD)
    loose = desk.wire(sensor, second, full.DROP_OLDEST)
    desk.scheduler.sample(True)
    slow(desk, second, True)
    desk.run(200)
    assert not sensor.is_held and len(first.actor.kept) == 20
    assert loose.dropped == {"overflow": 16}


def test_a_wire_that_is_removed_holds_nobody_any_more():
    chain = Chain(1)
    slow(chain.three, chain.keeper, True)
    chain.row.run(1000)
    assert chain.filters[0].is_held and chain.sensor.is_held
    chain.one.wires.disconnect(2)
    chain.row.run(200)
    assert not chain.filters[0].is_held and not chain.sensor.is_held


def test_a_local_wire_is_removed_while_a_turn_of_it_is_due():
    row = Row()
    one = row.nodes[0]
    source = one.scheduler.spawn("a/one/source", Source)
    keeper = one.scheduler.spawn("a/one/keeper", Keeper)
    row.wire(1, "a/one/source", "a/one/keeper")
    inlet = one.wires.inlets[1]
    source.emit(1, 0, source.path)
    source.emit(2, 0, source.path)
    one.wires.disconnect(1)
    row.run(10)
    assert inlet.dropped == {"gone": 2} and keeper.actor.kept == []
    check_ledger(inlet)


def test_an_actor_that_fails_while_it_is_held_stays_held_and_goes_on_later():
    class Fails(Filter):
        bad = 0

        def apply(self, value):
            if value == Fails.bad:
                self.emit(value)
                raise OSError("after the last one that fitted")
            return value

    for worked in (True, False):
        chain = Chain(0)
        cell = chain.one.scheduler.spawn("a/one/fails", Fails)
        chain.row.wire(5, "a/one/sensor", "a/one/fails", full=full.HOLD)
        keeper = chain.three.scheduler.spawn("c/three/other", Keeper)
        origins = [[9, "a/one/sensor"]]
        chain.row.wire(6, "a/one/fails", "c/three/other", full=full.HOLD, credit=1, origins=origins)
        box = chain.one.wires.outboxes[6]
        box.bound = 1
        Fails.bad = 2 if worked else 1
        slow(chain.three, keeper, True)
        chain.row.run(400)
        assert cell.failures == 1 and not cell.down
        assert box.dropped == {} and (cell.is_held or box.waiting <= 1)
        slow(chain.three, keeper, False)
        chain.row.run(3000)
        assert keeper.actor.kept[:10] == list(range(1, 11)), keeper.actor.kept[:12]
        assert box.dropped == {}


def test_one_that_fills_its_wire_as_it_starts_takes_nothing_before_there_is_room():
    class Eager(Actor):
        def started(self):
            for value in range(4):
                self.emit(value)

        def on_value(self, value):
            self.emit(value)

    for worked in (True, False):  # it is made anew at once, or after a while
        desk = Desk(queue_bound=4)
        source, keeper = desk.add("source", Source), desk.add("keeper", Keeper)
        cell = desk.add("eager", Filter)
        inlet, out = desk.wire(source, cell), desk.wire(cell, keeper, full.HOLD)
        if worked:
            desk.emit(source, "before")
            desk.rest()
        slow(desk, keeper, True)
        cell.make = Eager
        desk.scheduler.fail(cell, OSError("anew"))
        desk.run(0 if worked else 100)
        assert cell.is_held and not cell.down
        desk.emit(source, 4, 5)
        desk.rest()
        assert out.dropped == {} and len(inlet.queue) == 2
        slow(desk, keeper, False)
        desk.run(1)
        assert keeper.actor.kept[-6:] == [0, 1, 2, 3, 4, 5]


def test_a_full_inlet_of_a_held_actor_makes_no_room_by_running_it():
    desk = Desk(queue_bound=4)
    source, cell, keeper = [desk.add(name, Filter) for name in ("source", "cell", "keeper")]
    inlet, out = desk.wire(source, cell), desk.wire(cell, keeper, full.HOLD)
    slow(desk, keeper, True)
    desk.emit(cell, 1, 2, 3, 4)
    assert cell.is_held
    for value in range(6):
        desk.flow.feed(inlet, value, 0, source.path, 0)
    assert out.dropped == {} and inlet.dropped == {"overflow": 2} and inlet.delivered == 0


def test_who_has_room_again_goes_on_at_once_and_not_when_something_else_is_due():
    chain = Chain(2)
    slow(chain.three, chain.keeper, True)
    chain.row.run(1000)
    made = chain.sensor.actor.value
    slow(chain.three, chain.keeper, False)
    chain.row.run(0)
    assert chain.keeper.actor.kept == list(range(1, made + 1))


def test_a_step_that_lets_an_actor_go_on_says_that_there_is_work():
    chain = Chain(1)
    slow(chain.three, chain.keeper, True)
    chain.row.run(1000)
    box, now_ms = chain.outbox, chain.row.clock.ticks_ms()
    assert chain.filters[0].is_held and chain.one.step(now_ms) > 0
    chain.one.wires.take_credit([2, box.epoch, box.granted + 4, 1], 3)
    assert chain.one.step(now_ms) == 0


def test_what_is_emitted_to_one_that_was_stopped_is_gone_and_emit_says_so():
    for policy in POLICIES:
        local = Local(policy)
        assert local.emit(1, 2) == [True, True]
        local.desk.scheduler.stop(DEVICE + "/keeper")
        assert local.emit(3, 4, 5) == [False] * 3, policy
        assert local.inlet.dropped["gone"] >= 4 and not local.source.is_held
        check_ledger(local.inlet)


def test_random_bursts_leave_every_ledger_exact_with_every_policy():
    for policy in POLICIES:
        for seed in range(4):
            dice, remote = Dice(seed), Remote(policy, bound=3 + seed, credit=2 + seed)
            for _ in range(30):
                remote.emit(*range(dice.below(9)))
                if dice.below(3) == 0:
                    remote.wake()
                elif dice.below(2):
                    remote.block()
                remote.row.run(dice.below(700))
                remote.check()
            remote.wake()
            assert remote.outbox.waiting == 0 and not remote.inlet.queue
            # A made-up value would be delivered more often than it was accepted.
            delivered = remote.inlet.delivered + sum(remote.inlet.dropped.values())
            assert delivered == remote.outbox.sent, (policy, seed)


def test_places_in_a_queue_can_be_replaced_on_this_interpreter():
    inlet = Inlet(1, SOURCE, 3)
    inlet.obey(full.REPLACE)
    inlet.is_ready = True
    inlet.ready_queue = Desk().flow
    for turn in range(3):  # the places wander round the ring that a deque is
        for name in "abc":
            inlet.put(name + str(turn), turn, name)
            inlet.put(name + "!", turn, name)
        values = []
        while inlet.queue:
            values.append(inlet.queue.popleft()[0])
            inlet.undelivered -= 1
        assert values == ["a!", "b!", "c!"]
        inlet.put(turn, turn, "a")
        inlet.queue.popleft()
        inlet.undelivered -= 1
    check_ledger(inlet)
