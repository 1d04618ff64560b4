"""Durable wires and checkpoints in whole sites: devices die with everything but their disk.

The source counts up over all its instances; an operator numbers what comes to it. So a sink that
got (1, 1), (2, 2), (3, 3) … knows that nothing was lost, doubled or overtaken anywhere.
"""

from random import Random

import pytest

from actors import Pipeline, Topology
from actors.delivery import reliable
from actors.sim.world import Sim
from mp_actors import Aggregator, Filter
from tests.sim.sites import Keep, site_of
from tests.sim.test_delivery import ROLL_OUT_MS, Meter, Slower, check_accounts, values

CHECKPOINT_MS = 200


@pytest.fixture(autouse=True)
def forget():
    """Nothing of another simulation is left."""
    for kept in (Meter.made, Meter.counts, Meter.taken, Meter.notes):
        kept.clear()


class Tally(Filter):
    """Numbers what comes, from a checkpoint on."""

    checkpoint_ms = CHECKPOINT_MS

    def __init__(self):
        self.count = 0

    def apply(self, value):
        self.count += 1
        return [self.count, value]

    def state(self):
        return self.count

    def restore(self, state):
        self.count = state


class Rounds(Aggregator):
    """All that came in a window. When a window ends is chance, what was in it is not told twice."""

    checkpoint_ms = CHECKPOINT_MS
    window_ms = 330

    def __init__(self):
        self.came = []

    def add(self, value):
        self.came.append(value)

    def result(self):
        came, self.came = self.came, []
        return came or None

    def state(self):
        return self.came

    def restore(self, state):
        self.came = state


def row(promises, operator=None, sink=Keep, period_ms=20):
    """source - two routers - (operator - two routers) - target, and the controller beside them."""
    topology = Topology("row")
    domain = topology.domain("d", mesh=False)
    names = ("source", "left", "right", "middle", "target", "desk")
    source, left, right, middle, target, desk = (domain.device(name) for name in names)
    for one in (source, middle, target, desk):
        for router in (left, right):
            topology.link(one, router, latency_ms=2)
    topology.controller(at=desk)
    flow = Pipeline("row")
    stage = flow.add(Meter, at=source, name="meter", period_ms=period_ms)
    if operator is not None:
        stage = stage >> reliable(flow.add(operator, at=middle, name="middle"), durable=promises[0])
    stage >> reliable(flow.add(sink, at=target, name="keep"), durable=promises[-1])
    return site_of(topology, flow)


def suffer(sim, chance, paths, times, apart_ms=3000):
    """Let devices die, one or several at once, and come back after a while."""
    for _ in range(times):
        sim.run_ms(chance.randrange(apart_ms))
        dying = chance.sample(paths, chance.randint(1, len(paths)))
        for path in dying:
            sim.crash(path, power_lost=chance.random() < 0.5)
            sim.run_ms(chance.choice((0, 0, 300, 3000)))
        for path in dying:
            sim.run_ms(chance.choice((0, 400, 2000)))
            sim.restart(path)
    sim.run_ms(3000)
    assert sim.run_until(lambda: sim.status["ready"]), sim.status["waiting"]
    assert not sim.status["failures"]


def check_all_came(sim, least=300):
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert got == taken
    assert len(got) > least
    check_accounts(sim)


@pytest.mark.parametrize("seed", range(8))
def test_a_durable_source_that_dies_loses_and_doubles_nothing(seed):
    sim = Sim(row([True], sink=Slower if seed % 2 else Keep), seed=seed)
    sim.run_ms(ROLL_OUT_MS)
    suffer(sim, Random(f"durable {seed}"), ["d/source", "d/left", "d/right"], 6)
    sim.finish()
    sim.run_ms(20_000)  # a slow one has much to do
    check_all_came(sim)
    stats = sim.stats("d/target/keep")
    assert stats["delivered"] == len(Meter.taken["d/source/meter"])
    (wire,) = sim.status["wires"]
    assert set(wire["dropped"]) <= {"refused"}


def test_what_a_durable_source_took_while_nothing_could_leave_is_sent_when_it_is_back():
    sim = Sim(row([True]), seed=1)
    sim.run_ms(ROLL_OUT_MS)
    for router in ("d/left", "d/right"):
        sim.cut("d/source", router)
    sim.run_ms(30_000)  # 1500 readings, more than an outbox in memory holds
    sim.crash("d/source", power_lost=True)
    sim.run_ms(1000)
    for router in ("d/left", "d/right"):
        sim.repair("d/source", router)
    sim.restart("d/source")
    sim.finish()
    check_all_came(sim, least=1500)


@pytest.mark.parametrize("seed", range(8))
def test_a_durable_wire_doubles_only_what_a_plain_sink_that_died_had_not_acknowledged(seed):
    sim, chance = Sim(row([True]), seed=seed), Random(f"plain {seed}")
    sim.run_ms(ROLL_OUT_MS)
    window = 0
    for _ in range(4):
        sim.run_ms(chance.randrange(500, 4000))
        box = sim.devices["d/source"].node.wires.outboxes[1]
        window += len(box.values)
        for path in chance.sample(["d/target", "d/source"], chance.randint(1, 2)):
            sim.crash(path)
        sim.run_ms(chance.randrange(5000))
        for path in ("d/target", "d/source"):
            sim.restart(path)
        sim.run_ms(6000)
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert sorted(set(got)) == taken
    assert len(got) - len(taken) <= window
    (wire,) = sim.status["wires"]
    assert len(got) - len(taken) <= wire["doubled"]
    check_accounts(sim)


# In 124 a source that was told to start has begun anew when that comes, without its wires.
@pytest.mark.parametrize("seed", [*range(12), 124])
@pytest.mark.parametrize("durable", [False, True])
def test_an_operator_with_checkpoints_that_dies_loses_and_doubles_nothing(durable, seed):
    sim, chance = Sim(row([durable, False], Tally), seed=seed), Random(f"operator {seed}")
    sim.run_ms(ROLL_OUT_MS)
    dying = ["d/middle", "d/left", "d/right"] + (["d/source"] if durable else [])
    suffer(sim, chance, dying, 6)
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert got == [[number, value] for number, value in enumerate(taken, 1)]
    assert len(got) > 300
    check_accounts(sim)


@pytest.mark.parametrize("seed", range(6))
def test_no_operator_has_to_be_deterministic_for_that(seed):
    sim, chance = Sim(row([True, False], Rounds), seed=seed), Random(f"rounds {seed}")
    sim.run_ms(ROLL_OUT_MS)
    suffer(sim, chance, ["d/middle", "d/source"], 6)
    sim.run_ms(1000)
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    came = [value for window in got for value in window]
    # What the last window had not told yet is in its state.
    assert came == taken[: len(came)]
    assert len(taken) - len(came) <= 20


def test_a_source_of_an_operator_with_checkpoints_that_begins_anew_is_heard_again():
    sim = Sim(row([False, False], Tally), seed=3)
    sim.run_ms(ROLL_OUT_MS + 1000)
    suffer(sim, Random("anew"), ["d/source"], 3)
    suffer(sim, Random("both"), ["d/source", "d/middle"], 3)
    before = len(values(sim, "d/target/keep"))
    sim.run_ms(2000)
    assert len(values(sim, "d/target/keep")) > before + 50
    sim.finish()
    numbers, came = zip(*values(sim, "d/target/keep"), strict=True)
    assert numbers == tuple(range(1, len(numbers) + 1))
    assert list(came) == sorted(set(came))


@pytest.mark.parametrize("seed", range(4))
def test_everything_dies_but_the_disks(seed, tmp_path):
    site = row([True, False], Tally)
    sim = Sim(site, seed=seed, state=tmp_path / "state.json")
    sim.run_ms(ROLL_OUT_MS)
    chance = Random(f"all {seed}")
    # The sink has no checkpoint: what it got again it was given after its own death.
    suffer(sim, chance, ["d/source", "d/left", "d/right", "d/middle", "d/desk"], 5)
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert got == [[number, value] for number, value in enumerate(taken, 1)]
    check_accounts(sim)


# -- a disk that is full, a file that is damaged


def lines_of(sim, path):
    """What an actor's log says."""
    return [text for _, one, text in sim.lines if one == path]


def test_a_full_disk_is_told_to_the_source_and_to_the_person_and_the_device_runs_on():
    sim = Sim(row([True, False], Tally), seed=2)
    sim.run_ms(ROLL_OUT_MS)
    database = sim.stores["d/source"]._db
    (pages,) = database.execute("PRAGMA page_count").fetchone()
    database.execute(f"PRAGMA max_page_count = {pages}")
    for router in ("d/left", "d/right"):
        sim.cut("d/source", router)
    sim.run_ms(20_000)
    taken = len(Meter.taken["d/source/meter"])
    assert taken < Meter.counts["d/source/meter"] - 500
    sim.run_ms(5000)
    assert len(Meter.taken["d/source/meter"]) <= taken + 20  # that a new try may find room for
    alarms = [text for text in lines_of(sim, "d/source/node") if "ALARM" in text]
    assert len(alarms) == 1
    assert "full; what durable wires are given is refused" in alarms[0]
    database.execute("PRAGMA max_page_count = 100000")
    for router in ("d/left", "d/right"):
        sim.repair("d/source", router)
    sim.run_ms(8000)
    assert any("is written again" in text for text in lines_of(sim, "d/source/node"))
    assert Meter.counts["d/source/meter"] - Meter.taken["d/source/meter"][-1] < 3
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert got == [[number, value] for number, value in enumerate(taken, 1)]
    check_accounts(sim)
    (wire,) = [one for one in sim.status["wires"] if one["wire"] == 1]
    assert wire["dropped"] == {"refused": Meter.counts["d/source/meter"] - len(taken)}


def test_an_operator_whose_disk_takes_nothing_lets_nothing_out_and_takes_nothing_for_good():
    sim = Sim(row([True, False], Tally), seed=2)
    sim.run_ms(ROLL_OUT_MS)
    database = sim.stores["d/middle"]._db
    database.execute("PRAGMA query_only = ON")
    sim.run_ms(20_000)
    assert any("ALARM" in text for text in lines_of(sim, "d/middle/node"))
    assert values(sim, "d/target/keep")[-1][1] < Meter.taken["d/source/meter"][-1] - 500
    sim.crash("d/middle")
    sim.run_ms(500)
    sim.restart("d/middle")
    sim.run_ms(5000)
    database.execute("PRAGMA query_only = OFF")
    sim.run_ms(10_000)
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    assert got == [[number, value] for number, value in enumerate(taken, 1)]
    check_accounts(sim)


class Fickle(Tally):
    """Fails now and then; once, what it leaves is of no use."""

    made = []

    def apply(self, value):
        if value % 97 == 0:
            raise OSError("now and then")
        return super().apply(value)

    def restore(self, state):
        Fickle.made.append(state)
        if len(Fickle.made) == 4:
            raise ValueError("of no use")
        super().restore(state)


def test_an_operator_that_fails_in_place_goes_on_with_its_state_or_begins_from_its_checkpoint():
    Fickle.made = []
    sim = Sim(row([True, False], Fickle), seed=2)
    sim.run_ms(ROLL_OUT_MS)
    assert sim.run_until(lambda: sim.devices["d/middle"].node is None, limit_ms=30_000)
    sim.run_ms(11_000)
    assert len(Fickle.made) > 5
    sim.finish()
    taken, got = Meter.taken["d/source/meter"], values(sim, "d/target/keep")
    good = [value for value in taken if value % 97]
    assert got == [[number, value] for number, value in enumerate(good, 1)]
