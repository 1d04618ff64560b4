"""Cables that are pulled and processes that stop: what a session keeps, and whom it disturbs.

One run of the site `cables`, its two boards each behind a cable of the test's. First a neighbour is
stopped and let go on; then both cables are out for twenty seconds, one in silence, one with every
connection broken; at the end all is counted.
"""

import os
import signal
import time
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from cabled import BOARDS, DESK, GATE, HALL, HOST, LEFT, MACHINES, RIGHT, Cabled
from processes import until
from pumps import TcpPump

from mp_actors.node import Limits

CUT_S = 20.0
PROMISE_S = 6.0 + 1.0
READINGS_PER_S = 20
QUEUE = 2 * Limits(is_board=True).queue_readings  # what a board keeps behind its session
PULSES = tuple(f"{path}/pulse" for path in (GATE, HALL, LEFT, RIGHT))
SLOW = tuple(f"{path}/slow" for path in BOARDS)


@dataclass
class Seen:
    """What was seen. `noticed_s`: by whom, how long after the stop; `ages_ms` meanwhile."""

    noticed_s: dict = field(default_factory=dict)
    ages_ms: dict = field(default_factory=dict)
    stopped: tuple = ()  # from when to when
    out: tuple = ()
    links: dict = field(default_factory=dict)
    wires: dict = field(default_factory=dict)
    values: dict = field(default_factory=dict)
    rows: dict = field(default_factory=dict)
    output: str = ""


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """Everything that this file is about, carried out once."""
    with Cabled(tmp_path_factory.mktemp("cables")) as site:
        cables = [TcpPump(port, (HOST, site.port)) for port in (site.port + 3, site.port + 4)]
        try:
            site.start(*MACHINES)
            for path, cable in zip(BOARDS, cables, strict=True):
                site.start(path, gate_port=cable.port)
            site.arrivals.wait_for_more(*PULSES, *SLOW, count=3)
            found = Seen()
            stop_a_neighbour(site, found)
            pull_both_cables(site, cables, found)
            count_everything(site, found)
            return found
        except AssertionError as error:
            error.add_note(site.output())
            raise
        finally:
            for cable in cables:
                cable.close()


def stop_a_neighbour(site, found):
    """The hall is stopped until its neighbours have given it up, and a second longer."""
    stopped_s = time.monotonic()
    os.kill(site.processes[HALL].pid, signal.SIGSTOP)
    for path in (GATE, DESK):
        site.processes[path].wait_for(f"link to {HALL} closed: silent for 6 s")
        found.noticed_s[path] = time.monotonic() - stopped_s
    site.arrivals.wait_for_more(*(one for one in PULSES if HALL not in one), count=20)
    found.stopped = stopped_s, time.monotonic()
    os.kill(site.processes[HALL].pid, signal.SIGCONT)
    site.arrivals.wait_for_more(*PULSES, count=20)
    found.ages_ms = {
        source: sorted(
            float(row[2]) for row in site.arrivals.rows(source) if is_in(row[0], found.stopped)
        )
        for source in PULSES
    }


def pull_both_cables(site, cables, found):
    """One goes silent, the other is cut so that both ends see it."""
    silent, broken = cables
    pulled_s = time.monotonic()
    silent.hold()
    broken.cut()
    time.sleep(CUT_S)
    silent.release()
    broken.mend()
    found.out = pulled_s, time.monotonic()
    site.arrivals.wait_for_more(*PULSES, count=20)
    site.arrivals.wait_for_more(*SLOW, count=2)


def count_everything(site, found):
    """Let it come to rest, and look."""

    def links():
        told = {tuple(one["between"]): one for one in site.desk.status()["links"]}
        return all((GATE, path) in told and told[GATE, path]["resumed"] for path in BOARDS) and told

    found.links = until(links, "links that have resumed")
    plan = {row["wire"]: row for row in site.desk.rested_status()["wires"]}
    sources = dict(enumerate((*PULSES, *SLOW), 1))  # as the site declares them
    found.wires = {sources[number]: row for number, row in plan.items()}
    found.rows = {source: site.arrivals.rows(source) for source in found.wires}
    found.values = {source: site.arrivals.values(source) for source in found.wires}
    found.output = site.output()


def is_in(moment_s, span):
    return span[0] <= moment_s <= span[1]


def p99(values):
    return values[int(0.99 * (len(values) - 1))]


def silence_s(seen, source):
    """The longest time between two readings of a source, of which some the cables were out."""
    out_s, back_s = seen.out
    moments = [row[0] for row in seen.rows[source]]
    return max(b_s - a_s for a_s, b_s in pairwise(moments) if a_s < back_s and b_s > out_s)


# -- a neighbour that stops


def test_a_neighbour_that_stops_is_given_up_as_promised(seen):
    assert set(seen.noticed_s) == {GATE, DESK}
    for path, seconds in seen.noticed_s.items():
        # It may have been heard last one beat before.
        assert 6.0 - 2.0 - 0.5 <= seconds <= PROMISE_S, f"{path}: {seconds:.1f} s"


def test_all_other_links_go_on_while_a_neighbour_has_stopped(seen, capsys):
    for source in PULSES:
        moments = [row[0] for row in seen.rows[source] if is_in(row[0], seen.stopped)]
        if HALL in source:
            assert len(moments) <= 2  # what was on its way
        else:
            made = READINGS_PER_S * (seen.stopped[1] - seen.stopped[0])
            assert len(moments) >= 0.9 * made
    others = sorted(age for one, ages in seen.ages_ms.items() if HALL not in one for age in ages)
    with capsys.disabled():
        figures = f"p50 {others[len(others) // 2]:.1f} ms, p99 {p99(others):.1f} ms"
        noticed = ", ".join(f"{path} {one:.1f} s" for path, one in seen.noticed_s.items())
        print(f"\na neighbour stopped, noticed by {noticed}; {len(others)} readings: {figures}")


def test_a_neighbour_that_goes_on_is_linked_again_and_nothing_of_it_was_lost(seen):
    wire = seen.wires[f"{HALL}/pulse"]
    assert wire["dropped"] == {}
    assert seen.rows[f"{HALL}/pulse"][-1][0] > seen.out[1]


# -- cables that are out


@pytest.mark.parametrize("path", BOARDS, ids=["silent", "broken"])
def test_readings_stop_while_the_only_cable_of_a_board_is_out(path, seen):
    assert seen.out[1] - seen.out[0] >= CUT_S
    assert silence_s(seen, f"{path}/pulse") >= CUT_S - 1.0


@pytest.mark.parametrize("path", BOARDS, ids=["silent", "broken"])
def test_nothing_is_lost_that_the_buffers_of_a_board_hold(path, seen):
    values = seen.values[f"{path}/slow"]
    wire = seen.wires[f"{path}/slow"]
    assert values == list(range(1, len(values) + 1))
    assert wire["accepted"] == wire["delivered"] == len(values)
    assert wire["dropped"] == {}


@pytest.mark.parametrize("path", BOARDS, ids=["silent", "broken"])
def test_what_the_buffers_of_a_board_cannot_hold_is_counted_exactly(path, seen):
    wire, values = seen.wires[f"{path}/pulse"], seen.values[f"{path}/pulse"]
    missing = set(range(1, wire["accepted"] + 1)) - set(values)
    assert wire["dropped"] == {"overflow": len(missing)}
    made = READINGS_PER_S * silence_s(seen, f"{path}/pulse")
    assert 0 < len(missing) <= made - QUEUE


def test_nothing_is_doubled_or_overtaken_and_no_other_reading_is_lost(seen):
    assert set(seen.wires) == {*PULSES, *SLOW}
    for source, wire in seen.wires.items():
        values = seen.values[source]
        assert all(one < following for one, following in pairwise(values)), source
        assert wire["delivered"] == len(values)
        assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
        assert wire["in_flight"] == wire["unexplained"] == 0
        if not source.startswith(BOARDS):
            assert wire["dropped"] == {}, source


@pytest.mark.parametrize("path", BOARDS, ids=["silent", "broken"])
def test_the_link_resumes_over_tcp_and_nobody_was_refused(path, seen):
    link = seen.links[GATE, path]
    assert link["transport"] == "tcp"
    assert link["resumed"] >= 1
    assert link["refused"] == {}
    assert seen.links[GATE, DESK]["resumed"] == 0
    assert "Traceback" not in seen.output
