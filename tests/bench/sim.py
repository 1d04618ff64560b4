"""The simulator against real time: virtual seconds per second of CPU.

A subject's unit is a virtual second, so its rate is how many times faster than real time it is.
`20 nodes`: ten boards sample ten times a second, two routers between each and its sink, light
faults. `1,000 devices` shows that such a site runs at all; its roll-out is not measured.
"""

from functools import cache
from pathlib import Path
from random import Random

from actors.pipeline import Pipeline
from actors.sim import faults
from actors.sim.world import Sim
from actors.site import Site
from actors.topology import Topology
from mp_actors import Sensor, Sink
from tests.bench.measure import Bench, Subject, cpu_seconds

ROLL_OUT_S = 120  # of virtual time, at the most
SEED = 1


class Tick(Sensor):
    """Ten values a second."""

    simulated = True
    period_ms = 100
    value = 0

    def sample(self):
        self.value += 1
        return self.value


class Tally(Sink):
    """Keeps nothing, so that a long run costs what a short one does."""

    simulated = True

    def write(self, _value):
        pass


def fields(name: str, count: int, boards: int, workers: int, sensors: int) -> Site:
    """Fields of boards behind a gateway each, an office behind another, a backbone between them."""
    topology, flow = Topology(name), Pipeline(name)
    backbone, office = topology.domain("backbone"), topology.domain("office")
    gate = office.device("gate", also_in=[backbone])
    desks = [office.device(f"w{number}", router=False) for number in range(workers)]
    topology.controller(at=gate)
    probes = []
    for number in range(count):
        field = topology.domain(f"field-{number}")
        field.device("gate", also_in=[backbone])
        probes += [field.device(f"b{place}", board="virtual") for place in range(boards)]
    for number, probe in enumerate(probes[:: max(1, len(probes) // sensors)][:sensors]):
        sink = flow.add(Tally, at=desks[number % workers], name=f"sink-{number}")
        flow.add(Tick, at=probe, name="tick") >> sink
    return Site(str(Path(__file__)), topology, (flow,))


def twenty() -> Site:
    """3 gateways, 10 boards with a sensor each, 7 workers with their sinks."""
    return fields("twenty", 2, 5, 7, 10)


def thousand() -> Site:
    """20 gateways of 48 boards, an office of 19 workers; ten sensors."""
    return fields("thousand", 20, 48, 19, 10)


def running(make_site: object) -> object:
    """What runs a site for so many virtual seconds; rolled out before the first."""

    @cache
    def made() -> Sim:
        sim = Sim(make_site(), seed=SEED)
        assert sim.run_until(lambda: sim.status["ready"], ROLL_OUT_S * 1000), sim.status["waiting"]
        return sim

    def run(seconds: int) -> float:
        sim = made()
        plan = faults.by_chance(sim, "light", seconds * 1000, Random(SEED))
        faults.schedule(sim, plan)
        spent = cpu_seconds(sim.run_ms, seconds * 1000)
        assert all(one.is_exact for one in sim.whereabouts().values())
        return spent

    return run


def benches() -> list[Bench]:
    """All of this file; the rate of a subject is times real time."""
    return [
        Bench("simulator, 20 nodes", "virtual seconds", 60, [
            Subject("10 sensors at 10/s, 2 hops", running(twenty), warm_ups=0),
        ]),
        Bench("simulator, 1,000 devices", "virtual seconds", 4, [
            Subject("10 sensors at 10/s", running(thousand), warm_ups=0),
        ]),
    ]
