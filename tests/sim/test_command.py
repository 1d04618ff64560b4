"""`actors sim`: the same seed tells the same story, a wrong fault file none at all."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SITE = ROOT / "samples" / "greenhouse" / "site.py"


def simulate(folder, *options, code=0):
    """The finished process of one simulation, started in a folder of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "actors", "sim", str(SITE), *options],
        cwd=folder,
        env={"PATH": "", "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def test_a_seed_repeats_itself_and_touches_nothing_real(tmp_path):
    options = ("--seed", "7", "--seconds", "20", "--faults", "light", "--json", "out.json")
    summaries = []
    for _ in range(2):
        simulate(tmp_path, *options)
        summaries.append(json.loads((tmp_path / "out.json").read_text()))
    assert summaries[0] == summaries[1]
    assert summaries[0]["ok"]
    assert sum(wire["delivered"] for wire in summaries[0]["wires"]) > 100
    # The greenhouse's sink writes a CSV file; here it is a stand-in.
    assert [path.name for path in tmp_path.iterdir()] == ["out.json"]
    simulate(tmp_path, *options[:-1], "other.json", "--seed", "8")
    other = json.loads((tmp_path / "other.json").read_text())
    assert other["trace"] != summaries[0]["trace"]


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ([{"at_ms": 1, "do": "crash", "device": "field/gat"}], "did you mean 'field/gate'?"),
        ([{"at_ms": 1, "do": "crush", "device": "field/gate"}], "did you mean 'crash'?"),
        ([{"at_ms": 1, "do": "freeze"}], "freeze needs 'device'"),
        (
            [
                {"at_ms": 9, "do": "crash", "device": "field/gate"},
                {"at_ms": 3, "do": "restart", "device": "field/gate"},
            ],
            "step 2: at_ms: 3 is before the step above, at 9; time runs forward",
        ),
        ("crash", "expected a list of steps, got str"),
    ],
)
def test_a_wrong_fault_file_is_refused_before_anything_runs(tmp_path, steps, expected):
    (tmp_path / "faults.json").write_text(json.dumps(steps))
    done = simulate(tmp_path, "--faults", "faults.json", code=2)
    assert expected in done.stderr
    assert "simulated" not in done.stdout


def test_a_file_of_faults_is_carried_out(tmp_path):
    steps = [
        {"at_ms": 5000, "do": "crash", "device": "field/gate"},
        {"at_ms": 9000, "do": "restart", "device": "field/gate"},
    ]
    (tmp_path / "faults.json").write_text(json.dumps(steps))
    done = simulate(tmp_path, "--seconds", "20", "--faults", "faults.json", "--json", "out.json")
    assert "link to field/gate closed" in done.stdout
    summary = json.loads((tmp_path / "out.json").read_text())
    assert summary["ok"]
    lost = {wire["source"]: sum(wire["dropped"].values()) for wire in summary["wires"]}
    assert lost["field/probe-1/damp"] > 0
    assert lost["plant/meter/changed"] == 0
