"""The mixed-integer linear programme of an instance: its columns and rows, and the way back.

From an instance to a model as HiGHS takes it, and from a solution's columns to a placement. In
link/domain form: an edge has a variable for each access link it may cross, and one for each pair of
points it may lead between, so the size grows by devices and by pairs of points, not by pairs of
devices.
"""

from collections.abc import Sequence
from math import inf
from typing import Any

from actors.placement.model import Instance
from actors.placement.tree import (
    Allowed,
    message_j,
    own_costs,
    resting_cost,
    slowest,
    still_to_come,
)


class Programme:
    """Columns and rows of an instance.

    x[k][u]: unit k is on device u. cross[e][u]: edge e crosses the access link of u.
    between[e][a, b]: edge e leads from point a to point b. done[i]: when operator i is done.
    Where an end of an edge can only be in one place, the other end's x stand for these variables.
    """

    def __init__(self, instance: Instance, worth: Allowed | None = None) -> None:
        """`worth`: where each operator may be, where not all that are allowed are worth a look."""
        self.instance = instance
        self.worth = worth or tuple(frozenset(one.allowed) for one in instance.operators)
        self.cost: list[float] = []
        self.upper: list[float] = []
        self.is_whole: list[bool] = []
        self.rows: list[tuple[float, float, dict[int, float]]] = []  # least, most, coefficients
        self.unit_of = {one: k for k, unit in enumerate(instance.units) for one in unit}
        self.x = [
            {u: self._column(whole=True, upper=1.0) for u in self._worth_of(unit)}
            for unit in instance.units
        ]
        for columns in self.x:
            self._row(1.0, 1.0, dict.fromkeys(columns.values(), 1.0))
        for one, k in self.unit_of.items():
            for u, cost in enumerate(own_costs(instance, one)):
                if u in self.x[k]:
                    self.cost[self.x[k][u]] += cost
        self.cross = [self._crossings(*edge) for edge in instance.edges]
        self.between = [self._betweens(*edge) for edge in instance.edges]
        self._limits()
        self._flows()
        self.done: list[int] = []
        self.response: int | None = None
        self._times()

    def model(self, highspy: Any) -> Any:
        """It as HiGHS takes it."""
        model = highspy.HighsLp()
        model.num_col_, model.num_row_ = len(self.cost), len(self.rows)
        model.col_cost_, model.col_upper_ = self.cost, self.upper
        model.offset_ = resting_cost(self.instance)
        model.col_lower_ = [0.0] * len(self.cost)
        model.row_lower_ = [least for least, _, _ in self.rows]
        model.row_upper_ = [most for _, most, _ in self.rows]
        whole, real = highspy.HighsVarType.kInteger, highspy.HighsVarType.kContinuous
        model.integrality_ = [whole if one else real for one in self.is_whole]
        starts, index, value = [0], [], []
        for _, _, coefficients in self.rows:
            index += list(coefficients)
            value += list(coefficients.values())
            starts.append(len(index))
        model.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
        model.a_matrix_.start_, model.a_matrix_.index_ = starts, index
        model.a_matrix_.value_ = value
        return model

    def places_of(self, values: Sequence[float]) -> list[int]:
        """The placement of a solution."""
        places = [0] * len(self.instance.operators)
        for unit, columns in zip(self.instance.units, self.x, strict=True):
            u = max(columns, key=lambda u: values[columns[u]])
            for one in unit:
                places[one] = u
        return places

    def values_of(self, places: Sequence[int]) -> list[float]:
        """The solution of a placement."""
        instance, values = self.instance, [0.0] * len(self.cost)
        for unit, columns in zip(instance.units, self.x, strict=True):
            values[columns[places[unit[0]]]] = 1.0
        for e, (i, j) in enumerate(instance.edges):
            u, v = places[i], places[j]
            for device, terms in self.cross[e].items():
                for column in terms:
                    if self.is_whole[column]:
                        continue
                    values[column] = float(u != v and device in (u, v))
            a, b = (instance.machines[one].point for one in (u, v))
            for pair, terms in self.between[e].items():
                for column in terms:
                    if not self.is_whole[column]:
                        values[column] = float(pair == (a, b))
        for column, done in zip(self.done, instance.finished_s(places), strict=False):
            values[column] = done
        parts = instance.parts(places)
        if self.response is not None:
            values[self.response] = parts.response
        if self.bottleneck is not None:
            values[self.bottleneck] = parts.bottleneck
        return values

    def _column(self, cost: float = 0.0, whole: bool = False, upper: float = inf) -> int:
        self.cost.append(cost)
        self.upper.append(upper)
        self.is_whole.append(whole)
        return len(self.cost) - 1

    def _row(self, least: float, most: float, coefficients: dict[int, float]) -> None:
        kept = {column: factor for column, factor in coefficients.items() if factor}
        self.rows.append((least, most, kept))

    def _crossings(self, i: int, j: int) -> dict[int, dict[int, float]]:
        """{device: columns whose sum says whether the edge crosses its access link}.

        Only of devices where that costs anything.
        """
        instance = self.instance
        k, other = self.x[self.unit_of[i]], self.x[self.unit_of[j]]
        if k is other:
            return {}
        crossings: dict[int, dict[int, float]] = {}
        for u in sorted({*k, *other}):
            if instance.machines[u].access is None and not instance.machines[u].message_s:
                continue
            if u not in k or u not in other:
                crossings[u] = {(k if u in k else other)[u]: 1.0}
                continue
            column = self._column(upper=1.0)
            self._row(0.0, inf, {column: 1.0, k[u]: -1.0, other[u]: 1.0})
            self._row(0.0, inf, {column: 1.0, k[u]: 1.0, other[u]: -1.0})
            crossings[u] = {column: 1.0}
        return crossings

    def _betweens(self, i: int, j: int) -> dict[tuple[int, int], dict[int, float]]:
        """{pair of points: columns whose sum says whether the edge leads from one to the other}."""
        k, other = self.unit_of[i], self.unit_of[j]
        if k == other:
            return {}
        left, right = self._by_point(k), self._by_point(other)
        if len(left) == 1:
            (a,) = left
            return {(a, b): dict.fromkeys(columns, 1.0) for b, columns in right.items()}
        if len(right) == 1:
            (b,) = right
            return {(a, b): dict.fromkeys(columns, 1.0) for a, columns in left.items()}
        pairs = {(a, b): self._column(upper=1.0) for a in left for b in right}
        for a, columns in left.items():
            row = dict.fromkeys(columns, -1.0)
            self._row(0.0, 0.0, {**row, **{pairs[a, b]: 1.0 for b in right}})
        for b, columns in right.items():
            row = dict.fromkeys(columns, -1.0)
            self._row(0.0, 0.0, {**row, **{pairs[a, b]: 1.0 for a in left}})
        return {pair: {column: 1.0} for pair, column in pairs.items()}

    def _worth_of(self, unit: tuple[int, ...]) -> list[int]:
        return sorted(frozenset.intersection(*(self.worth[one] for one in unit)))

    def _by_point(self, k: int) -> dict[int, list[int]]:
        points: dict[int, list[int]] = {}
        for u, column in self.x[k].items():
            points.setdefault(self.instance.machines[u].point, []).append(column)
        return points

    def _limits(self) -> None:
        """Memory, load and the highest load."""
        instance = self.instance
        factor = instance.factors.get("bottleneck", 0.0)
        bound = instance.objective.bounds.get("bottleneck", inf)
        is_wanted = factor or bound < inf
        self.bottleneck = self._column(cost=factor, upper=bound) if is_wanted else None
        for u, machine in enumerate(instance.machines):
            memory: dict[int, float] = {}
            load: dict[int, float] = {}
            for k, unit in enumerate(instance.units):
                if u in self.x[k]:
                    column = self.x[k][u]
                    memory[column] = sum(instance.operators[one].memory_bytes for one in unit)
                    load[column] = sum(instance.loads[one][u] for one in unit)
            for e, cross in enumerate(self.cross) if machine.message_s else ():
                for column, factor in cross.get(u, {}).items():
                    _add(load, column, instance.edge_rates[e] * machine.message_s * factor)
            if sum(memory.values()) > machine.memory_bytes:
                # In shares of what there is: HiGHS takes a millionth for nothing.
                shares = {one: size / (machine.memory_bytes or 1.0) for one, size in memory.items()}
                self._row(-inf, 1.0 if machine.memory_bytes else 0.0, shares)
            if machine.rest + sum(load.values()) > machine.load_max:
                self._row(-inf, machine.load_max - machine.rest, load)
            if self.bottleneck is not None and (load or machine.rest):
                less = {column: -share for column, share in load.items()}
                self._row(machine.rest, inf, {self.bottleneck: 1.0, **less})

    def _flows(self) -> None:
        """What edges cost on links, and what links can carry."""
        instance, factors = self.instance, self.instance.factors
        network, energy = factors.get("network", 0.0), factors.get("energy", 0.0)
        bound = instance.objective.bounds.get("network")
        bounded: dict[int, float] = {}
        carried: dict[int, dict[int, float]] = {link: {} for link in instance.narrow}
        for e in range(len(instance.edges)):
            rate, size = instance.edge_rates[e], instance.edge_bytes[e]
            for link, terms in self._uses(e):
                figures = instance.all_links[link]
                weight = network * rate * figures.delay_s
                weight += energy * rate * size * figures.joule_per_byte
                if link >= len(instance.links):
                    machine = instance.machines[link - len(instance.links)]
                    weight += energy * rate * message_j(machine)
                for column, factor in terms.items():
                    self.cost[column] += weight * factor
                    _add(bounded, column, rate * figures.delay_s * factor)
                    if link in carried:
                        share = rate * size * factor / instance.narrow[link]
                        _add(carried[link], column, share)
        if bound is not None:
            self._row(-inf, bound, bounded)
        for row in carried.values():
            if sum(row.values()) > 1:
                self._row(-inf, 1.0, row)

    def _uses(self, e: int) -> list[tuple[int, dict[int, float]]]:
        """(link, columns whose sum says that the edge crosses it): access links, then pairs."""
        instance = self.instance
        first = len(instance.links)
        uses = [(first + u, terms) for u, terms in self.cross[e].items()]
        for (a, b), terms in self.between[e].items():
            uses += [(link, terms) for link in instance.routes[a][b]]
        return uses

    def _times(self) -> None:
        """The response, if it counts: each operator is done after all that it waits for."""
        instance = self.instance
        factor = instance.factors.get("response", 0.0)
        bound = instance.objective.bounds.get("response", inf)
        if not factor and bound == inf:
            return
        self.response = self._column(cost=factor, upper=bound)
        self.done = [self._column() for _ in instance.operators]
        first = slowest(instance, self.worth).least
        rest = still_to_come(instance, self.worth)
        for j in instance.order:
            own = self.x[self.unit_of[j]]
            # What is known without limits: when it is done at the earliest, and what follows.
            early = {column: -first[j][u] for u, column in own.items()}
            late = {column: -rest[j][u] for u, column in own.items()}
            self._row(0.0, inf, {self.done[j]: 1.0, **early})
            self._row(0.0, inf, {self.response: 1.0, self.done[j]: -1.0, **late})
            for e in instance.inputs[j]:
                i = instance.edges[e][0]
                row = {self.done[j]: 1.0, self.done[i]: -1.0}
                for u, column in own.items():
                    _add(row, column, -instance.work_s[j][u])
                for link, terms in self._uses(e):
                    figures = instance.all_links[link]
                    way_s = figures.delay_s + instance.edge_bytes[e] / figures.bytes_per_s
                    for column, share in terms.items():
                        _add(row, column, -way_s * share)
                self._row(0.0, inf, row)


def _add(row: dict[int, float], column: int, figure: float) -> None:
    row[column] = row.get(column, 0.0) + figure
