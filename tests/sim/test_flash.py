"""Store and forward in whole sites: links are cut for long, boards lose their power, and what was
in their flash comes in order, once, accounted for to the last reading.
"""

from itertools import pairwise
from random import Random
from unittest import mock

import pytest

from actors import Pipeline, Topology
from actors.delivery import stream
from actors.sim.standins import Flash
from actors.sim.world import Sim
from mp_actors.backlog import Backlog
from mp_actors.spill import BLOCK, SpillingOutbox
from tests.sim.sites import Keep, site_of
from tests.sim.test_delivery import Meter, Slower, check_accounts, check_exact, values

BOARD, SINK = "d/board", "d/desk/keep"
LINK = ("d/board", "d/gate")
READY_MS = 3000
SESSION_MAX = 300  # readings that a board's session and the way hold, in big frames
FILE_MAX = 1000  # readings in a file of 4 KiB, which are small here


@pytest.fixture(autouse=True)
def forget():
    """Nothing of another simulation is left."""
    for kept in (Meter.made, Meter.counts, Meter.taken, Meter.notes):
        kept.clear()


class Behind(Keep):
    """Takes longer for a reading than until the next, but no window keeps it from greeting."""

    work_us = 4000


def site(period_ms=50, sink=Keep, **promise):
    topology = Topology("flash")
    domain = topology.domain("d", mesh=False)
    gate, desk = domain.device("gate"), domain.device("desk")
    board = domain.device("board", board="virtual")
    topology.link(board, gate, latency_ms=2)
    topology.link(desk, gate, latency_ms=2)
    topology.controller(at=desk)
    flow = Pipeline("flow")
    meter = flow.add(Meter, at=board, name="meter", period_ms=period_ms)
    meter >> stream(flow.add(sink, at=desk, name="keep"), **promise)
    return site_of(topology, flow)


def begun(seed=1, **more):
    sim = Sim(site(**more), seed=seed, report_ms=500)
    sim.run_ms(READY_MS)
    assert sim.status["ready"]
    return sim


def lines_of(sim, text):
    """What the board's meter has said of something."""
    return [line for _, path, line in sim.lines if path == "d/board/meter" and text in line]


def check_order(sim):
    """Nothing came twice, and nothing after what is newer."""
    got = values(sim, SINK)
    assert got == sorted(set(got))
    return got


def check_rest(sim):
    """At rest all accounts are exact, and the flash is empty."""
    sim.finish()
    if not sim.graveyard:  # whose numbers began anew
        check_exact(sim)
    check_accounts(sim)
    (row,) = sim.status["wires"]
    assert row["in_flight"] == row["unexplained"] == 0
    assert row["delivered"] == len(values(sim, SINK))
    assert sim.stores[BOARD].files == {}
    return row


@pytest.mark.parametrize("sink", [Keep, Slower])
def test_what_cannot_leave_for_a_minute_comes_when_the_way_is_back_in_order_and_all_of_it(sink):
    sim = begun(flash_kb=64, sink=sink, period_ms=50)
    sim.cut(*LINK)
    sim.run_ms(60_000)
    box = sim.devices[BOARD].node.wires.outboxes[1]
    assert box.waiting > 1000
    assert len(box.values) + len(box._late[0]) <= 2 * BLOCK
    sim.repair(*LINK)
    sim.run_ms(60_000)
    check_order(sim)
    row = check_rest(sim)
    # What the session had taken before a slow desk did is its to count, when it is given up.
    assert row["dropped"].pop("no-route", 0) <= (SESSION_MAX if sink is Slower else 0)
    assert row["dropped"] == {}
    assert row["accepted"] == Meter.counts["d/board/meter"]


def test_without_flash_most_of_that_is_lost():
    sim = begun(period_ms=50)
    sim.cut(*LINK)
    sim.run_ms(60_000)
    sim.repair(*LINK)
    row = check_rest(sim)
    assert row["dropped"]["overflow"] > 900


def test_a_target_that_gives_no_credit_fills_the_flash_as_a_cut_does():
    sim = begun(flash_kb=64, period_ms=2, sink=Behind)
    sim.run_ms(10_000)
    box = sim.devices[BOARD].node.wires.outboxes[1]
    assert box.waiting > 1000
    sim.halt()
    assert sim.run_until(lambda: not box.waiting, 60_000)
    sim.run_ms(10_000)
    check_order(sim)
    assert check_rest(sim)["dropped"] == {}


def live_through(seed):
    """Cuts and crashes of a seed; asserts that what has to hold does."""
    sim, chance = begun(seed, flash_kb=64, period_ms=20), Random(f"flash {seed}")
    crashes = 0
    for _ in range(6):
        sim.cut(*LINK)
        sim.run_ms(chance.randrange(500, 20_000))
        if chance.random() < 0.7:
            crashes += 1
            sim.crash(BOARD, power_lost=chance.random() < 0.5)
            sim.run_ms(chance.randrange(3000))
            sim.restart(BOARD)
            sim.run_ms(chance.randrange(3000))
        sim.repair(*LINK)
        if chance.random() < 0.5:  # while what is in flash leaves
            crashes += 1
            sim.run_ms(chance.choice((300, 1000, 1100, 1200, 1500, 2500)))
            sim.crash(BOARD, power_lost=chance.random() < 0.5)
            sim.restart(BOARD)
        sim.run_ms(chance.randrange(8000))
    sim.run_ms(5000)
    row = check_rest(sim)
    got, made = check_order(sim), Meter.counts["d/board/meter"]
    assert set(row["dropped"]) <= {"crash"}
    # Two blocks in memory, a file that had begun to leave, a session.
    assert made - len(got) <= crashes * (2 * BLOCK + FILE_MAX + SESSION_MAX)
    assert len(got) <= row["accepted"] <= made  # what died before a report, nobody has heard of


@pytest.mark.parametrize("seed", range(12))
def test_a_board_that_loses_its_power_again_and_again_loses_what_was_no_whole_block(seed):
    live_through(seed)


def _leaves_unmarked(flash, name, to):
    flash.files[to] = flash.files[name]


def _counts_as_lost(box, reason, count, right=SpillingOutbox.drop):
    if count > 0:
        right(box, reason, count)


def _takes_newest(backlog, right=Backlog.take):
    backlog._files.reverse()
    found = right(backlog)
    backlog._files.reverse()
    return found


WRONG = {
    "a block may leave a second time": (Flash, "rename", _leaves_unmarked),
    "what was kept counts as lost": (SpillingOutbox, "drop", _counts_as_lost),
    "the newest leaves first": (Backlog, "take", _takes_newest),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_mistake_in_that_is_found(name):
    with mock.patch.object(*WRONG[name]):
        assert any(_is_found(seed) for seed in range(6))


def _is_found(seed):
    Meter.counts.clear()
    try:
        live_through(seed)
    except AssertionError:
        return True
    return False


def test_what_a_board_kept_comes_after_its_reset_and_is_no_loss():
    sim = begun(flash_kb=64)
    sim.cut(*LINK)
    sim.run_ms(30_000)
    box = sim.devices[BOARD].node.wires.outboxes[1]
    kept, waiting = box._backlog.readings, box.waiting
    assert kept >= 7 * BLOCK
    before = len(values(sim, SINK))
    sim.crash(BOARD, power_lost=True)
    sim.run_ms(1000)
    sim.restart(BOARD)
    sim.repair(*LINK)
    sim.run_ms(10_000)
    assert lines_of(sim, "in flash") == [f"{kept} readings of before are in flash"]
    got = check_order(sim)
    assert len(got) > before + kept
    row = check_rest(sim)
    lost = Meter.counts["d/board/meter"] - row["delivered"]
    assert waiting - kept <= lost <= waiting - kept + SESSION_MAX
    assert row["dropped"].get("crash", 0) <= lost


def test_a_controller_that_knows_nothing_of_before_has_an_exact_account_of_it_too():
    sim = begun(flash_kb=64)
    sim.cut(*LINK)
    sim.run_ms(30_000)
    sim.crash(BOARD, power_lost=True)
    sim.crash("d/desk")
    kept = len(sim.stores[BOARD].files)
    assert kept
    sim.restart("d/desk")
    sim.restart(BOARD)
    sim.repair(*LINK)
    sim.run_ms(15_000)
    row = check_rest_of_a_new_one(sim)
    assert row["accepted"] == row["delivered"]
    assert row["dropped"] == {}


def check_rest_of_a_new_one(sim):
    """As `check_rest`, where the sink began anew, too."""
    sim.finish()
    check_accounts(sim)
    check_order(sim)
    (row,) = sim.status["wires"]
    assert row["in_flight"] == row["unexplained"] == 0
    return row


@pytest.mark.parametrize(
    ("when_full", "reason"),
    [("drop-oldest", "overflow"), ("drop-newest", "overflow"), ("refuse", "refused"),
     ("hold", None)],
)
def test_when_the_flash_is_full_too_the_policy_of_the_wire_decides(when_full, reason):
    sim = begun(flash_kb=8, when_full=when_full, period_ms=10)
    before = len(values(sim, SINK))
    sim.cut(*LINK)
    sim.run_ms(60_000)
    store = sim.stores[BOARD]
    assert sum(map(len, store.files.values())) <= 8 * 1024
    made = Meter.counts["d/board/meter"]
    rested = made < before + 3000
    assert rested == (when_full == "hold")
    kept = sim.devices[BOARD].node.wires.outboxes[1].waiting
    assert kept > 700
    sim.repair(*LINK)
    sim.run_ms(20_000)
    assert Meter.counts["d/board/meter"] > made + 500  # it goes on
    row = check_rest(sim)
    assert set(row["dropped"]) == ({reason} if reason else set())
    got = check_order(sim)
    assert sum(row["dropped"].values()) == Meter.counts["d/board/meter"] - len(got)
    if when_full in ("drop-newest", "refuse"):
        assert Meter.taken["d/board/meter"] == got
    if when_full == "drop-oldest":
        gaps = [later for former, later in pairwise(got) if later != former + 1]
        assert len(gaps) == 1  # what makes room is the oldest, in one piece


def test_a_flash_that_fails_is_said_once_costs_what_memory_cannot_hold_and_is_used_again():
    sim = begun(flash_kb=64, period_ms=20)
    sim.stores[BOARD].is_failing = True
    sim.cut(*LINK)
    sim.run_ms(20_000)
    box = sim.devices[BOARD].node.wires.outboxes[1]
    assert box.waiting == BLOCK
    assert len(lines_of(sim, "flash cannot be used: ")) == 1
    overflow = box.dropped["overflow"]
    assert overflow > 500
    sim.stores[BOARD].is_failing = False
    sim.run_ms(20_000)
    assert box.waiting > 900
    assert box.dropped["overflow"] <= overflow + 100
    assert lines_of(sim, "flash can be used again")
    sim.stores[BOARD].is_failing = True
    sim.repair(*LINK)
    sim.run_ms(5000)
    assert box.waiting > 900  # nothing leaves that could leave a second time
    sim.stores[BOARD].is_failing = False
    sim.run_ms(5000)
    check_order(sim)
    row = check_rest(sim)
    assert set(row["dropped"]) == {"overflow"}
    assert len(lines_of(sim, "flash can")) == 4
