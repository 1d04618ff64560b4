"""A board whose heap is full at the worst moment: run by MicroPython, see `test_out_of_memory`.

    micropython -c "import starve; starve.main('send', 'ccm', True, 8000)"  # a free port

A board and its neighbour, each with its own loop, sockets between them, in one process and in
manual time. Round for round one more block of memory is left when readings are emitted, or when
they arrive; so every allocation on the way is the first to fail in one of them. In the moment the
board has dealt with that, there is memory again. Prints a line of JSON: what was seen, and in which
rounds something was wrong.
"""

import gc
import json

from sealed import PATHS, SOURCE, TARGET, key_dict

from mp_actors import Sensor, Sink, codec, outbox
from mp_actors.arrivals import Arrivals
from mp_actors.crypto import portable
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.leaf import Leaf
from mp_actors.neighbours import Neighbours
from mp_actors.node import Limits, Node
from mp_actors.serve import Server
from mp_actors.testing import ManualClock

BLOCK_BYTES = 32  # what the heap is given out in, on 64 bits
LARGEST_BYTES = 1 << 17
PERIOD_MS = 100
TICK_MS = 50
CALM_TICKS = 400  # 20 s, in which all that is under way has to arrive
APART_S = 4  # memory that runs out again and again is not coming back
BURST = 6  # readings at once: more than a row has room for at first
WIRE = 1


class Heap:
    """Takes all memory but some, and gives it back.

    `collects`: what the board lets go of meanwhile can be had again, as it ever is. Without, what
    has failed once goes on failing, which is worse than a board can be.
    """

    def __init__(self, collects):
        self._collects = collects
        self._held = None

    def leave(self, blocks):
        """From now on there are so many blocks, in one piece but for one of them."""
        hole = bytearray((blocks - 1) * BLOCK_BYTES) if blocks > 1 else None
        gc.collect()
        gc.disable()
        held, size = None, LARGEST_BYTES
        while size > BLOCK_BYTES:
            try:
                held = (held, bytearray(size))
            except MemoryError:
                size >>= 1
        gc.collect()  # the errors, too
        while gc.mem_free():
            for _ in range(gc.mem_free() // BLOCK_BYTES):
                held = (held,)  # one block
        self._held = held
        hole = held = None  # noqa: F841 (the hole is there when nobody holds it)
        gc.collect()
        if self._collects:
            gc.enable()

    def release(self):
        """All of it is there again."""
        self._held = None
        gc.enable()
        gc.collect()


class Meter(Sensor):
    """Emits so many readings at once when it is told to; `then()` is called before."""

    period_ms = PERIOD_MS

    def __init__(self):
        self.count = 0
        self.made = 0
        self.then = None

    def sample(self):
        count, self.count = self.count, 0
        if count and self.then is not None:
            self.then()
        for _ in range(count):
            self.made += 1
            self.emit(self.made)


class Taker(Sink):
    """Counts what comes."""

    def __init__(self):
        self.taken = 0
        self.last = None

    def write(self, value):
        self.taken += 1
        self.last = value


class Loop(Server):
    """A board's own, which has memory again once it has dealt with having none."""

    heap = None
    times = 0

    def make_room(self):
        """There is the reserve, and what lies about."""
        gc.enable()
        Server.make_room(self)
        self.times += 1
        self.heap.release()


class Stage:
    """The board, its neighbour, and a wire between them that `way` says the direction of.

    `step` is called in each turn of the board's loop, right behind its node's.
    """

    def __init__(self, way, seal, collects, port):
        self.clock = ManualClock()
        self.heap = Heap(collects)
        self.seen = {"rounds": 0, "times": 0, "resumed": 0, "lost": 0, "wrong": []}
        self.nodes, self.loops = [], []
        for place in (0, 1):
            self._add(place, seal)
        self.loops[0].heap = self.heap
        self.loops[1].listen("127.0.0.1", port)
        self.loops[0].dial("127.0.0.1", port, TARGET)
        self.loops[0].driven.append(self)
        self.is_sending = way == "send"
        source = 0 if self.is_sending else 1
        self.source, self.target = self.nodes[source], self.nodes[1 - source]
        self.meter = self.taker = None
        self._epoch = 0
        self._story = self._tell()

    def _add(self, place, seal):
        number = (SOURCE, TARGET)[place]
        guard = None
        if seal != "plain":
            guard = Guard(portable, Keys(key_dict(portable, number, "NNpsk0", seal)))
        drawn = [number]

        def draw():
            drawn[0] += 2
            return drawn[0]

        def forwarder(node):
            return Leaf(node, [TARGET])

        path = PATHS[place]
        node = Node(path, number, self.clock, codec, draw, Limits(True), forwarder, _mute, guard)
        node.scheduler.sample(True)
        self.nodes.append(node)
        self.loops.append(Loop(node, self.clock, 1024))

    def _wire(self):
        """New actors, and a new wire between them, so that nothing has room from before."""
        self._epoch += 1
        source, target = self.source.path + "/meter", self.target.path + "/taker"
        if self.meter is not None:
            for node in self.nodes:
                node.wires.disconnect(WIRE)
            self.source.scheduler.stop(source)
            self.target.scheduler.stop(target)
        meter, taker = self.meter, self.taker = Meter(), Taker()
        self.source.scheduler.spawn(source, lambda: meter)
        self.target.scheduler.spawn(target, lambda: taker)
        spec = {"wire": WIRE, "epoch": self._epoch, "first": 1, "origins": [], "via": 0}
        spec.update({"limit": 2048, "items": 128, "credit": 32, "full": "drop-oldest"})
        spec.update({"source": source, "source_device": self.source.number, "reliable": False})
        spec.update({"target": target, "target_device": self.target.number})
        for node in self.nodes:
            node.wires.connect(spec)

    def step(self, _now_ms):
        """The board's loop turns, and wants to turn again at once."""
        next(self._story)
        return 0

    # -- the story, turn by turn

    def _tell(self):
        yield from self._calm()
        used = yield from self._round(None)
        for blocks in range(used // BLOCK_BYTES):
            yield from self._round(blocks)
            self.seen["rounds"] += 1
            for _ in range(APART_S):
                yield from self._pass(1000)
        self.seen["times"] = self.loops[0].times
        self.seen["resumed"] = self.nodes[0].links.peers[TARGET].resumed
        self.nodes[0].is_ending = True
        while True:
            yield

    def _round(self, blocks):
        """Some readings while there are so many blocks, and one more once all is well. Returns how
        many bytes the readings took, if there was enough.
        """
        self._wire()
        self.clock.advance_ms(PERIOD_MS)
        self.meter.count = BURST
        gc.collect()
        gc.disable()
        before = gc.mem_alloc()
        if self.is_sending:
            if blocks is not None:
                self.meter.then = lambda: self.heap.leave(blocks)
        else:
            self.loops[1].turn(0)
            before = gc.mem_alloc()
            if blocks is not None:
                self.heap.leave(blocks)
        yield
        yield
        used = gc.mem_alloc() - before
        self.heap.release()
        self.meter.then = None
        yield from self._calm()
        self.meter.count = 1
        yield from self._calm()
        self._check(blocks)
        return used

    def _pass(self, ms):
        self.clock.advance_ms(ms)
        for _ in range(2):
            self.loops[1].turn(0)
            yield

    def _calm(self):
        """Time passes until nothing is under way."""
        for tick in range(CALM_TICKS):
            yield from self._pass(TICK_MS)
            if tick >= PERIOD_MS // TICK_MS and self._is_calm():
                return

    def _is_calm(self):
        for node, other in ((self.nodes[0], TARGET), (self.nodes[1], SOURCE)):
            peer = node.neighbours.get(other)
            if peer is None or peer.connection is None or peer.frames or node.wires.dirty:
                return False
        return True

    # -- what has to hold

    def _check(self, blocks):
        outbox, inlet = self.source.wires.outboxes[WIRE], self.target.wires.inlets[WIRE]
        lost = sum(outbox.dropped.values()) + sum(inlet.dropped.values())
        reasons = set(list(outbox.dropped) + list(inlet.dropped))
        self.seen["lost"] += lost
        laws = {
            "all that was emitted was accepted": self.meter.made == outbox.accepted,
            "what did not arrive has a count": outbox.accepted == inlet.delivered + lost,
            "the count has a reason": not reasons - {"overflow"},
            "none goes missing": not (inlet.missing or inlet.late or outbox.waiting),
            "what counts as delivered was": self.taker.taken == inlet.delivered,
            "the next one arrived": self.taker.last == self.meter.made,
            "who took them was not made anew": not inlet.cell.failures,
        }
        for law in sorted(laws):
            if not laws[law]:
                self.seen["wrong"].append(f"{blocks} blocks: not so: {law}")


def _mute(_path, _text):
    pass


def _nothing(*_):
    pass


# What a board forgets to do; each has to show.
SLIPS = {
    "nothing is mended": lambda: setattr(Node, "mend", _nothing),
    "a frame without memory is not counted": lambda: setattr(Arrivals, "short", lambda *_: True),
    "half a stream goes on": lambda: setattr(Neighbours, "disconnected", _nothing),
    "rows differ": lambda: setattr(outbox, "align", _nothing),
}


def main(way, seal, collects, port, slip=None):
    """Play it, and print what was seen."""
    if slip is not None:
        SLIPS[slip]()
    stage = Stage(way, seal, collects, port)
    stage.loops[0].run()
    print(json.dumps(stage.seen))
