"""Stand-ins: a simulation reads no hardware, and writes nothing outside of itself."""

import asyncio

import pytest

from actors import Pipeline, Topology, offload
from actors.sim.world import Sim
from mp_actors import Filter, Sensor, Sink
from mp_actors.operators import Mean
from tests.sim.sites import Keep, Pulse, pair_site, site_of

ROLL_OUT_MS = 3000


class Hardware(Sensor):
    """A sensor that must not be made: there is no such hardware here."""

    period_ms = 200

    def __init__(self, pin):
        raise OSError(f"no pin {pin}")


class Csv(Sink):
    """A sink that writes outside."""

    def __init__(self, file):
        self.file = open(file, "w")  # noqa: SIM115 - the point is that nobody does


def test_nothing_real_is_read_or_written(tmp_path):
    file = tmp_path / "out.csv"
    given = {"sink_arguments": {"file": str(file)}, "pin": 4}
    sim = Sim(pair_site(sensor=Hardware, sink=Csv, **given))
    sim.run_ms(ROLL_OUT_MS)
    before = len(sim.sink("d/b/sink"))
    sim.run_ms(2000)
    assert len(sim.sink("d/b/sink")) == before + 10
    assert not file.exists()
    assert sim.status["failures"] == []


def test_a_stand_in_is_given_by_class_and_holds_for_its_subclasses():
    class Probe(Hardware):
        pass

    class Fake(Sensor):
        def __init__(self, pin, period_ms=200):
            self.pin, self.period_ms = pin, period_ms

        def sample(self):
            return f"pin {self.pin}"

    globals()["Probe"] = Probe
    Probe.__qualname__ = "Probe"
    sim = Sim(pair_site(sensor=Probe, pin=7), stand_ins={Hardware: Fake})
    sim.run_ms(ROLL_OUT_MS)
    assert {value for _, _, value in sim.sink("d/b/sink")} == {"pin 7"}


def test_the_default_signal_comes_from_the_seed_and_the_path():
    rows = []
    for seed in (1, 1, 2):
        sim = Sim(pair_site(sensor=Hardware, pin=4), seed=seed)
        sim.run_ms(ROLL_OUT_MS)
        rows.append([value for _, _, value in sim.sink("d/b/sink")][:5])
    assert rows[0] == rows[1] != rows[2]


def test_operators_run_as_they_are():
    topology = Topology("one")
    desk = topology.domain("d").device("desk")
    flow = Pipeline("flow")
    mean = flow.add(Mean, at=desk, name="mean", window_ms=1000)
    flow.add(Pulse, at=desk, name="pulse") >> mean >> flow.add(Keep, at=desk, name="keep")
    sim = Sim(site_of(topology, flow))
    sim.run_ms(5000)
    values = [value for _, _, value in sim.sink("d/desk/keep")]
    assert values[3] - values[2] == pytest.approx(10, abs=1)


class Later(Filter):
    """Waits in a site that is real: for a thread, and for a file if there is one."""

    def __init__(self, file=None):
        self.file = file

    async def apply(self, value):
        if self.file:
            await asyncio.sleep(1)
        return await offload(float, value) + 0.5


def waiting_site(**arguments):
    topology = Topology("one")
    desk = topology.domain("d").device("desk")
    flow = Pipeline("flow")
    later = flow.add(Later, at=desk, **arguments)
    flow.add(Pulse, at=desk, name="pulse") >> later >> flow.add(Keep, at=desk, name="keep")
    return site_of(topology, flow)


def test_a_handler_that_may_wait_runs_at_once_and_one_that_has_to_is_named():
    sim = Sim(waiting_site())
    sim.run_ms(ROLL_OUT_MS)
    assert sim.sink("d/desk/keep")[0][2] % 1 == 0.5
    sim = Sim(waiting_site(file="x"))
    sim.run_ms(2 * ROLL_OUT_MS)
    assert sim.sink("d/desk/keep") == []
    told = sim.status["actors"]["d/desk/later"]["last_error"]
    assert told.startswith("RuntimeError: waits for the world outside; give stand_ins another")
