"""A gateway dies, or stops without a word, while another could do its work: what readings suffer.

Two runs of the field with two gateways, side by side. In one the first gateway is killed, and `run`
starts it again; in the other it is stopped and later let go on. Once it is back the second gateway
is stopped, so that the first shows whether it works, and then killed.
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

    def wait_until_back(self, path, pid):
        """Wait until a device whose process was killed has told the controller of another."""

        def is_back():
            device = self.desk.device_status(path)
            return device["alive"] and device["pid"] != pid

        until(is_back, f"a report of another process of {path}")

    def silences_s(self, since_s):
        """{source: the longest time without a reading of it, after that moment}."""
        return {source: self.arrivals.silence_s(source, since_s) for source in SOURCES}


@dataclass
class Survived:
    """A run that is over. `silences_s`: the longest for each source after the first gateway was
    lost, `later_s` after the second was.
    """

    code: int
    summary: dict
    output: str
    values: dict
    silences_s: dict
    later_s: dict
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
    silences_s = {what: run.silences_s(shot_s) for what, run in both.items()}

    os.kill(first["stopped"], signal.SIGCONT)

    def is_heard():
        return stopped.desk.device_status(FIRST)["age_s"] < 1.0

    until(is_heard, "a report of the one that goes on")
    killed.wait_until_back(FIRST, first["killed"])
    stopped_s = time.monotonic()
    for pid in second.values():
        os.kill(pid, signal.SIGSTOP)
    for run in both.values():
        run.arrivals.wait_for_more(*SOURCES, count=40)  # by the first, there is no other way
    later_s = {what: run.silences_s(stopped_s) for what, run in both.items()}
    for what, run in both.items():
        end_process(second[what])
        run.wait_for(SECOND, "SIGKILL")
        run.wait_until_back(SECOND, second[what])
        run.arrivals.wait_for_more(*SOURCES, count=20)

    for run in both.values():
        run.interrupt()
    return {what: finished(run, silences_s[what], later_s[what]) for what, run in both.items()}


def finished(run, silences_s, later_s):
    """What is left of a run once it has ended."""
    code = run.wait(60)
    summary = json.loads((run.folder / "out.json").read_text())
    values = {source: run.arrivals.values(source) for source in SOURCES}
    left_behind = living_in(run.folder)
    return Survived(code, summary, run.output, values, silences_s, later_s, left_behind)


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


@pytest.mark.parametrize(("what", "dead"), [("killed", (FIRST, SECOND)), ("stopped", (SECOND,))])
def test_the_summary_names_the_gateways_that_were_killed_and_all_are_back(what, dead, survived):
    run = survived[what]
    told = [f"{path}: the process ended (signal SIGKILL)" for path in dead]
    assert run.summary["problems"] == told
    assert not run.summary["ok"]
    devices = run.summary["devices"]
    assert all(one["alive"] for one in devices.values())
    assert {path: one["restarts"] for path, one in devices.items()} == {
        path: int(path in dead) for path in devices
    }
    for path in dead:
        assert f"{path} │ is started again" in run.output
    for wire in run.summary["wires"]:
        assert set(wire["dropped"]) <= {"link", "crash", "no-route", "overflow"}, wire


def test_a_gateway_that_stops_costs_no_reading_that_a_buffer_could_hold(survived):
    run = survived["stopped"]
    assert f"link to {FIRST} closed: silent for 6 s" in run.output
    assert run.summary["devices"][FIRST]["alive"]
    for wire in run.summary["wires"]:
        lost = wire["dropped"].pop("overflow", 0)
        # What was in the hands of a gateway when it stopped is overtaken, or dies with it.
        assert set(wire["dropped"]) <= {"crash", "link"}, wire
        assert sum(wire["dropped"].values()) <= READINGS_PER_S, wire
        if wire["source"] == "field/hut/pulse":
            assert not lost, wire  # a machine holds minutes of it
            continue
        # Behind its session a board keeps that many.
        behind = 2 * Limits(is_board=True).queue_readings
        silences_s = (run.silences_s[wire["source"]], run.later_s[wire["source"]])
        most = sum(max(0, READINGS_PER_S * silence_s - behind) for silence_s in silences_s)
        assert 0 < lost <= most, wire
        assert f"{lost} overflow" in run.output


@pytest.mark.parametrize("what", HAPPENINGS)
def test_nothing_is_left_behind_when_a_gateway_was(what, survived):
    assert survived[what].code == 1
    assert survived[what].left_behind == []
