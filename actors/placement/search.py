"""Placement by local search: simulated annealing from several starts, then every better step.

From an instance to the best placement that was met. Standard library only, so that every device of
a site can do it. Steps move an operator to another device, a neighbour with it, or swap two; a
limit that is exceeded costs, more and more while it is, and only placements without such are
answers. The same seed gives the same placement as long as the time is not up before the rounds are.

*Source*: Kirkpatrick, Gelatt, Vecchi, Optimization by Simulated Annealing, Science 220 (1983).
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import inf, log
from random import Random

from actors.placement.model import SLACK, Instance
from actors.placement.state import State
from actors.placement.tree import slowest, summed, traced

STEPS = 400  # of a round, for each unit that is free
STEPS_MIN, STEPS_MAX = 4_000, 60_000
ROUNDS = 60
# Temperatures at a round's ends, as shares of what a unit costs: from anywhere, from the best.
HOT, WARM, COLD = 2.0, 0.6, 0.007
NEAR = 0.6  # of the targets are where a neighbour is
PAIRED = 0.3  # of the steps take a neighbour with them
EXCHANGED = 0.04  # of the steps exchange all that two devices have
SWAPPED = 0.7  # of the steps to a device without room swap
LOOKED = 32  # steps between two looks at the clock

Clock = Callable[[], float]


@dataclass(frozen=True)
class Found:
    """What a search came to: the best placement, whether it exceeds no limit, and its cost."""

    places: list[int]
    is_feasible: bool
    cost: float
    steps: int


def search(
    instance: Instance,
    seconds: float = inf,
    seed: int = 0,
    rounds: int = ROUNDS,
    goal: float = -inf,
    starts: Sequence[Sequence[int]] = (),
    clock: Clock = time.monotonic,
) -> Found:
    """The best placement met in the time and the rounds; it ends earlier at a cost of `goal`.

    It is never worse than one of `starts`.

    Where nothing feasible was met it is the one that exceeds limits by the least shares. `clock`:
    which time is limited, that of the wall or of the processor.
    """
    until = clock() + seconds
    random = Random(seed)
    others = _starts(instance, random)
    state = State(instance, next(others))
    best = Best(state)
    for start in starts:
        state.take(start)
        best.look(state)
    state.take(best.places)
    steps = number = 0
    _descend(state, best, until, clock)
    while state.free and number < rounds and clock() < until:
        if best.excess == 0 and best.cost <= goal * (1 + SLACK):
            break
        # Every other round goes on from the best one, and cooler.
        is_again = number % 2 == 1
        state.take(best.places if is_again or not number else next(others))
        steps += _anneal(state, best, random, WARM if is_again else HOT, until, clock)
        state.take(best.places)
        _descend(state, best, until, clock)
        number += 1
    # The guide leads to good placements, and keeps from the last steps to the best next to them.
    state.guide_factor = state.guide_least = 0.0
    state.take(best.places)
    _descend(state, best, until, clock)
    return Found(best.places, best.excess == 0, instance.cost(best.places), steps)


class Best:
    """The best placement so far: the least excess, then the least cost."""

    def __init__(self, state: State) -> None:
        self.excess, self.cost = inf, inf
        self.places: list[int] = []
        self.look(state)

    def look(self, state: State) -> bool:
        """Keep the state's placement if it is better."""
        excess = round(state.excess, 9)  # it is kept up to date step by step, with crumbs
        if (excess, state.cost) >= (self.excess, self.cost * (1 - SLACK)):
            return False
        self.excess, self.cost, self.places = excess, state.cost, state.places
        return True


def _starts(instance: Instance, random: Random) -> Iterator[list[int]]:
    """Where rounds begin: what is best without limits, then anywhere; units stay together."""
    tables = [summed(instance)]
    if "response" in instance.factors:
        tables.append(slowest(instance))
    for table in tables:
        places = traced(instance, table)
        yield [_allowed_place(instance, places, one) for one in range(len(places))]
    while True:
        chosen = [allowed[int(random.random() * len(allowed))] for allowed in instance.allowed]
        places = [0] * len(instance.operators)
        for unit, u in zip(instance.units, chosen, strict=True):
            for one in unit:
                places[one] = u
        yield places


def _allowed_place(instance: Instance, places: Sequence[int], one: int) -> int:
    """Where the first of an operator's unit is, if all of it may be there."""
    for unit, allowed in zip(instance.units, instance.allowed, strict=True):
        if one in unit:
            return places[unit[0]] if places[unit[0]] in allowed else allowed[0]
    raise AssertionError("every operator is in a unit")


def _anneal(
    state: State, best: Best, random: Random, hot: float, until: float, clock: Clock
) -> int:
    """One round; returns the steps taken."""
    if not state.free:
        return 0
    total = min(STEPS_MAX, max(STEPS_MIN, STEPS * len(state.free)))
    scale = min(state.cost, best.cost) or 1.0
    of_unit = scale / len(state.free)
    cooling = (COLD / hot) ** (LOOKED / total)
    temperature, price = of_unit * hot, scale
    exceeding = 0
    for step in range(total):
        if step % LOOKED == 0:
            if clock() >= until:
                return step
            temperature *= cooling
            # Limits cost as much as makes the search stay within them half of the time.
            price *= 1.15 if exceeding > LOOKED / 2 else 0.93
            price = min(max(price, scale * 0.05), scale * 1e4)
            exceeding = 0
        moves = _proposed(state, random)
        if moves:
            now = state.cost + state.guide + price * state.excess
            most = now - temperature * log(1 - random.random())
            if state.step(moves, price, most) and (state.excess == 0 or best.excess > 0):
                best.look(state)
        exceeding += state.excess > 0
    return total


def _proposed(state: State, random: Random) -> list[tuple[int, int]]:
    """A step to try; empty where chance led nowhere."""
    chance = random.random
    if chance() < EXCHANGED:
        return _exchange(state, random)
    k = state.free[int(chance() * len(state.free))]
    near = state.near[k]
    other = near[int(chance() * len(near))][0] if near else k
    if chance() < NEAR:
        u = state.at[other]
    else:
        allowed = state.allowed[k]
        u = allowed[int(chance() * len(allowed))]
    here = state.at[k]
    if u == here or u not in state.may[k]:
        return []
    if not state.has_room(k, u) and chance() < SWAPPED:
        there = state.members[u]
        swapped = there[int(chance() * len(there))] if there else k
        if swapped != k and here in state.may[swapped]:
            return [(k, u), (swapped, here)]
        return []
    if chance() < PAIRED and other != k and state.at[other] != u and u in state.may[other]:
        return [(k, u), (other, u)]
    return [(k, u)]


def _exchange(state: State, random: Random) -> list[tuple[int, int]]:
    """All that may leave a device for another, and the other way round."""
    chance = random.random
    k = state.free[int(chance() * len(state.free))]
    u, v = state.at[k], state.allowed[k][int(chance() * len(state.allowed[k]))]
    if u == v:
        return []
    moves = [(one, v) for one in state.members[u] if v in state.may[one]]
    return moves + [(one, u) for one in state.members[v] if u in state.may[one]]


def _descend(state: State, best: Best, until: float, clock: Clock) -> None:
    """Take single moves and swaps for as long as one of them is better."""
    is_better = True
    while is_better and clock() < until:
        is_better = False
        for moves in _around(state):
            if clock() >= until:
                return
            if any(state.at[k] == u for k, u in moves):
                continue
            price = best.cost / SLACK if best.excess == 0 else 1 / SLACK
            most = state.cost + state.guide + price * state.excess
            if state.step(moves, price, most * (1 - SLACK)) and best.look(state):
                is_better = True


def _around(state: State) -> Iterator[list[tuple[int, int]]]:
    for k in state.free:
        for u in state.allowed[k]:
            yield [(k, u)]
    for place, k in enumerate(state.free):
        for other in state.free[:place]:
            u, v = state.at[k], state.at[other]
            if v in state.may[k] and u in state.may[other]:
                yield [(k, v), (other, u)]
