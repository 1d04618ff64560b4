"""Placement: the proven optimum, the search against it, and both against plain strategies.

From frozen instances to tables. Times are the processor's: machines that run tests do other things,
too. Where a Python with ortools is named by $CPSAT_PYTHON, CP-SAT is asked about each instance, in
a process of its own, for it and HiGHS cannot be loaded into one.
"""

import json
import os
import statistics
import subprocess
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table

from actors.placement.strategies import Budget, answer
from actors.placement.tree import lower_bound
from tests.bench import instances
from tests.bench.instances import OBJECTIVES, RIOTBENCH, random_flow, riotbench

SEEDS = 30
SOLVER_S = 60
SEARCH_S = 0.5
BOUND_S = 15
CPSAT_S = 20
PLAIN = ("central", "edge", "random", "bottom-up", "top-down", "relaxation")
BIG, BIG_S, BIG_HELD = (500, 1000), 27.0, 0.02
FROZEN = 60
GOALS = {"network": 2.5, "mixed": 1.8, "response": 1.1}
SAME = 1e-4  # relative, between two solvers with tolerances of their own


def run(console: Console, seeds: int = SEEDS) -> dict:
    """All tables, and their figures."""
    found = {"solved": [], "search": []}
    cpsat = Cpsat.found()
    if cpsat is None:
        console.print("no CP-SAT: $CPSAT_PYTHON names no Python with ortools", highlight=False)
    for label, made in _sets():
        rows = [_row(made(seed), cpsat) for seed in range(seeds)]
        found["solved"] += _solved(console, label, rows)
    for operators in (20, 30):
        found["search"] += _searched(console, operators, seeds)
    found["big"] = _big(console)
    found["strategies"] = _strategies(console, min(FROZEN, 2 * seeds))
    return found


def _sets():
    for flow in RIOTBENCH:
        yield f"{flow}, 12 devices", lambda seed, flow=flow: riotbench(flow, 12, seed)
    yield "20 operators, 20 devices", lambda seed: random_flow(20, 20, seed)


def _row(instance, cpsat):
    """What is found for each objective; all with the same instance."""
    row = {}
    for name, objective in OBJECTIVES.items():
        aimed = instance.aiming_at(objective)
        begun = time.process_time()
        solved = answer("exact", aimed, Budget(SOLVER_S, clock=time.process_time))
        row[name] = {
            "seconds": time.process_time() - begun,
            "cost": solved.cost,
            "gap": solved.gap,
            "feasible": not solved.overloads,
            "impossible": solved.is_impossible,
        }
        if cpsat is not None:
            row[name]["cpsat"] = cpsat.asked(aimed, row[name])
    return row


def _solved(console, label, rows):
    table = _table(f"{label}, {len(rows)} seeds: the proven optimum", "objective", ">proven",
                   ">impossible", ">median s", ">p95 s", ">goal s", ">CP-SAT agrees", ">differs")
    goal, figures = (5.0 if label.startswith("20") else 2.0), []
    for name in OBJECTIVES:
        all_of = [row[name] for row in rows]
        seconds = sorted(one["seconds"] for one in all_of)
        said = [one["cpsat"] for one in all_of if "cpsat" in one]
        figures.append({
            "set": label, "objective": name, "seeds": len(rows),
            "proven": sum(one["gap"] == 0 and one["feasible"] for one in all_of),
            "impossible": sum(one["impossible"] for one in all_of),
            "median_s": statistics.median(seconds), "p95_s": _p95(seconds), "goal_s": goal,
            "agree": said.count("agrees"), "differ": said.count("differs"),
            "within": said.count("no contradiction"),
        })
        one = figures[-1]
        table.add_row(name, str(one["proven"]), str(one["impossible"]), f"{one['median_s']:.2f}",
                      _met(f"{one['p95_s']:.2f}", one["p95_s"] <= goal), f"{goal:g}",
                      f"{one['agree']} + {one['within']} open", str(one["differ"]))
    console.print(table)
    return figures


def _searched(console, operators, seeds):
    """The search, in its time, against the optimum."""
    title = f"{operators} operators, 20 devices, {seeds} seeds: search in {SEARCH_S} s"
    table = _table(title, "objective", ">median above", ">p95 above", ">most above",
                   ">without an answer", ">proven optima", ">goals")
    figures = []
    for name, objective in OBJECTIVES.items():
        above, lost, proven = [], 0, 0
        for seed in range(seeds):
            aimed = random_flow(operators, 20, seed).aiming_at(objective)
            lower_bound(aimed)  # its tables are made once; both use them
            found = answer("search", aimed, Budget(SEARCH_S, clock=time.process_time))
            best = answer("exact", aimed, Budget(SOLVER_S / 2, clock=time.process_time))
            if best.overloads:
                continue
            proven += best.gap == 0
            lost += bool(found.overloads)
            above.append(found.cost / best.cost - 1 if not found.overloads else float("inf"))
        above.sort()
        median, p95 = statistics.median(above), _p95(above)
        figures.append({"operators": operators, "objective": name, "median": median, "p95": p95,
                        "most": above[-1], "lost": lost, "proven": proven, "of": len(above)})
        table.add_row(name, _met(f"{median:.2%}", median <= 0.03), _met(f"{p95:.2%}", p95 <= 0.1),
                      f"{above[-1]:.2%}", _met(str(lost), lost == 0), f"{proven} of {len(above)}",
                      "3 %, 10 %, 0")
    console.print(table)
    return figures


def _big(console):
    aimed = random_flow(*BIG, 0, BIG_HELD).aiming_at(OBJECTIVES["mixed"])
    begun = time.monotonic()
    found = answer("search", aimed, Budget(BIG_S))
    seconds = time.monotonic() - begun
    ok = "feasible" if not found.overloads else "NOT feasible"
    text = (f"{BIG[0]} operators, {BIG[1]} devices: {ok}, cost {found.cost:.3f}, bound "
            f"{found.bound:.3f}, gap {found.gap:.1%}, in {seconds:.1f} s, to be 30 at the most")
    console.print(text, highlight=False)
    return {"cost": found.cost, "bound": found.bound, "gap": found.gap, "seconds": seconds,
            "feasible": not found.overloads}


def frozen(count=FROZEN):
    """Half random flows of 20 to 30 operators, half RIoTBench's on 12 devices."""
    for seed in range(count // 2):
        yield random_flow((20, 25, 30)[seed % 3], 20, 1000 + seed)
        yield riotbench(list(RIOTBENCH)[seed % 4], 12, 1000 + seed)


def _strategies(console, count):
    table = _table(f"{count} frozen instances: median cost, search = 1", "objective",
                   *(f">{name}" for name in PLAIN), ">best of these", ">goal", ">at the most")
    figures = []
    for name, objective in OBJECTIVES.items():
        ratios = {plain: [] for plain in PLAIN}
        limits = {plain: [] for plain in PLAIN}  # against what no placement can be below
        for instance in frozen(count):
            aimed = instance.aiming_at(objective)
            best = answer("search", aimed, Budget(SEARCH_S, clock=time.process_time))
            if best.overloads:
                continue
            bound = answer("exact", aimed, Budget(BOUND_S, clock=time.process_time)).bound
            for plain in PLAIN:
                found = answer(plain, aimed)
                cost = float("inf") if found.overloads else found.cost
                ratios[plain].append(cost / best.cost)
                limits[plain].append(cost / bound if bound > 0 else float("inf"))
        medians = {plain: statistics.median(of) for plain, of in ratios.items()}
        least, most = (
            min(statistics.median(of) for of in each.values()) for each in (ratios, limits)
        )
        infeasible = {plain: of.count(float("inf")) for plain, of in ratios.items()}
        figures.append({"objective": name, "medians": medians, "infeasible": infeasible,
                        "least": least, "goal": GOALS[name], "most": most,
                        "of": len(ratios["edge"])})
        cells = [f"{medians[plain]:.2f}" for plain in PLAIN]
        table.add_row(name, *cells, _met(f"{least:.2f}", least >= GOALS[name]),
                      f"{GOALS[name]:g}", f"{most:.2f}")
    console.print(table)
    console.print("At the most: the same against the proven bound, which no placement is below.",
                  highlight=False)
    return figures


class Cpsat:
    """CP-SAT, in a process of its own."""

    def __init__(self, python):
        self.python = python

    @classmethod
    def found(cls):
        """One where $CPSAT_PYTHON names a Python that has it, else None."""
        python = os.environ.get("CPSAT_PYTHON")
        if not python:
            return None
        command = [python, "-c", "import ortools.sat.python.cp_model"]
        return cls(python) if subprocess.run(command, capture_output=True).returncode == 0 else None

    def asked(self, instance, solved, seconds=CPSAT_S):
        """agrees, differs, or no contradiction where one of the two has not proven its answer."""
        script = Path(instances.__file__).with_name("cpsat.py")
        done = subprocess.run(
            [self.python, str(script)], input=json.dumps({**plain(instance), "seconds": seconds}),
            capture_output=True, text=True, check=True,
        )
        said = json.loads(done.stdout)
        if said["impossible"] or solved["impossible"]:
            both = said["impossible"] and solved["impossible"]
            return "agrees" if both else "differs" if said["cost"] is not None else (
                "no contradiction"
            )
        near = SAME * max(solved["cost"], 1e-9)
        if said["bound"] > solved["cost"] + near:
            return "differs"
        if not said["proven"] or solved["gap"]:
            return "no contradiction"
        return "agrees" if abs(said["cost"] - solved["cost"]) <= near else "differs"


def plain(instance):
    """An instance in figures alone: the edge-pair form, which shares nothing with the link form."""
    devices, factors = range(len(instance.machines)), instance.factors
    ways = {(u, v): instance.way(u, v) for u in devices for v in devices}
    return {
        "allowed": [list(operator.allowed) for operator in instance.operators],
        "memory": [operator.memory_bytes for operator in instance.operators],
        "memory_max": [machine.memory_bytes for machine in instance.machines],
        "loads": instance.loads,
        "load_max": [machine.load_max for machine in instance.machines],
        "work_s": instance.work_s,
        "edges": [list(edge) for edge in instance.edges],
        "rates": instance.edge_rates,
        "bytes": instance.edge_bytes,
        "delay_s": instance.delay_s,
        "s_per_byte": instance.s_per_byte,
        "narrow": {
            str(link): {
                "limit": limit,
                "pairs": [[u, v] for (u, v), way in ways.items() if link in way],
            }
            for link, limit in instance.narrow.items()
        },
        "factors": factors,
    }


def _table(title, *columns):
    table = Table(title=title, title_justify="left")
    for column in columns:
        table.add_column(column.lstrip(">"), justify="right" if column[0] == ">" else "left")
    return table


def _met(text, is_met):
    return text if is_met else f"[red]{text} NOT MET[/red]"


def _p95(values):
    """Of sorted values, the one that 95 % do not exceed."""
    return values[min(len(values) - 1, int(0.95 * len(values)))]
