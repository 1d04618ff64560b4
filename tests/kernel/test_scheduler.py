"""The scheduler: actors are made, told, timed and ended; sensors work or rest."""

from helpers import DEVICE, SOURCE, Desk, Keeper, Source, check_ledger, refusal

from mp_actors import Actor, Aggregator, Sensor
from mp_actors.errors import Refused, UnknownActor
from mp_actors.ticks import WRAP_MS


class Echo(Actor):
    """Answers, remembers who asked, and fails on request."""

    def __init__(self):
        self.log = []

    def started(self):
        self.log.append("started " + self.path)

    def stopped(self):
        self.log.append("stopped")

    def on_echo(self, *args):
        self.log.append(args)
        return list(args)

    def on_who(self):
        return [self.sender, self.source, self.at_ms]

    def on_refuse(self):
        raise Refused("not today")

    def on_pair(self, one, other):
        return one + other


class Clock(Sensor):
    period_ms = 10
    samples = 0

    def sample(self):
        self.samples += 1
        return self.at_ms


def test_an_actor_starts_with_its_path_before_the_first_message():
    desk = Desk()
    echo = desk.add("echo", Echo)
    assert desk.ask("echo", "echo", 1) == (None, [1])
    assert echo.actor.log == ["started lab/desk/echo", (1,)]


def test_a_path_holds_one_actor():
    desk = Desk()
    first = desk.add("echo", Echo)
    assert "runs already" in refusal(Refused, desk.add, "echo", Echo)
    assert desk.scheduler.cells[first.path] is first


def test_a_handler_gets_its_arguments_and_its_value_is_the_answer():
    desk = Desk()
    desk.add("echo", Echo)
    assert desk.ask("echo", "echo") == (None, [])
    assert desk.ask("echo", "echo", 1, "two", None) == (None, [1, "two", None])
    assert desk.ask("echo", "pair", 1, 2) == (None, 3)


def test_a_handler_knows_who_sent_the_message_and_when():
    desk = Desk()
    echo = desk.add("echo", Echo)
    desk.clock.advance_ms(5)
    assert desk.ask("echo", "who") == (None, [SOURCE, echo.path, 1700000000005])


def test_an_unknown_kind_is_answered_with_what_to_do():
    desk = Desk()
    echo = desk.add("echo", Echo)
    error, _ = desk.ask("echo", "dance")
    assert error == (
        "failed",
        "lab/desk/echo: no handler for 'dance'; define on_dance or do not send it",
    )
    assert echo.failures == 0


def test_the_verb_of_data_is_no_kind_of_control():
    desk = Desk()
    keeper = desk.add("keeper", Keeper)
    error, _ = desk.ask("keeper", "value", 5)
    assert "no handler for 'value'" in error[1]
    assert keeper.actor.kept == []


def test_a_wrong_number_of_arguments_is_answered_and_the_actor_goes_on():
    desk = Desk()
    echo = desk.add("echo", Echo)
    for args in ((), (1,), (1, 2, 3)):
        error, value = desk.ask("echo", "pair", *args)
        assert error[0] == "failed" and "lab/desk/echo: on_pair: " in error[1] and value is None
    assert desk.ask("echo", "pair", 1, 2) == (None, 3)
    assert echo.failures == 0
    assert "TypeError" in desk.ask("echo", "pair", 1, "two")[0][1]
    assert echo.failures == 1


def test_a_refusal_is_an_answer_and_no_failure():
    desk = Desk()
    echo = desk.add("echo", Echo)
    assert desk.ask("echo", "refuse") == (("failed", "not today"), None)
    assert echo.failures == 0 and len(echo.actor.log) == 1


def test_an_unknown_actor_is_named_in_the_answer():
    error, _ = Desk().ask("nobody", "echo")
    assert error == ("failed", "lab/desk/nobody: no such actor on this device")


def test_a_message_that_nobody_waits_for_and_that_fails_is_said_to_the_person():
    desk = Desk()
    desk.scheduler.tell(SOURCE, DEVICE + "/nobody2", "echo", ())
    assert desk.told == [(SOURCE, DEVICE + "/nobody2", "echo", ())]
    desk.add("echo", Echo)
    desk.scheduler.tell(SOURCE, DEVICE + "/echo", "dance", ())
    desk.rest()
    assert [path for path, _ in desk.lines] == [DEVICE + "/echo"]


def test_messages_are_told_in_order_here_and_handed_on_for_elsewhere():
    desk = Desk()
    echo = desk.add("echo", Echo)

    class Teller(Actor):
        def on_go(self):
            for number in range(3):
                self.tell(DEVICE + "/echo", "echo", number)
            self.tell("far/away/echo", "echo", 9)

    teller = desk.add("teller", Teller)
    desk.ask("teller", "go")
    assert echo.actor.log[1:] == [(0,), (1,), (2,)]
    assert echo.actor.sender == teller.path
    assert desk.told == [(teller.path, "far/away/echo", "echo", (9,))]


def test_a_full_control_queue_says_so_and_takes_no_more():
    desk = Desk(control_bound=3)
    echo = desk.add("echo", Echo)
    taken = [desk.scheduler.post(echo.path, "echo", [n], SOURCE, None) for n in range(5)]
    assert taken == [True, True, True, False, False]
    assert desk.scheduler.busy == 2
    desk.rest()
    assert echo.actor.log[1:] == [(0,), (1,), (2,)]
    assert desk.scheduler.post(echo.path, "echo", [5], SOURCE, None)


def test_an_actor_stops_in_order_once_and_what_waits_is_counted_as_gone():
    desk = Desk()
    source, echo = desk.add("source", Source), desk.add("echo", Keeper)
    inlet = desk.wire(source, echo)
    actor = echo.actor
    stops = []
    actor.stopped = lambda: stops.append(1)
    desk.emit(source, 1, 2, 3)
    desk.scheduler.stop(echo.path)
    assert stops == [1] and inlet.dropped == {"gone": 3}
    check_ledger(inlet)
    assert "no such actor" in refusal(UnknownActor, desk.scheduler.stop, echo.path)
    assert desk.ask("echo", "echo")[0][0] == "failed"


def test_a_stopped_actor_takes_nothing_any_more():
    desk = Desk()
    source, middle = desk.add("source", Source), desk.add("middle", Passing)
    last = desk.add("last", Keeper)
    first_inlet, inlet = desk.wire(source, middle), desk.wire(middle, last)
    desk.emit(source, 1)
    desk.rest()
    actor = last.actor
    desk.scheduler.stop(last.path)
    desk.emit(source, 2, 3)
    desk.rest()
    desk.flow.feed(first_inlet, 4, 0, source.path, 0)
    desk.rest()
    assert actor.kept == [1] and inlet.delivered == 1 and inlet.accepted == 4
    check_ledger(inlet)


class Passing(Actor):
    def on_value(self, value):
        return value


def test_a_path_can_be_used_again_after_its_actor_stopped():
    desk = Desk()
    first = desk.add("echo", Echo)
    desk.scheduler.stop(first.path)
    second = desk.add("echo", Echo)
    assert second is not first and desk.ask("echo", "echo", 1) == (None, [1])


class Alarm(Actor):
    """Sets timers as told and notes when they ring."""

    def __init__(self):
        self.rung = []
        self.timers = []

    def on_set(self, verb, delay_ms, name):
        self.timers.append(getattr(self, verb)(delay_ms, "ring", name))

    def on_ring(self, name):
        self.rung.append((self.at_ms - 1700000000000, name))

    def on_cancel(self):
        for timer in self.timers:
            timer.cancel()


def test_after_rings_once_and_every_at_each_multiple_also_across_the_wrap():
    for start_ms, first in ((0, [30, 60, 90]), (WRAP_MS - 61, [27, 57, 87])):
        desk = Desk(ticks_ms=start_ms)
        alarm = desk.add("alarm", Alarm)
        desk.rest()
        desk.ask("alarm", "set", "after", 25, "once")
        desk.ask("alarm", "set", "every", 30, "often")
        desk.run(100)
        rung = alarm.actor.rung
        assert [moment for moment, name in rung if name == "once"] == [25]
        assert [moment for moment, name in rung if name == "often"] == first


def test_a_cancelled_timer_does_not_ring():
    desk = Desk()
    alarm = desk.add("alarm", Alarm)
    desk.ask("alarm", "set", "every", 5, "a")
    desk.run(11)
    desk.ask("alarm", "cancel")
    desk.run(50)
    assert alarm.actor.rung == [(5, "a"), (10, "a")]


def test_a_timer_ends_with_its_actor():
    desk = Desk()
    alarm = desk.add("alarm", Alarm)
    actor = alarm.actor
    desk.ask("alarm", "set", "every", 5, "a")
    desk.scheduler.stop(alarm.path)
    desk.run(20)
    assert actor.rung == [] and desk.lines == []


def test_sensors_sample_at_multiples_once_told_to_and_not_before():
    desk = Desk(ticks_ms=3)
    clock, keeper = desk.add("clock", Clock), desk.add("keeper", Keeper)
    desk.wire(clock, keeper)
    desk.run(20)
    assert keeper.actor.kept == []
    desk.scheduler.sample(True)
    desk.scheduler.sample(True)
    desk.run(20)
    assert [at_ms - 1700000000000 + 3 for at_ms in keeper.actor.kept] == [30, 40]
    assert keeper.actor.sources == [clock.path] * 2


def test_a_sensor_spawned_while_others_sample_samples_at_once():
    desk = Desk()
    desk.scheduler.sample(True)
    clock = desk.add("clock", Clock)
    desk.run(25)
    assert clock.actor.samples == 2


def test_nothing_this_time_passes_nothing_on():
    desk = Desk()
    values = [None, 0, None, False, ""]

    class Shy(Clock):
        def sample(self):
            return values.pop(0) if values else None

    shy, keeper = desk.add("shy", Shy), desk.add("keeper", Keeper)
    desk.wire(shy, keeper)
    desk.scheduler.sample(True)
    desk.run(100)
    assert keeper.actor.kept == [0, False, ""]


class Sum(Aggregator):
    window_ms = 50

    def __init__(self):
        self.total = 0

    def add(self, _value):
        self.total += 1

    def result(self):
        total, self.total = self.total, 0
        return total


def test_halt_rests_sensors_windows_and_timers_and_start_wakes_them():
    desk = Desk()
    clock, window = desk.add("clock", Clock), desk.add("window", Sum)
    alarm, keeper = desk.add("alarm", Alarm), desk.add("keeper", Keeper)
    desk.wire(clock, window)
    desk.wire(window, keeper)
    desk.ask("alarm", "set", "every", 50, "a")
    desk.scheduler.sample(True)
    desk.run(100)
    assert sum(keeper.actor.kept) in (9, 10)  # at 100 ms window and sensor are due together
    before = (clock.actor.samples, len(keeper.actor.kept), len(alarm.actor.rung))
    assert before == (10, 2, 2)
    desk.scheduler.sample(False)
    desk.run(200)
    assert (clock.actor.samples, len(keeper.actor.kept), len(alarm.actor.rung)) == before
    desk.scheduler.sample(True)
    desk.run(100)
    assert (clock.actor.samples, len(keeper.actor.kept), len(alarm.actor.rung)) == (20, 4, 4)


def test_what_is_under_way_at_a_halt_still_arrives():
    desk = Desk()
    source, keeper = desk.add("source", Source), desk.add("keeper", Keeper)
    desk.wire(source, keeper)
    desk.emit(source, 1, 2, 3)
    desk.scheduler.sample(False)
    desk.rest()
    assert keeper.actor.kept == [1, 2, 3]
    assert desk.ask("source", "emit", 4) == (None, None)
    assert keeper.actor.kept == [1, 2, 3, 4]


def test_a_second_wire_ends_the_chain_and_both_targets_get_every_value():
    desk = Desk()
    source, middle = desk.add("source", Source), desk.add("middle", Passing)
    one, other = desk.add("one", Keeper), desk.add("other", Keeper)
    inlet = desk.wire(source, middle)
    desk.wire(middle, one)
    desk.flow.feed(inlet, 1, 0, source.path, 0)
    desk.wire(middle, other)
    desk.flow.feed(inlet, 2, 0, source.path, 0)
    desk.rest()
    assert (one.actor.kept, other.actor.kept) == ([1, 2], [2])


def test_an_actor_that_takes_no_values_says_what_to_define():
    desk = Desk()
    source, echo = desk.add("source", Source), desk.add("echo", Echo)
    inlet = desk.wire(source, echo)
    desk.emit(source, 1)
    desk.rest()
    assert "Echo takes no values; define on_value" in echo.last_error
    assert inlet.dropped == {"poison": 1}


def test_at_its_start_an_actor_has_its_own_name_as_source_and_the_moment():
    desk = Desk()
    moments = []

    class Early(Actor):
        def started(self):
            moments.append((self.source, self.at_ms))

    early = desk.add("early", Early)
    assert moments == [(early.path, 1700000000000)]
