"""Delivery in whole sites: credit, policies, reliable wires, and a controller that may die.

Virtual time: what takes a minute here takes a second or two. The sources count up over all their
instances, so a sink can tell what is lost, what came twice and what was overtaken.
"""

from random import Random

import pytest

from actors import Pipeline, Topology
from actors.delivery import latest, reliable, stream
from actors.sim.world import Sim
from mp_actors import Actor, Sensor
from tests.sim.sites import Keep, site_of

FLOWS = 10
TOLD_MS = 3000
ROLL_OUT_MS = 3000
PROMISES = {
    "drop-oldest": lambda sink: stream(sink, when_full="drop-oldest"),
    "drop-newest": lambda sink: stream(sink, when_full="drop-newest"),
    "hold": lambda sink: stream(sink, when_full="hold"),
    "refuse": lambda sink: stream(sink, when_full="refuse"),
    "latest": latest,
    "reliable": reliable,
}


class Meter(Sensor):
    """Counts up; what `emit` took is in `taken`, what it was told in `notes`, by path."""

    simulated = True
    made = {}
    counts = {}
    taken = {}
    notes = {}

    def __init__(self, period_ms=100):
        self.period_ms = period_ms

    def started(self):
        Meter.made[self.path] = Meter.made.get(self.path, 0) + 1
        Meter.counts.setdefault(self.path, 0)
        Meter.taken.setdefault(self.path, [])
        Meter.notes.setdefault(self.path, [])

    def sample(self):
        Meter.counts[self.path] += 1
        value = Meter.counts[self.path]
        if self.emit(value):
            Meter.taken[self.path].append(value)

    def on_stalled(self, target):
        Meter.notes[self.path].append(("stalled", target, self.at_ms))

    def on_flowing(self, target):
        Meter.notes[self.path].append(("flowing", target, self.at_ms))


class Slow(Keep):
    """Takes 10 ms of its device for each reading."""

    work_us = 10_000


class Slower(Keep):
    """Takes longer for a reading than until the next one comes."""

    work_us = 25_000


@pytest.fixture(autouse=True)
def forget():
    """Nothing of another simulation is left."""
    for kept in (Meter.made, Meter.counts, Meter.taken, Meter.notes):
        kept.clear()


def now_ms(sim):
    """Site time of the simulation's sources."""
    return sim.devices["d/source"].clock.site_us() // 1000


def values(sim, path):
    """What a sink got, in order."""
    return [value for _, _, value in sim.sink(path)]


def check_exact(sim):
    """Every reading is somewhere, once, and no loss is silent."""
    for wire, account in sim.whereabouts().items():
        assert account.is_exact, (wire, account)


def check_accounts(sim):
    """At rest, what the controller was told is exact, too."""
    for row in sim.summary()["wires"]:
        assert row["accepted"] == row["delivered"] + sum(row["dropped"].values()), row
        assert row["in_flight"] == 0, row


# -- one slow sink, and its neighbours


def fan(promise, period_ms=1, calm_ms=20):
    """Ten flows from one device over one gate to ten; the first is fast and has `promise`."""
    topology = Topology("fan")
    domain = topology.domain("d", mesh=False)
    source, gate, desk = (domain.device(name) for name in ("source", "gate", "desk"))
    topology.link(source, gate, latency_ms=1)
    topology.link(desk, gate, latency_ms=1)
    topology.controller(at=desk)
    flow = Pipeline("fan")
    for number in range(FLOWS):
        device = domain.device(f"s{number}", router=False)
        topology.link(device, gate, latency_ms=1)
        meter = flow.add(
            Meter, at=source, name=f"m{number}", period_ms=calm_ms if number else period_ms
        )
        sink = flow.add(Keep, at=device, name="keep")
        meter >> (stream(sink) if number else promise(sink))
    return site_of(topology, flow)


@pytest.mark.parametrize("name", PROMISES)
def test_a_frozen_sink_is_told_to_its_source_and_felt_by_nobody_else(name):
    sim = Sim(fan(PROMISES[name]), seed=5)
    sim.run_ms(ROLL_OUT_MS)
    assert sim.status["ready"], sim.status["waiting"]
    calm = [f"d/s{number}/keep" for number in range(1, FLOWS)]
    sim.freeze("d/s0")
    frozen_ms, before = now_ms(sim), {path: len(sim.sink(path)) for path in calm}
    for _ in range(20):
        sim.run_ms(200)
        check_exact(sim)
    notes = Meter.notes["d/source/m0"]
    assert [(what, target) for what, target, _ in notes] == [("stalled", "d/s0/keep")]
    assert notes[0][2] - frozen_ms <= TOLD_MS, notes
    for path in calm:
        assert len(sim.sink(path)) - before[path] == pytest.approx(200, abs=2)
    assert all(Meter.notes[f"d/source/m{number}"] == [] for number in range(1, FLOWS))
    sim.thaw("d/s0")
    thawed_ms = now_ms(sim)
    sim.run_ms(2000)
    check_exact(sim)
    assert Meter.notes["d/source/m0"][-1][0] == "flowing"
    last_ms, _, _ = sim.sink("d/s0/keep")[-1]
    assert now_ms(sim) - last_ms < 100
    assert thawed_ms < last_ms
    sim.finish()
    check_exact(sim)
    check_accounts(sim)
    _check_promise(sim, name)


def _check_promise(sim, name):
    """What the sink got against what the source was told it would get. Frozen for 4 s."""
    got, taken = values(sim, "d/s0/keep"), Meter.taken["d/source/m0"]
    assert got == sorted(set(got))  # in order, none twice
    (row,) = [row for row in sim.summary()["wires"] if row["target"] == "d/s0/keep"]
    assert row["accepted"] == (len(taken) if name in ("hold", "drop-oldest", "latest") else
                               Meter.counts["d/source/m0"])
    if name in ("hold", "reliable", "refuse", "drop-newest"):
        assert got == taken[-len(got):]
        assert row["delivered"] == len(taken)
    reason = {"latest": "replaced", "drop-oldest": "overflow", "drop-newest": "overflow"}
    expected = set() if name == "hold" else {reason.get(name, "refused")}
    assert set(row["dropped"]) == expected, row


def lane(period_ms, sink):
    """source - gate - desk, with `hold`: there is one way."""
    topology = Topology("lane")
    domain = topology.domain("d", mesh=False)
    source, gate, desk = (domain.device(name) for name in ("source", "gate", "desk"))
    topology.link(source, gate, latency_ms=1)
    topology.link(desk, gate, latency_ms=1)
    topology.controller(at=gate)
    flow = Pipeline("lane")
    flow.add(Meter, at=source, name="meter", period_ms=period_ms) >> stream(
        flow.add(sink, at=desk, name="keep"), when_full="hold"
    )
    return site_of(topology, flow)


def test_a_sink_slower_than_its_source_slows_a_source_that_holds():
    sim = Sim(lane(2, Slow), seed=1)
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(60):
        sim.run_ms(500)
        check_exact(sim)
    made = Meter.counts["d/source/meter"]
    sim.run_ms(10_000)
    assert Meter.counts["d/source/meter"] - made == pytest.approx(1000, rel=0.15)
    sim.finish()
    check_accounts(sim)
    got = values(sim, "d/desk/keep")
    assert got == list(range(1, Meter.counts["d/source/meter"] + 1))[-len(got):]
    assert sim.stats("d/desk/keep")["dropped"] == {}


def test_a_way_slower_than_its_source_is_no_loss_either():
    sim = Sim(lane(1, Keep), seed=1)
    sim.run_ms(ROLL_OUT_MS)
    sim.set_bandwidth("d/gate", "d/desk", 160)
    sim.run_ms(10_000)
    before = Meter.counts["d/source/meter"]
    for _ in range(20):
        sim.run_ms(1000)  # all its credit is on the way
        check_exact(sim)
    assert Meter.counts["d/source/meter"] - before < 15_000  # of 20,000
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/desk/keep")
    assert got == taken[-len(got) :]  # a stand-in keeps the last ten thousand
    stats = sim.stats("d/desk/keep")
    assert stats["delivered"] == len(taken)
    assert stats["dropped"] == {}
    check_accounts(sim)


# -- reliable


def line(promise=reliable, period_ms=20, sink=Keep):
    """source - two routers side by side - target, and the controller beside them."""
    topology = Topology("line")
    domain = topology.domain("d", mesh=False)
    names = ("source", "left", "right", "target", "desk")
    source, left, right, target, desk = (domain.device(name) for name in names)
    for one in (source, target, desk):
        for router in (left, right):
            topology.link(one, router, latency_ms=2)
    topology.controller(at=desk)
    flow = Pipeline("line")
    meter = flow.add(Meter, at=source, name="meter", period_ms=period_ms)
    meter >> promise(flow.add(sink, at=target, name="keep"))
    return site_of(topology, flow)


def taken_and_got(sim):
    return Meter.taken["d/source/meter"], values(sim, "d/target/keep")


@pytest.mark.parametrize("seed", range(8))
def test_reliable_loses_and_doubles_nothing_under_cuts_and_dying_routers(seed):
    sim, chance = Sim(line(), seed=seed), Random(f"reliable {seed}")
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(8):
        router = chance.choice(["d/left", "d/right"])
        end = chance.choice(["d/source", "d/target"])
        move = chance.randrange(3)
        if move == 0:
            sim.crash(router, power_lost=chance.random() < 0.5)
            sim.run_ms(chance.randrange(9000))
            sim.restart(router)
        elif move == 1:
            sim.cut(router, end, one_way=chance.random() < 0.3)
            sim.run_ms(chance.randrange(9000))
            sim.repair(router, end)
        else:
            sim.reset(router, end)
        check_exact(sim)
        sim.run_ms(chance.randrange(4000))
    sim.finish()
    taken, got = taken_and_got(sim)
    assert got == taken
    assert len(got) > 500
    check_exact(sim)
    check_accounts(sim)
    stats = sim.stats("d/target/keep")
    assert stats["delivered"] == len(taken)
    assert stats["accepted"] == Meter.counts["d/source/meter"]


@pytest.mark.parametrize("seed", range(8))
def test_reliable_doubles_no_more_than_a_dying_target_had_not_acknowledged(seed):
    # A slow one dies with much that waits in it.
    sink, report_ms = (Slower, 500) if seed % 2 else (Keep, 4000)
    sim = Sim(line(sink=sink), seed=seed, report_ms=report_ms)
    chance = Random(f"target {seed}")
    sim.run_ms(ROLL_OUT_MS)
    window = 0
    for _ in range(4):
        sim.run_ms(chance.randrange(500, 4000))
        box = sim.devices["d/source"].node.wires.outboxes[1]
        window += len(box.values) - box.waiting
        sim.crash("d/target", power_lost=chance.random() < 0.5)
        sim.run_ms(chance.randrange(10_000))
        sim.restart("d/target")
        sim.run_ms(6000)
        assert sim.status["ready"], sim.status["waiting"]
    sim.finish()
    taken, got = taken_and_got(sim)
    assert sorted(set(got)) == taken
    assert 0 < len(got) - len(taken) <= window
    check_accounts(sim)
    stats = sim.stats("d/target/keep")
    assert stats["delivered"] == len(taken)
    (row,) = sim.status["wires"]
    assert len(got) - len(taken) <= row["doubled"]
    assert set(row["dropped"]) <= {"refused"}
    assert sim.reports["d/target"].restarts == 4


@pytest.mark.parametrize("down_ms", [1000, 3000, 20_000])
@pytest.mark.parametrize(("path", "within_ms"), [("d/source", 2500), ("d/target", 1000)])
def test_flow_is_soon_back_at_an_end_that_was_started_again(path, within_ms, down_ms):
    sim = Sim(line(), seed=down_ms, report_ms=500)
    sim.run_ms(ROLL_OUT_MS + 3000)
    sim.crash(path)
    sim.run_ms(down_ms)
    sim.restart(path)
    before = len(sim.sink("d/target/keep"))
    sim.run_ms(within_ms)  # a source that is a router is dialled, by neighbours who wait a while
    assert len(sim.sink("d/target/keep")) > before


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", ["reliable", "drop-oldest", "hold"])
def test_a_source_that_begins_anew_is_heard_again_and_nothing_comes_twice(name, seed):
    sim, chance = Sim(line(PROMISES[name]), seed=seed), Random(f"source {seed}")
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(3):
        sim.run_ms(chance.randrange(500, 4000))
        sim.crash("d/source", power_lost=chance.random() < 0.5)
        sim.run_ms(chance.randrange(10_000))
        sim.restart("d/source")
        sim.run_ms(6000)
    sim.finish()
    taken, got = taken_and_got(sim)
    assert got == sorted(set(got))
    assert set(got) <= set(taken)
    assert got[-1] == taken[-1]
    assert len(got) > 300
    assert len(taken) - len(got) <= 3 * 60  # what was in it, and under way, as it died
    check_accounts(sim)


# -- restarts that nobody is there to see


def test_a_device_that_begins_anew_while_the_controller_is_away_is_configured_again(tmp_path):
    for path in ("d/source", "d/target"):
        forget_all()
        state = tmp_path / path.replace("/", ".")
        sim = Sim(line(stream), seed=4, state=state)
        sim.run_ms(ROLL_OUT_MS + 2000)
        sim.crash("d/desk")
        sim.run_ms(500)
        sim.crash(path)
        sim.run_ms(500)
        sim.restart(path)
        sim.run_ms(2000)
        sim.restart("d/desk")
        sim.run_ms(6000)
        assert sim.status["ready"], sim.status["waiting"]
        before = len(sim.sink("d/target/keep"))
        sim.run_ms(2000)
        assert len(sim.sink("d/target/keep")) - before >= 95
        sim.finish()
        taken, got = taken_and_got(sim)
        assert got == sorted(set(got))
        assert got[-1] == taken[-1]


def forget_all():
    for kept in (Meter.made, Meter.counts, Meter.taken, Meter.notes):
        kept.clear()


def test_a_device_that_begins_anew_during_the_roll_out_does_not_spoil_it():
    for moment_ms in range(20, 700, 40):
        forget_all()
        sim = Sim(line(), seed=moment_ms)
        sim.crash("d/target")  # it is late
        sim.run_ms(moment_ms)
        sim.crash("d/source")
        sim.run_ms(300)
        sim.restart("d/source")
        sim.run_ms(2000)
        sim.restart("d/target")
        sim.run_ms(6000)
        status = sim.status
        assert (status["ready"], status["failures"]) == (True, []), moment_ms
        sim.finish()
        taken, got = taken_and_got(sim)
        assert got == taken, moment_ms
        assert len(got) > 200, moment_ms


def test_the_only_router_gets_the_map_again_from_a_controller_that_is_none():
    topology = Topology("star")
    domain = topology.domain("d", mesh=False)
    hub = domain.device("hub")
    leaves = [domain.device(name, router=False) for name in ("source", "target", "desk")]
    for leaf in leaves:
        topology.link(leaf, hub, latency_ms=2)
    topology.controller(at=leaves[2])
    flow = Pipeline("star")
    flow.add(Meter, at=leaves[0], name="meter") >> reliable(
        flow.add(Keep, at=leaves[1], name="keep")
    )
    sim = Sim(site_of(topology, flow), seed=9)
    sim.run_ms(ROLL_OUT_MS)
    assert sim.status["ready"], sim.status["waiting"]
    for _ in range(2):
        sim.crash("d/hub")
        sim.run_ms(2500)
        sim.restart("d/hub")
        sim.run_ms(10_000)
    sim.finish()
    taken, got = taken_and_got(sim)
    assert got == taken
    assert len(got) > 200


@pytest.mark.parametrize("has_later_controller", [False, True])
def test_a_source_that_begins_anew_does_not_wait_for_a_target_that_is_off(
    has_later_controller, tmp_path
):
    site = line(stream)
    (flow,) = site.flows
    meter = next(stage for stage in flow.stages if stage.name == "meter")
    meter >> flow.add(Keep, at=site.topology.find("d/desk"), name="other")
    sim = Sim(site, seed=2, state=tmp_path / "state.json")
    sim.run_ms(ROLL_OUT_MS + 3000)
    sim.crash("d/target")
    if has_later_controller:
        sim.crash("d/desk")
        sim.run_ms(500)
        sim.restart("d/desk")
    sim.run_ms(12_000)  # it is silent
    sim.crash("d/source")
    sim.run_ms(500)
    sim.restart("d/source")
    sim.run_ms(5000)
    before = len(sim.sink("d/desk/other"))
    sim.run_ms(2000)
    assert len(sim.sink("d/desk/other")) - before >= 95
    sim.restart("d/target")
    sim.run_ms(4000)
    assert sim.status["ready"]
    before = len(sim.sink("d/target/keep"))
    sim.run_ms(2000)
    assert len(sim.sink("d/target/keep")) - before >= 95


class Fuse(Keep):
    """Ends its device at one reading."""

    simulated = True
    supervision = "escalate"
    left = 0

    def write(self, _value):
        Fuse.left -= 1
        if Fuse.left == 0:
            raise OSError("blown")


def test_a_device_that_an_actor_has_ended_is_started_again_and_configured():
    Fuse.left = 100
    sim = Sim(line(reliable, sink=Fuse), seed=1)
    sim.run_ms(ROLL_OUT_MS + 12_000)
    assert Fuse.left < -300
    assert sim.reports["d/target"].restarts == 1
    assert [path for path, device in sim.devices.items() if device.node is None] == []


# -- the controller


@pytest.mark.parametrize("name", ["drop-oldest", "reliable"])
def test_a_controller_that_dies_again_and_again_is_not_noticed_by_the_readings(name, tmp_path):
    sim = Sim(line(PROMISES[name]), seed=6, state=tmp_path / "state.json")
    chance = Random("controller")
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(12):
        sim.crash("d/desk", power_lost=chance.random() < 0.5)
        sim.run_ms(chance.randrange(9000))
        check_exact(sim)
        sim.restart("d/desk")
        sim.run_ms(chance.randrange(4000))
        check_exact(sim)
    sim.finish()
    taken, got = taken_and_got(sim)
    assert got == taken
    assert len(got) > 1000
    assert Meter.made == {"d/source/meter": 1}  # never two, never a second one
    # What runs was adopted as it is: nobody was told to begin anew.
    assert sim.devices["d/source"].node.wires.outboxes[1].epoch == 1
    assert not [text for _, _, text in sim.lines if "has begun anew" in text]
    assert sim.status["ready"]
    assert not sim.status["failures"]
    check_accounts(sim)


def test_a_controller_that_comes_back_adopts_what_runs_as_it_is(tmp_path):
    sim = Sim(line(), seed=8, state=tmp_path / "state.json")
    sim.run_ms(ROLL_OUT_MS)
    sim.crash("d/target")
    sim.run_ms(500)
    sim.restart("d/target")
    sim.run_ms(4000)
    ends = [sim.devices["d/source"].node.wires.outboxes[1],
            sim.devices["d/target"].node.wires.inlets[1]]
    assert [end.epoch for end in ends] == [2, 2]
    sim.crash("d/desk")
    sim.run_ms(500)
    sim.restart("d/desk")
    sim.run_ms(4000)
    assert sim.status["ready"]
    assert [end.epoch for end in ends] == [2, 2]
    assert sim.devices["d/target"].node.wires.inlets[1] is ends[1]


def test_a_controller_that_dies_at_any_moment_of_its_roll_out_finishes_it_later(tmp_path):
    for moment_ms in range(1, 1200, 60):
        forget_all()
        sim = Sim(line(), seed=moment_ms, state=tmp_path / f"{moment_ms}.json")
        sim.run_ms(moment_ms)
        sim.crash("d/desk")
        sim.run_ms(1500)
        sim.restart("d/desk")
        sim.run_ms(6000)
        assert sim.status["ready"], moment_ms
        assert not sim.status["failures"], moment_ms
        sim.finish()
        taken, got = taken_and_got(sim)
        assert got == taken, moment_ms
        assert len(got) > 200, moment_ms
        assert Meter.made == {"d/source/meter": 1}


@pytest.mark.parametrize("seed", range(6))
def test_a_controller_and_devices_that_die_in_any_order_leave_one_instance_each(seed, tmp_path):
    sim, chance = Sim(line(), seed=seed, state=tmp_path / "state"), Random(f"any {seed}")
    everybody = ["d/desk", "d/source", "d/target", "d/left"]
    starts = 1
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(12):
        path = chance.choice(everybody)
        if sim.devices[path].node is None:
            sim.restart(path)
            starts += path == "d/source"
        else:
            sim.crash(path, power_lost=chance.random() < 0.5)
        sim.run_ms(chance.randrange(5000))
    starts += sim.devices["d/source"].node is None
    sim.finish()
    assert sim.status["ready"]
    assert not sim.status["failures"]
    assert Meter.made["d/source/meter"] <= starts
    live = [cell for device in sim.devices.values() for path, cell in
            device.node.scheduler.cells.items() if path.endswith(("/meter", "/keep"))]
    assert sorted(cell.path for cell in live) == ["d/source/meter", "d/target/keep"]
    taken, got = taken_and_got(sim)
    assert set(got) <= set(taken)
    assert got[-1] == taken[-1]


def test_a_controller_that_forgot_everything_goes_above_what_the_devices_know():
    sim = Sim(line(stream), seed=3)  # no file: each start knows nothing
    sim.run_ms(ROLL_OUT_MS)
    for _ in range(2):  # the wire's epoch is 3 then, at both ends
        sim.crash("d/target")
        sim.run_ms(500)
        sim.restart("d/target")
        sim.run_ms(6000)
    sim.crash("d/desk")
    sim.run_ms(1000)
    sim.restart("d/desk")
    sim.run_ms(6000)
    assert sim.status["ready"]
    sim.crash("d/source")
    sim.run_ms(1000)
    sim.restart("d/source")
    sim.run_ms(8000)
    before = len(sim.sink("d/target/keep"))
    sim.run_ms(2000)
    assert len(sim.sink("d/target/keep")) - before >= 95


def test_the_answer_to_an_order_that_was_given_again_is_not_taken_for_the_newer_ones():
    sim = Sim(line(), seed=1)
    sim.run_ms(ROLL_OUT_MS)
    controller = sim.devices["d/desk"].node.scheduler.cells["d/desk/controller"].actor
    for router in ("d/left", "d/right"):
        sim.cut(router, "d/target")
    controller._restore("d/target")
    older = dict(controller._orders.open)
    controller._restore("d/target")
    for command in older.values():
        controller._orders.answered(command, None)
        controller._orders.answered(command, ("failed", "it was an old one"))
    assert set(controller._orders.open) == set(older)
    assert not sim.status["failures"]
    for router in ("d/left", "d/right"):
        sim.repair(router, "d/target")
    sim.run_ms(12_000)
    assert sim.status["ready"]
    sim.finish()
    taken, got = taken_and_got(sim)
    assert sorted(set(got)) == taken


# -- asking and watching, over the routers


class Guard(Actor):
    """Watches an actor from its start."""

    simulated = True
    told = []

    def __init__(self, path):
        self.watched = path

    def started(self):
        self.watch(self.watched)

    def on_gone(self, path, reason):
        Guard.told.append((path, reason, self.at_ms))
        self.watch(path)


@pytest.mark.parametrize("fault", ["freeze", "crash", "power", "restart", "cut"])
def test_who_watches_a_device_is_told_within_seven_seconds(fault):
    Guard.told = []
    site = line(stream)
    (flow,) = site.flows
    desk = site.topology.find("d/desk")
    flow.add(Guard, at=desk, name="guard", path="d/target/keep")
    sim = Sim(site, seed=1)
    sim.run_ms(ROLL_OUT_MS + 8000)
    assert Guard.told == []
    if fault == "freeze":
        sim.freeze("d/target")
    elif fault == "cut":
        for router in ("d/left", "d/right"):
            sim.cut(router, "d/target")
    else:
        sim.crash("d/target", power_lost=fault == "power")
    if fault == "restart":
        sim.run_ms(100)
        sim.restart("d/target")
    since_ms = now_ms(sim)
    sim.run_ms(7000)
    (path, reason, at_ms), *_ = Guard.told
    assert path == "d/target/keep"
    assert at_ms - since_ms <= 7000
    expected = {"restart": ("restarted",), "crash": ("unreachable",)}
    assert reason in expected.get(fault, ("silent", "unreachable")), Guard.told
