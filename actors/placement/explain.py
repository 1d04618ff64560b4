"""Why operators are where they are, what the next best places would cost, and what is too little.

From an instance and an answer to words and figures for a person. Others stay where they are while
one operator is asked about.
"""

from dataclasses import dataclass
from math import inf
from typing import Any

from actors.placement.model import PARTS, Instance, Overload
from actors.placement.strategies import Answer

UNITS = {  # of a limit or a part: what a figure is multiplied by, and its unit
    "memory": (1 / 1024, "KB"),
    "load": (100, "%"),
    "bandwidth": (8 / 1000, "kbit/s"),
    "network": (1, "messages under way"),
    "response": (1000, "ms"),
    "bottleneck": (100, "%"),
    "energy": (1, "W"),
    "migration": (1, "s"),
}


@dataclass(frozen=True)
class Offer:
    """What it would be like on one device: the cost, and the limits exceeded that were not."""

    device: str
    cost: float
    overloads: tuple[Overload, ...]
    worse: dict[str, float]  # of parts that count: the difference


def offers(instance: Instance, answer: Answer, one: int) -> list[Offer]:
    """All devices an operator may be on, the best first; the first one is where it is.

    What would exceed a limit comes last.
    """
    unit = next(unit for unit in instance.units if one in unit)
    allowed = instance.allowed[instance.units.index(unit)]
    now = instance.parts(answer.places)
    known = {(over.what, over.where) for over in answer.overloads}
    found = []
    for u in allowed:
        places = list(answer.places)
        for member in unit:
            places[member] = u
        parts = instance.parts(places)
        overloads = instance.overloads(places)
        found.append(
            Offer(
                instance.machines[u].name,
                instance.cost(places),
                tuple(over for over in overloads if (over.what, over.where) not in known),
                {part: getattr(parts, part) - getattr(now, part) for part in instance.factors},
            )
        )
    here = instance.machines[answer.places[one]].name
    return sorted(found, key=lambda each: (each.device != here, bool(each.overloads), each.cost))


def why(instance: Instance, answer: Answer, one: int) -> str:
    """One line: why an operator is where it is."""
    here, *others = offers(instance, answer, one)
    if not others:
        return "only device it may be on"
    following = others[0]
    if following.overloads:
        return f"only place with room; {following.device}: {shortfall(following.overloads[0])}"
    more = _more(following.cost - here.cost, here.cost)
    if not more:
        return f"costs least, as {following.device} would; first in the list"
    if following.cost < here.cost:
        return f"{answer.strategy}; {following.device} would cost {more.replace('-', '')} less"
    parts = [
        f"{part} {_shown(part, difference, '+')}"
        for part, difference in following.worse.items()
        if difference > 0 and part in PARTS and _shown(part, difference, "+")
    ]
    told = f" ({', '.join(parts)})" if parts else ""
    return f"costs least; next best {following.device}, {more} more{told}"


def shortfall(over: Overload) -> str:
    """Which limit is exceeded, and by how much."""
    factor, unit = UNITS[over.what]
    needed, limit = over.needed * factor, over.limit * factor
    return (
        f"{over.what} of {over.where}: {_digits(needed)} {unit} needed, {_digits(limit)} there, "
        f"{_digits(needed - limit)} too little"
    )


def shortfalls(instance: Instance, answer: Answer) -> list[str]:
    """Why a placement cannot be, in lines; none if it can."""
    if not answer.overloads:
        return []
    lines = []
    for operator in instance.operators:
        most = max((instance.machines[u].memory_bytes for u in operator.allowed), default=inf)
        if operator.memory_bytes > most:
            over = Overload("memory", f"any device {operator.name} may be on",
                            operator.memory_bytes, most)
            lines.append(shortfall(over))
    needed = sum(operator.memory_bytes for operator in instance.operators)
    there = sum(machine.memory_bytes for machine in instance.machines)
    if needed > there:
        lines.append(shortfall(Overload("memory", "all devices together", needed, there)))
    proven = "no placement keeps all limits" if answer.is_impossible else (
        "no placement was found that keeps all limits"
    )
    return [proven, *lines, *(shortfall(over) for over in answer.overloads)]


def plain(instance: Instance, answer: Answer) -> dict[str, Any]:
    """The answer in plain values, for --json, but for its operators."""
    parts = instance.parts(answer.places)
    bound = None if answer.bound == -inf else answer.bound
    return {
        "strategy": answer.strategy,
        "cost": answer.cost,
        "bound": bound,
        "gap": None if bound is None else answer.gap,
        "seconds": answer.seconds,
        "feasible": not answer.overloads,
        "shortfalls": shortfalls(instance, answer),
        "parts": {part: getattr(parts, part) for part in PARTS},
    }


def _more(difference: float, cost: float) -> str:
    share = difference / cost if cost else 0.0
    return f"{share * 100:.3g} %" if abs(share) > 1e-4 else ""


def _shown(part: str, figure: float, sign: str = "") -> str:
    """A part's figure with its unit; empty if it rounds to nothing."""
    factor, unit = UNITS[part]
    text = _digits(figure * factor)
    return "" if float(text) == 0 else f"{sign}{text} {unit}"


def _digits(figure: float) -> str:
    """Three digits, and no exponents where there is no need."""
    return f"{figure:.0f}" if abs(figure) >= 100 else f"{figure:.3g}"
