"""Supervision: what is done with an actor that fails is what its class says."""

from helpers import DEVICE, Desk, Keeper, Row, Source, check_ledger, refusal

from mp_actors import Actor, Aggregator, Filter, Sensor, supervise
from mp_actors.errors import Refused
from mp_actors.system import System

NONE_OF_THEM = ("retry", "", None, 7, ["stop"])


def failing(policy, limit=None, role=Filter):
    """A class that fails on negative values and counts its instances."""

    class Failing(role):
        supervision = policy
        restarts_max = limit
        made = 0

        def __init__(self):
            Failing.made += 1
            self.seen = []

        def verb_for(self, _sender):
            return self.take

        def take(self, value):
            if value < 0:
                raise ValueError("negative")
            self.seen.append(value)
            return value

        def on_fail(self):
            raise OSError("asked to")

        def on_ping(self):
            return "pong"

    return Failing


class Bench:
    """source -> the actor under test -> keeper."""

    def __init__(self, make, queue_bound=64):
        self.desk = desk = Desk(queue_bound)
        self.source, self.cell = desk.add("source", Source), desk.add("cell", make)
        self.keeper = desk.add("keeper", Keeper)
        self.inlet = desk.wire(self.source, self.cell)
        self.out = desk.wire(self.cell, self.keeper)

    def emit(self, *values):
        self.desk.emit(self.source, *values)
        self.desk.rest()
        check_ledger(self.inlet)
        check_ledger(self.out)
        return self.keeper.actor.kept


def test_the_decision_is_what_the_class_says():
    for policy in supervise.POLICIES:
        actor, times = failing(policy)(), []
        assert supervise.decide(actor, True, times, 0) == policy
        assert times == []


def test_one_that_could_not_begin_is_always_made_again():
    for policy in supervise.POLICIES:
        assert supervise.decide(failing(policy)(), False, [], 0) == supervise.RESTART
    assert supervise.decide(None, False, [], 0) == supervise.RESTART


def test_more_restarts_in_a_minute_than_allowed_are_the_end():
    actor, times = failing("restart", 3)(), []
    moments = [0, 1000, 2000, 3000]
    told = [supervise.decide(actor, True, times, at) for at in moments]
    assert told == ["restart"] * 3 + ["stop"]
    # Old ones are forgotten, also across the wrap of the ticks.
    base = (1 << 30) - 1000
    times = []
    for turn in range(10):
        at = (base + turn * 25000) % (1 << 30)
        assert supervise.decide(actor, True, times, at) == "restart"
        assert len(times) <= 3
    assert supervise.decide(failing("restart", 0)(), True, [], 0) == "stop"


def test_a_limit_that_is_no_number_is_none():
    for limit in ("3", 2.5, [], True, None):
        actor, times = failing("restart", limit)(), []
        for _ in range(5):
            assert supervise.decide(actor, True, times, 0) == "restart"


def test_resume_goes_on_with_the_same_instance_and_its_state():
    cls = failing("resume")
    bench = Bench(cls)
    assert bench.emit(1, -1, 2, -2, -3, 4) == [1, 2, 4]
    assert cls.made == 1 and bench.cell.actor.seen == [1, 2, 4]
    assert (bench.cell.failures, bench.cell.restarts, bench.cell.down) == (3, 0, False)
    assert bench.inlet.dropped == {"poison": 3}
    error, _ = bench.desk.ask("cell", "fail")
    assert error[0] == "failed" and bench.cell.actor.seen == [1, 2, 4]
    assert bench.desk.ask("cell", "ping") == (None, "pong")


def test_resume_keeps_timers_and_samples():
    class Flaky(Sensor):
        period_ms = 10
        supervision = "resume"

        def __init__(self):
            self.tick = self.rung = 0

        def started(self):
            self.every(10, "ring")

        def on_ring(self):
            self.rung += 1

        def sample(self):
            self.tick += 1
            if self.tick % 3 == 0:
                raise OSError("timeout")
            return self.tick

    desk = Desk()
    flaky, keeper = desk.add("flaky", Flaky), desk.add("keeper", Keeper)
    desk.wire(flaky, keeper)
    desk.scheduler.sample(True)
    desk.run(100)
    assert keeper.actor.kept == [1, 2, 4, 5, 7, 8, 10] and flaky.actor.rung == 10


def test_stop_ends_it_and_what_waits_and_comes_is_gone():
    cls = failing("stop")
    bench = Bench(cls)
    assert bench.emit(1, 2, -1, 3, 4) == [1, 2]
    assert bench.cell.path not in bench.desk.scheduler.cells and cls.made == 1
    assert bench.inlet.dropped == {"poison": 1, "gone": 2}
    bench.emit(5, 6)
    assert bench.inlet.dropped == {"poison": 1, "gone": 4}
    assert bench.keeper.actor.kept == [1, 2]
    error, _ = ask(bench.desk, "ping")
    assert error[0] in ("failed", "unreachable")
    assert [text for _, text in bench.desk.lines if "is stopped" in text] != []


def ask(desk, kind):
    """Ask the cell, also one that is not there."""
    answers = []
    desk.scheduler.ask(
        DEVICE + "/source", DEVICE + "/cell", kind, (), lambda *one: answers.append(one), 100
    )
    desk.rest()
    return answers[0]


def test_a_stopped_sensor_samples_no_more_and_its_timers_are_silent():
    class Dying(Sensor):
        period_ms = 10
        supervision = "stop"
        calls = 0

        def started(self):
            self.every(5, "ring")

        def on_ring(self):
            Dying.calls += 1

        def sample(self):
            Dying.calls += 1
            if Dying.calls > 20:
                raise OSError("broken")
            return 1

    desk = Desk()
    desk.add("dying", Dying)
    desk.scheduler.sample(True)
    desk.run(200)
    calls = Dying.calls
    desk.run(200)
    assert Dying.calls == calls < 30


def test_stop_in_the_middle_of_a_chain_leaves_those_before_and_behind_it():
    desk = Desk()
    source, first = desk.add("source", Source), desk.add("first", Filter)
    cell, keeper = desk.add("cell", failing("stop")), desk.add("keeper", Keeper)
    inlet, middle, out = desk.wire(source, first), desk.wire(first, cell), desk.wire(cell, keeper)
    desk.emit(source, 1, -1, 2, 3)
    desk.rest()
    desk.emit(source, 4)
    desk.rest()
    assert keeper.actor.kept == [1]
    assert inlet.delivered == 5 and middle.dropped == {"poison": 1, "gone": 3}
    for one in (inlet, middle, out):
        check_ledger(one)


def test_the_limit_of_restarts_counts_those_of_a_minute():
    bench = Bench(failing("restart", 2))
    bench.emit(1, -1, 2, -1, 3)
    assert not bench.cell.down and bench.cell.restarts == 2
    bench.desk.run(60001)
    bench.emit(4, -1, 5, -1, 6)
    assert not bench.cell.down and bench.cell.restarts == 4
    bench.emit(7, -1)
    assert bench.cell.path not in bench.desk.scheduler.cells
    assert bench.keeper.actor.kept == [1, 2, 3, 4, 5, 6, 7]


def test_escalate_ends_the_device_and_says_why():
    row = Row()
    one = row.nodes[0]
    one.scheduler.spawn("a/one/cell", failing("escalate", role=Actor))
    other = one.scheduler.spawn("a/one/other", Keeper)
    assert not one.is_ending and not one.failed
    one.scheduler.post("a/one/cell", "fail", (), "a/one/other", None)
    row.run(5)
    assert one.is_ending and one.failed
    assert [text for path, text in row.lines if "ends its device" in text and path == "a/one/cell"]
    assert not other.down


def test_escalate_where_there_is_no_device_is_a_restart():
    cls = failing("escalate")
    bench = Bench(cls)
    assert bench.emit(1, -1, 2) == [1, 2] and cls.made == 2


def test_one_that_cannot_begin_is_tried_again_whatever_its_class_says():
    for policy in supervise.POLICIES:

        class Late(Keeper):
            supervision = policy
            tries = 0

            def started(self):
                Late.tries += 1
                if Late.tries < 3:
                    raise OSError("not yet")

        bench = Bench(Late)
        bench.emit(1, 2)
        assert bench.cell.down
        bench.desk.run(400)
        assert Late.tries == 3 and not bench.cell.down and bench.cell.actor.kept == [1, 2], policy


def test_a_window_of_one_that_could_not_begin_closes_later():
    class Late(Aggregator):
        window_ms = 10
        supervision = "resume"
        tries = 0

        def started(self):
            Late.tries += 1
            if Late.tries == 1:
                raise OSError("not yet")

        def result(self):
            return 1

    desk = Desk()
    desk.scheduler.sample(True)
    late, keeper = desk.add("late", Late), desk.add("keeper", Keeper)
    desk.wire(late, keeper)
    desk.run(200)
    assert Late.tries == 2 and len(keeper.actor.kept) == 10


def test_a_word_that_is_none_of_the_four_is_a_restart():
    for policy in NONE_OF_THEM:
        cls = failing(policy)
        assert Bench(cls).emit(1, -1, 2) == [1, 2], policy
        assert cls.made == 2


class Device:
    """A node with its system actor, and an actor that it made by order of a controller."""

    def __init__(self, policy, limit=None):
        self.row = Row()
        self.node = node = self.row.nodes[0]
        self.cls = failing(policy, limit, role=Actor)
        node.scheduler.stop("a/one/node")
        self.system = System(node, 1, lambda _name, _arguments: self.cls)
        node.scheduler.spawn("a/one/node", lambda: self.system)
        self.system.on_spawn("cell", "x:Y", {})

    def fail(self):
        self.node.scheduler.post("a/one/cell", "fail", (), "a/one/node", None)
        self.row.run(5)


def test_a_device_goes_on_reporting_an_actor_that_was_stopped():
    device = Device("stop")
    device.fail()
    ((name, failures, restarts, is_down, error),) = device.system.actors()
    assert (name, failures, restarts, is_down) == ("cell", 1, 0, True)
    assert "OSError: asked to" in error
    device.system.on_watch("b/two/node", 100)
    device.row.run(1000)
    assert [text for _, text in device.row.lines if "KeyError" in text] == []
    device.system.on_spawn("cell", "x:Y", {})  # told again: it stays as it is
    assert device.cls.made == 1


def test_a_device_ends_and_unmakes_what_was_stopped():
    device = Device("stop")
    device.fail()
    device.system.on_stop("cell")
    assert device.system.actors() == [] and device.node.scheduler.ended == {}
    device.system.on_spawn("cell", "x:Y", {})
    assert device.cls.made == 2 and len(device.system.actors()) == 1
    device.fail()
    device.system.on_end()
    assert device.node.is_ending and device.system.actors() == []


def test_a_device_obeys_no_order_that_was_for_another_start_of_it():
    device = Device("stop")
    own = device.node.incarnation
    spec = device.row.spec(1, "a/one/cell", "c/three/keeper")
    assert "another start" in refusal(Refused, device.system.on_start, own + 2)
    assert "another start" in refusal(Refused, device.system.on_wire, dict(spec, start=own + 2))
    assert not device.node.scheduler.sampling and device.node.wires.outboxes == {}
    device.system.on_wire(dict(spec, start=own))
    device.system.on_start(own)
    assert device.node.scheduler.sampling and list(device.node.wires.outboxes) == [1]
