"""A gateway dies, or stops without a word, while another could do its work: what readings suffer.

Two runs of the field with two gateways, side by side. In one the first gateway is killed and later
started again, in the other it is stopped and later let go on. Once it is back the second gateway is
killed, so that the first shows whether it works.
"""

import json
import os
import signal
import time
from dataclasses import dataclass
from itertools import pairwise

import pytest
from processes import (
    SITES,
    Arrivals,
    Desk,
    Process,
    end_process,
    free_ports,
    living_in,
    until,
    with_keys,
)

from mp_actors.node import Limits

SITE = SITES / "two_gates" / "site.py"
SOURCES = ("field/probe-1/pulse", "field/probe-2/pulse", "field/hut/pulse")
FIRST, SECOND = "field/gate-1", "field/gate-2"
PROMISE_S = 6.0 + 1.0  # three missed beats, and one second to see it and to go another way
SILENT_S_MIN = 6.0 - 2.0 - 0.5  # it may have been heard last one beat before; half to spare
READINGS_PER_S = 20


class Field(Process):
    """A run of the site, from its start to its summary."""

    def __init__(self, folder):
        self.port = free_ports(5)
        self.file = with_keys(folder, SITE)
        self.desk = Desk(self.file, self.port + 3)
        command = ("run", self.file, "--json", "out.json")
        super().__init__(folder, *command, FIRST_PORT=str(self.port))
        self.arrivals = Arrivals(folder / "arrivals.csv")

    def start_again(self, path):
        """Start a device as a person does whose `run` has lost it."""
        return Process(self.folder, "node", self.file, path, FIRST_PORT=str(self.port))


@dataclass
class Survived:
    """A run that is over. `silences_s`: the longest for each source, after the first loss."""

    code: int
    summary: dict
    output: str
    values: dict
    silences_s: dict
    left_behind: list


@pytest.fixture(scope="module")
def survived(tmp_path_factory):
    """{what happened to the first gateway: the run that survived it}."""
    with (
        Field(tmp_path_factory.mktemp("killed")) as killed,
        Field(tmp_path_factory.mktemp("stopped")) as stopped,
    ):
        try:
            return outlive(killed, stopped)
        except AssertionError as error:
            error.add_note(f"{killed.output}\n{stopped.output}")
            raise


def outlive(killed, stopped):
    """Take from both runs first one gateway, then the other; how they were afterwards."""
    both = {"killed": killed, "stopped": stopped}
    for run in both.values():
        run.arrivals.wait_for_more(*SOURCES, count=20)
    first = {what: run.desk.pid_of(FIRST) for what, run in both.items()}
    second = {what: run.desk.pid_of(SECOND) for what, run in both.items()}

    shot_s = time.monotonic()
    end_process(first["killed"])
    os.kill(first["stopped"], signal.SIGSTOP)
    for run in both.values():
        run.arrivals.wait_for_more(*SOURCES, count=40)  # more than can have been under way
    silences_s = {
        what: {source: run.arrivals.silence_s(source, shot_s) for source in SOURCES}
        for what, run in both.items()
    }

    os.kill(first["stopped"], signal.SIGCONT)
    killed.start_again(FIRST)

    def is_heard():
        return stopped.desk.device_status(FIRST)["age_s"] < 1.0

    until(is_heard, "a report of the one that goes on")
    for what, run in both.items():
        end_process(second[what])
        run.wait_for(SECOND, "SIGKILL")
        run.arrivals.wait_for_more(*SOURCES, count=20)

    for run in both.values():
        run.interrupt()
    return {what: finished(run, silences_s[what]) for what, run in both.items()}


def finished(run, silences_s):
    """What is left of a run once it has ended."""
    code = run.wait(60)
    summary = json.loads((run.folder / "out.json").read_text())
    values = {source: run.arrivals.values(source) for source in SOURCES}
    return Survived(code, summary, run.output, values, silences_s, living_in(run.folder))


HAPPENINGS = ("killed", "stopped")


@pytest.mark.parametrize("what", HAPPENINGS)
def test_the_readings_took_the_first_gateway_as_planned(what, survived):
    for wire in survived[what].summary["wires"]:
        assert wire["hops"] == 2
    assert f"link to {FIRST} closed" in survived[what].output


def test_readings_go_on_over_the_other_gateway_at_once_when_one_is_killed(survived):
    for source, silence_s in survived["killed"].silences_s.items():
        assert silence_s < SILENT_S_MIN, f"{source}: {silence_s:.1f} s"


def test_readings_go_on_over_the_other_gateway_as_promised_when_one_stops(survived):
    for source, silence_s in survived["stopped"].silences_s.items():
        # Had it been shorter, the readings would not have gone by the gateway that stopped.
        assert SILENT_S_MIN <= silence_s <= PROMISE_S, f"{source}: {silence_s:.1f} s"


@pytest.mark.parametrize("what", HAPPENINGS)
def test_no_reading_comes_twice_or_out_of_order_when_a_gateway_is(what, survived):
    for values in survived[what].values.values():
        assert all(one < following for one, following in pairwise(values))


@pytest.mark.parametrize("what", HAPPENINGS)
def test_the_summary_counts_exactly_what_is_missing_at_the_sink_when_a_gateway_is(what, survived):
    run = survived[what]
    assert {wire["source"] for wire in run.summary["wires"]} == set(SOURCES)
    for wire in run.summary["wires"]:
        values = run.values[wire["source"]]
        missing = set(range(1, wire["accepted"] + 1)) - set(values)
        assert wire["delivered"] == len(values), wire
        assert sum(wire["dropped"].values()) == len(missing), wire
        assert wire["in_flight"] == 0


def test_the_summary_names_the_gateways_that_were_killed(survived):
    run = survived["killed"]
    for path in (FIRST, SECOND):
        assert f"{path}: the process ended (signal SIGKILL)" in run.summary["problems"]
        assert not run.summary["devices"][path]["alive"]
    for wire in run.summary["wires"]:
        assert set(wire["dropped"]) <= {"link", "crash", "no-route", "overflow"}, wire


def test_a_gateway_that_stops_costs_no_reading_that_a_buffer_could_hold(survived):
    run = survived["stopped"]
    assert f"link to {FIRST} closed: silent for 6 s" in run.output
    assert run.summary["devices"][FIRST]["alive"]
    for wire in run.summary["wires"]:
        if wire["source"] == "field/hut/pulse":
            assert set(wire["dropped"]) <= {"crash"}, wire  # a machine holds minutes of it
            continue
        assert set(wire["dropped"]) <= {"overflow", "crash"}, wire
        lost = wire["dropped"]["overflow"]
        # Behind its session a board keeps that many.
        made = READINGS_PER_S * run.silences_s[wire["source"]]
        assert 0 < lost <= made - 2 * Limits(is_board=True).queue_readings, wire
        assert f"{lost} overflow" in run.output


@pytest.mark.parametrize("what", HAPPENINGS)
def test_nothing_is_left_behind_when_a_gateway_was(what, survived):
    assert survived[what].code == 1
    assert survived[what].left_behind == []
