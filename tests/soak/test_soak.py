"""The soak sees what it is there for: what grows, what comes twice, and clocks that wrap."""

import json
import subprocess
import sys

import pytest
from processes import ROOT, environment_of

from mp_actors.ticks import diff
from tests.soak.__main__ import PULSES, WRAP_S, Worn, growth

FIRST = {
    "d/board": {"MiB": 11.0, "files": 5, "free": 80_000, "largest": 40_000},
    "this process": {"MiB": 60.0, "files": 20},
}
CLOCK = """
import json, sys
from actors.check import load_checked
from actors.plan import make_plan
from mp_actors.clock import SystemClock
plan = make_plan(load_checked(sys.argv[1]))
print(json.dumps([SystemClock().ticks_ms(), plan.wires[1].spec["first"]]))
"""


@pytest.mark.parametrize(
    ("name", "kind", "figure"),
    [
        ("d/board", "MiB", 20.0),
        ("d/board", "files", 8),
        ("d/board", "free", 70_000),
        ("d/board", "largest", 30_000),
        ("this process", "MiB", 120.0),
    ],
)
def test_what_has_grown_and_what_memory_has_shrunk_is_named(name, kind, figure):
    assert growth(FIRST, FIRST) == []
    now = {**FIRST, name: {**FIRST[name], kind: figure}}
    (text,) = growth(FIRST, now)
    assert text.startswith(f"{name}: {kind} was ")


def test_more_free_memory_and_fewer_files_are_no_fault():
    now = {"d/board": {"MiB": 9.0, "files": 4, "free": 90_000, "largest": 60_000}}
    assert growth(FIRST, now) == []


def test_a_reading_that_comes_twice_or_late_is_named(tmp_path):
    site, lines = Worn(tmp_path), tmp_path / "lines"
    lines.write_text(f"{PULSES[0]} 1\n{PULSES[1]} 1\nd/board/heap [900, 500]\n{PULSES[0]} 3")
    site.read()
    assert site.wrong == []
    assert site.heap == [(900, 500)]
    with lines.open("a") as stream:
        stream.write(f"\n{PULSES[0]} 3\n{PULSES[1]} 2\n{PULSES[0]} 2\n")
    site.read()
    assert site.wrong == [f"{PULSES[0]}: 3 after 3", f"{PULSES[0]}: 2 after 3"]
    assert site.arrived == {PULSES[0]: 4, PULSES[1]: 2, "d/board/heap": 1}


def test_clocks_and_numbers_of_the_site_are_about_to_wrap(tmp_path):
    site = Worn(tmp_path)
    done = subprocess.run(
        [sys.executable, "-c", CLOCK, str(site.file)],
        env=environment_of(tmp_path, **site.environment),
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )
    ticks_ms, first = json.loads(done.stdout)
    assert 0 < diff(0, ticks_ms) <= WRAP_S * 1000
    assert 0 < diff(0, first) < 10_000
