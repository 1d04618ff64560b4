"""Ours: the planner of `actors.placement` on the same problem.

From a query, its present places and the latencies of this second to other places. The dynamic
programme knows the best places for a tree; the search begins there and weighs what is gained
against what has to move. Operators may share a host.
"""

from actors.placement.model import PAUSE_S, Instance, Link, Machine, Objective, Operator
from actors.placement.strategies import Budget, answer
from actors.placement.tree import slowest

# How long a lower latency is expected to last. An operator rests while it moves, for 0.1 s and the
# way it goes; that pays if it is less than what is saved in this time. Chosen on other traces than
# those of the table.
HORIZON_S = 13.0
SOONEST = Objective({"response": 1.0})


def planned(query, places, latency_ms, horizon_s=HORIZON_S):
    """The places that cost least: the latency, and what has to move, a share of the horizon."""
    problem = weighed(instance(query, places, latency_ms), horizon_s)
    # If not even a single move to the best there is would pay, there is nothing to search for.
    if problem.cost(places) <= slowest(problem).bound + PAUSE_S / horizon_s:
        return list(places)
    return list(answer("search", problem, Budget(rounds=1)).places)


def weighed(problem, horizon_s=HORIZON_S):
    """With its cost in seconds of latency."""
    whole_s = problem.parts(problem.reference).response
    return problem.aiming_at(Objective({"response": whole_s, "migration": 1.0}, {}, horizon_s))


def soonest(query, places, latency_ms):
    """The places of the least latency, whatever has to move: by the dynamic programme alone."""
    problem = instance(query, places, latency_ms).aiming_at(SOONEST)
    return list(answer("exact", problem).places)


def instance(query, places, latency_ms):
    """The problem of this second as the planner has it: each host a point, a link a direction."""
    hosts, free = range(len(latency_ms)), set(query.free)
    operators = [
        Operator(
            name, work_s=0.0, selectivity=1.0, rate=1.0, out_bytes=0.0, memory_bytes=0.0,
            state_bytes=0.0, allowed=tuple(hosts) if one in free else (places[one],),
        )
        for one, name in enumerate(query.operators)
    ]
    pairs = [(u, v) for u in hosts for v in hosts if u != v]
    number_of = {pair: number for number, pair in enumerate(pairs)}
    return Instance(
        operators,
        edges=[(i, j) for j, inputs in enumerate(query.inputs) for i in inputs],
        machines=[Machine(f"host-{u}", 1.0, 0.0, u) for u in hosts],
        links=[Link(f"{u} to {v}", latency_ms[v][u] / 1000) for u, v in pairs],
        routes=[[() if u == v else (number_of[u, v],) for v in hosts] for u in hosts],
        present=dict(enumerate(places)),
    )
