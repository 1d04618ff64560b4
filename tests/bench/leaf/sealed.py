"""Two nodes with keys in one process: readings from an outbox to an inlet, handshakes of both ends.

Both interpreters run this: a board by `desk`, a host by `seals`. Codec and cryptography are handed
in; all between them is the runtime's own, the link in memory excepted.
"""

from mp_actors import Actor, Sink
from mp_actors.clock import SystemClock
from mp_actors.crypto.portable import run
from mp_actors.guard import Guard
from mp_actors.handshake import Handshake
from mp_actors.keyring import Keys
from mp_actors.leaf import Leaf
from mp_actors.links.memory import pair
from mp_actors.node import Limits, Node

VALUES = [20 + 0.1 * place for place in range(64)]
PATHS = ("bench/source", "bench/target")
SOURCE, TARGET = 1, 2
WIRE = 1
HELLO_BYTES = 150  # what a handshake's message carries, about
CHUNK_BYTES = 1 << 20
PRIVATE = (bytes(range(32)), bytes(range(32, 64)))


class Source(Actor):
    """Where values come from; takes none."""


class Tally(Sink):
    """Takes what comes."""

    def write(self, _value):
        pass


def key_dict(crypto, number, pattern, seal):
    """The keys of one of the two, as its file has them; the first holds the controller."""
    other = TARGET if number == SOURCE else SOURCE
    neighbour = {"pattern": pattern, "seal": seal}
    if pattern == "KK":
        neighbour["public"] = run(crypto.public_key(PRIVATE[other - 1])).hex()
    else:
        neighbour["psk"] = bytes(range(64, 96)).hex()
    keys = {"site": bytes(range(16)).hex(), "number": number, "path": PATHS[number - 1]}
    keys["private"] = PRIVATE[number - 1].hex() if pattern == "KK" else None
    mac = bytes(range(96, 128)).hex()
    keys.update({"epoch": 1, "neighbours": {str(other): neighbour}})
    keys["control"] = {"from": SOURCE, "mac": mac, "modulus": "00"}
    keys["macs"] = {str(TARGET): mac} if number == SOURCE else None
    return keys


class Pair:
    """A source and a target that have greeted, with the limits of boards or of hosts."""

    def __init__(self, codec, crypto, seal, is_board):
        self.clock = SystemClock()
        self.carried_bytes = 0
        nodes = self.nodes = []
        for number in (SOURCE, TARGET):
            guard = None
            if seal != "plain":
                guard = Guard(crypto, Keys(key_dict(crypto, number, "NNpsk0", seal)))
            nodes.append(self._node(codec, number, is_board, guard))
        ends = pair(PATHS[1])
        accepted = nodes[1].connected(ends[1])
        self.sides = ((nodes[0], ends[0], nodes[0].connected(ends[0], TARGET)),)
        self.sides += ((nodes[1], ends[1], accepted),)
        self.rest()
        self._wire()

    def _node(self, codec, number, is_board, guard):
        drawn = [number]

        def draw():
            drawn[0] += 2
            return drawn[0]

        def forwarder(node):
            return Leaf(node, [SOURCE])

        path, limits = PATHS[number - 1], Limits(is_board)
        return Node(path, number, self.clock, codec, draw, limits, forwarder, print, guard)

    def _wire(self):
        source, target = [node.scheduler for node in self.nodes]
        self.source = source.spawn(PATHS[0] + "/source", Source)
        target.spawn(PATHS[1] + "/tally", Tally)
        spec = {"wire": WIRE, "epoch": 1, "first": 1, "origins": [], "via": 0}
        spec.update({"credit": 1 << 20, "full": "drop-oldest", "reliable": False})
        spec.update({"source": PATHS[0] + "/source", "source_device": SOURCE})
        spec.update({"target": PATHS[1] + "/tally", "target_device": TARGET})
        limits = self.nodes[1].limits
        spec.update({"limit": limits.in_bytes, "items": limits.items})
        for node in self.nodes:
            node.wires.connect(spec)
        self.inlet = self.nodes[1].wires.inlets[WIRE]

    def rest(self):
        """Until nothing moves."""
        moved = True
        while moved:
            moved = False
            for node in self.nodes:
                moved = node.step(self.clock.ticks_ms()) == 0 or moved
            moved = self.pump() or moved

    def pump(self):
        """Carry what waits on the link. Returns whether anything did."""
        moved = False
        for node, end, connection in self.sides:
            data = end.read(CHUNK_BYTES)
            if data:
                self.carried_bytes += len(data)
                node.received(connection, data)
                moved = True
        return moved

    def carry(self, count, size):
        """Send `count` readings, `size` of them in a step, and so in a write."""
        emit, path, nodes = self.source.emit, self.source.path, self.nodes
        for start in range(0, count, size):
            at_us = self.clock.site_us()
            for place in range(min(size, count - start)):
                emit(VALUES[place], at_us + place, path)
            now_ms = self.clock.ticks_ms()
            nodes[0].step(now_ms)
            self.pump()
            nodes[1].step(now_ms)
            self.pump()  # a board's buffer waits for what was acknowledged


def carrying(codec, crypto, seal, size, is_board, count):
    """What sends so many readings, all of which must arrive, and returns the bytes they took, with
    all that came back.
    """
    row = Pair(codec, crypto, seal, is_board)
    assert row.sides[0][2].seal_name == seal

    def work():
        before_bytes = row.carried_bytes
        row.carry(count, size)
        assert (row.inlet.delivered, row.inlet.missing) == (count, 0)
        return row.carried_bytes - before_bytes

    return work


def shaking(crypto, pattern, count):
    """What does so many handshakes, both ends; pattern: KK, NNpsk0 or RESUME."""
    full = "NNpsk0" if pattern == "RESUME" else pattern
    keys = [Keys(key_dict(crypto, number, full, "ccm")) for number in (SOURCE, TARGET)]
    hello = bytes(HELLO_BYTES)

    def shake():
        dialler = Handshake(crypto, keys[0], True, TARGET)
        acceptor = Handshake(crypto, keys[1], False)
        run(acceptor.read(run(dialler.write(hello))))
        run(dialler.read(run(acceptor.write(hello))))
        return dialler, acceptor

    if pattern == "RESUME":
        for end in shake():
            end.confirm()  # only then a secret is kept

    def work():
        for _ in range(count):
            dialler, acceptor = shake()
            assert acceptor.is_done
            assert dialler.is_resumed == (pattern == "RESUME")

    return work
