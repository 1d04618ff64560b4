"""Measures what actors, wires and this device can do; loaded when `explain` is asked for it.

    "speed"           [rounds of fixed work in a second, just now, bytes of memory that are free]
    "begin", limit    from now on verbs are timed, for at most that many ms
    "tell", after     [ms since then, rows from number `after` on, whether there are more]
    "turns"           [µs this device worked since then, µs of them in verbs, µs about messages]
    "end"             verbs are as they were

Rows: [actor, times its verbs ran, µs that took, bytes of its state], and [wire, readings sent,
readings taken, bytes of one in a frame of its own], None where that end is not here. What a source
did that came to nothing is none of its work, but of the device's. While nobody asks, a reading
costs nothing more: what times a verb stands in its place only as long.
"""

import gc
import os

from mp_actors import batch, frame
from mp_actors.errors import LocalWireError
from mp_actors.ticks import diff

SPEED_US = 100000  # how long is worked for that: what else the machine does belongs to it
ROUNDS = 50
ROWS = 10  # in one answer, which fits a board's frame
LENGTH_BYTES = 4  # before a frame
SOURCES = (("sensor", "sample"), ("aggregator", "result"))


def answer(node, what, *args):
    """The answer to a question; *raises* what a wrong one makes it."""
    if what == "speed":
        return [speed(node.clock), _free_bytes()]
    if what == "tell":
        return node.measuring.tell(*args)
    if what == "turns":
        return node.measuring.turns.told()
    if node.measuring is not None:
        node.measuring.end()
    if what == "begin":
        (limit_ms,) = args
        node.measuring = Measuring(node, limit_ms)
    elif what != "end":
        raise ValueError(what)
    return None


def speed(clock):
    """Rounds of work in a second: method calls, sums and dicts, as handlers are made of."""
    gc.collect()
    handler, rounds, begun_us = _Handler(), 0, clock.site_us()
    while True:
        for number in range(ROUNDS):
            handler.apply(number)
        rounds += ROUNDS
        spent_us = clock.site_us() - begun_us
        if not 0 <= spent_us < SPEED_US:
            return rounds * 1000000 // max(1, spent_us)


class _Handler:
    """What is done again and again."""

    def __init__(self):
        self.last = {}
        self.mean = 0.0

    def apply(self, value):
        source = value & 7
        before = self.last.get(source)
        self.last[source] = value
        self.mean += (value - self.mean) * 0.125
        return value if before is None or abs(value - before) > self.mean else None


class Measuring:
    """One measurement of a node, from its making on."""

    def __init__(self, node, limit_ms):
        scheduler = node.scheduler
        self._node = node
        self._begun_ms = scheduler.now_ms
        self._actors = {}  # name -> [times, µs], of those with something to time
        self._values = {}  # wire -> the last value that came by it
        self.turns = Turns(node)
        self._undo = [self.turns.end]
        self._before = self._counts()
        self._timer = scheduler.timers.after(scheduler.now_ms, limit_ms, self.end)
        for path in sorted(scheduler.cells):
            cell = scheduler.cells[path]
            if not cell.down:
                self._time(cell)
        self._sample_anew()

    def end(self):
        """Put everything back."""
        self._timer.cancel()
        self._node.measuring = None
        for undo in self._undo:
            undo()
        self._sample_anew()

    def tell(self, after):
        """What was measured until now; see above."""
        rows = [self._actor(name) for name in sorted(self._actors)]
        counts = self._counts()
        rows += [self._wire(number, counts[number]) for number in sorted(counts)]
        span_ms = diff(self._node.scheduler.now_ms, self._begun_ms)
        return [span_ms, rows[after : after + ROWS], len(rows) > after + ROWS]

    # -- timing

    def _time(self, cell):
        actor, row = cell.actor, [0, 0]
        awaits = cell.scheduler.awaits
        for inlet in cell.inlets:
            self._time_inlet(inlet, self._timed(inlet.stage[1], row, inlet.wire))
        for role, name in SOURCES:
            if actor.role == role:
                verb = getattr(actor, name)
                if awaits is not None:
                    verb = awaits.source(cell, verb)
                setattr(actor, name, self._timed(verb, row))
                self._undo.append(lambda name=name: delattr(actor, name))
        if cell.inlets or actor.role == "sensor":
            self._actors[cell.path.split("/")[2]] = row

    def _timed(self, verb, row, wire=None):
        """verb, whose calls and their time are added to row, and its last value kept."""
        clock, turns, values = self._node.clock, self.turns, self._values

        def timed(*args):
            if wire is not None:
                values[wire] = args[0]
            begun_us, begun_used_us, value = clock.site_us(), turns.used_us(), None
            try:
                value = verb(*args)
                return value
            finally:
                if value is not None or wire is not None:
                    row[0] += 1
                    row[1] += max(0, clock.site_us() - begun_us)
                    turns.verbs_us += max(0, turns.used_us() - begun_used_us)

        return timed

    def _time_inlet(self, inlet, timed):
        actor, verb, following, origin = inlet.stage
        inlet.stage = (actor, timed, following, origin)

        def undo():
            present, now, following, origin = inlet.stage
            if now is timed:  # else there is another instance by now
                inlet.stage = (present, verb, following, origin)

        self._undo.append(undo)

    def _sample_anew(self):
        """Let periods and windows call what is there now, at the same moments."""
        scheduler = self._node.scheduler
        if scheduler.sampling:
            scheduler.sample(False)
            scheduler.sample(True)

    # -- telling

    def _counts(self):
        """{wire: [sent, taken]} since ever, None for the end that is not here."""
        counts, wires = {}, self._node.wires
        for number in wires.inlets:
            inlet = wires.inlets[number]
            sent = inlet.accepted if inlet.expected is None else None
            counts[number] = [sent, inlet.delivered]
        for number in wires.outboxes:
            counts[number] = [wires.outboxes[number].accepted, None]
        return counts

    def _wire(self, number, now):
        before = self._before.get(number, (0, 0))
        row = [None if a is None else a - (b or 0) for a, b in zip(now, before)]
        size = None
        if number in self._values:
            value = self._values[number]
            try:
                body = batch.encode(self._node.codec, number, 1, 1, [0], [value], None)
                size = LENGTH_BYTES + frame.HEAD_BYTES + len(body)
            except LocalWireError:
                pass  # of a wire that never leaves the device
        return [number] + row + [size]

    def _actor(self, name):
        cell = self._node.scheduler.cells.get(self._node.path + "/" + name)
        state = getattr(cell and cell.actor, "state", None)
        size = 0 if state is None else len(self._node.codec.encode(state()))
        return [name] + self._actors[name] + [size]


class Turns:
    """Times a node's turns, each from what it receives to the end of the step after that.

    `used_us()`: time of the processor, where others have it, too; else site time, and what is
    between turns is no work.
    """

    def __init__(self, node):
        self._node = node
        self.used_us = getattr(node.clock, "used_us", node.clock.site_us)
        self._begun_us = self.used_us()
        self.verbs_us = 0
        self._turns_us = self._turn_us = self._messages_us = 0  # without verbs, all three
        self._has_message = False
        self._step, self._send, self._take = self._timed(node.step), node.send, node.wires.take
        node.received = self._timed(node.received)
        node.step, node.send, node.wires.take = self.step, self.send, self.take

    def _timed(self, part):
        def timed(*args):
            begun_us, verbs_us = self.used_us(), self.verbs_us
            try:
                return part(*args)
            finally:
                took_us = self.used_us() - begun_us - (self.verbs_us - verbs_us)
                self._turn_us += max(0, took_us)

        return timed

    def step(self, now_ms):
        """The node's, and the end of a turn."""
        try:
            return self._step(now_ms)
        finally:
            self._turns_us += self._turn_us
            if self._has_message:
                self._messages_us += self._turn_us
            self._turn_us, self._has_message = 0, False

    def send(self, flags, to_device, body):
        """The node's; a message leaves unless it is control."""
        if flags & frame.CLASS_BITS != frame.CONTROL:
            self._has_message = True
        return self._send(flags, to_device, body)

    def take(self, body, from_device):
        """That of its wires: a message comes."""
        self._has_message = True
        self._take(body, from_device)

    def told(self):
        """See above."""
        worked_us = self._turns_us + self.verbs_us
        if hasattr(self._node.clock, "used_us"):
            worked_us = self.used_us() - self._begun_us
        return [worked_us, self.verbs_us, self._messages_us]

    def end(self):
        """Let the node's own stand there again."""
        node = self._node
        del node.received, node.step, node.send, node.wires.take


def _free_bytes():
    """Of the heap of a board, of the memory of a machine; None where nobody says."""
    if hasattr(gc, "mem_free"):
        gc.collect()
        return gc.mem_free()
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError):
        return None
