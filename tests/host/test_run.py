"""`run`, from outside: real processes, real sockets, real MicroPython, and what breaks them.

The greenhouse shows that all is well; the orchard has handlers that raise, and is shot at.
"""

import json
import os
import signal
import time
from itertools import pairwise
from typing import NamedTuple

import jsonschema
import pytest
from processes import ORCHARD, ROOT, Orchard, Process, end_process, living_in, until

from actors.check import load_checked
from actors.summary import SCHEMA_FILE

GREENHOUSE = ROOT / "samples" / "greenhouse" / "site.py"
SENSORS = ("yard/left/pulse", "yard/right/pulse", "house/hall/pulse")  # of all that have one
SAID_WITHIN_S = 7.0  # the promise about a process that dies


class Bereft(NamedTuple):
    """A run that is over, of whose devices `dead` was killed as process `pid`. `values`: what came
    from the right board.
    """

    dead: str
    pid: int
    code: int
    summary: dict
    output: str
    values: list


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    """The two runs that end by themselves, side by side: mostly they wait."""
    folder = tmp_path_factory.mktemp("greenhouse")
    command = ("run", GREENHOUSE, "--seconds", 8, "--json", "out.json")
    with (
        Process(folder, *command) as greenhouse,
        Orchard(tmp_path_factory.mktemp("failing"), "--seconds", 3) as orchard,
    ):
        yield greenhouse, orchard


@pytest.fixture(scope="module")
def greenhouse(started):
    """(exit code, summary, output, processes left behind) of eight seconds of the greenhouse."""
    process, _ = started
    code = process.wait(90)
    summary = json.loads((process.folder / "out.json").read_text())
    return code, summary, process.output, living_in(process.folder)


@pytest.fixture(scope="module")
def failing(started):
    """(exit code, summary, output) of an orchard in which handlers raise, as they always do."""
    _, process = started
    return process.wait(90), process.summary(), process.output


@pytest.fixture(scope="module")
def shot_at(tmp_path_factory):
    """{killed device: Bereft} of two orchards with a process killed in each."""
    with (
        Orchard(tmp_path_factory.mktemp("board")) as one,
        Orchard(tmp_path_factory.mktemp("gateway")) as other,
    ):
        runs = {"yard/right": one, "yard/gate": other}
        for process in runs.values():
            process.wait_for_more(*SENSORS)
        pids = {}
        for dead, process in runs.items():
            pids[dead] = kill_device(process, dead)
            process.wait_for(dead, "SIGKILL", limit_s=SAID_WITHIN_S)
        for dead, process in runs.items():
            wait_until_back(process, dead, pids[dead])
            process.wait_for_more(*SENSORS, count=20)
        for process in runs.values():
            process.interrupt()
        return {
            dead: Bereft(
                dead, pids[dead], process.wait(60), process.summary(), process.output,
                process.values("yard/right/pulse"),
            )
            for dead, process in runs.items()
        }  # fmt: skip


@pytest.fixture(params=["yard/right", "yard/gate"], ids=["board", "gateway"])
def bereft(request, shot_at):
    """An orchard whose one process was killed."""
    return shot_at[request.param]


def kill_device(orchard, path):
    """Kill the process of a device, once it has told the controller which that is."""
    pid = until(lambda: orchard.device(path)["pid"], f"a report of {path}")
    end_process(pid)
    return pid


def wait_until_back(orchard, path, pid):
    """Wait until a device whose process was killed has told the controller of another."""
    orchard.wait_for(path, "is started again", limit_s=SAID_WITHIN_S)
    until(lambda: orchard.device(path)["pid"] != pid, f"a new report of {path}")


def assert_ledger_is_exact(summary):
    """Every reading of every wire is accounted for, and nothing is under way."""
    for wire in summary["wires"]:
        assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values()), wire
        assert wire["in_flight"] == 0
        nothing_came = wire["delivered"] == 0
        assert [wire["latency_ms"][one] is None for one in ("p50", "p99")] == [nothing_came] * 2


def schema_errors(summary):
    """Where a summary does not follow the schema in the package."""
    schema = json.loads(SCHEMA_FILE.read_text())
    jsonschema.Draft202012Validator.check_schema(schema)
    return [error.message for error in jsonschema.Draft202012Validator(schema).iter_errors(summary)]


def wire_of(summary, source, target):
    """The wire between two actors."""
    ends = (source, target)
    return next(one for one in summary["wires"] if (one["source"], one["target"]) == ends)


# -- all is well


def test_the_greenhouse_runs_and_ends_by_itself(greenhouse):
    code, summary, output, _ = greenhouse
    assert (code, summary["ok"], summary["problems"]) == (0, True, []), output
    assert summary["seconds"] >= 8
    assert "ok: " in output.splitlines()[-1]


def test_its_summary_follows_the_schema(greenhouse):
    assert schema_errors(greenhouse[1]) == []


@pytest.mark.parametrize(
    ("where", "key"),
    [
        ("devices", "interpreter"),
        ("devices", "tap"),
        ("wires", "in_flight"),
        ("wires", "hops"),
        ("links", "transport"),
        ("links", "refused"),
    ],
)
def test_the_schema_notices_a_missing_key(greenhouse, where, key):
    summary = json.loads(json.dumps(greenhouse[1]))
    entries = summary[where]
    del (entries[0] if isinstance(entries, list) else entries["field/probe-1"])[key]
    assert schema_errors(summary)


def test_its_boards_are_micropython_with_memory_to_spare(greenhouse):
    devices = greenhouse[1]["devices"]
    boards = {path for path, one in devices.items() if one["interpreter"] == "micropython"}
    assert boards == {"field/probe-1", "field/probe-2", "plant/meter"}
    free = {path: devices[path]["free_heap_bytes"] for path in boards}
    # 80 KB is what a leaf with two sensors and a link keeps, plain or sealed (see tests/bench).
    # These carry a tap or filters besides.
    assert min(free.values()) >= 60 * 1024, free
    assert {devices[path]["interpreter"] for path in set(devices) - boards} == {"cpython"}


def test_its_devices_are_processes_of_their_own(greenhouse):
    devices = greenhouse[1]["devices"].values()
    assert len({one["pid"] for one in devices}) == len(devices) == 9
    assert all(one["alive"] and one["restarts"] == 0 for one in devices)


def test_its_readings_cross_two_routers_and_all_arrive(greenhouse):
    summary = greenhouse[1]
    assert_ledger_is_exact(summary)
    assert [wire["hops"] for wire in summary["wires"]].count(2) >= 1
    for wire in summary["wires"]:
        assert wire["delivered"] > 0
        assert wire["dropped"] == {}


def test_its_links_are_sealed_unix_sockets_and_nothing_broke_or_was_refused(greenhouse):
    _, summary, output, _ = greenhouse
    declared = load_checked(GREENHOUSE).topology.links
    links = {tuple(one["between"]): one for one in summary["links"]}
    assert set(links) == {(one.a.path, one.b.path) for one in declared}
    for (one, other), link in links.items():
        assert (link["transport"], link["seal"]) == ("unix", "ccm")
        assert 0 <= link["rtt_ms"] < 6000
        assert (link["resumed"], link["refused"]) == (0, {})
        shown = next(line for line in output.splitlines() if line.startswith(f"{one} - {other} "))
        assert " unix " in shown
        assert " ccm " in shown


def test_a_run_leaves_no_process_behind(greenhouse):
    assert greenhouse[3] == []
    for device in greenhouse[1]["devices"].values():
        with pytest.raises(ProcessLookupError):
            os.kill(device["pid"], 0)


# -- handlers that raise


@pytest.mark.parametrize("device", ["house/hall", "yard/left"], ids=["worker", "board"])
def test_a_handler_that_raises_is_counted_and_its_actor_made_anew(failing, device):
    _, summary, _ = failing
    actor = summary["actors"][device + "/fussy"]
    wire = wire_of(summary, device + "/pulse", device + "/fussy")
    assert actor["failures"] == actor["restarts"] == wire["accepted"] // 7 > 0
    assert wire["dropped"] == {"poison": actor["failures"]}
    assert not actor["down"]


@pytest.mark.parametrize("device", ["house/hall", "yard/left"], ids=["worker", "board"])
def test_the_summary_names_the_path_and_the_line_of_the_handler_that_raised(failing, device):
    _, summary, output = failing
    lines = (ORCHARD.parent / "parts.py").read_text().splitlines()
    number = 1 + next(place for place, line in enumerate(lines) if "raise ValueError" in line)
    actor = summary["actors"][device + "/fussy"]
    assert actor["last_error"].endswith(f"will not do (parts.py:{number})")
    assert f"{device}/fussy failed {actor['failures']} times" in output
    assert "Traceback" not in output


def test_an_actor_that_cannot_be_made_is_tried_again_and_shown_as_down(failing):
    _, summary, _ = failing
    actor = summary["actors"]["house/hall/missing"]
    assert actor["failures"] >= 2
    assert actor["down"]
    assert actor["last_error"].startswith("RuntimeError: no probe (parts.py:")


def test_neighbours_of_a_failing_actor_lose_nothing(failing):
    code, summary, _ = failing
    assert (code, summary["ok"]) == (0, True)
    assert_ledger_is_exact(summary)
    for wire in summary["wires"]:
        if not wire["target"].endswith("/fussy"):
            assert wire["dropped"] == {}
    for device in ("house/hall", "yard/left"):
        into = wire_of(summary, device + "/pulse", device + "/fussy")
        out = wire_of(summary, device + "/fussy", "house/desk/rows")
        assert out["delivered"] == into["delivered"]


# -- processes that die


def test_a_killed_process_is_named_in_the_summary_and_costs_the_exit_code(bereft):
    summary = bereft.summary
    assert (bereft.code, summary["ok"]) == (1, False), bereft.output
    assert summary["problems"] == [f"{bereft.dead}: the process ended (signal SIGKILL)"]
    assert summary["problems"][0] in bereft.output
    assert schema_errors(summary) == []


def test_a_killed_process_is_started_again_once_and_shown_as_such(bereft):
    devices = bereft.summary["devices"]
    assert all(one["alive"] for one in devices.values())
    assert {path: one["restarts"] for path, one in devices.items()} == {
        path: int(path == bereft.dead) for path in devices
    }
    assert devices[bereft.dead]["pid"] != bereft.pid
    assert bereft.output.count("is started again") == 1
    assert f"{bereft.dead} has begun anew and is configured again" in bereft.output


def test_a_board_that_was_killed_counts_anew_and_no_other_does(bereft):
    values = bereft.values
    starts = [place for place, value in enumerate(values) if value == 1]
    assert len(starts) == (2 if bereft.dead == "yard/right" else 1)
    for start, end in pairwise([*starts, len(values)]):
        # What was under way may be lost, and never comes twice.
        assert all(one < following for one, following in pairwise(values[start:end]))


def test_the_rest_of_the_site_outlives_it_with_an_exact_ledger(bereft):
    summary, dead = bereft.summary, bereft.dead
    assert_ledger_is_exact(summary)
    spared = wire_of(summary, "house/hall/fussy", "house/desk/rows")
    assert spared["dropped"] == {}
    assert summary["devices"]["house/hall"]["alive"]
    if dead == "yard/right":
        assert wire_of(summary, "yard/left/fussy", "house/desk/rows")["dropped"] == {}


def test_after_a_kill_nothing_is_left_behind_either(bereft):
    pids = [bereft.pid, *(one["pid"] for one in bereft.summary["devices"].values())]
    for pid in pids:
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


# -- Ctrl-C


def interrupted_at(process, moment):
    """Press Ctrl-C at a moment of a run."""
    if moment == "the first child has started":
        until(lambda: len(living_in(process.folder)) > 1, "a first child")
    else:
        process.wait_for_more(*SENSORS)
    process.interrupt()
    if moment == "readings flow, and again until it is over":
        process.wait_for("once more ends at once")
        while process.is_running:
            process.interrupt()
            time.sleep(0.05)


@pytest.mark.parametrize(
    "moment",
    [
        "the first child has started",
        "readings flow",
        "readings flow, and again until it is over",
    ],
)
def test_ctrl_c_ends_everything_and_prints_the_summary_when(moment, tmp_path):
    with Orchard(tmp_path) as process:
        interrupted_at(process, moment)
        code = process.wait()
        assert living_in(tmp_path) == []
        assert "Traceback" not in process.output
        last = process.output.splitlines()[-1]
        assert last.startswith(("ok: ", "not ok: ")), process.output
        summary = process.summary()
        assert code == (0 if summary["ok"] else 1)
        assert schema_errors(summary) == []
        assert_ledger_is_exact(summary)
        if moment == "readings flow":
            assert summary["ok"], process.output


def test_the_children_of_a_killed_run_end_by_themselves(tmp_path):
    with Orchard(tmp_path) as process:
        process.wait_for_more("yard/right/pulse", "yard/left/pulse")
        children = [pid for pid in living_in(tmp_path) if pid != process.pid]
        assert len(children) == 5
        process.kill()
        until(lambda: living_in(tmp_path) == [], "no child left")


def test_a_terminated_run_ends_like_an_interrupted_one(tmp_path):
    with Orchard(tmp_path) as process:
        process.wait_for_more(*SENSORS)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait() == 0, process.output
        assert process.summary()["ok"]
        assert living_in(tmp_path) == []
