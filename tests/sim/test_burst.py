"""A burst finds out what gets through a link, whether that is little or much; in virtual time."""

import pytest

from actors.burst import Burst
from actors.sim.world import Sim
from mp_actors.errors import Refused
from tests.sim.sites import pair_site, trap_site


def burst_of(sim, a, b):
    """A burst from a to b, over."""
    device = sim.devices[a]
    burst = Burst(device.node, sim.plan.devices[b].number, lambda: sim.now_us / 1e6)
    device.wake(sim.now_us)
    assert sim.run_until(lambda: burst.is_over, 60_000)
    return burst


@pytest.fixture
def pair():
    """Two workers with a link between them, rolled out."""
    sim = Sim(pair_site(), seed=3)
    sim.run_ms(5000)
    return sim


@pytest.mark.parametrize("kbps", [20, 100, 1000, 20_000, 50_000])
def test_what_gets_through_is_found_within_a_tenth(pair, kbps):
    pair.set_bandwidth("d/a", "d/b", kbps)
    burst = burst_of(pair, "d/a", "d/b")
    assert burst.failed == ""
    assert burst.bytes_per_s * 8 / 1000 == pytest.approx(kbps, rel=0.1)


def test_a_slow_answer_is_no_narrow_link(pair):
    pair.set_latency("d/a", "d/b", 200)
    pair.set_bandwidth("d/a", "d/b", 1000)
    assert burst_of(pair, "d/a", "d/b").bytes_per_s == pytest.approx(125_000, rel=0.1)


def test_a_link_that_carries_nothing_has_a_reason_and_no_figure(pair):
    pair.cut("d/a", "d/b")
    burst = burst_of(pair, "d/a", "d/b")
    assert burst.bytes_per_s is None
    assert "d/b/node" in burst.failed


def test_whom_a_device_has_no_link_to_it_does_not_try():
    sim = Sim(trap_site(), seed=1)
    sim.run_ms(5000)
    with pytest.raises(Refused, match="trap/s has no link to device"):
        Burst(sim.devices["trap/s"].node, sim.plan.devices["trap/t"].number)
