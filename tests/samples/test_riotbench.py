"""RIoTBench's dataflows as a site: what comes out follows from what goes in, planned and real."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from actors.check import load_checked
from actors.placement.sited import place
from actors.routing import Routing
from actors.sim.world import REPORT_MS, Sim

ROOT = Path(__file__).parent.parent.parent
FOLDER = ROOT / "samples" / "experiments" / "riotbench"
SITE = FOLDER / "site.py"
FIELDS = {"sys": 5, "fit": 11, "taxi": 8}


def counted(sim):
    """{(source, target) by names: readings accepted}"""
    return {
        tuple(row[end].rsplit("/", 1)[1] for end in ("source", "target")): row["accepted"]
        for row in sim.summary()["wires"]
    }


def site_with(folder, shape):
    """The site with all its data of one shape."""
    shutil.copytree(FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__", "*.json"))
    file = folder / "site.py"
    text = file.read_text()
    for one in FIELDS:
        for before in ("(", "shape="):
            text = text.replace(f'{before}"{one}"', f'{before}"{shape}"')
    # A board takes and sends messages of 1 KB at the most; those of FIT and TAXI come from the hub.
    file.write_text(text.replace("at=meter", "at=hub"))
    return file


@pytest.mark.parametrize("shape", FIELDS)
def test_what_comes_out_follows_from_the_selectivities(tmp_path, shape):
    sim = Sim(load_checked(site_with(tmp_path / "site", shape)), seed=1)
    sim.run_ms(30_000)
    sim.finish()
    assert sim.summary()["ok"]
    seen, fields = counted(sim), FIELDS[shape]

    sent = seen["etl-source", "etl-parse"]
    known = sent - (sent // 10)  # every tenth message is a stranger's
    assert 100 < sent < 300
    assert seen["etl-parse", "etl-range"] == seen["etl-range", "etl-bloom"] == fields * sent
    assert seen["etl-bloom", "etl-interpolate"] == fields * known
    assert seen["etl-interpolate", "etl-join"] == fields * known
    for wire in ("join-annotate", "annotate-senml", "senml-publish", "publish-sink"):
        assert seen[tuple(f"etl-{one}" for one in wire.split("-"))] == known

    sent = seen["stats-source", "stats-parse"]
    by_sensor = [len(range(one, sent, 10)) for one in range(9)]
    known = sum(by_sensor)
    predicted = fields * sum(max(0, one - 10) for one in by_sensor)
    assert seen["stats-parse", "stats-bloom"] == fields * sent
    assert seen["stats-bloom", "stats-moment"] == fields * known
    assert seen["stats-kalman", "stats-regression"] == fields * known
    assert seen["stats-regression", "stats-publish"] == predicted > 0
    assert seen["stats-moment", "stats-publish"] == fields * known
    assert seen["stats-distinct", "stats-publish"] == known
    assert seen["stats-publish", "stats-sink"] == predicted + (fields + 1) * known

    rows = seen["pred-row", "pred-predict"]
    assert rows == seen["pred-source", "pred-row"] == seen["pred-classify", "pred-publish"]
    assert seen["pred-average", "pred-error"] == rows // 10
    assert rows - 12 <= seen["pred-error", "pred-publish"] <= rows - 9  # none before a mean
    assert seen["pred-fetch", "pred-predict"] == seen["pred-fetch", "pred-classify"]
    assert 0 < seen["pred-fetch", "pred-predict"] <= seen["pred-kinds", "pred-fetch"]

    ranges = seen["train-ranges", "train-query"]
    assert seen["train-learn-linear", "train-upload"] == ranges
    assert seen["train-learn-tree", "train-upload"] == ranges
    assert seen["train-upload", "train-publish"] == 2 * ranges
    assert seen["train-publish", "train-sink"] == 2 * ranges


def test_the_profile_tells_the_rates_that_the_simulator_has():
    site = load_checked(SITE)
    placement = place(site, Routing(site.topology))
    assert not placement.answer.overloads
    assert placement.defaulted == []
    sim = Sim(site, seed=1)
    # By then each sensor has been heard often enough for a prediction. Counts come in reports.
    sim.run_ms(8 * REPORT_MS)
    before = counted(sim)
    sim.run_ms(8 * REPORT_MS)
    after = counted(sim)
    seconds = 8 * REPORT_MS / 1000
    for wire, rate in zip(site.wires, placement.instance.edge_rates, strict=True):
        ends = wire.source.name, wire.target.name
        assert after[ends] - before[ends] == pytest.approx(seconds * rate, rel=0.04, abs=2), ends


def test_models_that_are_learned_are_used():
    sim = Sim(load_checked(SITE), seed=1)
    sim.run_ms(20_000)
    judged = [value for _, _, (_, value) in sim.sink("cloud/w1/pred-sink")]
    classes = [one[2] for one in judged if isinstance(one[2], str)]
    errors = [abs(one[2]) for one in judged if not isinstance(one[2], str)]
    assert set(classes[:10]) == {"middle"}  # there is no model yet
    assert {"low", "middle", "high"} <= set(classes[50:])
    assert sum(errors[-50:]) < sum(errors[:50])


@pytest.mark.parametrize("strategy", ["central", "edge", "search"])
def test_all_that_is_between_source_and_sink_can_be_planned(strategy):
    site = load_checked(SITE)
    placement = place(site, Routing(site.topology), strategy)
    pinned = [stage.name for stage in site.stages if site.device_of(stage) is not None]
    assert len(pinned) == 10
    places = {stage.name: found.device.path for stage, found in placement.places.items()}
    if strategy == "central":
        assert {places[name] for name in places if name not in pinned} == {"cloud/w1"}
    if strategy == "edge":
        assert places["etl-parse"] == "field/meter"
        assert places["stats-bloom"] == "field/hub"
    if strategy == "search":
        # It ends where no single move is better.
        assert all("less" not in found.why for found in placement.places.values())
    # What learns needs more than a board has.
    assert places["train-learn-tree"] != "field/meter"


def test_it_runs_with_real_processes(tmp_path):
    out = tmp_path / "out.json"
    done = subprocess.run(
        [sys.executable, "-m", "actors", "run", str(SITE), "--seconds", "8", "--json", str(out)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(out.read_text())
    assert summary["devices"]["field/meter"]["interpreter"] == "micropython"
    arrived = {}
    for row in summary["wires"]:
        assert row["accepted"] == row["delivered"], row
        assert row["dropped"] == {}, row
        arrived[row["target"].rsplit("/", 1)[1]] = row["delivered"]
    for flow in ("etl", "stats", "pred", "train"):
        assert arrived[f"{flow}-sink"] > 0
