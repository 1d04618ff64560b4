"""Where the planner puts a filter is where it costs least when the site runs, in virtual time."""

import pytest

from tests.sim.placed import BOARD, CASES, GATE, Placed


@pytest.mark.parametrize("case", CASES)
def test_the_place_that_is_planned_is_the_cheaper_one_when_it_runs(tmp_path, case):
    expected = BOARD if case == "slow link" else GATE
    placed = Placed(tmp_path, *CASES[case])
    found = placed.planned()
    assert found["planned"] == found["ran"] == expected
    assert found["taken_ms"] == pytest.approx(found["expected_ms"], rel=0.05)
    assert placed.cost_on_board() < 2 if expected == BOARD else placed.cost_on_board() > 2
