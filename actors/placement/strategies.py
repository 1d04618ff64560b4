"""Strategies by name: ways to place operators, from the field's plain ones to the proven optimum.

From an instance to an answer. A strategy is a function of an instance and of how long it may take;
the plain ones put each operator on the first device with room in an order of their own, so that
they keep limits where they can.

*Source* of relaxation: Pietzuch et al., Network-Aware Operator Placement, ICDE 2006; of bottom-up
and top-down: NebulaStream's strategies of these names. Re-created from their ideas.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf, prod
from random import Random

from actors.placement.milp import solve
from actors.placement.model import SLACK, Instance, Overload
from actors.placement.search import ROUNDS, Clock, search
from actors.placement.tree import is_in_tree, lower_bound, slowest, summed, traced

TRIED_MAX = 2000  # so few placements are all tried
RELAXED = 50  # times that operators follow their neighbours
SHARE = 0.3  # of an exact strategy's time for the placement it begins with
START_S = 0.02  # and no more than that for each operator


@dataclass(frozen=True)
class Budget:
    """How long a strategy may take; `rounds` of the search, which has no other end without a time.

    clock: which time that is, of the wall or of the processor.
    """

    seconds: float = inf
    rounds: int = ROUNDS
    seed: int = 0
    clock: Clock = time.monotonic


@dataclass(frozen=True)
class Answer:
    """A placement, what it costs, and what every placement costs at least.

    overloads: the limits it exceeds, none if it can be. `is_impossible`: no placement keeps them.
    """

    strategy: str
    places: Sequence[int]
    cost: float
    bound: float
    seconds: float
    overloads: Sequence[Overload] = ()
    is_impossible: bool = False

    @property
    def gap(self) -> float:
        """How far from the best it is at the most, as a share of its cost; 0: it is proven."""
        gap = (self.cost - self.bound) / self.cost if self.cost > 0 else 0.0
        return gap if gap > 1e-6 else 0.0


Strategy = Callable[[Instance, Budget], tuple[Sequence[int], float, bool]]


def answer(name: str, instance: Instance, budget: Budget | None = None) -> Answer:
    """Place by the strategy of this name. *Raises* SolverMissingError for `exact`."""
    budget = budget or Budget()
    begun = budget.clock()
    places, bound, is_impossible = STRATEGIES[name](instance, budget)
    if bound == -inf and not is_impossible:
        bound = lower_bound(instance)
    seconds, cost = budget.clock() - begun, instance.cost(places)
    return Answer(
        name, places, cost, min(bound, cost), seconds, instance.overloads(places), is_impossible
    )


def central(instance: Instance, _budget: Budget) -> tuple[Sequence[int], float, bool]:
    """The fastest device, and the next fastest when it is full."""
    speeds = [machine.speed for machine in instance.machines]
    ranked = sorted(range(len(speeds)), key=lambda u: (-speeds[u], u))
    return _plain(instance, instance.order, lambda _one, _places: ranked)


def edge(instance: Instance, _budget: Budget) -> tuple[Sequence[int], float, bool]:
    """As near as can be to the sources whose messages an operator gets."""
    sources: list[set[int]] = [set() for _ in instance.operators]
    for one in instance.order:
        befores = [instance.edges[e][0] for e in instance.inputs[one]]
        sources[one] = set().union(*(sources[before] for before in befores)) or {one}

    def near(one: int, _places: Sequence[int]) -> list[int]:
        ends = [instance.operators[source].allowed[0] for source in sources[one]]
        return _ranked(instance, sorted(ends))

    return _plain(instance, instance.order, near)


def anywhere(instance: Instance, budget: Budget) -> tuple[Sequence[int], float, bool]:
    """By chance, where there is room."""
    random = Random(budget.seed)

    def ranked(_one: int, _places: Sequence[int]) -> list[int]:
        return sorted(range(len(instance.machines)), key=lambda _u: random.random())

    return _plain(instance, instance.order, ranked)


def bottom_up(instance: Instance, _budget: Budget) -> tuple[Sequence[int], float, bool]:
    """From the sources on: where an operator's inputs come from, or next to that."""

    def near(one: int, places: Sequence[int]) -> list[int]:
        befores = [instance.edges[e][0] for e in instance.inputs[one]]
        return _ranked(instance, [places[before] for before in befores])

    return _plain(instance, instance.order, near)


def top_down(instance: Instance, _budget: Budget) -> tuple[Sequence[int], float, bool]:
    """From the sinks back: where an operator's messages go, or next to that."""

    def near(one: int, places: Sequence[int]) -> list[int]:
        afters = [instance.edges[e][1] for e in instance.outputs[one]]
        return _ranked(instance, [places[after] for after in afters])

    return _plain(instance, instance.order[::-1], near)


def relaxation(instance: Instance, _budget: Budget) -> tuple[Sequence[int], float, bool]:
    """Springs between operators in a space of delays; then the device next to where each rests.

    A device's coordinates are its delays to all points.
    """
    core = instance.between_points([link.delay_s for link in instance.all_links])
    access = [link.delay_s for link in instance.all_links[len(instance.links) :]]
    spots = [
        [own + far for far in core[machine.point]]
        for own, machine in zip(access, instance.machines, strict=True)
    ]
    rests = [list(spots[operator.allowed[0]]) for operator in instance.operators]
    free = [one for one, operator in enumerate(instance.operators) if len(operator.allowed) > 1]
    springs = _springs(instance)
    for _ in range(RELAXED):
        for one in free:
            whole = sum(rate for _, rate in springs[one])
            if whole:
                rests[one] = [
                    sum(rate * rests[other][axis] for other, rate in springs[one]) / whole
                    for axis in range(len(core))
                ]

    def near(one: int, _places: Sequence[int]) -> list[int]:
        distances = [
            sum((a - b) ** 2 for a, b in zip(spot, rests[one], strict=True)) for spot in spots
        ]
        return sorted(range(len(spots)), key=lambda u: (distances[u], u))

    return _plain(instance, instance.order, near)


def local_search(instance: Instance, budget: Budget) -> tuple[Sequence[int], float, bool]:
    """Few placements are all tried; of many the best that annealing meets in the time."""
    if prod(len(allowed) for allowed in instance.allowed) <= TRIED_MAX:
        places = _best_of_all(instance)
        is_feasible = not instance.overloads(places)
        return places, instance.cost(places) if is_feasible else -inf, not is_feasible
    begun = budget.clock()
    bound = lower_bound(instance)
    starts = _plain_places(instance, budget)
    found = search(
        instance,
        budget.seconds - (budget.clock() - begun),
        budget.seed,
        budget.rounds,
        bound,
        starts,
        budget.clock,
    )
    return found.places, bound, False


def exact(instance: Instance, budget: Budget) -> tuple[Sequence[int], float, bool]:
    """The proven optimum: by dynamic programming where that is exact, else by the solver."""
    if is_in_tree(instance) and len(instance.factors) == 1:
        table = slowest(instance) if "response" in instance.factors else summed(instance)
        places, bound = traced(instance, table), lower_bound(instance)
        is_best = instance.cost(places) <= bound * (1 + SLACK)
        if is_best and not instance.overloads(places):
            return places, bound, False
    seconds = min(START_S * len(instance.operators), SHARE * budget.seconds)
    starts = _plain_places(instance, budget)
    found = search(
        instance, seconds, budget.seed, budget.rounds, starts=starts, clock=budget.clock
    )
    solved = solve(
        instance, found.places if found.is_feasible else None, budget.seconds - seconds
    )
    return solved.places or found.places, solved.bound, solved.is_impossible


STRATEGIES: dict[str, Strategy] = {
    "central": central,
    "edge": edge,
    "random": anywhere,
    "bottom-up": bottom_up,
    "top-down": top_down,
    "relaxation": relaxation,
    "search": local_search,
    "exact": exact,
}


def _plain(
    instance: Instance,
    order: Sequence[int],
    ranked: Callable[[int, Sequence[int]], Sequence[int]],
) -> tuple[Sequence[int], float, bool]:
    """Operators one by one, each with its unit, on the first device of its ranking with room.

    Where none has room it is the first one of all.
    """
    places = [operator.allowed[0] for operator in instance.operators]
    unit_of = {one: k for k, unit in enumerate(instance.units) for one in unit}
    load = [machine.rest for machine in instance.machines]
    memory = [0.0] * len(instance.machines)
    settled: set[int] = set()

    def put(k: int, u: int) -> None:
        for device, more in added(k, u).items():
            load[device] += more
        for one in instance.units[k]:
            places[one] = u
            memory[u] += instance.operators[one].memory_bytes
        settled.add(k)

    def added(k: int, u: int) -> dict[int, float]:
        """The load of a unit on u, there and where messages go to or come from."""
        more = {u: sum(instance.loads[one][u] for one in instance.units[k])}
        for e, edge in enumerate(instance.edges) if instance.message_s else ():
            ends = [unit_of[one] for one in edge]
            if k in ends and ends[0] != ends[1]:
                far = edge[0] if ends[1] == k else edge[1]
                if unit_of[far] in settled and places[far] != u:
                    for device in (u, places[far]):
                        took = instance.edge_rates[e] * instance.message_s[device]
                        more[device] = more.get(device, 0.0) + took
        return more

    def has_room(k: int, u: int) -> bool:
        needed = sum(instance.operators[one].memory_bytes for one in instance.units[k])
        return memory[u] + needed <= instance.machines[u].memory_bytes and all(
            load[device] + more <= instance.machines[device].load_max
            for device, more in added(k, u).items()
        )

    for k, allowed in enumerate(instance.allowed):
        if len(allowed) == 1:
            put(k, allowed[0])
    for one in order:
        k = unit_of[one]
        if k not in settled:
            may = set(instance.allowed[k])
            offers = [u for u in ranked(one, places) if u in may]
            put(k, next((u for u in offers if has_room(k, u)), offers[0]))
    return places, -inf, False


def _plain_places(instance: Instance, budget: Budget) -> list[Sequence[int]]:
    """What the plain strategies come to: a search begins with the best of them."""
    return [plain(instance, budget)[0] for plain in (central, edge, bottom_up, top_down)]


def _ranked(instance: Instance, ends: Sequence[int]) -> list[int]:
    """Devices by their delay to the ends, the nearest first; without ends, in their order."""
    if not ends:
        return list(range(len(instance.machines)))
    costs = [sum(delays) for delays in zip(*(instance.delay_s[end] for end in ends), strict=True)]
    return sorted(range(len(costs)), key=lambda u: (costs[u], u))


def _springs(instance: Instance) -> list[list[tuple[int, float]]]:
    springs: list[list[tuple[int, float]]] = [[] for _ in instance.operators]
    for (i, j), rate in zip(instance.edges, instance.edge_rates, strict=True):
        springs[i].append((j, rate))
        springs[j].append((i, rate))
    return springs


def _best_of_all(instance: Instance) -> list[int]:
    """The best of all placements: the least excess, then the least cost."""
    best: tuple[float, float, list[int]] | None = None
    for chosen in product(*instance.allowed):
        places = [0] * len(instance.operators)
        for unit, u in zip(instance.units, chosen, strict=True):
            for one in unit:
                places[one] = u
        excess = sum(overload.share for overload in instance.overloads(places))
        offer = (excess, instance.cost(places), places)
        if best is None or offer[:2] < best[:2]:
            best = offer
    assert best is not None, "every unit may be somewhere"
    return best[2]
