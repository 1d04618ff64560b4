"""What attacks and the fuzzer share: a small site with real keys, and links in the attacker's hand.

    desk 1 (controller) ─KK─ hub 2 ─KK─ gate 3          KK: hosts; psk: boards (NNpsk0)
                              │ psk      │ psk, KK
                            probe 4    meter 5 (fernet), clerk 6 (a host that forwards nothing)

Nodes, sessions and connections are the project's own. A `Cord` keeps each write apart, so that a
record can be held back, changed and given again. An `Insider` has the valid keys of one device and
says whatever the test wants.
"""

from functools import cache
from itertools import count
from pathlib import Path

from actors.accel import codec, crypto
from actors.assemble import add_controller, make_node
from actors.keys import in_memory
from actors.pipeline import Pipeline
from actors.plan import make_plan
from actors.site import Site
from actors.topology import Topology
from mp_actors import Actor, Sensor, Sink, frame, news
from mp_actors.connection import Connection
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.node import Limits
from mp_actors.peer import Peer
from mp_actors.testing import ManualClock

DESK, HUB, GATE, PROBE, METER, CLERK = 1, 2, 3, 4, 5, 6
NUMBERS = (DESK, HUB, GATE, PROBE, METER, CLERK)
LINKS = ((HUB, DESK), (GATE, HUB), (PROBE, HUB), (METER, GATE), (CLERK, GATE))  # dialler first
PARENTS = {PROBE: [HUB], METER: [GATE], CLERK: [GATE]}
ADDRESS = "192.0.2.7"


class Pulse(Sensor):
    """Counts up when it is let."""

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Keep(Sink):
    """Keeps what it is given."""

    def __init__(self):
        self.kept = []

    def write(self, value):
        self.kept.append(value)


class Clerk(Actor):
    """Somebody's own actor: anybody may ask it."""

    def __init__(self):
        self.calls = []

    def on_note(self, value=None):
        self.calls.append(value)
        return len(self.calls)


@cache
def site():
    """The site of the picture."""
    topology = Topology("attacked")
    field = topology.domain("field", mesh=False)
    desk, hub, gate = (field.device(name) for name in ("desk", "hub", "gate"))
    probe = field.device("probe", board="virtual")
    meter = field.device("meter", board="virtual")
    clerk = field.device("clerk", router=False)
    for one, other, seal in (
        (desk, hub, "ccm"),
        (hub, gate, "ccm"),
        (hub, probe, "ccm"),
        (gate, meter, "fernet"),
        (gate, clerk, "ccm"),
    ):
        topology.link(one, other, seal=seal)
    topology.controller(at=desk)
    flow = Pipeline("flow")
    flow.add(Pulse, at=probe, name="pulse") >> flow.add(Keep, at=hub, name="keep")
    flow.add(Pulse, at=meter, name="beat") >> flow.add(Keep, at=desk, name="store")
    return Site(str(Path(__file__)), topology, (flow,))


def keys(which=0):
    """{number: keys} of every device and, as 0, the console; `which`: of another such site."""
    return _keys(which)


@cache
def _keys(_which):
    return {one["number"]: one for one in in_memory(site()).values()}


@cache
def plan():
    """The plan of the site."""
    return make_plan(site())


def signed_map(version, which=0, plain=None):
    """(bytes, digest, signature) of the site's map under a version."""
    encoded = codec.encode({**(plain or plan().route_map), "version": version})
    return encoded, news.digest(encoded), crypto.sign(keys(which)[DESK]["signing"], encoded)


class End:
    """One end of a cord: a link, whose writes wait until the attacker hands them on."""

    transport = "memory"

    def __init__(self, name, address):
        self.name, self.address = name, address
        self.writes = []
        self.is_closed = False
        self.is_stuck = False  # takes nothing any more: the other end does not read

    def write(self, data):
        """Take a write."""
        if self.is_closed:
            raise OSError("closed")
        if self.is_stuck:
            return 0
        self.writes.append(bytes(data))
        return len(data)

    def close(self):
        """Remember it."""
        self.is_closed = True


class Cord:
    """A link between two nodes, side 0 the one that dials; nothing crosses it by itself."""

    def __init__(self, dialler, acceptor, address=ADDRESS):
        self.nodes = dialler, acceptor
        self.ends = End(f"to {acceptor.number}", None), End("a dialler", address)
        accepted = acceptor.connected(self.ends[1])
        self.connections = dialler.connected(self.ends[0], acceptor.number), accepted
        self.seen = [], []  # all that each side ever wrote

    def take(self, side):
        """The writes of a side that wait, now the attacker's."""
        work(self.nodes[side])
        writes, self.ends[side].writes = self.ends[side].writes, []
        self.seen[side].extend(writes)
        return writes

    def give(self, side, data):
        """Let a side receive this."""
        self.nodes[side].received(self.connections[side], data)
        work(self.nodes[side])

    def pass_on(self):
        """Hand on what waits, as it is. Returns whether something did."""
        moved = False
        for side in (0, 1):
            for data in self.take(side):
                self.give(1 - side, data)
                moved = True
            if self.ends[side].is_closed and not self.connections[1 - side].is_closed:
                self.nodes[1 - side].disconnected(self.connections[1 - side], "closed there")
                moved = True
        return moved

    def cut(self):
        """Both ends are told."""
        for node, connection in zip(self.nodes, self.connections, strict=True):
            node.disconnected(connection, "cut")

    @property
    def is_open(self):
        """Whether both ends have adopted it."""
        return all(one.is_open for one in self.connections)


def work(node):
    """Let a node work until it waits for time or bytes."""
    for _ in range(1000):
        if node.step(node.clock.ticks_ms()):
            return
    raise AssertionError("a node never rests")


class Net:
    """The site's nodes, linked; `lines`: what they logged, as (number, text)."""

    def __init__(self, numbers=NUMBERS, *, links=LINKS, controls=False, maps=True, secrets=None):
        self.clock = ManualClock()
        self.lines = []
        self.nodes = {}
        self.cords = {}
        self.secrets = {} if secrets is None else secrets
        for number in numbers:
            self.start(number)
        for one, other in links:
            if one in self.nodes and other in self.nodes:
                self.link(one, other)
        self.controller = None
        if maps and not controls:
            for node in self.nodes.values():
                if node.forwarder.is_router:
                    node.forwarder.on_map(*signed_map(1))
        if controls:
            self.controller = add_controller(
                self.nodes[DESK],
                plan(),
                lambda: self.clock.site_us() / 1e6,
                sign=lambda data: crypto.sign(keys()[DESK]["signing"], data),
            )
        self.rest()

    def start(self, number, term=1):
        """A device begins, or begins anew."""
        (device,) = (one for one in site().topology.devices if one.number == number)
        numbers = count(1000 * (number + 10 * len(self.lines)))
        self.nodes[number] = make_node(
            device,
            PARENTS.get(number, []),
            clock=self.clock,
            codec=codec,
            draw=lambda: next(numbers),
            log=lambda path, text: self.lines.append((number, path, text)),
            guard=self.guard(number, term),
        )
        return self.nodes[number]

    def guard(self, number, term=1):
        """A device's keys, with the secrets it has kept."""
        kept = self.secrets.setdefault(number, {})
        return Guard(crypto, Keys(keys()[number], kept.__setitem__, kept), term)

    def link(self, one, other):
        """A new cord; it is open at the end."""
        cord = self.cords[one, other] = Cord(self.nodes[one], self.nodes[other])
        for _ in range(20):
            cord.pass_on()
        return cord

    def rest(self, ms=0):
        """Let all come to rest, and time pass."""
        for passed in range(ms + 1):
            for _ in range(1000):
                if not sum(cord.pass_on() for cord in self.cords.values()):
                    break
            else:
                raise AssertionError("no rest")
            if passed < ms:
                self.clock.advance_ms(1)

    def wire(self, number):
        """Make both ends of a wire of the plan, with the actors; returns (outbox, inlet)."""
        plain = plan().wires[number].spec
        for end, make in (("target", Keep), ("source", Pulse)):
            node = self.nodes[plain[end + "_device"]]
            node.scheduler.spawn(plain[end], make)
            node.wires.connect(plain)
        source, target = (self.nodes[plain[end + "_device"]] for end in ("source", "target"))
        return source.wires.outboxes[number], target.wires.inlets[number]

    def emit(self, number, values):
        """Let the source of a wire emit."""
        plain = plan().wires[number].spec
        node = self.nodes[plain["source_device"]]
        cell = node.scheduler.cells[plain["source"]]
        for value in values:
            cell.emit(value, self.clock.site_us(), cell.path)

    def kept(self, number):
        """What the sink of a wire has got."""
        plain = plan().wires[number].spec
        return self.nodes[plain["target_device"]].scheduler.cells[plain["target"]].actor.kept

    def lines_of(self, number):
        """The lines that a device logged since this was asked last."""
        found = [text for one, _, text in self.lines if one == number]
        self.lines[:] = [line for line in self.lines if line[0] != number]
        return found


def without(one, other):
    """All links but one."""
    return [link for link in LINKS if link != (one, other)]


class Insider:
    """Somebody with the valid keys of device `number`, linked to a node, who says anything.

    `hello`: what of its HELLO is not as it should be. `heard`: the frames the node sent.
    """

    codec = codec

    def __init__(self, net, number, to, hello=None):
        self.net, self.node, self.number = net, net.nodes[to], number
        self.clock = net.clock
        self.heard = []
        self._hello = hello or {}
        self._guard = Guard(crypto, Keys(keys()[number]))
        self._peer = Peer(to, 77, frame.HOST_LIMIT_BYTES)
        self.end, self._far = End("insider", None), End("insider", ADDRESS)
        self.accepted = self.node.connected(self._far)
        limits = Limits(False)
        self.connection = Connection(self, self.end, self._peer, limits, self.clock.ticks_ms())
        self.connection.greet()
        self.exchange()
        assert self.connection.is_open
        assert self.accepted.is_open

    @property
    def peer(self):
        """What the node knows of the insider."""
        return self.accepted.peer

    def say(self, *payloads):
        """Say these frames; the site comes to rest."""
        for payload in payloads:
            self._peer.push(payload)
        self.exchange()
        self.net.rest()
        self.exchange()

    def route(self, flags, to_device, from_device, body, *, hops=0, version=0, failed=()):
        """Say one routed frame; `body` as bytes or as a map."""
        encoded = codec.encode(body) if isinstance(body, dict) else body
        payload = frame.routed(flags, version, failed, to_device, from_device, encoded)
        self.say(payload[:2] + bytes([hops]) + payload[3:])

    def answers(self):
        """The control bodies heard since, decoded."""
        heard, self.heard = self.heard, []
        routed = [(one, frame.Head(one)) for one in heard if one[0] == frame.ROUTED]
        return [codec.decode(one[head.body :]) for one, head in routed if head.is_control]

    def exchange(self):
        """Carry bytes both ways until nothing moves."""
        moved = True
        while moved:
            moved = self.node.step(self.clock.ticks_ms()) == 0
            while self.connection.work is not None:
                self.connection.advance(self.clock.ticks_ms())
            if not self.connection.is_closed:
                self.connection.flush()
            for data in self._taken(self.end):
                self.node.received(self.accepted, data)
                moved = True
            for data in self._taken(self._far):
                self.connection.received(data, self.clock.ticks_ms())
                moved = True

    @staticmethod
    def _taken(end):
        writes, end.writes = end.writes, []
        return writes

    # -- what a connection asks of its owner

    def handshake(self, to):
        """With its own keys."""
        return self._guard.handshake(to)

    def hello_to(self, peer):
        """Its HELLO, with lies."""
        (path,) = (one["path"] for one in keys().values() if one["number"] == self.number)
        fields = {"path": path, "number": self.number, "inc": peer.incarnation, "peer": peer.known}
        fields.update({"next": peer.expected, "version": frame.PROTOCOL_VERSION})
        fields.update({"limit": 1 << 20, "buffer": 1 << 20, "router": True, "map": 0})
        fields.update(self._hello)
        return fields

    def adopted(self, connection, _doubts, _map_version):
        """The node has greeted."""
        self._peer.connection = connection

    def take(self, _connection, _kind, payload):
        """Keep what comes."""
        self.heard.append(payload)
