"""500 random sites, each half a minute under heavy faults: every law holds."""

import pytest

from tests.sim.soak import AT_A_TIME, again, failures_of

SEEDS = 500


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
def test_every_law_holds_whatever_goes_wrong(first):
    for seed in range(first, min(first + AT_A_TIME, SEEDS)):
        wrong = failures_of(seed)
        assert not wrong, "\n".join([*wrong, again(seed)])
