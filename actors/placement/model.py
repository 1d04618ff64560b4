"""The placement problem: operators, the streams between them, devices, and the links between those.

From a site and its profile (or a generator of instances) to everybody who solves or explains.
Pure, and without any library. A device reaches the network by its access link, if it has one, at
a point; routes between points are fixed, in a tree or a mesh. So the way from u to v is u's access
link, the links between their points, v's access link, and a stream between two operators of one
device crosses none. Where the way back is not the same, the response is right; what the search and
the solver know of network use and energy takes both ways for equal.

The runtime has its own share: a device is busy for a part of its time at rest, and for `message_s`
with each message that leaves it or comes to it over a link, which is under way that much longer.
Devices that only forward one are not charged.

Units: seconds, bytes, messages per second; work is in seconds of a device of speed 1.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from graphlib import TopologicalSorter
from math import fsum, inf

PARTS = ("network", "response", "bottleneck", "energy", "migration")
BOUNDED = ("network", "response", "bottleneck")
LOAD_MAX = 0.8  # share of a device's or a link's time that may be planned; beyond, queues grow
PAUSE_S = 0.1  # of an operator that moves, besides the time its state takes
SLACK = 1e-9  # relative; below it two figures are the same


@dataclass(frozen=True)
class Operator:
    """One actor as the planner sees it."""

    name: str
    work_s: float  # for one message, on a device of speed 1
    selectivity: float  # messages out for one in; of a source: not used
    rate: float  # messages a second a source makes; of others: not used
    out_bytes: float
    memory_bytes: float
    state_bytes: float
    allowed: tuple[int, ...]  # devices it may be on, by index; one: it is pinned


@dataclass(frozen=True)
class Link:
    """What it takes to cross; bandwidth is infinite where nobody told it."""

    name: str
    delay_s: float
    bytes_per_s: float = inf
    joule_per_byte: float = 0.0


@dataclass(frozen=True)
class Machine:
    """One device as the planner sees it."""

    name: str
    speed: float
    memory_bytes: float
    point: int
    access: Link | None = None
    watts: float = 0.0  # while it works
    load_max: float = LOAD_MAX
    message_s: float = 0.0  # for one that leaves or comes by a link, at this device's own speed
    rest: float = 0.0  # share of its time that it is busy with nothing to do


@dataclass(frozen=True)
class Objective:
    """What is to be little: a weighted sum of parts, each as a multiple of the reference's.

    bounds: what a part (of BOUNDED) may be at the most, in its own unit. Migration is weighed
    against a running cost that lasts for `horizon_s`.
    """

    weights: Mapping[str, float] = field(default_factory=lambda: {"network": 1, "response": 1})
    bounds: Mapping[str, float] = field(default_factory=dict)
    horizon_s: float = 600.0


@dataclass(frozen=True)
class Parts:
    """What a placement costs, by part.

    network: Σ rate * delay, messages under way. response: the longest path in s. bottleneck: the
    highest share of a device's time. energy: W. migration: s that operators do not work.
    """

    network: float
    response: float
    bottleneck: float
    energy: float
    migration: float


@dataclass(frozen=True)
class Overload:
    """A limit that a placement exceeds."""

    what: str  # memory, load, bandwidth, or a part that has a bound
    where: str
    needed: float
    limit: float

    @property
    def share(self) -> float:
        """By how much, as a share of the limit."""
        return (self.needed - self.limit) / self.limit if self.limit else inf


@dataclass(frozen=True, eq=False)
class Instance:
    """A problem. `edges`: pairs of operators. `routes[a][b]`: the links from point a to point b.

    `together`: groups of operators that share a device. `present`: where operators are now.
    `order_cost`: what the next device in the list costs more, so that ties have one answer.
    """

    operators: Sequence[Operator]
    edges: Sequence[tuple[int, int]]
    machines: Sequence[Machine]
    links: Sequence[Link]
    routes: Sequence[Sequence[tuple[int, ...]]]
    objective: Objective = field(default_factory=Objective)
    together: Sequence[tuple[int, ...]] = ()
    present: Mapping[int, int] = field(default_factory=dict)
    order_cost: float = 0.0

    def aiming_at(self, objective: Objective) -> "Instance":
        """The same problem with another objective."""
        return replace(self, objective=objective)

    # -- the streams

    @cached_property
    def inputs(self) -> list[list[int]]:
        """Per operator, the edges that end there."""
        return [
            [number for number, edge in enumerate(self.edges) if edge[1] == one]
            for one in range(len(self.operators))
        ]

    @cached_property
    def outputs(self) -> list[list[int]]:
        """Per operator, the edges that begin there."""
        return [
            [number for number, edge in enumerate(self.edges) if edge[0] == one]
            for one in range(len(self.operators))
        ]

    @cached_property
    def order(self) -> list[int]:
        """The operators, sources first."""
        before = {one: [self.edges[e][0] for e in self.inputs[one]] for one in self._all}
        return list(TopologicalSorter(before).static_order())

    @cached_property
    def rates(self) -> tuple[list[float], list[float]]:
        """Messages a second that each operator handles, and that it sends by each wire."""
        taken, sent = [0.0] * len(self.operators), [0.0] * len(self.operators)
        for one in self.order:
            operator = self.operators[one]
            if self.inputs[one]:
                taken[one] = fsum(sent[self.edges[e][0]] for e in self.inputs[one])
                sent[one] = taken[one] * operator.selectivity
            else:
                taken[one] = sent[one] = operator.rate
        return taken, sent

    @cached_property
    def edge_rates(self) -> list[float]:
        """Messages a second on each edge."""
        return [self.rates[1][source] for source, _ in self.edges]

    @cached_property
    def edge_bytes(self) -> list[float]:
        """Bytes of a message on each edge."""
        return [self.operators[source].out_bytes for source, _ in self.edges]

    # -- the devices

    @cached_property
    def units(self) -> list[tuple[int, ...]]:
        """The operators in groups that move together, most of them alone."""
        group = {one: one for one in self._all}
        for members in self.together:
            ends = {group[one] for one in members}
            group.update({one: min(ends) for one, end in group.items() if end in ends})
        units: dict[int, list[int]] = {}
        for one in self._all:
            units.setdefault(group[one], []).append(one)
        return [tuple(members) for members in units.values()]

    @cached_property
    def allowed(self) -> list[tuple[int, ...]]:
        """Per unit, the devices that all of its operators may be on."""
        sets = [[set(self.operators[one].allowed) for one in unit] for unit in self.units]
        return [tuple(sorted(set.intersection(*each))) for each in sets]

    @cached_property
    def loads(self) -> list[list[float]]:
        """Per operator and device, the share of the device's time it takes."""
        return [
            [taken * operator.work_s / machine.speed for machine in self.machines]
            for operator, taken in zip(self.operators, self.rates[0], strict=True)
        ]

    @cached_property
    def work_s(self) -> list[list[float]]:
        """Per operator and device, how long one message takes."""
        return [
            [operator.work_s / machine.speed for machine in self.machines]
            for operator in self.operators
        ]

    @cached_property
    def message_s(self) -> list[float]:
        """Per device, how long one message over a link takes; empty if none takes any time."""
        took = [machine.message_s for machine in self.machines]
        return took if any(took) else []

    # -- the ways

    @cached_property
    def delay_s(self) -> list[list[float]]:
        """From device to device."""
        return self._matrix([link.delay_s for link in self.all_links])

    @cached_property
    def s_per_byte(self) -> list[list[float]]:
        """From device to device: links store and forward, so their times add up."""
        return self._matrix([1 / link.bytes_per_s for link in self.all_links])

    @cached_property
    def joule_per_byte(self) -> list[list[float]]:
        """From device to device."""
        return self._matrix([link.joule_per_byte for link in self.all_links])

    @cached_property
    def all_links(self) -> list[Link]:
        """Those between points, then each device's access link, its time for a message in it."""
        none = Link("", 0.0)
        return [*self.links, *(
            replace(link, delay_s=link.delay_s + machine.message_s)
            for machine in self.machines for link in [machine.access or none]
        )]

    def way(self, u: int, v: int) -> tuple[int, ...]:
        """The links from device u to device v, as places in `all_links`."""
        if u == v:
            return ()
        between = self.routes[self.machines[u].point][self.machines[v].point]
        first = len(self.links)
        return (first + u, *between, first + v)

    def between_points(self, figures: Sequence[float]) -> list[list[float]]:
        """Sums of a figure of the links, from point to point."""
        return [[fsum(figures[link] for link in way) for way in row] for row in self.routes]

    def _matrix(self, figures: Sequence[float]) -> list[list[float]]:
        core = self.between_points(figures)
        access = figures[len(self.links) :]
        points = [machine.point for machine in self.machines]
        matrix = []
        for u, point in enumerate(points):
            own, row = access[u], core[point]
            sums = [own + row[other] + far for other, far in zip(points, access, strict=True)]
            sums[u] = 0.0
            matrix.append(sums)
        return matrix

    @cached_property
    def narrow(self) -> dict[int, float]:
        """Links that all streams together would overload, and the bytes a second they carry."""
        most = fsum(r * b for r, b in zip(self.edge_rates, self.edge_bytes, strict=True))
        links = enumerate(self.all_links)
        limits = {number: LOAD_MAX * link.bytes_per_s for number, link in links}
        return {number: limit for number, limit in limits.items() if limit < most}

    # -- the costs

    def parts(self, places: Sequence[int]) -> Parts:
        """What a placement costs; `places`: a device for each operator."""
        load, _ = self.used(places)
        return Parts(
            network=fsum(
                rate * self.delay_s[places[i]][places[j]]
                for (i, j), rate in zip(self.edges, self.edge_rates, strict=True)
            ),
            response=max(self.finished_s(places), default=0.0),
            bottleneck=max(load, default=0.0),
            energy=fsum(
                [load * machine.watts for load, machine in zip(load, self.machines, strict=True)]
                + [
                    self.edge_rates[e] * self.edge_bytes[e]
                    * self.joule_per_byte[places[i]][places[j]]
                    for e, (i, j) in enumerate(self.edges)
                ]
            ),
            migration=fsum(self.move_s(one, places[one]) for one in self._all),
        )

    def cost(self, places: Sequence[int]) -> float:
        """What is to be little."""
        parts = self.parts(places)
        weighed = [factor * getattr(parts, part) for part, factor in self.factors.items()]
        return fsum(weighed) + self.order_cost * sum(places)

    @cached_property
    def factors(self) -> dict[str, float]:
        """What one unit of each part counts, those that count anything."""
        parts = self.parts(self.reference)
        factors = {}
        for part, weight in self.objective.weights.items():
            scale = self.objective.horizon_s if part == "migration" else getattr(parts, part)
            factors[part] = weight / (scale or 1.0)
        return {part: factor for part, factor in factors.items() if factor}

    @cached_property
    def reference(self) -> list[int]:
        """Everything on the fastest device where it may be, whether there is room or not."""
        speeds = [machine.speed for machine in self.machines]
        places = [0] * len(self.operators)
        for unit, allowed in zip(self.units, self.allowed, strict=True):
            for one in unit:
                places[one] = max(allowed, key=lambda u: (speeds[u], -u), default=0)
        return places

    def finished_s(self, places: Sequence[int]) -> list[float]:
        """When each operator is done with what left the sources at 0."""
        done = [0.0] * len(self.operators)
        for j in self.order:
            ready, v = 0.0, places[j]
            for e in self.inputs[j]:
                i = self.edges[e][0]
                u = places[i]
                way_s = self.delay_s[u][v] + self.edge_bytes[e] * self.s_per_byte[u][v]
                ready = max(ready, done[i] + way_s)
            done[j] = ready + self.work_s[j][v]
        return done

    def used(self, places: Sequence[int]) -> tuple[list[float], list[float]]:
        """Share of time, and bytes of memory, that each device gives."""
        load, memory = [machine.rest for machine in self.machines], [0.0] * len(self.machines)
        for one, u in enumerate(places):
            load[u] += self.loads[one][u]
            memory[u] += self.operators[one].memory_bytes
        for e, (i, j) in enumerate(self.edges) if self.message_s else ():
            if places[i] != places[j]:
                for u in (places[i], places[j]):
                    load[u] += self.edge_rates[e] * self.message_s[u]
        return load, memory

    def carried(self, places: Sequence[int]) -> dict[int, float]:
        """Bytes a second on each of the narrow links."""
        carried = dict.fromkeys(self.narrow, 0.0)
        for e, (i, j) in enumerate(self.edges):
            for link in self.way(places[i], places[j]):
                if link in carried:
                    carried[link] += self.edge_rates[e] * self.edge_bytes[e]
        return carried

    def move_s(self, one: int, u: int) -> float:
        """How long an operator rests if it goes to device u."""
        now = self.present.get(one, u)
        if now == u:
            return 0.0
        state_s = self.operators[one].state_bytes * self.s_per_byte[now][u]
        return PAUSE_S + self.delay_s[now][u] + state_s

    def overloads(self, places: Sequence[int]) -> list[Overload]:
        """The limits a placement exceeds, none if it can be."""
        found = []
        load, memory = self.used(places)
        for u, machine in enumerate(self.machines):
            found.append(Overload("memory", machine.name, memory[u], machine.memory_bytes))
            found.append(Overload("load", machine.name, load[u], machine.load_max))
        for link, carried in self.carried(places).items():
            name = self.all_links[link].name
            found.append(Overload("bandwidth", name, carried, self.narrow[link]))
        if self.objective.bounds:
            parts = self.parts(places)
            for part, limit in self.objective.bounds.items():
                found.append(Overload(part, "the flow", getattr(parts, part), limit))
        return [one for one in found if one.needed > one.limit * (1 + SLACK)]

    @property
    def _all(self) -> range:
        return range(len(self.operators))
