"""A handler that raises: counted, made anew, at once or after a while, and nobody else notices."""

from helpers import DEVICE, Desk, Keeper, Source, check_ledger

from mp_actors import Actor, Aggregator, Filter, Sensor, supervise


class Picky(Filter):
    """Fails on negative values; counts instances and values of this instance."""

    made = 0

    def __init__(self):
        Picky.made += 1
        self.seen = 0

    def apply(self, value):
        self.seen += 1
        if value < 0:
            raise ValueError("negative")
        return value


def bench(make, queue_bound=64):
    """Source, the actor under test and a keeper in a row: the desk, the three, the two wires."""
    desk = Desk(queue_bound)
    source, cell = desk.add("source", Source), desk.add("cell", make)
    keeper = desk.add("keeper", Keeper)
    return desk, source, cell, keeper, desk.wire(source, cell), desk.wire(cell, keeper)


def test_the_wait_is_none_after_work_and_else_doubles_from_100_ms_to_5_s():
    assert supervise.restart_delay_ms(True, 0) == 0
    assert supervise.restart_delay_ms(True, 5000) == 0
    waits, last_ms = [], 0
    for _ in range(9):
        last_ms = supervise.restart_delay_ms(False, last_ms)
        waits.append(last_ms)
    assert waits == [100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]


def test_a_failure_is_described_with_the_persons_file_and_line():
    def handler():
        raise KeyError("pin")

    try:
        handler()
    except KeyError as error:
        text = supervise.describe(error)
    assert text.startswith("KeyError: ") and "pin" in text and "(test_supervise.py:" in text


def test_one_that_worked_before_costs_one_value_and_is_back_at_once():
    desk, source, cell, keeper, inlet, out = bench(Picky)
    desk.emit(source, 1, 2, -3, 4, -5, 6)
    desk.rest()
    assert keeper.actor.kept == [1, 2, 4, 6]
    assert (cell.failures, cell.restarts, cell.down) == (2, 2, False)
    assert inlet.dropped == {"poison": 2} and out.accepted == 4
    assert "ValueError: negative" in cell.last_error
    assert [path for path, _ in desk.lines] == [cell.path] * 2
    check_ledger(inlet)


def test_the_next_instance_is_fresh():
    desk, source, cell, keeper, _, _ = bench(Picky)
    made = Picky.made
    desk.emit(source, 1, 2, 3)
    desk.rest()
    first = cell.actor
    desk.emit(source, -1, 4)
    desk.rest()
    assert cell.actor is not first and cell.actor.seen == 1 and Picky.made == made + 1
    assert cell.actor.path == cell.path
    assert keeper.actor.kept == [1, 2, 3, 4]


def test_one_that_never_works_waits_100_ms_and_then_twice_as_long_up_to_5_s():
    desk, source, cell, _, inlet, _ = bench(Picky, queue_bound=100)
    moments = []

    class Broken(Picky):
        def apply(self, value):
            moments.append(desk.scheduler.now_ms)
            raise ValueError("always %d" % value)

    cell.make = Broken
    desk.emit(source, *[-1] * 12)
    desk.run(25000)
    steps = [moments[place + 1] - moments[place] for place in range(len(moments) - 1)]
    assert moments[0] == 100
    assert steps == [200, 400, 800, 1600, 3200, 5000, 5000, 5000]
    assert inlet.delivered == 0 and inlet.dropped["poison"] == len(moments) + 1
    check_ledger(inlet)


def test_work_in_between_makes_the_next_restart_immediate():
    desk, source, cell, keeper, _, _ = bench(Picky)
    desk.emit(source, -1, -1, 5, -1, 6)
    desk.run(99)
    assert keeper.actor.kept == [] and cell.down
    desk.run(1)
    assert cell.down and cell.restart_delay_ms == 200
    desk.run(200)
    assert keeper.actor.kept == [5, 6] and not cell.down
    assert cell.restart_delay_ms == 0


def test_values_queue_up_at_one_that_is_down_and_the_oldest_make_room():
    desk, source, cell, keeper, inlet, _ = bench(Picky, queue_bound=4)
    desk.emit(source, -1)
    desk.rest()
    assert cell.down
    desk.emit(source, *range(10))
    desk.flow.feed(inlet, 10, 0, source.path, 4)
    desk.rest()
    assert keeper.actor.kept == [] and len(inlet.queue) == 4
    check_ledger(inlet)
    desk.run(100)
    assert keeper.actor.kept == [7, 8, 9, 10]
    assert inlet.dropped == {"poison": 1, "overflow": 7}
    check_ledger(inlet)


def test_no_wire_brings_anything_to_one_that_is_down():
    desk, source, cell, keeper, inlet, _ = bench(Picky)
    other = desk.add("other", Source)
    second = desk.wire(other, cell)
    desk.emit(source, -1, 1)
    desk.emit(other, 2, 3)
    desk.rest()
    assert cell.down and keeper.actor.kept == []
    assert (len(inlet.queue), len(second.queue)) == (1, 2)
    desk.run(100)
    assert sorted(keeper.actor.kept) == [1, 2, 3]
    assert (inlet.delivered, second.delivered) == (1, 2)


def test_neighbours_do_not_notice():
    desk, source, cell, keeper, _, _ = bench(Picky)
    other, other_keeper = desk.add("other", Source), desk.add("other-keeper", Keeper)
    side_keeper = desk.add("side", Keeper)
    desk.wire(other, other_keeper)
    desk.wire(source, side_keeper)
    desk.emit(source, -1, 1, 2)
    desk.emit(other, "a", "b")
    desk.rest()
    assert cell.down and keeper.actor.kept == []
    assert side_keeper.actor.kept == [-1, 1, 2] and other_keeper.actor.kept == ["a", "b"]


def test_upstream_passes_on_while_its_target_is_down_and_after():
    desk = Desk()
    source, middle = desk.add("source", Source), desk.add("middle", Filter)
    cell, keeper = desk.add("cell", Picky), desk.add("keeper", Keeper)
    inlet = desk.wire(source, middle)
    desk.wire(middle, cell)
    desk.wire(cell, keeper)
    for value in (-1, 1, 2):
        desk.flow.feed(inlet, value, 0, source.path, 4)
    assert cell.down and inlet.delivered == 3
    desk.run(100)
    desk.flow.feed(inlet, 3, 0, source.path, 4)
    assert keeper.actor.kept == [1, 2, 3]


def test_control_to_one_that_is_down_is_answered():
    desk, source, _, _, _, _ = bench(Picky)
    desk.emit(source, -1)
    desk.rest()
    error, _ = desk.ask("cell", "anything")
    assert error[0] == "failed" and "is being restarted after ValueError" in error[1]


class Moody(Actor):
    """Fails on request; rings a timer."""

    instances = []

    def __init__(self):
        Moody.instances.append(self)
        self.rung = 0

    def started(self):
        self.every(10, "ring")

    def on_ring(self):
        self.rung += 1

    def on_fail(self):
        raise ValueError("moody")

    def on_work(self):
        return "done"


def test_a_control_handler_that_raises_is_a_failure_like_any_other():
    desk = Desk()
    moody = desk.add("moody", Moody)
    assert desk.ask("moody", "work") == (None, "done")
    error, _ = desk.ask("moody", "fail")
    assert error[0] == "failed" and "ValueError: moody (test_supervise.py:" in error[1]
    assert (moody.failures, moody.restarts, moody.down) == (1, 1, False)
    assert desk.ask("moody", "work") == (None, "done")


def test_timers_of_the_dead_instance_die_with_it():
    desk = Desk()
    Moody.instances = []
    desk.add("moody", Moody)
    desk.run(20)
    assert Moody.instances[0].rung == 2
    desk.ask("moody", "fail")
    desk.run(50)
    assert [instance.rung for instance in Moody.instances] == [2, 5]


class Fragile(Actor):
    """Its constructor raises as often as `broken` says."""

    broken = 0

    def __init__(self):
        if Fragile.broken:
            Fragile.broken -= 1
            raise OSError("no such pin")
        self.kept = []

    def on_value(self, value):
        if value == "fail":
            raise ValueError("value")
        self.kept.append(value)


def test_a_constructor_that_raises_is_tried_again():
    Fragile.broken = 3
    desk, source, cell, _, inlet, _ = bench(Fragile)
    desk.emit(source, 1, 2)
    desk.run(99)
    assert cell.down and cell.failures == 1 and cell.actor is None
    desk.run(100 + 200 + 400)
    assert not cell.down and (cell.failures, cell.restarts) == (3, 1)
    assert cell.actor.kept == [1, 2]
    check_ledger(inlet)


def test_a_constructor_that_begins_to_raise_after_long_work_is_tried_again_and_again():
    Fragile.broken = 0
    desk, source, cell, _, inlet, _ = bench(Fragile)
    desk.emit(source, 1, 2)
    desk.rest()
    Fragile.broken = 4
    desk.emit(source, "fail", 3)
    desk.rest()
    assert cell.down and cell.failures == 2
    desk.run(100 + 200 + 400 + 800)
    assert not cell.down and cell.failures == 5
    assert cell.actor.kept == [3]
    check_ledger(inlet)


def test_a_start_that_raises_is_a_failure_and_no_value_is_taken_before():
    class Slow(Keeper):
        tries = 0

        def started(self):
            Slow.tries += 1
            self.after(1, "ring")
            if Slow.tries < 3:
                raise OSError("not yet")

        def on_ring(self):
            self.kept.append("ring")

    desk, source, cell, _, inlet, _ = bench(Slow)
    desk.emit(source, 1)
    desk.rest()
    assert cell.down and cell.actor.kept == []
    desk.run(305)
    assert cell.actor.kept == [1, "ring"] and Slow.tries == 3
    check_ledger(inlet)


def test_a_sensor_that_raises_now_and_then_misses_single_samples():
    class Flaky(Sensor):
        period_ms = 10
        tick = 0

        def sample(self):
            Flaky.tick += 1
            if Flaky.tick % 4 == 0:
                raise OSError("timeout")
            return Flaky.tick

    desk = Desk()
    flaky, keeper = desk.add("flaky", Flaky), desk.add("keeper", Keeper)
    desk.wire(flaky, keeper)
    desk.scheduler.sample(True)
    desk.run(100)
    assert keeper.actor.kept == [1, 2, 3, 5, 6, 7, 9, 10]
    assert flaky.failures == 2 and not flaky.down


def test_a_sensor_that_always_raises_does_not_keep_the_processor_busy():
    class Dead(Sensor):
        period_ms = 1
        tries = 0

        def sample(self):
            Dead.tries += 1
            raise OSError("gone")

    desk = Desk()
    dead = desk.add("dead", Dead)
    desk.scheduler.sample(True)
    desk.run(10000)
    assert 6 <= Dead.tries <= 9 and dead.failures == Dead.tries


def test_a_period_that_is_none_is_the_failure_of_that_sensor_and_of_no_other():
    for period_ms in (0, -5, None, "100", 1 << 29):

        class Wrong(Sensor):
            pass

        class Window(Aggregator):
            pass

        Wrong.period_ms, Window.window_ms = period_ms, period_ms or -1
        desk = Desk()
        wrong, good = desk.add("a-wrong", Wrong), desk.add("good", Sensor)
        window = desk.add("a-window", Window)
        desk.scheduler.sample(True)
        desk.run(1100)
        assert wrong.failures >= 3 and window.failures >= 3, period_ms
        assert good.handled == 1 and good.failures == 0


def test_an_end_that_raises_is_counted_and_the_actor_is_gone():
    class Clinging(Keeper):
        def stopped(self):
            raise OSError("cannot close")

    desk = Desk()
    cell = desk.add("clinging", Clinging)
    desk.scheduler.stop(cell.path)
    assert cell.failures == 1 and cell.path not in desk.scheduler.cells
    assert "OSError: cannot close" in desk.lines[0][1]
    desk.run(10000)
    assert cell.restarts == 0


def test_one_that_is_stopped_while_it_waits_is_not_made_again():
    desk, source, _, _, inlet, _ = bench(Picky)
    made = Picky.made
    desk.emit(source, -1, 1)
    desk.rest()
    desk.scheduler.stop(DEVICE + "/cell")
    desk.run(500)
    assert Picky.made == made and inlet.dropped == {"poison": 1, "gone": 1}
    check_ledger(inlet)


def test_many_wires_to_one_that_fails_keep_their_order_and_ledgers():
    desk = Desk(queue_bound=8)
    sources = [desk.add("s%d" % place, Source) for place in range(4)]
    cell, keeper = desk.add("cell", Picky), desk.add("keeper", Keeper)
    inlets = [desk.wire(source, cell) for source in sources]
    desk.wire(cell, keeper)
    for number in range(40):
        source = sources[number % 4]
        desk.emit(source, -1 if number % 7 == 3 else number)
        desk.run(1 if number % 5 else 30)
    desk.run(20000)
    for place, inlet in enumerate(inlets):
        check_ledger(inlet)
        mine = [value for value in keeper.actor.kept if value % 4 == place]
        assert mine == sorted(mine) and len(mine) == inlet.delivered
        assert not inlet.queue
