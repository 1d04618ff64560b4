"""What a device measures while it is asked to, and that all is as before when nobody asks."""

from helpers import Keeper, Row, refusal

from mp_actors import Filter, Sensor, codec, explain, measure
from mp_actors.errors import Refused
from mp_actors.testing import ManualClock

PULSE, WORKER, KEEPER = "a/one/pulse", "a/one/worker", "c/three/keeper"


class Worker(Filter):
    """Takes 300 µs of its clock for a value, and passes one in four."""

    def __init__(self, clock):
        self.clock = clock
        self.count = 0

    def apply(self, value):
        self.clock.shift(300)
        self.count += 1
        if value < 0:
            raise ValueError(value)
        return value if self.count % 4 == 0 else None

    def state(self):
        return [1, 2, 3]


class Pulse(Sensor):
    """A value each 10 ms, which takes 2 ms to make."""

    period_ms = 10

    def __init__(self, clock):
        self.clock = clock

    def sample(self):
        self.clock.shift(2000)
        return 7


class Site:
    """A pulse and a worker on a board, wired; what passes goes to another device."""

    def __init__(self):
        self.row = Row(is_board=True)
        self.node, self.far = self.row.nodes[0], self.row.nodes[2]
        clock = self.row.clock
        self.node.scheduler.spawn(PULSE, lambda: Pulse(clock))
        self.node.scheduler.spawn(WORKER, lambda: Worker(clock))
        self.far.scheduler.spawn(KEEPER, Keeper)
        self.row.wire(1, PULSE, WORKER)
        self.row.wire(2, WORKER, KEEPER)
        self.node.scheduler.sample(True)

    def verbs(self):
        """What stands where values are handled, and where a period ends."""
        cells = [self.node.scheduler.cells[path] for path in (PULSE, WORKER)]
        inlets = [inlet.stage[1] for cell in cells for inlet in cell.inlets]
        return inlets + ["sample" in cells[0].actor.__dict__]

    def kept(self):
        return len(self.far.scheduler.cells[KEEPER].actor.kept)


def ask(node, *question):
    return explain.answer(node, "measure", question)


def told(node):
    """(span, {name or wire: the rest of its row}) of what a device has measured."""
    found, more = {}, True
    while more:
        span_ms, rows, more = ask(node, "tell", len(found))
        assert len(codec.encode(rows)) <= node.limits.out_bytes - 250
        for row in rows:
            assert row[0] not in found
            found[row[0]] = row[1:]
    return span_ms, found


def test_times_counts_and_sizes_are_those_since_the_beginning():
    site = Site()
    site.row.run(100)
    ask(site.node, "begin", 60000)
    ask(site.far, "begin", 60000)
    site.row.run(400)
    span_ms, found = told(site.node)
    assert span_ms == 400
    assert found == {
        "pulse": [40, 80000, 0],
        "worker": [40, 12000, len(codec.encode([1, 2, 3]))],
        1: [40, 40, found[1][2]],
        2: [10, None, None],
    }
    frames = told(site.far)[1]
    assert frames["keeper"][0] == 10 and frames[2][:2] == [None, 10]
    assert 30 <= found[1][2] <= 50 and frames[2][2] == found[1][2]


class Slow:
    """Each flush of a node's links takes 500 µs; counts them, and processor time if it is asked."""

    def __init__(self, site, node):
        self.clock, self.node, self.turns = site.row.clock, node, 0
        self.flush = node.links.flush
        node.links.flush = self.flushed

    def flushed(self):
        self.clock.shift(500)
        self.turns += 1
        return self.flush()


def turns_of(site, node, ms):
    """[turns, what the node tells of them] of a measurement of so long."""
    slow = Slow(site, node)
    ask(node, "begin", 60000)
    site.row.run(ms)
    return [slow.turns] + ask(node, "turns")


def test_a_turn_is_work_beside_that_of_verbs_and_is_about_messages_if_one_comes_or_leaves():
    site = Site()
    site.row.run(100)
    turns, worked_us, verbs_us, messages_us = turns_of(site, site.node, 400)
    assert verbs_us == 40 * 2000 + 40 * 300
    assert messages_us == 10 * 500
    assert worked_us == verbs_us + turns * 500 and turns > 40
    site = Site()
    turns, worked_us, verbs_us, messages_us = turns_of(site, site.far, 405)
    assert (verbs_us, messages_us) == (0, 10 * 500)
    assert worked_us == turns * 500


def test_who_forwards_messages_has_turns_and_none_about_messages():
    site = Site()
    middle = site.row.nodes[1]
    turns, worked_us, verbs_us, messages_us = turns_of(site, middle, 400)
    assert turns > 10 and worked_us == turns * 500
    assert verbs_us == messages_us == 0


def test_what_the_processor_worked_between_turns_counts_where_it_is_known():
    site = Site()
    clock = site.row.clock
    clock.used_us = lambda: clock.site_us() // 4
    begun_us = clock.used_us()
    ask(site.node, "begin", 60000)
    site.row.run(400)
    worked_us, verbs_us, messages_us = ask(site.node, "turns")
    assert worked_us == clock.used_us() - begun_us
    assert verbs_us == (40 * 2000 + 40 * 300) // 4
    assert messages_us == 0


def test_a_sample_that_comes_to_nothing_is_the_device_s_work_and_not_the_sensor_s():
    site = Site()
    pulse = site.node.scheduler.cells[PULSE].actor
    sample, count = pulse.sample, [0]

    def seldom():
        count[0] += 1
        value = sample()
        return value if count[0] % 4 == 0 else None

    pulse.sample = seldom
    site.node.scheduler.sample(False)
    site.node.scheduler.sample(True)
    ask(site.node, "begin", 60000)
    site.row.run(400)
    assert told(site.node)[1]["pulse"][:2] == [10, 20000]
    worked_us, verbs_us, _ = ask(site.node, "turns")
    assert verbs_us == 10 * 2000 + 10 * 300
    assert worked_us == verbs_us + 30 * 2000


def test_a_node_that_was_measured_takes_its_turns_as_before():
    site = Site()
    node = site.node

    def stand_ins():
        own = [name for name in ("step", "received", "send") if name in node.__dict__]
        return own + [name for name in ("take",) if name in node.wires.__dict__]

    assert stand_ins() == []
    ask(node, "begin", 60000)
    assert len(stand_ins()) == 4
    ask(node, "begin", 50)
    site.row.run(51)
    assert stand_ins() == []
    assert "no question" in refusal(Refused, ask, site.node, "turns")


def test_a_device_that_is_not_asked_times_nothing_and_neither_does_one_that_was():
    site = Site()
    before = site.verbs()
    assert site.node.measuring is None and before[-1] is False
    ask(site.node, "begin", 60000)
    site.row.run(20)
    assert site.verbs()[0] is not before[0] and site.verbs()[-1] is True
    ask(site.node, "end")
    assert site.verbs() == before and site.node.measuring is None
    kept = site.kept()
    site.row.run(400)
    assert site.kept() == kept + 10


def test_a_measurement_that_nobody_ends_ends_by_itself():
    site = Site()
    before = site.verbs()
    ask(site.node, "begin", 50)
    site.row.run(51)
    assert site.verbs() == before and site.node.measuring is None
    assert "no question" in refusal(Refused, ask, site.node, "tell", 0)


def test_a_second_beginning_begins_anew():
    site = Site()
    before = site.verbs()
    ask(site.node, "begin", 60000)
    site.row.run(100)
    ask(site.node, "begin", 60000)
    site.row.run(200)
    assert told(site.node)[1]["pulse"][:2] == [20, 40000]
    ask(site.node, "end")
    assert site.verbs() == before


def test_a_period_is_kept_while_it_is_measured_and_no_value_comes_twice_or_never():
    site = Site()
    for _ in range(20):
        site.row.run(20)
        ask(site.node, "begin", 60000)
        site.row.run(15)
        ask(site.node, "end")
        site.row.run(5)
    assert site.kept() == 20 * 40 // 10 // 4


def test_a_device_at_rest_is_measured_and_rests():
    site = Site()
    site.node.scheduler.sample(False)
    ask(site.node, "begin", 60000)
    site.row.run(100)
    assert told(site.node)[1]["pulse"] == [0, 0, 0]
    ask(site.node, "end")
    assert site.node.scheduler.halted and not site.node.scheduler.sampling


def test_a_handler_that_raises_is_counted_restarted_and_no_longer_timed():
    site = Site()
    ask(site.node, "begin", 60000)
    pulse, worker = [site.node.scheduler.cells[path] for path in (PULSE, WORKER)]
    pulse.emit(-1, 0, PULSE)
    site.row.run(100)
    assert worker.restarts == 1 and worker.inlets[0].dropped == {"poison": 1}
    assert told(site.node)[1]["worker"][:2] == [1, 300]
    ask(site.node, "end")
    assert worker.inlets[0].stage[1].__name__ != "timed"
    site.row.run(400)
    assert worker.inlets[0].delivered == 50


def test_what_is_no_question_is_refused():
    site = Site()
    for wrong in (("begun",), ("begin",), ("begin", "x"), ("tell", 0), ("tell",), ()):
        assert "no question" in refusal(Refused, ask, site.node, *wrong)
        assert site.node.measuring is None


def test_a_device_tells_its_speed_and_what_memory_is_free():
    class Slow(ManualClock):
        """A machine on which a look at the clock comes 40 ms after the last."""

        def site_us(self):
            self.shift(40000)
            return ManualClock.site_us(self)

    # Three times the rounds between two looks, in 120 ms.
    assert measure.speed(Slow()) == 3 * measure.ROUNDS * 1000000 // 120000
    site = Site()
    site.node.clock = Slow()
    rounds, free_bytes = ask(site.node, "speed")
    assert rounds == measure.speed(Slow())
    assert free_bytes is None or free_bytes > 0
