"""Three devices in a row whose clocks and whose wires' numbers wrap: nothing that waits notices."""

from helpers import Keeper, Row, check_ledger

from mp_actors import Actor, Sensor
from mp_actors.ticks import WRAP_MS

NEAR, WATCHER = "a/one/meter", "a/one/watcher"
FAR, ECHO = "c/three/keeper", "c/three/echo"
BELOW_MS = 3000
BELOW = 15  # readings before the numbers wrap
PERIOD_MS = 100
RUN_MS = 6000


class Meter(Sensor):
    """Counts up, and keeps what it is told of its wire."""

    period_ms = PERIOD_MS
    notes = []

    def __init__(self):
        self.count = 0

    def sample(self):
        self.count += 1
        return self.count

    def on_stalled(self, _path):
        Meter.notes.append("stalled")

    def on_flowing(self, _path):
        Meter.notes.append("flowing")


class Watcher(Actor):
    """Asks and watches all the time."""

    gone = []
    answers = []

    def started(self):
        self.watch(ECHO)
        self.every(500, "look")

    def on_look(self):
        self.ask(ECHO, "echo", len(Watcher.answers), then="answer", timeout_ms=2000)

    def on_answer(self, error, value):
        Watcher.answers.append((error, value))

    def on_gone(self, path, reason):
        Watcher.gone.append((path, reason))


class Echo(Actor):
    """Answers."""

    def on_echo(self, value):
        return value


class Wired:
    """A meter on device 1, a keeper on device 3, and somebody who watches."""

    def __init__(self, **more):
        Meter.notes, Watcher.gone, Watcher.answers = [], [], []
        row = self.row = Row(ticks_ms=WRAP_MS - BELOW_MS)
        self.meter = row.nodes[0].scheduler.spawn(NEAR, Meter)
        self.keeper = row.nodes[2].scheduler.spawn(FAR, Keeper)
        row.nodes[2].scheduler.spawn(ECHO, Echo)
        row.nodes[0].scheduler.spawn(WATCHER, Watcher)
        row.wire(1, NEAR, FAR, WRAP_MS - BELOW, **more)
        for node in row.nodes:
            node.scheduler.sample(True)

    def block(self, blocks=True):
        """Let the keeper take nothing, or go on."""
        self.keeper.down = blocks
        flow = self.row.nodes[2].scheduler.flow
        flow.suspend(self.keeper) if blocks else flow.resume(self.keeper)

    def check(self, count):
        """So many have come, in order; and those who ask and watch have noticed nothing."""
        kept = self.keeper.actor.kept
        assert kept == list(range(1, count + 1)), kept
        inlet = self.row.nodes[2].wires.inlets[1]
        check_ledger(inlet)
        assert inlet.missing == 0
        assert 0 < inlet.expected < count
        assert self.row.clock.ticks_ms() < WRAP_MS // 2
        assert Watcher.gone == []
        assert len(Watcher.answers) >= RUN_MS // 500 - 1
        assert [error for error, _ in Watcher.answers if error] == []


def test_a_stream_and_a_reliable_wire_go_on_over_both_wraps():
    for more in ({}, {"reliable": True, "full": "refuse", "credit": 8}):
        wired = Wired(**more)
        wired.row.run(RUN_MS)
        wired.check(RUN_MS // PERIOD_MS)
        assert Meter.notes == []


def test_credit_that_ends_before_a_wrap_comes_back_behind_it():
    for more in ({"reliable": True, "full": "refuse", "credit": 8}, {"credit": 8}):
        wired = Wired(**more)
        wired.row.run(1000)
        wired.block()
        wired.row.run(BELOW_MS)
        assert Meter.notes[0] == "stalled"
        wired.block(False)
        wired.row.run(RUN_MS)
        assert Meter.notes[-1] == "flowing"
        wired.check((1000 + BELOW_MS + RUN_MS) // PERIOD_MS)
