"""Placement as a mixed-integer linear programme, solved by HiGHS: the proven optimum, or a bound.

From an instance and a placement to begin with to the best one, and what every placement costs at
least. Needs `highspy`, the extra `solver`; it is imported when it is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from actors.placement.model import Instance
from actors.placement.programme import Programme
from actors.placement.tree import Allowed, in_time, lower_bound, slowest
from mp_actors.errors import ActorsError

GAP = 1e-6  # relative; below it the optimum is proven
# It begins with what the search has found, which is nearly always the best: the time goes into the
# proof. Measured on random flows, 20 operators on 20 devices: a sixth less of it.
TUNING = (("mip_heuristic_effort", 0.01), ("mip_pscost_minreliable", 4))


class SolverMissingError(ActorsError):
    """The extra that holds the solver is not installed."""


@dataclass(frozen=True)
class Solved:
    """What the solver came to: a placement, or None; `bound`: what every placement costs at least.

    `is_impossible`: it is proven that no placement keeps the limits.
    """

    places: list[int] | None
    bound: float
    is_impossible: bool


def solver() -> Any:
    """The module highspy. *Raises* SolverMissingError."""
    try:
        import highspy
    except ImportError as error:
        raise SolverMissingError(
            f"exact placement needs highspy, which cannot be imported: {error}\n"
            "    remedy: pip install 'mp-actors[solver]'; or --placement search, "
            "which says how far from the optimum it may be"
        ) from None
    return highspy


def solve(
    instance: Instance, start: Sequence[int] | None = None, seconds: float = inf
) -> Solved:
    """The optimum, as far as it is found in the time. *Raises* SolverMissingError."""
    highspy = solver()
    programme = Programme(instance, None if start is None else _no_worse(instance, start))
    highs = highspy.Highs()
    for option, value in (
        ("output_flag", False),
        ("mip_rel_gap", GAP),
        ("parallel", "off"),
        *TUNING,
        ("time_limit", seconds),
    ):
        highs.setOptionValue(option, value)
    highs.passModel(programme.model(highspy))
    if start is not None:
        solution = highspy.HighsSolution()
        solution.col_value = programme.values_of(start)
        highs.setSolution(solution)
    highs.run()
    status, info = highs.getModelStatus(), highs.getInfo()
    is_impossible = status == highspy.HighsModelStatus.kInfeasible
    values = highs.getSolution().col_value
    is_found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    return Solved(
        programme.places_of(values) if is_found and len(values) else None,
        inf if is_impossible else info.mip_dual_bound,
        is_impossible,
    )


def _no_worse(instance: Instance, start: Sequence[int]) -> Allowed | None:
    """Where operators may be in a placement that costs no more than this one; None: anywhere."""
    factor = instance.factors.get("response")
    if factor is None:
        return None
    others = lower_bound(instance) - factor * slowest(instance).bound
    return in_time(instance, (instance.cost(start) - others) / factor)
