"""Timers: the right calls at the right moments, also where the millisecond counter wraps."""

from helpers import Dice, refusal

from mp_actors import ticks
from mp_actors.ticks import WRAP_MS
from mp_actors.timers import Timers


class Watch:
    """Timers and the calls they made, as (moment, name)."""

    def __init__(self, now_ms=0):
        self.timers = Timers()
        self.now_ms = now_ms
        self.calls = []

    def after(self, delay_ms, name):
        return self.timers.after(self.now_ms, delay_ms, lambda: self.note(name))

    def every(self, period_ms, name):
        return self.timers.every(self.now_ms, period_ms, lambda: self.note(name))

    def note(self, name):
        self.calls.append((self.now_ms, name))

    def advance(self, delay_ms):
        self.now_ms = ticks.add(self.now_ms, delay_ms)
        self.timers.run_due(self.now_ms)

    def run(self, ms):
        for _ in range(ms):
            self.advance(1)


def test_moments_are_added_and_told_apart_across_the_wrap():
    assert ticks.add(WRAP_MS - 1, 1) == 0
    assert ticks.diff(5, WRAP_MS - 5) == 10
    assert ticks.diff(WRAP_MS - 5, 5) == -10
    for moment in (0, 1, WRAP_MS // 2, WRAP_MS - 1):
        for delay_ms in (0, 1, WRAP_MS // 2 - 1, -1, -WRAP_MS // 2):
            assert ticks.diff(ticks.add(moment, delay_ms), moment) == delay_ms


def test_after_calls_once_at_its_moment_and_not_before():
    watch = Watch()
    watch.after(3, "a")
    watch.run(2)
    assert watch.calls == []
    watch.run(100)
    assert watch.calls == [(3, "a")]


def test_after_fires_across_the_wrap_and_in_order():
    watch = Watch(WRAP_MS - 5)
    watch.after(10, "behind")
    watch.after(3, "before")
    watch.after(5, "at")
    watch.run(20)
    assert watch.calls == [(WRAP_MS - 2, "before"), (0, "at"), (5, "behind")]


def test_periods_start_at_multiples_of_themselves():
    watch = Watch(37)
    watch.every(100, "slow")
    watch.run(8)
    watch.every(50, "fast")
    watch.run(160)
    assert sorted(watch.calls) == [
        (50, "fast"),
        (100, "fast"),
        (100, "slow"),
        (150, "fast"),
        (200, "fast"),
        (200, "slow"),
    ]


def test_a_period_that_begins_at_a_multiple_waits_for_the_next():
    watch = Watch(100)
    watch.every(100, "a")
    watch.timers.run_due(100)
    watch.run(100)
    assert watch.calls == [(200, "a")]


def test_a_period_goes_on_evenly_across_the_wrap():
    watch = Watch(WRAP_MS - 100)
    watch.every(64, "a")
    watch.run(200)
    assert [moment for moment, _ in watch.calls] == [WRAP_MS - 64, 0, 64]
    watch = Watch(WRAP_MS - 1000)
    watch.every(300, "uneven")
    watch.run(3000)
    moments = [moment for moment, _ in watch.calls]
    for place in range(len(moments) - 1):
        assert ticks.diff(moments[place + 1], moments[place]) == 300
    assert len(moments) >= 9


def test_missed_periods_are_called_once_and_the_rhythm_stays():
    watch = Watch()
    watch.every(10, "a")
    watch.advance(57)
    assert watch.calls == [(57, "a")]
    watch.run(20)
    assert watch.calls == [(57, "a"), (60, "a"), (70, "a")]
    watch = Watch(WRAP_MS - 20)
    watch.every(16, "b")
    watch.advance(100)
    watch.run(16)
    assert watch.calls == [(80, "b"), (96, "b")]


def test_a_cancelled_timer_is_not_called_any_more():
    watch = Watch()
    once, often = watch.after(5, "once"), watch.every(2, "often")
    once.cancel()
    watch.run(3)
    often.cancel()
    watch.run(20)
    assert watch.calls == [(2, "often")]
    assert watch.timers.wait_ms(watch.now_ms, 777) == 777


def test_a_timer_can_cancel_itself_and_another_of_the_same_moment():
    watch = Watch()
    pair = []

    def first():
        watch.note("first")
        for timer in pair:
            timer.cancel()

    pair.append(watch.timers.every(0, 5, first))
    watch.run(4)
    pair.append(watch.after(1, "second"))
    watch.run(20)
    assert len(watch.calls) == 1


def test_a_timer_that_raises_leaves_the_others_in_place():
    watch = Watch()

    def broken():
        raise KeyError("broken")

    watch.timers.every(0, 4, broken)
    watch.after(5, "a")
    refusal(KeyError, watch.advance, 4)
    watch.advance(1)
    assert watch.calls == [(5, "a")]
    refusal(KeyError, watch.advance, 3)


def test_the_wait_lasts_until_the_next_moment_and_no_longer_than_the_limit():
    watch = Watch(WRAP_MS - 3)
    assert watch.timers.wait_ms(watch.now_ms, 1000) == 1000
    watch.after(10, "a")
    assert watch.timers.wait_ms(watch.now_ms, 1000) == 10
    assert watch.timers.wait_ms(watch.now_ms, 4) == 4
    assert watch.timers.wait_ms(ticks.add(watch.now_ms, 10), 1000) == 0
    assert watch.timers.wait_ms(ticks.add(watch.now_ms, 500), 1000) == 0


def test_a_period_or_delay_that_no_moment_can_hold_is_refused():
    timers = Timers()
    for period_ms in (0, -1, -5, WRAP_MS // 2, WRAP_MS):
        refusal(ValueError, timers.every, 1000, period_ms, print)
    for delay_ms in (WRAP_MS // 2, WRAP_MS):
        refusal(ValueError, timers.after, 1000, delay_ms, print)
    assert timers.wait_ms(1000, 5) == 5
    timers.after(1000, WRAP_MS // 2 - 1, print)
    timers.run_due(1000)
    assert timers.wait_ms(1000, WRAP_MS) == WRAP_MS // 2 - 1


def test_random_timers_agree_with_a_list_of_moments_across_the_wrap():
    for seed in range(20):
        dice = Dice(seed)
        watch = Watch(WRAP_MS - 200)
        expected = []
        for number in range(30):
            delay_ms = 1 + dice.below(400)
            timer = watch.after(delay_ms, number)
            if dice.below(4) == 0:
                timer.cancel()
            else:
                expected.append((delay_ms, ticks.add(watch.now_ms, delay_ms), number))
        watch.run(401)
        assert [call[0] for call in watch.calls] == [row[1] for row in sorted(expected)], seed
        assert sorted(watch.calls) == sorted([row[1:] for row in expected]), seed
