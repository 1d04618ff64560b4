"""`Bench`, on which a person tests one actor: values, time and messages in, outputs out."""

from helpers import refusal

from mp_actors import Actor, Filter, Sensor, Sink
from mp_actors.errors import Refused
from mp_actors.operators import Deadband, Mean
from mp_actors.testing import PATH, SOURCE, Bench


class Probe(Sensor):
    period_ms = 20

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Talker(Actor):
    """Speaks in every way an actor can."""

    def on_value(self, value):
        self.log("took %r from %s" % (value, self.source))
        self.tell("far/away/lamp", "switch", value)

    def on_later(self, delay_ms):
        self.after(delay_ms, "emit", "late")

    def on_emit(self, value):
        self.emit(value)


class Broken(Filter):
    def apply(self, value):
        raise ValueError("broken by %r" % value)


def test_feed_returns_what_came_out_since_the_last_time():
    bench = Bench(Deadband(width=0.5))
    assert bench.feed(20.0, 20.2, 20.6) == [20.0, 20.6]
    assert bench.feed(20.7) == []
    assert bench.feed(30.0) == [30.0]


def test_outputs_holds_all_with_time_and_source():
    bench = Bench(Deadband(1))
    bench.feed(1)
    bench.advance_ms(5)
    bench.feed(5, source="a/b/c")
    start_us = 1700000000000000
    assert bench.outputs == [(1, start_us, SOURCE), (5, start_us + 5000, "a/b/c")]


def test_a_sensor_samples_as_time_passes():
    bench = Bench(Probe())
    assert bench.advance_ms(19) == []
    assert bench.advance_ms(41) == [1, 2, 3]
    assert bench.outputs[0][2] == PATH


def test_time_passes_in_windows_too():
    bench = Bench(Mean(window_ms=10))
    bench.feed(1, 3)
    assert bench.advance_ms(10) == [2.0]


def test_messages_go_in_and_what_the_actor_tells_is_kept():
    bench = Bench(Talker())
    assert bench.send("emit", 5) == [5]
    bench.feed(7)
    assert bench.told == [("far/away/lamp", "switch", (7,))]
    assert bench.lines == ["took 7 from " + SOURCE]


def test_timers_ring_in_manual_time():
    bench = Bench(Talker())
    assert bench.send("later", 30) == []
    assert bench.advance_ms(29) == []
    assert bench.advance_ms(1) == ["late"]


def test_a_handler_that_raises_raises_in_the_test():
    assert refusal(ValueError, Bench(Broken()).feed, 3) == "broken by 3"

    class Dead(Probe):
        def sample(self):
            raise OSError("no pin")

    assert "no pin" in refusal(OSError, Bench(Dead()).advance_ms, 20)


def test_a_message_the_actor_does_not_take_raises_in_the_test():
    bench = Bench(Talker())
    assert "no handler for 'dance'" in refusal(Refused, bench.send, "dance")
    assert "on_later: " in refusal(Refused, bench.send, "later")
    assert "no handler for 'value'" in refusal(Refused, bench.send, "value", 1)


def test_a_start_that_raises_raises_in_the_test():
    class Stillborn(Sink):
        def started(self):
            raise OSError("no display")

    assert "no display" in refusal(OSError, Bench, Stillborn())


def test_the_actor_on_the_bench_is_the_one_that_was_given():
    probe = Probe()
    bench = Bench(probe)
    bench.advance_ms(100)
    assert bench.actor is probe and probe.value == 5 and probe.path == PATH
