"""Curves: a figure over a factor, one for each placement, and where two of them cross.

From the table to plots and page. Pure. A crossing is interpolated between two measured points: in
the factor itself, in a device's speed by its inverse, since that is what work goes with.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import inf

from actors.experiments.grid import FACTORS, Experiment, Point
from actors.experiments.table import Table
from actors.experiments.trial import Row

QUESTIONS = {
    "device_speed": "What does compute power do?",
    "devices_used": "What does the degree of distribution do?",
    "link_delay_ms": "What does network delay do?",
    "rate": "What does the rate of readings do?",
    "payload_bytes": "What does the size of readings do?",
}
AXES = {
    "device_speed": "speed of the devices, as a multiple of the profile's",
    "devices_used": "devices that may be used",
    "link_delay_ms": "delay of each link in ms",
    "rate": "readings, as a multiple of the site's",
    "payload_bytes": "bytes of a reading",
}
LOGARITHMIC = 10.0  # largest by smallest value from which on an axis is logarithmic
INVERSE = ("device_speed", "rate")
SAME = 0.005  # of a figure: closer than that two placements do the same


@dataclass(frozen=True)
class Curve:
    """One placement. `rows`: one for each value of the factor, means of all seeds."""

    placement: str
    values: Sequence[float]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Crossing:
    """Where the delays of two placements change places. `below` is the faster one before it.

    is_best: no other placement is faster there, so that it is where the best answer changes.
    """

    at: float
    delay_ms: float
    below: str
    above: str
    is_best: bool


def factors(experiment: Experiment) -> list[str]:
    """Those that are varied, the thesis's three first."""
    return [one for one in QUESTIONS if len(experiment.varied.get(one, ())) > 1]


def curves(experiment: Experiment, table: Table, factor: str) -> list[Curve]:
    """One for each placement, all other factors at their base."""
    found = []
    listed = sorted(set(experiment.varied[factor]) | {getattr(experiment.base, factor)}
                    - {None})
    for placement in experiment.varied.get("placement", [experiment.base.placement]):
        start = replace(experiment.base, placement=placement)
        rows = {one: mean_row(experiment, table, replace(start, **{factor: one}))
                for one in listed}
        there = [(one, row) for one, row in rows.items() if row is not None]
        found.append(Curve(placement, [one for one, _ in there], [row for _, row in there]))
    return found


def real_curves(experiment: Experiment, factor: str, rows: Sequence[Row]) -> list[Curve]:
    """Those of real runs, as far as all other factors are at their base."""
    others = [one for one in FACTORS if one not in ("placement", factor)]
    at_base = [row for row in rows
               if all(row[one] == getattr(experiment.base, one) for one in others if one in row)]
    found = []
    for placement in dict.fromkeys(row["placement"] for row in at_base):
        own = sorted((row for row in at_base if row["placement"] == placement),
                     key=lambda row: row[factor])
        found.append(Curve(placement, [row[factor] for row in own], own))
    return found


def mean_row(experiment: Experiment, table: Table, point: Point) -> Row | None:
    """The figures of a point, the mean of its seeds; None if it was not measured."""
    rows = [row for seed in range(experiment.seeds) if (row := table.row(point, seed))]
    if not rows:
        return None
    mean = dict(rows[0])
    for column in mean:
        numbers = [row[column] for row in rows if isinstance(row[column], int | float)]
        if column not in (*FACTORS, "seed") and numbers and len(numbers) == len(rows):
            mean[column] = sum(numbers) / len(numbers)
    return mean


def is_logarithmic(values: Sequence[float]) -> bool:
    """Whether an axis with these values is easier to read with a logarithmic scale."""
    return len(values) > 1 and min(values) > 0 and max(values) / min(values) >= LOGARITHMIC


def crossings(factor: str, found: Sequence[Curve], column: str = "p50_ms") -> list[Crossing]:
    """Where two curves cross, from left to right."""
    marks = []
    for one, other in combinations(found, 2):
        ours, theirs = _heights(one, column), _heights(other, column)
        both = [(x, ours[x], theirs[x]) for x in ours if x in theirs]
        apart = [step for step in both if abs(step[1] - step[2]) > SAME * max(step[1:])]
        for (x, a, b), (next_x, next_a, next_b) in pairwise(apart):
            if (a < b) == (next_a < next_b):
                continue
            share = (b - a) / ((b - a) - (next_b - next_a))
            at = _between(factor, x, next_x, share)
            delay_ms = a + share * (next_a - a)
            names = (one.placement, other.placement) if a < b else (other.placement, one.placement)
            least = min(_height_at(factor, curve, column, at) for curve in found)
            marks.append(Crossing(at, delay_ms, *names, delay_ms <= least * (1 + SAME)))
    return sorted(marks, key=lambda mark: (mark.at, mark.below, mark.above))


def _heights(curve: Curve, column: str) -> dict[float, float]:
    return {x: row[column] for x, row in zip(curve.values, curve.rows, strict=True)
            if row[column] is not None}


def _between(factor: str, x: float, next_x: float, share: float) -> float:
    if factor in INVERSE:
        return 1 / (1 / x + share * (1 / next_x - 1 / x))
    return x + share * (next_x - x)


def _height_at(factor: str, curve: Curve, column: str, at: float) -> float:
    """How high a curve is between two of its points; infinite where it has none."""
    for (x, a), (next_x, next_a) in pairwise(_heights(curve, column).items()):
        if x <= at <= next_x:
            if factor in INVERSE:
                x, next_x, at = 1 / x, 1 / next_x, 1 / at
            return a + (next_a - a) * (at - x) / (next_x - x)
    return inf


def sentence(factor: str, mark: Crossing) -> str:
    """A crossing in words."""
    best = "the fastest" if mark.is_best else "faster"
    return (
        f"up to {factor} = {mark.at:.3g} {mark.below} is {best}, from there on {mark.above} "
        f"({mark.delay_ms:.3g} ms)"
    )
