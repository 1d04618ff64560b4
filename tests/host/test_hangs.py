"""Boards that hang and boards that crash: reset, made anew, and after two resets in safe mode.

Real MicroPython, whose watchdog ends the process; `run` starts it again.
"""

import json

import pytest
from processes import SITES, Desk, Process, free_ports, until, with_keys

from actors.client import UnreachableError

SITE = SITES / "hangs" / "site.py"


def rows_of(folder, source):
    """How many readings of a board's sensor have arrived."""
    file = folder / "rows.csv"
    return file.read_text().count(f"field/{source}/") if file.exists() else 0


def in_safe_mode(desk, *paths):
    """Whether the controller knows that these boards, and no others, are in safe mode."""
    try:
        devices = desk.status()["devices"]
    except UnreachableError:
        return False
    return {path for path, one in devices.items() if one["safe_mode"]} == set(paths)


@pytest.fixture(scope="module")
def hung(tmp_path_factory):
    """(status, summary, output, folder) of a run until both bad boards are in safe mode."""
    folder, port = tmp_path_factory.mktemp("hangs"), free_ports(4)
    file = with_keys(folder, SITE)
    desk = Desk(file, port)
    with Process(folder, "run", file, "--json", "out.json", FIRST_PORT=str(port)) as process:
        until(lambda: in_safe_mode(desk, "field/stuck", "field/crash"), "safe mode", 90)
        before = rows_of(folder, "calm")
        until(lambda: rows_of(folder, "calm") > before + 20, "readings of the board that is well")
        until(lambda: desk.status()["ready"], "a roll-out that is done")
        status = desk.status()
        process.interrupt()
        process.wait(60)
        yield status, json.loads((folder / "out.json").read_text()), process.output, folder


def test_a_board_that_hangs_is_reset_by_its_watchdog_and_started_again(hung):
    _, summary, output, folder = hung
    lines = [line for line in output.splitlines() if line.startswith("field/stuck │")]
    assert len([line for line in lines if "watchdog: not fed for 2000 ms" in line]) == 2, output
    assert len([line for line in lines if "signal SIGALRM" in line]) == 2
    assert len([line for line in lines if "is started again" in line]) == 2
    assert rows_of(folder, "stuck") == 18
    assert summary["devices"]["field/stuck"]["alive"]


def test_after_two_resets_a_board_is_up_without_its_actors_and_says_what_to_do(hung):
    status, summary, output, _ = hung
    for name in ("stuck", "crash"):
        path = f"field/{name}"
        assert status["devices"][path]["alive"]
        actor = status["actors"][f"{path}/{name}"]
        assert (actor["down"], actor["last_error"]) == (True, "not made: safe mode")
        (problem,) = [one for one in summary["problems"] if "safe mode" in one and path in one]
        assert "2 resets in a row" in problem
        assert "change the classes or arguments of its actors" in problem
        assert f"{path} │ {path}: safe mode: 2 resets in a row" in output
    assert output.count("signal SIGSEGV") >= 2
    assert status["failures"] == []
    assert not summary["ok"]


def test_the_other_boards_are_none_the_worse(hung):
    status, summary, _, _ = hung
    assert not status["devices"]["field/calm"]["safe_mode"]
    assert summary["devices"]["field/calm"]["restarts"] == 0
    wire = next(one for one in summary["wires"] if one["source"] == "field/calm/pulse")
    assert (wire["accepted"], wire["dropped"]) == (wire["delivered"], {})


def test_a_changed_deployment_leaves_safe_mode_and_the_same_one_does_not(tmp_path):
    port, file = free_ports(4), with_keys(tmp_path, SITE)

    def board(mended=""):
        return Process(tmp_path, "node", file, "field/crash", FIRST_PORT=str(port), MENDED=mended)

    def controller(mended=""):
        return Process(tmp_path, "up", file, FIRST_PORT=str(port), MENDED=mended)

    desk = Desk(file, port)
    with controller():  # whose end ends the boards of this folder, too
        for _ in range(2):
            crashing = board()
            assert crashing.wait(60) != 0, crashing.output
        board().wait_for("safe mode: 2 resets in a row")
        until(lambda: in_safe_mode(desk, "field/crash"), "safe mode")
    with controller():
        board().wait_for("safe mode: 2 resets in a row")
        until(lambda: in_safe_mode(desk, "field/crash"), "safe mode, still")
        assert rows_of(tmp_path, "crash") == 0
    with controller("crash"):
        board("crash").wait_for("has other orders and leaves safe mode")
        until(lambda: rows_of(tmp_path, "crash") > 5, "readings")
        assert in_safe_mode(desk)
