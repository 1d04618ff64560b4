"""The alarm's own tests: what its actors say, on a bench."""

from itertools import pairwise

import pytest
from parts import Choice, Over, Panel, Press
from world import pressed, turned

from mp_actors.testing import Bench

ALARMS = ["co2-high", "warm-high", "near"]


@pytest.fixture
def panel():
    """A panel, with names for where things come from."""
    bench = Bench(Panel(alarms=ALARMS))
    return lambda name, *values: bench.feed(*values, source=f"lab/board/{name}")


def test_a_limit_is_told_when_it_is_crossed_and_not_again():
    assert Bench(Over(limit=1000)).feed(900, 1001, 1500, 1000) == [False, True, False]
    assert Bench(Over(limit=50, under=True)).feed(120, 40, 30, 60) == [False, True, False]


def test_nothing_in_reach_crosses_no_limit():
    assert Bench(Over(limit=50, under=True)).feed(120, None, 40) == [False, True]


def test_the_dial_chooses_one_alarm_after_the_other_and_begins_again():
    assert Bench(Choice(count=3)).feed(0, 1, 2, 3, -1) == [0, 1, 2, 0, 2]


def test_a_press_counts_and_letting_go_does_not():
    presses = [pressed("lab/button", tenths / 10, 0) for tenths in range(10)]
    assert Bench(Press()).feed(*presses) == [True] * 6


def test_a_press_is_answered_whether_or_not_something_is_over_its_limit(panel):
    assert panel("press", True) == [False]
    assert panel("press", True) == [False]


def test_an_armed_alarm_sounds_when_it_gets_over_its_limit_and_is_silent_after(panel):
    panel("press", True)
    assert panel("co2-high", True, False) == [True, False]


def test_an_alarm_that_is_not_armed_is_silent(panel):
    assert panel("co2-high", True) == []
    assert panel("press", True) == [True]
    assert panel("press", True) == [False]


def test_the_dial_says_which_alarm_a_press_arms(panel):
    panel("near", True)
    assert panel("press", True) == [False]
    panel("choice", 2)
    assert panel("press", True) == [True]


def test_nobody_turns_the_dial_faster_than_its_contacts_tell():
    quarters = [int(4 * turned(None, at / 20)) for at in range(20 * 61)]
    assert max(after - before for before, after in pairwise(quarters)) == 1
    assert quarters[-1] == 4 * 13
