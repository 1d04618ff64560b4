"""Curves: a figure over a factor, one for each placement, and where two of them cross.

From the table to plots and page. Pure. A crossing is interpolated between two measured points, on
the scale of the axis it is drawn on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from math import exp, log

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
SAME = 0.005  # of a figure: closer than that two placements do the same


@dataclass(frozen=True)
class Curve:
    """One placement. `rows`: one for each value of the factor, means of all seeds."""

    placement: str
    values: Sequence[float]
    rows: Sequence[Row]


@dataclass(frozen=True)
class Crossing:
    """Where the delays of two placements change places. `below` is the faster one before it."""

    at: float
    delay_ms: float
    below: str
    above: str


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


def crossings(found: Sequence[Curve], column: str = "p50_ms") -> list[Crossing]:
    """Where two curves cross, from left to right."""
    marks = []
    for one, other in combinations(found, 2):
        b_of = dict(zip(other.values, other.rows, strict=True))
        both = [
            (x, row[column], b_of[x][column])
            for x, row in zip(one.values, one.rows, strict=True)
            if x in b_of and row[column] is not None and b_of[x][column] is not None
        ]
        logarithmic = is_logarithmic([x for x, _, _ in both])
        apart = [step for step in both if abs(step[1] - step[2]) > SAME * max(step[1:])]
        for (x, a, b), (next_x, next_a, next_b) in pairwise(apart):
            if (a < b) == (next_a < next_b):
                continue
            share = (b - a) / ((b - a) - (next_b - next_a))
            at = exp(log(x) + share * (log(next_x) - log(x))) if logarithmic else (
                x + share * (next_x - x))
            names = (one.placement, other.placement) if a < b else (other.placement, one.placement)
            marks.append(Crossing(at, a + share * (next_a - a), *names))
    return sorted(marks, key=lambda mark: (mark.at, mark.below, mark.above))


def sentence(factor: str, mark: Crossing) -> str:
    """A crossing in words."""
    unit = " ms" if factor == "link_delay_ms" else ""
    return (
        f"up to {factor} = {mark.at:.3g}{unit} {mark.below} is faster, from there on {mark.above} "
        f"({mark.delay_ms:.3g} ms)"
    )
