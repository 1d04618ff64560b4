"""A controller may be killed at any moment: readings go on and nobody begins anew."""

from tests.soak.controller import run


def test_a_controller_that_is_killed_three_times_costs_nothing(tmp_path):
    made = run(tmp_path, kills=3)
    assert made.wrong == []
    assert made.kills == len(made.away) == 3
    assert made.accepted > 0
