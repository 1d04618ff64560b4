"""Handlers that wait and one that blocks, as real processes: what `run` says, and its summary."""

import json

import pytest
from processes import SITES, Process, free_ports


@pytest.fixture(scope="module")
def patience(tmp_path_factory):
    """(summary, output, rows that arrived) of a few seconds of the site."""
    folder = tmp_path_factory.mktemp("patience")
    file = SITES / "patience" / "site.py"
    port = free_ports(2)
    command = ("run", file, "--seconds", 6, "--json", "out.json")
    with Process(folder, *command, FIRST_PORT=str(port)) as one:
        assert one.wait(90) in (0, 1), one.output
        text = (folder / "rows.csv").read_text()
        values = [int(row.split(",")[1]) for row in text.splitlines()]
        return json.loads((folder / "out.json").read_text()), one.output, values


def wire_to(summary, target):
    return next(one for one in summary["wires"] if one["target"] == target)


def test_values_that_wait_arrive_in_order_and_are_all_accounted_for(patience):
    summary, output, values = patience
    assert len(values) > 50, output
    assert values == sorted(values)
    assert not [one for one in values if one % 10 == 0]
    wire = wire_to(summary, "office/desk/look")
    assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
    assert wire["dropped"]["poison"] == summary["actors"]["office/desk/look"]["failures"] > 0
    assert "KeyError: 10 (parts.py:" in output


def test_the_handler_that_blocks_is_named_with_its_line_when_it_does_and_when_it_is_over(patience):
    summary, output, _ = patience
    lines = (SITES / "patience" / "parts.py").read_text().splitlines()
    place = f"(parts.py:{1 + next(n for n, line in enumerate(lines) if '# here' in line)})"
    told = [line for line in output.splitlines() if place in line and "│" in line]
    assert len(told) == 2, output
    assert "field/gate/blocks: blocks its device" in told[0]
    assert "field/gate/blocks: blocked its device for 2." in told[1]
    (problem,) = summary["problems"]
    assert problem.startswith("field/gate/blocks: blocked its device for 2.")
    assert place in problem
    assert not summary["ok"]
