"""The tables of placement are printed, and instances are the same every time."""

import io

import pytest
from rich.console import Console

from tests.bench import placement
from tests.bench.instances import RIOTBENCH, random_flow, riotbench


@pytest.mark.parametrize(
    "made", [lambda seed: random_flow(20, 20, seed), lambda seed: riotbench("etl", 12, seed)]
)
def test_a_seed_is_one_instance(made):
    first, second, other = made(1), made(1), made(2)
    assert (first.operators, first.edges, first.machines) == (
        second.operators, second.edges, second.machines
    )
    assert first.operators != other.operators


@pytest.mark.parametrize("flow", RIOTBENCH)
def test_a_riotbench_flow_leads_from_its_sources_to_one_sink(flow):
    instance = riotbench(flow, 12, 0)
    ends = [one for one, outputs in enumerate(instance.outputs) if not outputs]
    assert [instance.operators[end].name for end in ends] == ["sink"]
    assert min(instance.edge_rates) > 0


def test_tables_have_a_row_for_each_objective_and_say_what_is_not_met(monkeypatch):
    console = Console(width=160, file=io.StringIO())
    monkeypatch.setattr(placement, "GOALS", dict.fromkeys(placement.GOALS, 1000.0))
    rows = [placement._row(riotbench("train", 12, seed), None) for seed in range(2)]
    figures = placement._solved(console, "train", rows)
    assert [one["proven"] for one in figures] == [2, 2, 2]
    for one in placement._strategies(console, 2):
        assert 1 <= one["least"] <= one["most"] * (1 + placement.SAME) < 1000
    told = console.file.getvalue()
    assert told.count("NOT MET") == 3
    for word in ("network", "response", "mixed", "bottom-up"):
        assert word in told
