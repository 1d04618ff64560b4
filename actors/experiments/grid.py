"""Grid: what an experiment is, which factors it varies, and the points that this makes.

From `reader`, which makes it of a file, to everybody. Pure.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

from actors.site import Site
from mp_actors.errors import ActorsError


class ExperimentError(ActorsError):
    """An experiment cannot be made, or not go on; the text has every reason."""


@dataclass(frozen=True)
class Point:
    """What one trial is told. None: as the profile has it."""

    placement: str = "search"
    device_speed: float = 1.0  # times that of the profile
    devices_used: int | None = None  # the first of `spread`
    link_delay_ms: float | None = None
    rate: float = 1.0  # times that of the sensors
    payload_bytes: int | None = None


@dataclass(frozen=True)
class Share:
    """What the runtime itself takes, as it was measured.

    devices: `message_us` and `rest_percent` of each. links_ms: more than its delay, one way.
    """

    devices: Mapping[str, Mapping[str, float]]
    links_ms: Mapping[str, float]


FACTORS = tuple(field.name for field in fields(Point))
NEUTRAL = Point()


@dataclass(frozen=True)
class Experiment:
    """What a file says, judged. `devices`, `links`, `spread`: what the factors are of, by name."""

    file: str
    site: Site
    title: str
    source: str  # name of the sensor whose readings are timed; empty: everybody's
    target: str
    seconds: float
    warmup_s: float
    seeds: int
    devices: Sequence[str]
    links: Sequence[str]
    spread: Sequence[str]
    varied: Mapping[str, Sequence[Any]]  # by factor, as listed
    base: Point
    placements: Mapping[str, Mapping[str, str]]
    points: Sequence[Point]
    real: Sequence[Point]  # of them, or between them
    real_seconds: float
    real_runs: int


def crossed(varied: Mapping[str, Sequence[Any]], base: Point) -> list[Point]:
    """Every combination; what is not varied stays at its base."""
    combinations = product(*varied.values())
    return [replace(base, **dict(zip(varied, one, strict=True))) for one in combinations]


def one_at_a_time(varied: Mapping[str, Sequence[Any]], base: Point) -> list[Point]:
    """For each placement the base, and each factor's values with all others at their base."""
    points = []
    for placement in varied.get("placement", [base.placement]):
        start = replace(base, placement=placement)
        points.append(start)
        for factor, listed in varied.items():
            if factor != "placement":
                points += [replace(start, **{factor: one}) for one in listed]
    return list(dict.fromkeys(points))
