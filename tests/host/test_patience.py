"""Handlers that wait and one that blocks, as real processes: what `run` says, and its summary."""

import asyncio
import json

import pytest
from processes import SITES, Process, free_ports, with_keys

from actors.asking import Run
from mp_actors.errors import ActorsError


@pytest.fixture(scope="module")
def patience(tmp_path_factory):
    """(summary, output, rows that arrived, answers) of a few seconds of the site."""
    folder = tmp_path_factory.mktemp("patience")
    port = free_ports(2)
    file = with_keys(folder, SITES / "patience" / "site.py")
    command = ("run", file, "--seconds", 6, "--json", "out.json")
    with Process(folder, *command, FIRST_PORT=str(port)) as one:
        answers = asyncio.run(asked(file))
        assert one.wait(90) in (0, 1), one.output
        text = (folder / "rows.csv").read_text()
        values = [int(row.split(",")[1]) for row in text.splitlines()]
        return json.loads((folder / "out.json").read_text()), one.output, values, answers


async def asked(file):
    """What actors of a site that begins answer, from outside."""
    async with Run(file) as run:
        await retried(run.ask, "field/gate/blocks", "seen_by_now")
        first = await retried(run.ask, "office/desk/rows", "count", 0.5)
        both = await asyncio.gather(
            run.ask("office/desk/rows", "count", 0.01),
            run.ask("field/gate/blocks", "seen_by_now"),
        )
        refusals = []
        for path in ("office/desk/nobody", "office/dsk/rows"):
            with pytest.raises(ActorsError) as refusal:
                await run.ask(path, "count", 0)
            refusals.append(str(refusal.value))
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(run.ask("office/desk/rows", "count", 1), 0.2)
        assert await run.ask("office/desk/rows", "count", 0) > first
    return first, both, refusals


async def retried(ask, *question):
    """The answer of a site that may not be up yet."""
    for _ in range(300):
        try:
            return await ask(*question)
        except ActorsError as error:
            refusal = error
            await asyncio.sleep(0.1)
    raise AssertionError(f"no answer in 30 s: {refusal}")


def wire_to(summary, target):
    return next(one for one in summary["wires"] if one["target"] == target)


def test_values_that_wait_arrive_in_order_and_are_all_accounted_for(patience):
    summary, output, values, _ = patience
    assert len(values) > 50, output
    assert values == sorted(values)
    assert not [one for one in values if one % 10 == 0]
    wire = wire_to(summary, "office/desk/look")
    assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
    assert wire["dropped"]["poison"] == summary["actors"]["office/desk/look"]["failures"] > 0
    assert "KeyError: 10 (parts.py:" in output
    assert "Traceback" not in output


def test_the_handler_that_blocks_is_named_with_its_line_when_it_does_and_when_it_is_over(patience):
    summary, output, _, _ = patience
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


def test_an_asyncio_program_asks_actors_of_any_worker_and_is_answered_when_they_are_done(patience):
    first, (second, seen), refusals = patience[3]
    assert second >= first >= 0
    assert seen >= 0
    assert "office/desk/nobody: no such actor on this device" in refusals[0]
    assert "office/dsk: no such device; did you mean 'office/desk'?" in refusals[1]
