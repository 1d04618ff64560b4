"""A simulation repeats exactly: in this process, and in one that hashes in another order."""

import os
import subprocess
import sys

from actors.sim import faults
from actors.sim.world import Sim
from tests.conftest import ROOT
from tests.sim.sites import random_site

SUMMARY = """
import json
from random import Random
from actors.sim import faults
from actors.sim.world import Sim
from tests.sim.sites import random_site
sim = Sim(random_site(5), seed=9)
faults.schedule(sim, faults.by_chance(sim, "heavy", 10_000, Random(1)))
sim.run_ms(10_000)
sim.finish()
found = sim.summary()
for device in found["devices"].values():
    device["pid"] = None
print(json.dumps(found))
"""


def one_run(site, seed, ms=8000):
    sim = Sim(site, seed=seed)
    faults.schedule(sim, faults.by_chance(sim, "light", ms, sim.chance))
    sim.run_ms(ms)
    sim.finish()
    return sim.summary()


def test_one_seed_gives_the_same_trace_and_the_same_summary():
    assert one_run(random_site(2), 7) == one_run(random_site(2), 7)


def test_another_seed_gives_another_trace():
    traces = {one_run(random_site(2), seed, 4000)["trace"] for seed in range(4)}
    assert len(traces) == 4


def test_the_order_of_hashes_changes_nothing_in_another_process():
    told = set()
    for seed in ("0", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": ROOT}
        command = [sys.executable, "-c", SUMMARY]
        ran = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True)
        assert ran.returncode == 0, ran.stderr
        told.add(ran.stdout)
    assert len(told) == 1
