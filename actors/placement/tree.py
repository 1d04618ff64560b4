"""Placement by dynamic programming: exact for in-trees with slack, a lower bound for all others.

From an instance to a placement and to what every placement costs at least. Over operators, sources
first, it works out what each costs with all that feeds it, on every device. Where an operator feeds
several, each of them is granted its share of the cost and the place it likes best, so for networks
that are no in-tree the sum is a lower bound. Limits of memory, load and links are not looked at.

Ways go by points, so an edge takes |U| + |points|² steps and not |U|².
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import fsum, inf

from actors.placement.model import SLACK, Instance, Machine

KEPT = 4  # tables, which bound, start and solver all ask for


@dataclass(frozen=True)
class Table:
    """Per operator and device: the least with all that comes before; inf where it may not be."""

    least: list[list[float]]
    chosen: list[list[int]]  # per edge and device of its target: where its source is best
    bound: float


class Ways:
    """Least sums over an edge, from the costs of its source's devices to its target's.

    is_backward: from its target's to its source's, against the messages.
    """

    def __init__(self, instance: Instance, is_backward: bool = False) -> None:
        self._points = [machine.point for machine in instance.machines]
        self._access = len(instance.links)
        links = instance.all_links
        self._delay = [link.delay_s for link in links]
        self._per_byte = [1 / link.bytes_per_s for link in links]
        self._joule = [link.joule_per_byte for link in links]
        self._message = [message_j(machine) for machine in instance.machines]
        core = [instance.between_points(one) for one in (self._delay, self._per_byte, self._joule)]
        # Per point that is gone to, the ways from all others.
        self._core = core if is_backward else [list(zip(*rows, strict=True)) for rows in core]

    def least(
        self, before: Sequence[float], delay: float, per_byte: float, joule: float,
        message: float = 0.0,
    ) -> tuple[list[float], list[int]]:
        """Per target device, the least sum and the source device of it.

        delay, per_byte, joule: what these figures of a link count on this edge; `message`: what the
        energy of the two devices counts that handle one.
        """
        figures = (self._delay, self._per_byte, self._joule)
        rows = zip(*(one[self._access :] for one in figures), strict=True)
        access = [delay * one + per_byte * two + joule * three for one, two, three in rows]
        if message:
            access = [way + message * own for way, own in zip(access, self._message, strict=True)]
        left: list[tuple[float, int]] = [(inf, -1)] * len(self._core[0])
        for u, (point, cost) in enumerate(zip(self._points, before, strict=True)):
            if cost + access[u] < left[point][0]:
                left[point] = (cost + access[u], u)
        starts, reached = [cost for cost, _ in left], []
        for delays, times, joules in zip(*self._core, strict=True):
            columns = zip(delays, times, joules, strict=True)
            ways = [delay * one + per_byte * two + joule * three for one, two, three in columns]
            offers = [start + way for start, way in zip(starts, ways, strict=True)]
            best = min(offers)
            reached.append((best, left[offers.index(best)][1]))
        sums, sources = [], []
        for v, point in enumerate(self._points):
            total, u = reached[point][0] + access[v], reached[point][1]
            if before[v] <= total:
                total, u = before[v], v
            sums.append(total)
            sources.append(u)
        return sums, sources


@lru_cache(maxsize=KEPT)
def summed(instance: Instance) -> Table:
    """For the parts that add up: network, energy, migration and the order of devices."""
    ways, factors = Ways(instance), instance.factors
    network, energy = factors.get("network", 0.0), factors.get("energy", 0.0)
    least = [own_costs(instance, one) for one in range(len(instance.operators))]
    chosen: list[list[int]] = [[] for _ in instance.edges]
    for j in instance.order:
        for e in instance.inputs[j]:
            i = instance.edges[e][0]
            share = 1 / len(instance.outputs[i])
            rate = instance.edge_rates[e]
            sums, chosen[e] = ways.least(
                [share * cost for cost in least[i]],
                network * rate,
                0.0,
                energy * rate * instance.edge_bytes[e],
                energy * rate,
            )
            least[j] = [own + more for own, more in zip(least[j], sums, strict=True)]
    ends = [one for one, outputs in enumerate(instance.outputs) if not outputs]
    bound = fsum([resting_cost(instance), *(min(least[end]) for end in ends)])
    return Table(least, chosen, bound)


Allowed = tuple[frozenset[int], ...]  # per operator, the devices it may be on


@lru_cache(maxsize=KEPT)
def slowest(instance: Instance, allowed: Allowed | None = None) -> Table:
    """For the response: when each operator is done at the earliest, in s."""
    ways = Ways(instance)
    least: list[list[float]] = [[] for _ in instance.operators]
    chosen: list[list[int]] = [[] for _ in instance.edges]
    for j in instance.order:
        ready = [0.0] * len(instance.machines)
        for e in instance.inputs[j]:
            i = instance.edges[e][0]
            sums, chosen[e] = ways.least(least[i], 1.0, instance.edge_bytes[e], 0.0)
            ready = [max(one, other) for one, other in zip(ready, sums, strict=True)]
        may = set(instance.operators[j].allowed) if allowed is None else allowed[j]
        work_s = instance.work_s[j]
        least[j] = [ready[u] + work_s[u] if u in may else inf for u in range(len(ready))]
    return Table(least, chosen, max((min(one) for one in least), default=0.0))


def still_to_come(instance: Instance, allowed: Allowed | None = None) -> list[list[float]]:
    """Per operator and device, the least from the end of its work to the response, in s."""
    ways = Ways(instance, is_backward=True)
    after = [[0.0] * len(instance.machines) for _ in instance.operators]
    for i in reversed(instance.order):
        for e in instance.outputs[i]:
            j = instance.edges[e][1]
            may = set(instance.operators[j].allowed) if allowed is None else allowed[j]
            whole = [
                after[j][v] + instance.work_s[j][v] if v in may else inf
                for v in range(len(instance.machines))
            ]
            sums, _ = ways.least(whole, 1.0, instance.edge_bytes[e], 0.0)
            after[i] = [max(one, other) for one, other in zip(after[i], sums, strict=True)]
    return after


def in_time(instance: Instance, most_s: float) -> Allowed:
    """Where operators may be if the response is to take so long at the most; limits aside.

    Each device that goes may make the ways of others longer, so it is looked at again.
    """
    allowed = tuple(frozenset(operator.allowed) for operator in instance.operators)
    most_s *= 1 + SLACK
    while True:
        first = slowest(instance, allowed).least
        rest = still_to_come(instance, allowed)
        kept = tuple(
            frozenset(u for u in may if first[one][u] + rest[one][u] <= most_s)
            for one, may in enumerate(allowed)
        )
        if kept == allowed:
            return allowed
        allowed = kept


def is_in_tree(instance: Instance) -> bool:
    """Whether each operator feeds one at the most and goes by itself."""
    alone = len(instance.units) == len(instance.operators)
    return alone and all(len(outputs) <= 1 for outputs in instance.outputs)


def traced(instance: Instance, table: Table) -> list[int]:
    """The placement a table stands for; where operators feed several, the first one decides."""
    places = [-1] * len(instance.operators)
    for j in reversed(instance.order):
        if not instance.outputs[j]:
            row = table.least[j]
            places[j] = min(range(len(row)), key=row.__getitem__)
        else:
            e = instance.outputs[j][0]
            places[j] = table.chosen[e][places[instance.edges[e][1]]]
    return places


def lower_bound(instance: Instance) -> float:
    """What every placement costs at least."""
    factors = instance.factors
    bound = 0.0
    if {"network", "energy", "migration"} & set(factors) or instance.order_cost:
        bound += summed(instance).bound
    if "response" in factors:
        bound += factors["response"] * slowest(instance).bound
    if "bottleneck" in factors:
        bound += factors["bottleneck"] * _least_bottleneck(instance)
    return bound


def own_costs(instance: Instance, one: int) -> list[float]:
    """What an operator itself adds on each device to the parts that add up."""
    factors, may = instance.factors, set(instance.operators[one].allowed)
    energy, migration = factors.get("energy", 0.0), factors.get("migration", 0.0)
    costs = []
    for u, machine in enumerate(instance.machines):
        cost = energy * instance.loads[one][u] * machine.watts if energy else 0.0
        if migration:
            cost += migration * instance.move_s(one, u)
        costs.append(cost + instance.order_cost * u if u in may else inf)
    return costs


def message_j(machine: Machine) -> float:
    """The energy that a device takes for one message over a link."""
    return machine.message_s * machine.watts


def resting_cost(instance: Instance) -> float:
    """What the energy of devices costs that have nothing to do, wherever operators are."""
    energy = instance.factors.get("energy", 0.0)
    return energy * fsum(machine.rest * machine.watts for machine in instance.machines)


def _least_bottleneck(instance: Instance) -> float:
    """All work spread over all devices as evenly as could be; no operator split, no message."""
    rests = [machine.rest for machine in instance.machines]
    least = [
        min(rests[u] + instance.loads[one][u] for u in operator.allowed)
        for one, operator in enumerate(instance.operators)
    ]
    speeds = fsum(machine.speed for machine in instance.machines)
    work = fsum(
        [taken * operator.work_s
         for operator, taken in zip(instance.operators, instance.rates[0], strict=True)]
        + [machine.rest * machine.speed for machine in instance.machines]
    )
    pinned = rests[:]
    for one, operator in enumerate(instance.operators):
        if len(operator.allowed) == 1:
            pinned[operator.allowed[0]] += instance.loads[one][operator.allowed[0]]
    return max([*least, *pinned, work / speeds])
