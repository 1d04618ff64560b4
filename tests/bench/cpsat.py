"""CP-SAT on one instance: `python cpsat.py`, the instance as JSON on stdin, the answer on stdout.

Run by a Python that has ortools and nothing of ours, so it imports nothing of ours. It has the
edge-pair form: a variable for each edge and each pair of devices that the edge may join.
"""

import json
import sys

from ortools.sat.python import cp_model

# CP-SAT counts in whole numbers: parts of a limit, of a cost, of a second or of a device's time.
LIMIT_SCALE = 10**6
COST_SCALE = 10**11
TIME_SCALE = 10**7


def main():
    given = json.load(sys.stdin)
    model = cp_model.CpModel()
    x = [{u: model.new_bool_var("") for u in may} for may in given["allowed"]]
    for columns in x:
        model.add_exactly_one(columns.values())
    _limits(model, given, x)
    pairs = [_pairs(model, x[i], x[j]) for i, j in given["edges"]]
    for narrow in given["narrow"].values():
        joined = {tuple(pair) for pair in narrow["pairs"]}
        # A share rounded down never forbids what is allowed.
        terms = [
            int(LIMIT_SCALE * given["rates"][e] * given["bytes"][e] / narrow["limit"]) * column
            for e, columns in enumerate(pairs)
            for pair, column in columns.items()
            if pair in joined
        ]
        model.add(sum(terms) <= LIMIT_SCALE)
    cost = _cost(model, given, x, pairs)
    model.minimize(cost)
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = given["seconds"]
    solver.parameters.num_workers = 2
    status = solver.solve(model)
    is_found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    found = {
        "cost": solver.objective_value / COST_SCALE if is_found else None,
        "bound": solver.best_objective_bound / COST_SCALE,
        "proven": status == cp_model.OPTIMAL,
        "impossible": status == cp_model.INFEASIBLE,
    }
    json.dump(found, sys.stdout)


def _limits(model, given, x):
    for u, memory_max in enumerate(given["memory_max"]):
        for figures, most in (
            ([given["memory"][i] for i in range(len(x))], memory_max),
            ([given["loads"][i][u] for i in range(len(x))], given["load_max"][u]),
        ):
            terms = [
                int(LIMIT_SCALE * figures[i] / most) * x[i][u]
                for i in range(len(x)) if u in x[i]
            ]
            model.add(sum(terms) <= LIMIT_SCALE)


def _pairs(model, left, right):
    pairs = {(u, v): model.new_bool_var("") for u in left for v in right}
    for u, column in left.items():
        model.add(sum(pairs[u, v] for v in right) == column)
    for v, column in right.items():
        model.add(sum(pairs[u, v] for u in left) == column)
    return pairs


def _cost(model, given, x, pairs):
    factors = given["factors"]
    terms = []
    network = factors.get("network", 0)
    for e, columns in enumerate(pairs):
        for (u, v), column in columns.items():
            weight = round(COST_SCALE * network * given["rates"][e] * given["delay_s"][u][v])
            terms.append(weight * column)
    if "response" in factors:
        terms.append(_scaled(_response(model, given, x, pairs), factors["response"]))
    if "bottleneck" in factors:
        most = model.new_int_var(0, TIME_SCALE, "")
        for u in range(len(given["memory_max"])):
            loads = [
                int(TIME_SCALE * given["loads"][i][u]) * x[i][u]
                for i in range(len(x)) if u in x[i]
            ]
            model.add(sum(loads) <= most)
        terms.append(_scaled(most, factors["bottleneck"]))
    return sum(terms)


def _response(model, given, x, pairs):
    """In parts of a second, each figure rounded."""
    horizon = 100 * TIME_SCALE
    done = [model.new_int_var(0, horizon, "") for _ in x]
    response = model.new_int_var(0, horizon, "")
    fed = {j for _, j in given["edges"]}
    for j, columns in enumerate(x):
        work = sum(round(TIME_SCALE * given["work_s"][j][u]) * one for u, one in columns.items())
        if j not in fed:
            model.add(done[j] >= work)
        for e, (i, end) in enumerate(given["edges"]):
            if end == j:
                ways = sum(
                    round(TIME_SCALE * (given["delay_s"][u][v]
                                        + given["bytes"][e] * given["s_per_byte"][u][v])) * one
                    for (u, v), one in pairs[e].items() if u != v
                )
                model.add(done[j] >= done[i] + ways + work)
        model.add(response >= done[j])
    return response


def _scaled(variable, factor):
    """A cost in whole numbers, of something that is counted in parts of TIME_SCALE."""
    return round(COST_SCALE * factor / TIME_SCALE) * variable


if __name__ == "__main__":
    main()
