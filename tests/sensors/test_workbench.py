"""The sample with drivers, run: a virtual board, its world, and what a part that fails costs."""

import json
import shutil

import pytest

from tests.host.processes import Process
from tests.house import ROOT

LIMIT_S = 90  # a kernel that was never compiled here takes a while on a busy machine


@pytest.fixture
def workbench(tmp_path):
    """Starts the workbench with these lines more in its world."""
    runs = []

    def start(more=""):
        folder = tmp_path / "workbench"
        shutil.copytree(ROOT / "samples" / "workbench", folder)
        with (folder / "world.py").open("a") as file:
            file.write(more)
        runs.append(Process(folder, "run", "site.py", "--json", "out.json"))
        return runs[0]

    yield start
    for run in runs:
        run.end()


def ended(run):
    """Ends it by Ctrl-C; returns its exit code, and what each wire has delivered."""
    run.interrupt()
    code = run.wait(LIMIT_S)
    summary = json.loads((run.folder / "out.json").read_text())
    assert summary["devices"]["bench/board"]["alive"]
    return code, {(wire["source"], wire["target"]): wire["delivered"] for wire in summary["wires"]}


def test_sensors_actuators_and_a_display_of_one_board_work_together(workbench):
    run = workbench()
    for words in (("warm", "18.0"), ("far", "."), ("button", "True"), ("button", "False")):
        run.wait_for("bench/board/" + words[0] + " ", words[1], limit_s=LIMIT_S)
    code, delivered = ended(run)
    assert code == 0, run.output
    assert all(delivered.values()), delivered


def test_a_sensor_that_is_not_there_says_why_and_the_others_go_on(workbench):
    run = workbench("\nparts = {0: 'button', 15: 'dht22', 18: None}\n")
    reason = "HC-SR04 at pins 5, 18: no echo begins; check power (5 V) and both wires"
    run.wait_for("bench/board/far", reason, limit_s=LIMIT_S)
    run.wait_for("bench/board/button True", limit_s=LIMIT_S)
    run.wait_for("bench/board/warm 18.0", limit_s=LIMIT_S)
    _, delivered = ended(run)
    assert delivered["bench/board/far", "bench/board/moved"] == 0
