"""Random small sites for the simulator, each from one seed: gateways, dual-homed boards, flows.

Every sensor counts up and reaches a sink by one way at most, so a sink can tell what is missing,
what came twice and what was overtaken.
"""

from pathlib import Path
from random import Random

from actors.pipeline import Pipeline
from actors.site import Site
from actors.topology import Topology
from mp_actors import Filter, Sensor, Sink

LATENCIES_MS = (0.5, 1.0, 1.0, 2.0, 5.0, 20.0)
PERIODS_MS = (50, 100, 100, 250)


class Pulse(Sensor):
    """Counts up; needs no hardware, so it is its own stand-in."""

    simulated = True

    def __init__(self, period_ms=100):
        self.period_ms = period_ms
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Pass(Filter):
    """Passes everything on, under its source."""


class Keep(Sink):
    """A sink of the outside world: nothing may ever reach this class in a simulation."""

    def write(self, value):
        raise AssertionError(f"{value!r} left the simulation")


def site_of(topology, flow):
    """A Site of what a test has built."""
    return Site(str(Path(__file__).with_name("sites.py")), topology, (flow,))


def random_site(seed, make_flow=None):
    """A site of 3 to 10 devices from a seed: 1 to 3 gateways, boards with one or two parents.

    `make_flow(chance, boards, workers)`: the pipeline on it, by default one of plain streams.
    """
    chance = Random(f"site {seed}")
    topology = Topology(f"random-{seed}")
    core, field = topology.domain("core"), topology.domain("field")
    domains = [field]
    if chance.random() < 0.3:
        domains.append(topology.domain("plant"))
    workers = [core.device(f"w{number}") for number in range(chance.randint(1, 2))]
    if chance.random() < 0.3:
        workers.append(core.device("quiet", router=False))
    gates = [
        chance.choice(domains).device(f"gate-{number}", also_in=[core, *chance.sample(domains, 1)])
        for number in range(chance.randint(1, 3))
    ]
    boards = []
    for domain in domains:
        if any(domain in gate.domains for gate in gates):
            boards += [
                domain.device(f"board-{number}", board="virtual")
                for number in range(chance.randint(1, 2))
            ]
    if not boards:
        boards = [workers[0]]
    if chance.random() < 0.5:
        _declare_costs(topology, chance)
    topology.controller(at=chance.choice(workers))
    make_flow = make_flow or _random_flow
    return site_of(topology, make_flow(chance, boards, workers + gates[:1]))


def pair_site(sensor=Pulse, sink=Keep, *, latency_ms=1.0, kbps=None, sink_arguments=None, **given):
    """Two routers with one link; a sensor on the first, a sink on the second."""
    topology = Topology("pair")
    domain = topology.domain("d", mesh=False)
    a, b = domain.device("a"), domain.device("b")
    topology.link(a, b, latency_ms=latency_ms, bandwidth_kbps=kbps)
    topology.controller(at=b)
    flow = Pipeline("flow")
    flow.add(sensor, at=a, name="source", **given) >> flow.add(
        sink, at=b, name="sink", **(sink_arguments or {}))
    return site_of(topology, flow)


def ring_site(seed):
    """A ring of 4 to 7 routers with a chord and few different costs: many ways to go in circles."""
    chance = Random(f"ring {seed}")
    topology = Topology(f"ring-{seed}")
    domain = topology.domain("ring", mesh=False)
    routers = [domain.device(f"r{number}") for number in range(chance.randint(4, 7))]
    pairs = [(one, routers[number - 1]) for number, one in enumerate(routers)]
    pairs.append((routers[0], routers[2]))
    for a, b in pairs:
        topology.link(a, b, latency_ms=chance.choice(LATENCIES_MS))
    topology.controller(at=routers[0])
    return site_of(topology, _random_flow(chance, chance.sample(routers, 2), routers))


def trap_site():
    """From s by a to t, or the long way a-b-c-t; from c it is cheaper to go back than on to t.

    What a knows gets to c by d, faster than what it sends to b.
    """
    topology = Topology("trap")
    domain = topology.domain("trap", mesh=False)
    s, a, b, c, d, t = (domain.device(name) for name in "sabcdt")
    for one, other, cost_ms in (
        (s, a, 1), (a, t, 1), (a, b, 1), (b, c, 1), (c, t, 50), (a, d, 40), (d, c, 40)
    ):
        topology.link(one, other, latency_ms=cost_ms)
    topology.controller(at=a)
    flow = Pipeline("flow")
    flow.add(Pulse, at=s, period_ms=20, name="pulse") >> flow.add(Keep, at=t, name="keep")
    return site_of(topology, flow)


def _declare_costs(topology, chance):
    for link in topology.links:
        topology.link(link.a, link.b, latency_ms=chance.choice(LATENCIES_MS))


def _random_flow(chance, boards, workers):
    flow = Pipeline("flow")
    devices = boards + workers
    # Half of all sites keep every gateway free of actors, so that it can crash.
    places = [device for device in workers if "gate" not in device.name]
    sinks = [flow.add(Keep, at=chance.choice(places), name=f"keep-{n}") for n in range(2)]
    for number in range(chance.randint(1, 3)):
        home = chance.choice(devices if number else boards)
        period_ms = chance.choice(PERIODS_MS)
        sensor = flow.add(Pulse, at=home, name=f"pulse-{number}", period_ms=period_ms)
        last = sensor
        for step in range(chance.randint(0, 2)):
            stage = flow.add(Pass, at=chance.choice(places), name=f"pass-{number}-{step}")
            last >> stage
            last = stage
        for sink in chance.sample(sinks, chance.randint(1, 2)):
            last >> sink
    for number, sink in enumerate(sinks):
        if not any(wire.target is sink for wire in flow.wires):
            flow.add(Pulse, at=places[0], name=f"own-{number}") >> sink
    return flow
