"""The data lane: order per wire, exact ledgers, fair turns, whatever is chained, queued or fanned.

Random programs of emits run on random graphs of local actors and are held against one plain queue.
A lane that lets a value overtake is shown to be caught.
"""

from helpers import Desk, Dice, Keeper, Source, check_ledger

from mp_actors import Actor, Filter, Sensor
from mp_actors.flow import BATCH, TIMED, Flow
from mp_actors.scheduler import TURNS

PRIME = 10007


def rule(number, value):
    """What actor `number` makes of a value: what it emits, and what it returns."""
    children = [(value * 31 + number * 7 + place) % PRIME for place in range(3)]
    kind = (value + number) % 6
    if kind < 2:
        return [], children[0]  # returned: goes down the chain
    if kind == 2:
        return children[:1], None
    if kind == 3:
        return children[:2], children[2]  # the returned one is the last
    if kind == 4:
        return [], None
    return children[:1], children[1]


class Node(Actor):
    """An actor of a random program; logs what comes per wire and what leaves."""

    def __init__(self, number):
        self.number = number
        self.taken = {}
        self.left = []

    def verb_for(self, sender):
        taken = self.taken[sender] = []

        def verb(value):
            taken.append(value)
            emitted, returned = rule(self.number, value)
            for child in emitted:
                self.left.append(child)
                self.emit(child)
            if returned is not None:
                self.left.append(returned)
            return returned

        return verb


class Program:
    """A random graph of actors (edges lead to higher numbers) and what happens to it, by seed."""

    def __init__(self, seed, make_flow, bound):
        self.dice = dice = Dice(seed)
        self.desk = desk = Desk()
        if make_flow is not None:
            desk.flow = desk.scheduler.flow = make_flow(desk.clock, desk.scheduler.fail)
        size = 2 + dice.below(6)
        self.entry = desk.add("entry", Source)
        self.cells = [self._add(number, bound) for number in range(size)]
        self.edges = []
        self.inlets = [desk.wire(self.entry, self.cells[0])]
        for target in range(1, size):
            sources = sorted(set([dice.below(target) for _ in range(1 + dice.below(2))]))
            for source in sources:
                self.edges.append((source, target))
                self.inlets.append(desk.wire(self.cells[source], self.cells[target]))
        self.fed = []

    def _add(self, number, bound):
        def make():
            node = Node(number)
            node.queue_bound = bound
            return node

        return self.desk.add("n%d" % number, make)

    def run(self):
        """Values come in by every door the lane has, between turns; then all comes to rest."""
        desk, dice = self.desk, self.dice
        for _ in range(12):
            value, door = dice.below(PRIME), dice.below(4)
            self.fed.append(value)
            if door == 0:
                desk.emit(self.entry, value)
            elif door == 1:
                desk.flow.begin(self.entry, value, desk.clock.site_us())
            else:
                desk.flow.feed(self.inlets[0], value, desk.clock.site_us(), self.entry.path, TIMED)
            for _ in range(dice.below(3)):
                if desk.flow.ready:
                    desk.flow.turn()
                for inlet in self.inlets:
                    check_ledger(inlet)
        desk.rest()
        for inlet in self.inlets:
            check_ledger(inlet)
            assert not inlet.queue and not inlet.is_ready

    def sent_and_taken(self):
        """[(values sent into a wire, values its target took)], entry's wire first."""
        entry_taken = self.cells[0].actor.taken[self.entry.path]
        pairs = [(self.fed, entry_taken)]
        for source, target in self.edges:
            source_cell = self.cells[source]
            taken = self.cells[target].actor.taken[source_cell.path]
            pairs.append((source_cell.actor.left, taken))
        return pairs

    def reference(self):
        """[sorted values per wire] of one queue that takes everything in turn."""
        wires = [[] for _ in self.inlets]
        queue = [(0, 0, value) for value in self.fed]
        while queue:
            wire, number, value = queue.pop(0)
            wires[wire].append(value)
            emitted, returned = rule(number, value)
            for child in emitted + ([] if returned is None else [returned]):
                for place, (source, target) in enumerate(self.edges):
                    if source == number:
                        queue.append((place + 1, target, child))
        return [sorted(values) for values in wires]


def check_program(seed, make_flow=None):
    """Assert order, completeness and ledger of one random program in which nothing overflows."""
    program = Program(seed, make_flow, 5000)
    program.run()
    for sent, taken in program.sent_and_taken():
        assert sent == taken, seed
    assert [sorted(taken) for _, taken in program.sent_and_taken()] == program.reference(), seed
    for inlet in program.inlets:
        assert inlet.accepted == inlet.delivered, seed


def test_order_per_wire_holds_and_nothing_is_lost_in_random_programs():
    for seed in range(60):
        check_program(seed)


def test_with_small_queues_values_are_lost_in_order_and_counted():
    overflowed = 0
    for seed in range(60):
        program = Program(seed, None, 2)
        program.run()
        for (sent, taken), inlet in zip(program.sent_and_taken(), program.inlets):
            lost = inlet.dropped.get("overflow", 0)
            assert len(sent) - len(taken) == lost, seed
            assert (inlet.accepted, inlet.delivered) == (len(sent), len(taken)), seed
            assert is_subsequence(taken, sent), seed
            overflowed += lost
    assert overflowed > 0


def is_subsequence(part, whole):
    rest = iter(whole)
    return all([value in rest for value in part])


class Overtaking(Flow):
    """Wrong on purpose: a new value does not wait behind those that are queued."""

    def begin(self, cell, value, at_us):
        inlet = cell.next_inlet()
        inlet.accepted += 1
        self.follow(inlet, value, at_us, cell.path, TIMED)


class Forgetful(Flow):
    """Wrong on purpose: a turn that ends early does not come back."""

    def turn(self):
        inlet = self.ready.popleft()
        value, at_us, source = inlet.queue.popleft()
        self.follow(inlet, value, at_us, source, TIMED)
        inlet.is_ready = False


def test_a_lane_that_overtakes_or_forgets_is_caught():
    for wrong in (Overtaking, Forgetful):
        caught = 0
        for seed in range(30):
            try:
                check_program(seed, wrong)
            except AssertionError:
                caught += 1
        assert caught > 10, wrong


class Pass(Filter):
    pass


def row_of(desk, length):
    """Source, `length` filters and a keeper in a row; returns the inlets and the last cell."""
    cells = [desk.add("source", Source)]
    cells += [desk.add("f%d" % place, Pass) for place in range(length)]
    cells.append(desk.add("keeper", Keeper))
    places = range(len(cells) - 1)
    return [desk.wire(cells[place], cells[place + 1]) for place in places], cells[-1]


def test_a_row_longer_than_a_turn_is_walked_in_turns_and_in_order():
    desk = Desk()
    inlets, last = row_of(desk, 3 * BATCH)
    for value in range(5):
        desk.flow.feed(inlets[0], value, 0, "a/b/c", 0)
    assert last.actor.kept == []
    desk.rest()
    assert last.actor.kept == [0, 1, 2, 3, 4]
    for inlet in inlets:
        assert (inlet.accepted, inlet.delivered) == (5, 5)


def test_a_filter_keeps_the_source_and_others_are_sources_themselves():
    desk = Desk()
    inlets, last = row_of(desk, 2)
    desk.flow.feed(inlets[0], 1, 0, "x/y/z", 0)
    assert last.actor.sources == ["x/y/z"]

    class Again(Actor):
        def on_value(self, value):
            self.emit(value)
            return value

    desk = Desk()
    first, again = desk.add("source", Source), desk.add("again", Again)
    keeper = desk.add("keeper", Keeper)
    inlet = desk.wire(first, again)
    desk.wire(again, keeper)
    desk.flow.feed(inlet, 1, 0, "x/y/z", 0)
    desk.rest()
    assert keeper.actor.kept == [1, 1] and keeper.actor.sources == [again.path] * 2
    again.actor.emit = lambda _value: None  # with nothing in the way the value is chained
    desk.flow.feed(inlet, 2, 0, "x/y/z", 0)
    assert keeper.actor.kept[-1] == 2 and keeper.actor.sources[-1] == again.path


def test_a_flood_at_one_actor_cannot_starve_another():
    desk = Desk(queue_bound=10000)
    source, other = desk.add("source", Source), desk.add("other", Source)
    flooded, quiet = desk.add("flooded", Keeper), desk.add("quiet", Keeper)
    desk.wire(source, flooded)
    desk.wire(other, quiet)
    desk.emit(source, *range(5000))
    desk.emit(other, "hello")
    desk.flow.turn()
    desk.flow.turn()
    assert quiet.actor.kept == ["hello"]
    assert len(flooded.actor.kept) == BATCH
    desk.rest()
    assert flooded.actor.kept == list(range(5000))


def test_two_actors_that_answer_each_other_for_ever_leave_room_for_all_else():
    desk = Desk()
    one, other = desk.add("one", Pass), desk.add("other", Pass)
    inlet = desk.wire(one, other)
    desk.wire(other, one)
    source, keeper = desk.add("source", Source), desk.add("keeper", Keeper)
    desk.wire(source, keeper)
    desk.emit(one, "ball")
    desk.emit(source, "hello")
    assert desk.scheduler.step(0) is True
    assert keeper.actor.kept == ["hello"]
    assert inlet.delivered <= TURNS * BATCH
    answers = []
    desk.scheduler.post(keeper.path, "x", [], "a/b/c", lambda *answer: answers.append(answer))
    desk.scheduler.step(0)
    assert answers[0][0][0] == "failed"


def test_a_handler_that_emits_thousands_neither_blocks_nor_grows_nor_recurses():
    desk = Desk(queue_bound=8)

    class Flood(Actor):
        def on_value(self, value):
            for number in range(value):
                self.emit(number)

    source, flood = desk.add("source", Source), desk.add("flood", Flood)
    keeper = desk.add("keeper", Keeper)
    desk.wire(source, flood)
    inlet = desk.wire(flood, keeper)
    desk.emit(source, 3000)
    desk.rest()
    assert keeper.actor.kept == list(range(2992, 3000))
    assert inlet.dropped == {"overflow": 2992}
    check_ledger(inlet)


def test_one_read_that_holds_more_than_an_inlet_loses_nothing():
    desk = Desk(queue_bound=4)
    inlets, last = row_of(desk, 1)
    desk.emit(desk.scheduler.cell("lab/desk/source"), 0, 1)
    for value in range(2, 50):
        desk.flow.feed(inlets[0], value, 0, "a/b/c", 0)
    desk.rest()
    assert last.actor.kept == list(range(50))
    assert inlets[0].dropped == {}


def test_control_runs_before_data_that_was_there_first():
    desk = Desk()
    log = []

    class Logger(Actor):
        def on_value(self, value):
            log.append(value)

        def on_note(self, text):
            log.append(text)

    source, logger = desk.add("source", Source), desk.add("logger", Logger)
    desk.wire(source, logger)
    desk.emit(source, *range(60))
    assert desk.scheduler.post(logger.path, "note", ["control"], "a/b/c", None)
    desk.rest()
    assert log == ["control"] + list(range(60))


def test_control_waits_for_one_turn_at_most():
    desk = Desk(queue_bound=1000)
    log = []

    class Logger(Actor):
        def on_value(self, value):
            if value == 0:
                self.tell(self.path, "note")
            log.append(value)

        def on_note(self):
            log.append("control")

    source, logger = desk.add("source", Source), desk.add("logger", Logger)
    desk.wire(source, logger)
    desk.emit(source, *range(1000))
    desk.rest()
    assert log.index("control") == BATCH


class Ticker(Sensor):
    period_ms = 10

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


def test_a_sensor_value_waits_behind_those_that_are_queued():
    desk = Desk()
    ticker, keeper = desk.add("ticker", Ticker), desk.add("keeper", Keeper)
    desk.wire(ticker, keeper)
    desk.emit(ticker, "first", "second")
    desk.scheduler.sample(True)
    desk.clock.advance_ms(10)
    desk.rest()
    assert keeper.actor.kept == ["first", "second", 1]


def test_the_age_of_a_turns_first_value_is_measured():
    desk = Desk()
    inlets, _ = row_of(desk, 1)
    source = desk.scheduler.cell("lab/desk/source")
    desk.emit(source, *range(10))
    desk.clock.advance_ms(3)
    desk.rest()
    counts = inlets[0].latency.counts
    assert sum(counts.values()) == 1
    assert abs(inlets[0].latency.percentile_us(50) - 3000) <= 90
