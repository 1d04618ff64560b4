"""Frozen instances of the placement problem, each made by a seed and by arithmetic alone.

Random sensor flows, and the shapes of RIoTBench's four dataflows by their published operators and
selectivities (Shukla, Chaturvedi, Simmhan: RIoTBench, 2017). Devices are half microcontrollers of
speed 1, then gateways of 20 and workers of 100, in domains whose routers are joined in a ring with
a chord. Memory is scarce: the largest worker holds about a quarter of all operators.
"""

from dataclasses import replace
from math import inf
from random import Random

from actors.placement.model import Instance, Link, Machine, Objective, Operator

OBJECTIVES = {
    "network": Objective({"network": 1.0}),
    "response": Objective({"response": 1.0}),
    "mixed": Objective({"network": 1.0, "response": 1.0, "bottleneck": 1.0}),
}
CLASSES = {  # speed, memory in units of what one worker has, delay in ms from, to, bytes/s
    "board": (1.0, 0.1, 2.0, 8.0, 200e3),
    "gateway": (20.0, 0.4, 0.3, 1.0, 5e6),
    "worker": (100.0, 1.0, 0.1, 0.3, 50e6),
}
HELD = 0.25  # of all operators' memory, by one worker
FEW_HELD = 0.4  # where there are few operators, so that a gateway holds one
RATES_EXPONENTS = (0.0, 1.5)  # sources send 1 to 32 messages a second
WORK_S = (0.0005, 0.02)  # for one message, on a board


def random_flow(operators, devices, seed, held=HELD):
    """A flow of so many operators with 1.4 edges each, on so many devices."""
    random = Random(f"flow {operators} {devices} {seed}")
    sources = max(2, operators // 6)
    edges = set()
    for j in range(sources, operators):
        edges.add((int(random.random() * j), j))
    fed = {i for i, _ in edges}
    for i in range(operators - 1):
        if i not in fed:
            first = max(i + 1, sources)
            edges.add((i, first + int(random.random() * (operators - first))))
    while len(edges) < 1.4 * operators:
        j = sources + int(random.random() * (operators - sources))
        edges.add((int(random.random() * j), j))
    # Where flows are deep, messages that double at every fourth step would flood any network.
    selectivities = (0.1, 0.5, 1.0, 2.0) if operators <= 50 else (0.1, 0.5, 1.0)
    shapes = [
        (f"op-{one}", random.choice(selectivities), random.uniform(*WORK_S))
        for one in range(operators)
    ]
    return _instance(random, shapes, sorted(edges), sources, devices, held)


RIOTBENCH = {
    # Fields of one message are parsed into observations; the join brings them together again.
    "etl": (
        "source parse:5 range:0.9 bloom:0.9 interpolate:1 join:0.2 annotate:1 csv:1 publish:1 "
        "sink:1",
        "source-parse parse-range range-bloom bloom-interpolate interpolate-join join-annotate "
        "annotate-csv csv-publish publish-sink",
    ),
    "stats": (
        "source parse:5 bloom:0.9 kalman:1 regression:0.1 moment:0.1 distinct:1 publish:1 sink:1",
        "source-parse parse-bloom bloom-kalman kalman-regression bloom-moment bloom-distinct "
        "regression-publish moment-publish distinct-publish publish-sink",
    ),
    "pred": (
        "source models fetch:1 parse:1 tree:1 linear:1 average:0.1 error:1 publish:1 sink:1",
        "models-fetch source-parse fetch-tree fetch-linear parse-tree parse-linear parse-average "
        "linear-error average-error tree-publish error-publish publish-sink",
    ),
    "train": (
        "timer query:1 linear-train:1 annotate:1 tree-train:1 upload:1 publish:1 sink:1",
        "timer-query query-linear.train query-annotate annotate-tree.train linear.train-upload "
        "tree.train-upload upload-publish publish-sink",
    ),
}


def riotbench(name, devices, seed):
    """One of RIoTBench's dataflows, on so many devices."""
    random = Random(f"riotbench {name} {devices} {seed}")
    words, drawn = RIOTBENCH[name]
    shapes = []
    for word in words.split():
        label, _, selectivity = word.partition(":")
        shapes.append((label, float(selectivity or 1), random.uniform(*WORK_S)))
    names = [label for label, _, _ in shapes]
    edges = []
    for wire in drawn.split():
        source, target = wire.split("-")
        edges.append((names.index(source.replace(".", "-")), names.index(target.replace(".", "-"))))
    sources = [one for one in range(len(names)) if all(j != one for _, j in edges)]
    assert sources == list(range(len(sources)))
    return _instance(random, shapes, edges, len(sources), devices, FEW_HELD)


def _instance(random, shapes, edges, sources, devices, held):
    machines, links, routes = _network(random, devices)
    fed = {i for i, _ in edges}
    sizes = [random.uniform(0.5, 1.5) for _ in shapes]
    whole = sum(sizes)
    boards = [u for u, machine in enumerate(machines) if machine.speed == 1.0]
    workers = [u for u, machine in enumerate(machines) if machine.speed == 100.0]
    operators = []
    for one, (name, selectivity, work_s) in enumerate(shapes):
        allowed = tuple(range(devices))
        if one < sources:
            allowed = (boards[one % len(boards)],)
        elif one not in fed:
            allowed = (random.choice(workers),)
        operators.append(
            Operator(
                name,
                work_s * (0.1 if one < sources else 1.0),
                selectivity,
                10 ** random.uniform(*RATES_EXPONENTS) if one < sources else 0.0,
                random.uniform(50, 2000),
                # What is pinned has room of its own.
                0.0 if len(allowed) == 1 else sizes[one] / whole,
                1000.0,
                allowed,
            )
        )
    scaled = [replace(one, memory_bytes=one.memory_bytes * held) for one in machines]
    return Instance(operators, edges, scaled, links, routes)


def _network(random, devices):
    """Machines in domains, a router each; a ring of routers with a chord."""
    count = max(3, round(devices / 5)) if devices <= 50 else round(devices / 20)
    pairs = [(a, (a + 1) % count) for a in range(count)]
    if count > 3:
        pairs.append((0, count // 2))
    links = [
        Link(f"d{a}-d{b}", random.uniform(5, 60) / 1000, random.choice((5e6, 50e6)))
        for a, b in pairs
    ]
    machines = []
    for u in range(devices):
        share = u / devices
        kind = "board" if share < 0.5 else "gateway" if share < 0.8 else "worker"
        speed, memory, least, most, rate = CLASSES[kind]
        access = Link(f"{kind}-{u}", random.uniform(least, most) / 1000, rate)
        machines.append(
            Machine(f"d{u % count}/{kind}-{u}", speed, memory, u % count, access)
        )
    return machines, links, _routes(links, pairs, count)


def _routes(links, pairs, count):
    """The quickest way from point to point."""
    ways = [[((0.0, ()) if a == b else (inf, ())) for b in range(count)] for a in range(count)]
    for number, (a, b) in enumerate(pairs):
        offer = (links[number].delay_s, (number,))
        ways[a][b] = min(ways[a][b], offer)
        ways[b][a] = min(ways[b][a], offer)
    for middle in range(count):
        for a in range(count):
            for b in range(count):
                cost = ways[a][middle][0] + ways[middle][b][0]
                if cost < ways[a][b][0]:
                    way = ways[a][middle][1] + ways[middle][b][1]
                    ways[a][b] = (cost, way)
                    ways[b][a] = (cost, way[::-1])
    return [[way for _, way in row] for row in ways]
