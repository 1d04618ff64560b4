"""A placement that changes: what it costs after each step, from what the step touches alone.

From the local search, which proposes steps. Its figures are those of `Instance`, kept up to date:
streams of the unit that moves, the devices it leaves and enters, and of the flow's times those from
its place on.
"""

from collections.abc import Sequence

from actors.placement.model import SLACK, Instance
from actors.placement.tree import message_j, own_costs, resting_cost, slowest

GUIDE = 0.3  # of the response's weight: what the mean of all operators' times counts in a search


class State:
    """A placement that changes step by step. `cost` and `excess` are always those of `at`.

    guide: what a search is to count besides, so that it sees where the response does not change.
    """

    def __init__(self, instance: Instance, places: Sequence[int]) -> None:
        self.instance = instance
        self.units = instance.units
        self.unit_of = {one: k for k, unit in enumerate(instance.units) for one in unit}
        self.allowed = instance.allowed
        self.may = [set(allowed) for allowed in instance.allowed]
        self.free = [k for k, allowed in enumerate(self.allowed) if len(allowed) > 1]
        self.memory_of = [
            sum(instance.operators[one].memory_bytes for one in unit) for unit in self.units
        ]
        self.load_of = [
            [sum(loads) for loads in zip(*(instance.loads[one] for one in unit), strict=True)]
            for unit in self.units
        ]
        self.memory_max = [machine.memory_bytes * (1 + SLACK) for machine in instance.machines]
        self.load_max = [machine.load_max * (1 + SLACK) for machine in instance.machines]
        self._weigh()
        self._plan()
        self.take(places)

    def take(self, places: Sequence[int]) -> None:
        """Begin anew from a placement."""
        instance = self.instance
        self.at = [places[unit[0]] for unit in self.units]
        self.members: list[list[int]] = [[] for _ in instance.machines]
        for k, u in enumerate(self.at):
            self.members[u].append(k)
        self.load, self.memory = instance.used(places)
        self.over = sum(self._over(u) for u in range(len(self.members)))
        self.carried = instance.carried(places)
        self.sum = self.resting + sum(self.own[k][u] for k, u in enumerate(self.at))
        for e, (i, j) in enumerate(instance.edges) if self.message_s else ():
            if places[i] != places[j]:
                ends = self.message_cost[places[i]] + self.message_cost[places[j]]
                self.sum += instance.edge_rates[e] * ends
        joule, ways = instance.joule_per_byte, self.way_cost
        for k, u in enumerate(self.at):  # both ends of an edge count it, by half
            self.sum += sum(weight * ways[self.at[far]][u] / 2 for far, weight in self.near[k])
            self.sum += sum(
                weight * joule[self.at[far]][u] / 2 for far, _, _, weight in self.edges_of[k]
            )
        self.network = sum(
            rate * instance.delay_s[places[i]][places[j]]
            for (i, j), rate in zip(instance.edges, instance.edge_rates, strict=True)
        )
        self.done = instance.finished_s(places)
        self.response_s = max(self.done, default=0.0)
        self.cost, self.excess = self._whole(self.response_s)
        self.guide = self.guide_factor * sum(self.done)

    @property
    def places(self) -> list[int]:
        """A device for each operator."""
        places = [0] * len(self.instance.operators)
        for unit, u in zip(self.units, self.at, strict=True):
            for one in unit:
                places[one] = u
        return places

    def step(self, moves: Sequence[tuple[int, int]], price: float, most: float) -> bool:
        """Put units on other devices, [(unit, device)], unless that comes to more than `most`.

        price: what it costs to exceed limits by all of them. The guide counts, too.
        """
        back = [(k, self.at[k]) for k, _ in moves]
        for k, u in moves:
            self._shift(k, u)
        done, response_s = self.done, self.response_s
        if self.is_timed:
            # With the least response there is it may already be too much.
            cost, excess = self._whole(self.response_least_s)
            if cost + self.guide_least + price * excess <= most:
                done = self._walked(min(self.first[k] for k, _ in moves))
                response_s = max([done[end] for end in self.ends], default=0.0)
                cost, excess = self._whole(response_s)
                guide = self.guide_factor * sum(done)
            else:
                guide = self.guide
        else:
            (cost, excess), guide = self._whole(0.0), 0.0
        if cost + guide + price * excess > most:
            for k, u in back[::-1]:
                self._shift(k, u)
            return False
        self.cost, self.excess, self.done, self.response_s = cost, excess, done, response_s
        self.guide = guide
        for (k, u), (_, before) in zip(moves, back, strict=True):
            self.members[before].remove(k)
            self.members[u].append(k)
        return True

    def has_room(self, k: int, u: int) -> bool:
        """Whether unit k fits on device u, too."""
        load = self.load[u] + self.load_of[k][u]
        if self.message_s:
            load += self._messages(k, self.at[k], u)[1] * self.message_s[u]
        return self.memory[u] + self.memory_of[k] <= self.memory_max[u] and load <= self.load_max[u]

    def _weigh(self) -> None:
        """What units cost where they are, and streams between them."""
        instance, factors = self.instance, self.instance.factors
        network, energy = factors.get("network", 0.0), factors.get("energy", 0.0)
        self.own = [
            [sum(costs) for costs in zip(*(own_costs(instance, one) for one in unit), strict=True)]
            for unit in self.units
        ]
        self.is_weighed_by_bytes = bool(energy) and any(map(any, instance.joule_per_byte))
        self.way_cost = instance.delay_s
        self.message_s, self.resting = instance.message_s, resting_cost(instance)
        self.message_cost = [energy * message_j(machine) for machine in instance.machines]
        self.near: list[list[tuple[int, float]]] = [[] for _ in self.units]
        self.edges_of: list[list[tuple[int, float, float, float]]] = [[] for _ in self.units]
        for e, (i, j) in enumerate(instance.edges):
            k, other = self.unit_of[i], self.unit_of[j]
            rate, size = instance.edge_rates[e], instance.edge_bytes[e]
            for one, far in ((k, other), (other, k)) if k != other else ():
                self.near[one].append((far, network * rate))
                self.edges_of[one].append((far, rate, rate * size, energy * rate * size))

    def _plan(self) -> None:
        """What the parts that do not add up need."""
        instance, bounds = self.instance, self.instance.objective.bounds
        self.response_factor = instance.factors.get("response", 0.0)
        self.bottleneck_factor = instance.factors.get("bottleneck", 0.0)
        self.response_bound = bounds.get("response")
        self.bottleneck_bound = bounds.get("bottleneck")
        self.network_bound = bounds.get("network")
        self.is_timed = bool(self.response_factor) or self.response_bound is not None
        first = slowest(instance) if self.is_timed else None
        self.response_least_s = first.bound if first else 0.0
        # Where one path hides another, that an operator is done earlier is a step the right way.
        factor = self.response_factor or float(self.is_timed)
        self.guide_factor = GUIDE * factor / max(1, len(instance.operators))
        self.guide_least = self.guide_factor * sum(map(min, first.least)) if first else 0.0
        place = {j: number for number, j in enumerate(instance.order)}
        self.first = [min(place[one] for one in unit) for unit in self.units]
        self.ends = [one for one, outputs in enumerate(instance.outputs) if not outputs]
        self.walk = []
        for j in instance.order:
            edges = [(instance.edges[e][0], instance.edge_bytes[e]) for e in instance.inputs[j]]
            inputs = [(i, self.unit_of[i], size) for i, size in edges]
            self.walk.append((j, self.unit_of[j], instance.work_s[j], inputs))
        self._narrow_ways: dict[tuple[int, int], list[int]] = {}

    def _shift(self, k: int, v: int) -> None:
        """Put one unit elsewhere; all but response and cost is brought up to date."""
        at, u = self.at, self.at[k]
        from_u, from_v = self.way_cost[u], self.way_cost[v]
        total = self.own[k][v] - self.own[k][u]
        for other, weight in self.near[k]:
            x = at[other]
            total += weight * (from_v[x] - from_u[x])
        if self.is_weighed_by_bytes or self.network_bound is not None or self.carried:
            total += self._shifted_edges(k, u, v)
        self.sum += total
        over = self._over(u) + self._over(v)
        if self.message_s:
            more_u, more_v = self._messages(k, u, v)
            self.load[u] += more_u * self.message_s[u]
            self.load[v] += more_v * self.message_s[v]
            self.sum += more_u * self.message_cost[u] + more_v * self.message_cost[v]
        load_of, memory = self.load_of[k], self.memory_of[k]
        self.load[u] -= load_of[u]
        self.load[v] += load_of[v]
        self.memory[u] -= memory
        self.memory[v] += memory
        at[k] = v
        self.over += self._over(u) + self._over(v) - over

    def _messages(self, k: int, u: int, v: int) -> tuple[float, float]:
        """How many more messages a second cross u's link, and v's, if a unit goes from u to v.

        Those of other devices stay: an edge to one of them crosses its link before and after.
        """
        more_u = more_v = 0.0
        for other, rate, _, _ in self.edges_of[k] if u != v else ():
            x = self.at[other]
            more_u += rate if x == u else -rate
            more_v += -rate if x == v else rate
        return more_u, more_v

    def _shifted_edges(self, k: int, u: int, v: int) -> float:
        """The rarer figures of the edges of a unit that goes from u to v."""
        instance, total = self.instance, 0.0
        for other, rate, carried, weight in self.edges_of[k]:
            x = self.at[other]
            joule, delay = instance.joule_per_byte, instance.delay_s
            total += weight * (joule[v][x] - joule[u][x])
            self.network += rate * (delay[v][x] - delay[u][x])
            if self.carried:
                for link in self._narrow(u, x):
                    self.carried[link] -= carried
                for link in self._narrow(v, x):
                    self.carried[link] += carried
        return total

    def _narrow(self, u: int, v: int) -> list[int]:
        ways = self._narrow_ways
        if (u, v) not in ways:
            ways[u, v] = [link for link in self.instance.way(u, v) if link in self.carried]
        return ways[u, v]

    def _over(self, u: int) -> float:
        """By what shares a device's limits are exceeded."""
        over = 0.0
        if self.memory[u] > self.memory_max[u]:
            over = self.memory[u] / (self.memory_max[u] or 1.0) - 1
        if self.load[u] > self.load_max[u]:
            over += self.load[u] / (self.load_max[u] or 1.0) - 1
        return over

    def _whole(self, response_s: float) -> tuple[float, float]:
        """Cost and excess, given a response."""
        cost, excess = self.sum, self.over if self.over > SLACK else 0.0
        if self.is_timed:
            cost += self.response_factor * response_s
            excess += _beyond(response_s, self.response_bound)
        if self.bottleneck_factor or self.bottleneck_bound is not None:
            bottleneck = max(self.load)
            cost += self.bottleneck_factor * bottleneck
            excess += _beyond(bottleneck, self.bottleneck_bound)
        if self.network_bound is not None:
            excess += _beyond(self.network, self.network_bound)
        if self.carried:
            limits = self.instance.narrow
            for link, carried in self.carried.items():
                if carried > limits[link]:
                    excess += _beyond(carried, limits[link])
        return cost, excess

    def _walked(self, first: int) -> list[float]:
        """When each operator is done, if only what comes from place `first` on has changed."""
        done, at = self.done[:], self.at
        delay_s, s_per_byte = self.instance.delay_s, self.instance.s_per_byte
        for j, k, work_s, inputs in self.walk[first:]:
            ready, v = 0.0, at[k]
            for i, unit, size in inputs:
                u, end = at[unit], done[i]
                if u != v:
                    end += delay_s[u][v] + size * s_per_byte[u][v]
                if end > ready:
                    ready = end
            done[j] = ready + work_s[v]
        return done


def _beyond(figure: float, bound: float | None) -> float:
    """By what share a bound is exceeded."""
    if bound is None or figure <= bound * (1 + SLACK):
        return 0.0
    return figure / bound - 1 if bound else figure
