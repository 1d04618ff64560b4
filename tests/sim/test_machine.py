"""Hypothesis says what goes wrong in a simulated site, step by step; the laws of `checkers` hold.

A failure prints the steps; `Sim` repeats them exactly, since site and simulation come from `seed`.
Two machines: of plain sites in which only forwarders crash, and of sites with wires of all classes
in which anybody may, is flooded, or fails; there the laws of `promises` hold, too.
"""

from contextlib import ExitStack
from random import Random

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from actors.sim.world import BOARD_SPEED, Sim
from tests.sim.checkers import SETTLE_MS, Watch, all_pairs, new_map
from tests.sim.promises import watched
from tests.sim.soak import plain_site

PICK = st.integers(0, 1 << 16)  # of however many there are


class Faults(RuleBasedStateMachine):
    """A site, and everything that can happen to it."""

    @initialize(seed=st.integers(0, 9999), lead_ms=st.sampled_from((0, 300, 3000)))
    def begin(self, seed, lead_ms):
        self.sim = Sim(plain_site(seed), seed=seed)
        self.watch = Watch(self.sim)
        self.chance = Random(seed)
        actors = {path.rsplit("/", 1)[0] for path in self.sim.plan.actors}
        self.idle = sorted({*self.sim.devices} - actors - {self.sim.plan.controller})
        self.sim.run_ms(lead_ms)

    def link(self, pick, turned=False):
        one = self.sim.links[pick % len(self.sim.links)]
        ends = one.a.path, one.b.path
        return ends[::-1] if turned else ends

    def device(self, pick):
        return sorted(self.sim.devices)[pick % len(self.sim.devices)]

    @rule(pick=PICK)
    def cut(self, pick):
        self.sim.cut(*self.link(pick))

    @rule(pick=PICK, turned=st.booleans())
    def cut_one_way(self, pick, turned):
        self.sim.cut(*self.link(pick, turned), one_way=True)

    @rule(pick=PICK)
    def repair(self, pick):
        self.sim.repair(*self.link(pick))

    @rule(pick=PICK)
    def hold(self, pick):
        self.sim.hold(*self.link(pick))

    @rule(pick=PICK)
    def release(self, pick):
        self.sim.release(*self.link(pick))

    @rule(pick=PICK)
    def reset(self, pick):
        self.sim.reset(*self.link(pick))

    @rule(pick=PICK, power_lost=st.booleans())
    def crash(self, pick, power_lost):
        if self.idle:
            self.sim.crash(self.idle[pick % len(self.idle)], power_lost=power_lost)

    @rule(pick=PICK)
    def restart(self, pick):
        if self.idle:
            self.sim.restart(self.idle[pick % len(self.idle)])

    @rule(pick=PICK)
    def freeze(self, pick):
        self.sim.freeze(self.device(pick))

    @rule(pick=PICK)
    def thaw(self, pick):
        self.sim.thaw(self.device(pick))

    @rule(pick=PICK, is_heal=st.booleans())
    def partition_or_heal(self, pick, is_heal):
        """Between a device and all its neighbours, which is what a domain of one would be."""
        lonely = self.device(pick)
        for link in self.sim.links:
            if lonely in (link.a.path, link.b.path):
                verb = self.sim.repair if is_heal else self.sim.partition
                verb(link.a.path, link.b.path)

    @rule(pick=PICK, jump_ms=st.sampled_from((-1e9, -5000, 1e6, 1e9)))
    def clock_jump(self, pick, jump_ms):
        self.sim.clock_jump(self.device(pick), jump_ms)

    @rule(pick=PICK, latency_ms=st.sampled_from((0.1, 5, 80, 400)))
    def latency(self, pick, latency_ms):
        self.sim.set_latency(*self.link(pick), latency_ms, jitter_ms=latency_ms / 2)

    @rule(pick=PICK, speed=st.sampled_from((0.005, 0.1, 1.0)))
    def speed(self, pick, speed):
        self.sim.set_speed(self.device(pick), speed)

    @rule()
    def newer_map(self):
        new_map(self.sim, self.chance)

    @rule(duration_ms=st.sampled_from((50, 700, 3000, 7000, 12_000)))
    def run(self, duration_ms):
        self.sim.run_ms(duration_ms)

    @invariant()
    def nothing_is_wrong(self):
        if hasattr(self, "watch"):
            assert self.watch.wrong == []

    def teardown(self):
        if not hasattr(self, "watch"):
            return
        assert self.watch.finish() == []
        self.sim.cut(*self.link(self.chance.randrange(99)))
        self.sim.run_ms(SETTLE_MS)
        pairs = all_pairs(self.sim)
        assert self.watch.probe(self.chance.sample(pairs, min(12, len(pairs)))) == []


class Promised(Faults):
    """The same with anybody's crash, overload and failing actors."""

    newer_map = None  # the controller may just be giving one

    @initialize(seed=st.integers(0, 9999), lead_ms=st.sampled_from((0, 300, 3000)))
    def begin(self, seed, lead_ms):
        self.kept = ExitStack()
        self.sim, self.watch = self.kept.enter_context(watched(seed))
        self.idle = sorted(self.sim.devices)
        self.sim.run_ms(lead_ms)

    @rule(pick=PICK)
    def an_actor_fails(self, pick):
        self.watch.diary.fails_next = True
        self.sim.run_ms(pick % 300)

    @rule(values=st.sampled_from((0, 3, 20)))
    def flood(self, values):
        self.watch.diary.flood = values

    @rule(pick=PICK, speed=st.sampled_from((0.3, 1.0)))
    def speed(self, pick, speed):
        self.slow_down(self.device(pick), speed)

    def slow_down(self, path, speed):
        is_board = self.sim.plan.devices[path].is_board
        self.sim.set_speed(path, speed * (BOARD_SPEED if is_board else 1.0))

    def teardown(self):
        if not hasattr(self, "watch"):
            return
        for path in self.sim.devices:
            self.slow_down(path, 1.0)
        with self.kept:
            assert self.watch.finish() == []


STORIES = settings(
    max_examples=200,
    stateful_step_count=15,
    derandomize=True,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
Faults.TestCase.settings = Promised.TestCase.settings = STORIES


@pytest.mark.timeout(900)  # 200 stories of virtual minutes; 300 s are not enough on a busy day
class TestFaults(Faults.TestCase):
    """Whatever happens to a site, in whatever order, every law of `checkers` holds."""


@pytest.mark.timeout(900)
class TestPromised(Promised.TestCase):
    """Whoever crashes, whatever is flooded, in whatever order, wires keep what they promise."""


def test_a_site_whose_clock_runs_while_nothing_goes_wrong_breaks_no_law():
    machine = Faults()
    machine.begin(seed=1, lead_ms=3000)
    machine.run(5000)
    machine.nothing_is_wrong()
    machine.teardown()
