"""Clocks and numbers wrap while a whole site goes on: nobody notices."""

import pytest

from actors.sim.world import Sim
from mp_actors.inlet import Inlet
from mp_actors.ticks import WRAP_MS
from tests.sim import checkers
from tests.sim.sites import pair_site, random_site, ring_site


def test_ticks_wrap_while_everything_goes_on():
    sim = Sim(ring_site(3), seed=4)
    checkers.set_clocks_below_wrap(sim)
    watch = checkers.Watch(sim)
    sim.run_ms(12_000)
    assert watch.finish() == []
    assert all(one.clock.ticks_ms() < 1 << 20 for one in sim.devices.values())


@pytest.mark.parametrize("seed", range(6))
def test_numbers_wrap_too_under_heavy_faults(seed):
    site = ring_site(seed) if seed % 2 else random_site(seed)
    wrong, sim = checkers.run_wrapping_seed(site, seed)
    assert wrong == []
    wires = [device.node.wires for device in sim.devices.values()]
    numbers = [inlet.expected for one in wires for inlet in one.inlets.values()]
    numbers = [number for number in numbers if number is not None]
    assert numbers
    assert all(number < WRAP_MS - checkers.BELOW for number in numbers)  # and are past it


def test_numbers_that_are_counted_without_a_wrap_would_be_noticed(monkeypatch):
    def arrived(self, sequence, count):
        ahead = sequence - self.expected
        if ahead < 0:
            self.late += min(-ahead, count)
            return min(-ahead, count)
        self.missing += ahead
        self.expected = sequence + count
        return 0

    monkeypatch.setattr(Inlet, "arrived", arrived)
    assert checkers.run_seed(pair_site(), 1, seconds=10)[0] == []
    assert checkers.run_wrapping_seed(pair_site(), 1, seconds=10)[0] != []
