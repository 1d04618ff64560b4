"""What the kernel's tests share: actors on a desk, a neighbour played by the test, seeded dice.

Portable like the tests. Everything here drives the kernel's own parts; none of them is replaced.
"""

from mp_actors import Actor, codec, frame, full, news, system
from mp_actors.frame import PROTOCOL_VERSION
from mp_actors.inlet import Inlet
from mp_actors.leaf import Leaf
from mp_actors.links.memory import MemoryLink
from mp_actors.node import Limits, Node
from mp_actors.router import Router
from mp_actors.scheduler import Scheduler
from mp_actors.testing import ManualClock

DEVICE = "lab/desk"
SOURCE = DEVICE + "/source"


def refusal(kind, function, *arguments):
    """The text of the error of this kind that has to come, and no other may."""
    try:
        value = function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("%r was not refused but became %r" % (arguments, value))


def check_ledger(inlet):
    """Assert that every reading given to an inlet is accounted for."""
    waiting = len(inlet.queue) if inlet.queue else 0
    lost = sum(inlet.dropped.values())
    assert inlet.accepted == inlet.delivered + lost + waiting, (inlet.wire, inlet.dropped)


class Dice:
    """Seeded numbers, the same on both interpreters."""

    def __init__(self, seed):
        self._state = seed * 7919 + 1

    def below(self, bound):
        """A number from 0 to bound - 1."""
        self._state = (self._state * 1103515245 + 12345) % (1 << 31)
        return (self._state >> 8) % bound


class Source(Actor):
    """Emits what it is told to, and takes nothing."""

    def on_emit(self, *values):
        for value in values:
            self.emit(value)


class Keeper(Actor):
    """Keeps what comes, with its source; `made` counts the instances."""

    made = 0

    def __init__(self):
        Keeper.made += 1
        self.kept = []
        self.sources = []

    def on_value(self, value):
        self.kept.append(value)
        self.sources.append(self.source)


class Desk:
    """One scheduler in manual time: actors by name, wires between them."""

    def __init__(self, queue_bound=64, control_bound=256, ticks_ms=0):
        self.clock = ManualClock(ticks_ms)
        self.told = []
        self.lines = []
        self.wires = 0
        self.scheduler = Scheduler(
            self.clock, self._tell_remote, self._log, queue_bound, control_bound
        )
        self.flow = self.scheduler.flow

    def add(self, name, make):
        """Spawn an actor; returns its cell."""
        return self.scheduler.spawn(DEVICE + "/" + name, make)

    def wire(self, source, target, policy=full.DROP_OLDEST):
        """Wire one cell to another; returns the inlet."""
        self.wires += 1
        inlet = Inlet(self.wires, source.path, target.queue_bound)
        inlet.obey(policy)
        inlet.source_cell = source
        source.outlets.append(inlet)
        self.scheduler.connect(inlet, target)
        return inlet

    def emit(self, cell, *values):
        """Let values leave a cell now, as its own."""
        for value in values:
            cell.emit(value, self.clock.site_us(), cell.path)

    def rest(self):
        """Step until nothing is left to do at this moment."""
        for _ in range(1000):
            if not self.scheduler.step(self.clock.ticks_ms()):
                return
        raise AssertionError("no rest after 1000 steps")

    def run(self, ms):
        """Let time pass millisecond by millisecond."""
        self.rest()
        for _ in range(ms):
            self.clock.advance_ms(1)
            self.rest()

    def ask(self, name, kind, *args):
        """Ask an actor and wait. Returns (error, value); the answer comes exactly once."""
        answers = []

        def answer(error, value):
            answers.append((error, value))

        assert self.scheduler.post(DEVICE + "/" + name, kind, args, SOURCE, answer)
        self.rest()
        assert len(answers) == 1, answers
        return answers[0]

    def _tell_remote(self, sender, path, kind, args):
        self.told.append((sender, path, kind, args))

    def _log(self, path, text):
        self.lines.append((path, text))


def counter(start):
    """What draws 7, 9, 11 for 7. Odd, since an incarnation is made odd: none may come twice."""
    numbers = [start - 2]

    def draw():
        numbers[0] += 2
        return numbers[0]

    return draw


DRAW = counter(7)  # one for all: who starts anew is never who it was


class Line:
    """A link into the test's hand; takes at most `taken_max` bytes at a time."""

    name = transport = "line"
    address = None

    def __init__(self, taken_max=1 << 30):
        self.taken_max = taken_max
        self.data = b""
        self.is_open = True

    def write(self, data):
        """Take what fits."""
        taken = min(len(data), self.taken_max)
        self.data += bytes(data[:taken])
        return taken

    def close(self):
        """Remember it."""
        self.is_open = False

    def frames(self):
        """The frames written so far, each once."""
        data, self.data = self.data, b""
        return frames_of(data)


def hello_of(path, number, limit_bytes=1 << 20, router=True, map_version=0, **more):
    """A HELLO as a map."""
    hello = {"path": path, "number": number, "inc": 5, "peer": 0, "next": 1}
    hello.update({"version": PROTOCOL_VERSION, "limit": limit_bytes, "buffer": 1 << 20})
    hello.update({"router": router, "map": map_version})
    hello.update(more)
    return hello


def frames_of(data):
    """All frames of a stream of bytes, which must end with one."""
    reader = frame.FrameReader(1 << 20)
    reader.feed(data)
    found = []
    payload = reader.next()
    while payload is not None:
        found.append(payload)
        payload = reader.next()
    assert sum([len(payload) + 4 for payload in found]) == len(data)
    return found


class Stranger:
    """A neighbour of a node whose every byte the test decides; each is another incarnation.

    It acknowledges what the test has heard.
    """

    def __init__(
        self, node, number, path, limit_bytes=1 << 20, greets=True, router=True, map_version=0
    ):
        self.node = node
        self.line = Line()
        self.number = number
        self.connection = node.connected(self.line)
        self._next = 1  # number of the next frame it hears
        if greets:
            hello = hello_of(path, number, limit_bytes, router, map_version, inc=DRAW())
            self.say(b"\x01" + codec.encode(hello))
            self.confirm()

    @property
    def peer(self):
        """What the node knows of this neighbour."""
        return self.node.links.peers[self.number]

    def confirm(self, first=1):
        """Say that what follows begins with this number."""
        self.say(b"\x01" + codec.encode({"first": first}))

    def leave(self):
        """Close the connection in order."""
        self.say(frame.beat(frame.BYE, 0))
        self.node.disconnected(self.connection, "left")

    def say(self, payload):
        """Send one frame."""
        self.node.received(self.connection, frame.enclose(payload, 1 << 21))

    def route(self, frame_class, to_device, from_device, body, hops=0):
        """Send one routed frame; its body is given as bytes, or as a map of control."""
        if isinstance(body, dict):
            body = codec.encode(body)
        payload = frame.routed(frame_class, 0, (), to_device, from_device, body)
        self.say(payload[:2] + bytes([hops]) + payload[3:])

    def all_heard(self):
        """Let the node work; the frames it sent since, without HELLO and beats."""
        settle([self.node])
        frames = self.line.frames()
        heard = [payload for payload in frames if payload[0] not in (frame.HELLO, frame.BEAT)]
        if heard:
            self._next += len(heard)
            self.say(frame.beat(frame.ACK, self._next))
        return heard

    def heard(self):
        """Like `all_heard`, without the news."""
        return [payload for payload in self.all_heard() if payload[0] != frame.NEWS]

    def news(self):
        """The maps and failure bits heard since, as `news.read` gives them."""
        return [news.read(one) for one in self.all_heard() if one[0] == frame.NEWS]

    def answers(self):
        """The control bodies heard since, decoded."""
        return [codec.decode(payload[body_at(payload) :]) for payload in self.heard()]


def body_at(payload):
    """Where the body of a frame begins."""
    return frame.Head(payload).body if payload[0] == frame.ROUTED else 0


def new_node(path, number, parents=None, clock=None, lines=None, is_board=False):
    """A node with its system actor: a router, or a leaf of these parents."""
    lines = [] if lines is None else lines

    def forwarder(node):
        return Router(node) if parents is None else Leaf(node, parents)

    def log(actor_path, text):
        lines.append((actor_path, text))

    clock = clock or ManualClock()
    node = Node(path, number, clock, codec, DRAW, Limits(is_board), forwarder, log)
    node.scheduler.spawn(path + "/node", lambda: system.System(node))
    return node


def part(link):
    """Close a link in order: both nodes know at once that it is down, else they hope for a second.

    What is under way is lost with it.
    """
    for _, _, connection in link._sides:
        connection.said_bye = True
    link.cut()


def give_map(node, plain):
    """Let a router take a map (plain, not encoded). Returns the version it has then."""
    encoded = codec.encode(plain)
    return node.forwarder.on_map(encoded, news.digest(encoded))


def settle(nodes, links=()):
    """Step nodes and pump links until nothing moves. Returns ms until something is due."""
    for _ in range(1000):
        wait_ms = min([node.step(node.clock.ticks_ms()) for node in nodes])
        busy = False
        for link in links:
            busy = link.pump() or busy
        if wait_ms and not busy:
            return wait_ms
    raise AssertionError("no rest after 1000 rounds")


class Row:
    """Nodes 1, 2, 3 in a row over memory links; 2 is the router and knows the map."""

    PATHS = ("a/one", "b/two", "c/three")

    def __init__(self, is_board=False, ticks_ms=0):
        self.clock = ManualClock(ticks_ms)
        self.lines = []
        self.nodes = []
        for place, path in enumerate(self.PATHS):
            parents = None if place == 1 else [2]
            self.nodes.append(
                new_node(path, place + 1, parents, self.clock, self.lines, is_board and place != 1)
            )
        self.links = []
        self.join(0, 1)
        self.join(1, 2)
        leaves = [[1, [[1, 2, 1000]]], [3, [[2, 2, 1000]]]]
        devices = [[place + 1, path] for place, path in enumerate(self.PATHS)]
        self.map = {"version": 1, "devices": devices, "links": [], "leaves": leaves}
        give_map(self.nodes[1], self.map)

    def join(self, one, other):
        """Link two nodes and let them greet."""
        self.links.append(MemoryLink(self.nodes[one], self.nodes[other]))
        settle(self.nodes, self.links)

    def run(self, ms=0):
        """Let time pass, from one moment at which something is due to the next."""
        wait_ms = settle(self.nodes, self.links)
        while ms > 0:
            passed_ms = min(ms, wait_ms)
            self.clock.advance_ms(passed_ms)
            ms -= passed_ms
            wait_ms = settle(self.nodes, self.links)

    def wire(self, number, source, target, first=1, origins=(), limit=1 << 20, **more):
        """Make both ends of a wire, the target's first. `more`: other keys of its spec."""
        spec = self.spec(number, source, target, first, origins, limit)
        spec.update(more)
        for place in (spec["target_device"], spec["source_device"]):
            self.nodes[place - 1].wires.connect(spec)
        return spec

    def spec(self, number, source, target, first=1, origins=(), limit=1 << 20):
        """What both ends of a wire are told: a stream that drops its oldest, credit for all."""
        spec = {"wire": number, "epoch": 1, "source": source, "target": target}
        for end in ("source", "target"):
            device = spec[end][: spec[end].rindex("/")]
            spec[end + "_device"] = self.PATHS.index(device) + 1
        spec["first"], spec["limit"], spec["items"], spec["via"] = first, limit, 1024, 0
        spec["credit"], spec["full"], spec["reliable"] = 1024, full.DROP_OLDEST, False
        spec["origins"] = [list(origin) for origin in origins]
        return spec

    def cut(self, place):
        """Break a link for good; what was on it is lost, and so is what its two ends had for it."""
        self.links.pop(place).cut()

    def crash(self, place):
        """End a node and make it anew, with nothing of before, on links of its own."""
        for link in self.links:
            link.cut()
        self.links = []
        parents = None if place == 1 else [2]
        path, clock, lines = self.PATHS[place], self.clock, self.lines
        node = self.nodes[place] = new_node(path, place + 1, parents, clock, lines)
        if place == 1:
            give_map(node, self.map)
        self.join(0, 1)
        self.join(1, 2)
        return node
