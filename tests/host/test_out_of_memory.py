"""A board whose memory runs out at the n-th allocation, n = 1, 2, …: it sheds, counts, lives on.

A real MicroPython and the modules of a board; `starved/starve.py` is what runs there, and says what
has to hold. Here is what is asked of it, and the faults it is known to see.
"""

import json
import socket
import subprocess
from pathlib import Path

import pytest

from actors.boards import virtual

PARTS = Path(__file__).parent / "starved"
KEYS = Path(__file__).parents[1] / "bench" / "leaf"  # where `sealed` is
HEAP_KB = 500  # of the board and its neighbour; each round fills and looks through all of it
TIMEOUT_S = 200


@pytest.fixture(scope="module")
def flash(tmp_path_factory):
    folder = tmp_path_factory.mktemp("flash")
    virtual.prepare(folder, PARTS, {}, seed=1)
    return folder


def play(flash, *arguments):
    """Run it with these arguments of `starve.main`; returns the process, which has ended."""
    argv, environment = virtual.command(flash, heap_kb=HEAP_KB)
    environment["MICROPYPATH"] = f"{virtual.MODULE_PATH}::{KEYS}"
    way, seal, collects, *slip = arguments
    with socket.create_server(("127.0.0.1", 0)) as free:
        told = (way, seal, collects, free.getsockname()[1], *slip)
    argv[-1:] = ["-c", f"import starve; starve.main{told!r}"]
    return subprocess.run(
        argv,
        cwd=flash,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


@pytest.mark.parametrize("collects", [True, False], ids=["collecting", "persisting"])
@pytest.mark.parametrize("seal", ["plain", "ccm"])
@pytest.mark.parametrize("way", ["send", "receive"])
def test_wherever_memory_runs_out_all_is_delivered_or_counted_and_the_next_arrives(
    flash, way, seal, collects
):
    done = play(flash, way, seal, collects)
    assert done.returncode == 0, done.stdout + done.stderr
    seen = json.loads(done.stdout)
    assert seen["wrong"] == []
    # It did run out, in ways of all kinds: what was lost has a count, and streams were cut.
    assert seen["rounds"] > 100
    assert seen["times"] >= 20
    assert seen["lost"] > 0
    assert seen["resumed"] > 0 or (way, seal) == ("send", "plain")


@pytest.mark.parametrize(
    ("slip", "way", "law"),
    [
        ("nothing is mended", "send", "what did not arrive has a count"),
        ("a frame without memory is not counted", "receive", "what did not arrive has a count"),
        ("half a stream goes on", "receive", "none goes missing"),
        ("rows differ", "send", "the count has a reason"),
    ],
)
def test_a_board_that_forgets_a_part_of_it_is_found_out(flash, slip, way, law):
    done = play(flash, way, "plain", True, slip)
    assert law in json.dumps(json.loads(done.stdout)["wrong"]), done.stdout + done.stderr
