"""Sessions against every schedule of events that can be drawn, and wrong ones against the same.

The model of a session is what it promises: whatever is cut, half noticed, dialled twice, given up
or started anew, messages arrive once and in order, none is lost without an excuse, and all comes to
rest over a cable that is whole. `schedules.Schedule` looks after each event.
"""

import pytest
from cables import WHOLE
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from schedules import Schedule, random_schedule
from test_giving_up import silent_link
from traps import TRAPS
from wrong_sessions import MODEL, REPEATS, SLIPS

from tests.wire.slips import standing_in

SEEDS = 300
SIDES, NODES, CABLES = st.integers(0, 1), st.integers(1, 2), st.integers(0, 3)


class Sessions(RuleBasedStateMachine):
    """Two nodes; each rule is an event, and `Schedule` raises if it breaks a promise."""

    def __init__(self):
        super().__init__()
        self.schedule = Schedule()
        self.schedule.dial(1)

    @rule(who=NODES, count=st.integers(1, 4), padding=st.sampled_from([0, 100, 700]))
    def say(self, who, count, padding):
        self.schedule.say(who, count, padding)

    @rule(who=NODES)
    def step(self, who):
        self.schedule.step(who)

    @rule(place=CABLES, side=SIDES, size=st.sampled_from([3, 20, 200, WHOLE]))
    def carry(self, place, side, size):
        self.schedule.carry(place, side, size)

    @rule(rounds=st.integers(1, 4))
    def go_on(self, rounds):
        """What mostly happens: bytes get across the newest cable."""
        for _ in range(rounds):
            for who in (1, 2):
                self.schedule.step(who)
            for side in (0, 1):
                self.schedule.carry(-1, side)

    @rule(place=CABLES)
    def cut(self, place):
        self.schedule.cut(place)

    @rule(place=CABLES, side=SIDES)
    def notice(self, place, side):
        self.schedule.notice(place, side)

    @rule(who=NODES)
    def dial(self, who):
        self.schedule.dial(who)

    @rule(who=NODES)
    def dial_when_cut(self, who):
        self.schedule.cut(-1)
        self.schedule.notice(-1, who - 1)
        self.schedule.dial(who)

    @rule(who=NODES)
    def give_up(self, who):
        self.schedule.give_up(who)

    @rule(who=NODES)
    def crash(self, who):
        self.schedule.crash(who)

    @rule(ms=st.sampled_from([10, 100, 600, 2100, 6500]))
    def wait(self, ms):
        self.schedule.wait(ms)

    @rule()
    def rest(self):
        self.schedule.rest()

    @invariant()
    def holds(self):
        self.schedule.step(1)

    def teardown(self):
        self.schedule.rest()


Sessions.TestCase.settings = settings(
    deadline=None, max_examples=200, stateful_step_count=60
)
TestSessions = Sessions.TestCase


def caught_by():
    """The sentence of the first schedule that a wrong session fails, None if it fails none."""
    for trap in TRAPS:
        try:
            trap()
        except AssertionError as error:
            return f"{trap.__name__}: {error}"
    for seed in range(SEEDS):
        try:
            random_schedule(seed)
        except AssertionError as error:
            return str(error)
    return None


@pytest.mark.parametrize("name", MODEL)
def test_a_simpler_rule_that_a_model_has_refuted_fails_in_its_schedule(name):
    patches, trap = MODEL[name]
    trap()
    with standing_in(patches), pytest.raises(AssertionError):
        trap()


@pytest.mark.parametrize("name", ["nothing is sent again", "first is one late"])
def test_the_model_finds_a_slip_by_itself(name):
    some = settings(Sessions.TestCase.settings, phases=[Phase.generate], derandomize=True)
    with standing_in(SLIPS[name]), pytest.raises(AssertionError):
        run_state_machine_as_test(Sessions, settings=some)


@pytest.mark.parametrize("name", SLIPS)
def test_a_slip_is_caught(name):
    with standing_in(SLIPS[name]):
        assert caught_by() is not None


def test_sending_again_what_nobody_can_tell_as_a_repeat_doubles_it():
    with standing_in(REPEATS):
        assert silent_link().heard(2) == ["once", "once"]
