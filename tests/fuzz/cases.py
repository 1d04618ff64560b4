"""Cases: almost right bytes through connection, session and codec of living nodes, and the law.

Nothing but RemoteWireError may leave `Connection.received` and `advance`, nothing at all a node's
`step`, and what a node keeps stays bounded, whatever came before: nodes live on from case to case.
"""

import random
from types import SimpleNamespace

from actors.accel import codec as fast
from actors.accel import crypto
from mp_actors import batch, codec, frame
from mp_actors.crypto import x25519
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.greeting import STRANGE_BYTES
from mp_actors.guard import Guard
from mp_actors.keyring import Keys
from mp_actors.leaf import Leaf
from mp_actors.neighbours import LINK_ERROR_LENGTH_MAX, LINK_ERRORS_KEPT
from mp_actors.node import Limits, Node
from mp_actors.readings import Readings
from mp_actors.router import Router
from mp_actors.system import System
from mp_actors.testing import ManualClock
from tests.fuzz.conversations import (
    NUMBER,
    OWN,
    PATH,
    WIRES,
    chunks_of,
    greeting,
    mutated_bytes,
    mutated_frames,
    stream_of,
    talk,
)
from tests.fuzz.harness import Clerk, End, Keep

LIVES = 2000  # cases a node lives through
STUCK = 0.1  # of all strangers never read
KEY_BYTES = 32
# A board's: its arithmetic in slices, between which bytes come. CPython has no board's ciphers.
SLICED = SimpleNamespace(**{name: getattr(crypto, name) for name in crypto.__all__})
SLICED.public_key, SLICED.x25519 = x25519.public_key, x25519.x25519


class BrokenError(AssertionError):
    """The law does not hold."""


class Target:
    """A node that is spoken to. `seal`: "plain", or how its link with the stranger is sealed."""

    def __init__(self, is_board, seal):
        self.is_board, self.seal = is_board, seal
        self.start()

    def play(self, chance, wrong_records=0.0):
        """Let a neighbour connect, or answer, and talk; `wrong_records`: how many are not whole."""
        self.clock.advance_ms(chance.choice((1, 1, 20, 600)))
        end = End("stranger", None)
        dials = self.seal != "plain" or chance.random() < 0.8
        frames = self._frames(chance, dials)
        connection = self.node.connected(end, None if dials else NUMBER)
        end.is_stuck = chance.random() < STUCK
        if self.seal == "plain":
            self._say(connection, chunks_of(chance, stream_of(chance, frames)))
        else:
            self._say_sealed(chance, connection, end, frames, wrong_records)
        self._check(connection)
        self.node.disconnected(connection, "done")
        self._check(connection)

    def _frames(self, chance, dials):
        """What is said: mostly it begins as its session goes on."""
        known, first = (0, 1), 1
        peer = self.node.links.peers.get(NUMBER)
        if peer is not None:
            known, first = (peer.incarnation, peer.first + chance.choice((0, 0, 1))), peer.expected
        frames = mutated_frames(chance, talk(chance))
        frames = greeting(chance, known, chance.choice((1, first)), dials) + frames
        return mutated_frames(chance, frames) if chance.random() < 0.15 else frames

    def say_raw(self, data, confirms=False):
        """Let a stranger say these bytes, or frames behind a right greeting."""
        chance = random.Random(0)
        if confirms:
            data = b"".join(frame.enclose(one, 1 << 20) for one in greeting(chance)) + data
        connection = self.node.connected(End("stranger", None))
        self._say(connection, [data])
        self._check(connection)
        self.node.disconnected(connection, "done")
        self.clock.advance_ms(1)

    def _say(self, connection, chunks):
        """As `Neighbours.received` does it, which would hide nothing but takes longer."""
        for data in chunks:
            if connection.is_closed:
                return
            self._guarded(connection, lambda data=data: connection.received(data, self._now_ms))
            self._step()

    def _guarded(self, connection, what):
        try:
            what()
        except RemoteWireError as error:
            self.node.links._refuse(connection, error)
        except Exception as error:
            raise BrokenError(f"{type(error).__name__} left a connection: {error}") from error

    def _step(self):
        try:
            self.node.step(self._now_ms)
        except Exception as error:
            raise BrokenError(f"{type(error).__name__} left a node: {error}") from error

    def _say_sealed(self, chance, connection, end, frames, wrong_records):
        """Shake hands as a neighbour, then say the frames in records; both almost rightly."""
        handshake = Guard(crypto, self._their_keys).handshake(OWN)
        first = crypto.run(handshake.write(frames[0][1:]))
        if chance.random() < wrong_records:
            first = mutated_bytes(chance, first)
        self._say(connection, chunks_of(chance, stream_of(chance, [first or b"\0"])))
        for _ in range(1000):
            if connection.work is None:
                break
            self._step()
        writes, end.writes = end.writes, []
        if connection.is_closed or len(writes) != 1:
            return
        try:
            crypto.run(handshake.read(writes[0][4:]))
        except RemoteWireError:
            self._their_keys.remember(OWN, None)  # it wants a full handshake
            return
        seal = handshake.seal
        for one in frames[1:]:
            body = seal.seal(stream_of(chance, [one]))
            if chance.random() < wrong_records:
                body = mutated_bytes(chance, body)
            self._say(connection, chunks_of(chance, frame.enclose(body or b"\0", 1 << 24)))
        if connection.is_open:
            handshake.confirm()

    # -- the law

    def _check(self, connection):
        self._step()
        node = self.node
        links, limits = node.links, node.limits
        held = len(connection.reader._buffer) - connection.reader._offset
        bound = limits.in_bytes * 2 if connection.is_open else STRANGE_BYTES + (1 << 15)
        for what, is_kept in (
            (f"{held} bytes of a stranger", held <= bound or connection.is_closed),
            ("connections", len(links.connections) <= limits.unproven),
            ("texts of errors", len(links.link_errors) <= LINK_ERRORS_KEPT + 1),
            ("long texts", all(len(one) <= LINK_ERROR_LENGTH_MAX for one in links.link_errors)),
            ("reasons", len(links.refused) <= 64),
            ("answers", len(node.control._answers) <= node.limits.answers),
            ("rows of losses", len(node.wires.lost) <= limits.items // 8 + 16),
            ("frames for a neighbour", all(
                one.buffered_bytes <= 3 * limits.buffer_bytes + (1 << 16)
                for one in links.peers.values()
            )),
        ):
            if not is_kept:
                raise BrokenError(f"too much is kept: {what}")

    # -- the node

    @property
    def _now_ms(self):
        return self.clock.ticks_ms()

    def start(self):
        """A fresh node, which knows nobody."""
        self.clock = ManualClock()
        numbers = random.Random(1)
        guard = None
        if self.seal != "plain":
            provider = SLICED if self.is_board else crypto
            guard = Guard(provider, Keys(_keys(OWN, NUMBER, self.seal)))
            self._their_keys = Keys(_keys(NUMBER, OWN, self.seal))
        node = self.node = Node(
            PATH,
            OWN,
            self.clock,
            codec if self.is_board else fast,
            lambda: numbers.getrandbits(30),
            Limits(self.is_board),
            lambda node: Leaf(node, [NUMBER]) if self.is_board else Router(node),
            lambda _path, _text: None,
            guard,
        )
        if not self.is_board:
            node.scheduler.spawn(f"{PATH}/router", lambda: node.forwarder)
        node.scheduler.spawn(f"{PATH}/node", lambda: System(node, 1, _no_code))
        node.scheduler.spawn(f"{PATH}/clerk", Clerk)
        node.scheduler.spawn(f"{PATH}/keep", Keep)
        for wire in WIRES:
            spec = {"wire": wire, "epoch": 1, "source": "field/far/pulse", "target": f"{PATH}/keep"}
            spec.update({"source_device": NUMBER, "target_device": OWN, "first": 1, "items": 1024})
            spec.update({"origins": [[1, "field/far/other"]], "limit": 1024, "via": 0})
            spec.update({"credit": 1024, "full": "drop-oldest", "reliable": False})
            node.wires.connect(spec)


def _no_code(class_name, _arguments):
    """Fuzzing must not import what a stranger names."""
    raise LocalWireError(f"no class {class_name!r} here")


def _keys(number, other, seal):
    entry = {"pattern": "NNpsk0", "psk": "5a" * KEY_BYTES, "seal": seal}
    control = {"from": 1, "mac": "a5" * KEY_BYTES, "modulus": "c3" * 256}
    return {
        "site": "11" * 16, "number": number, "path": PATH, "epoch": 1, "private": None,
        "neighbours": {str(other): entry}, "control": control,
    }


class Cases:
    """All targets. `play(number)` is a case; the same ones since `began(number)` do the same."""

    def __init__(self):
        self.plain = [Target(is_board, "plain") for is_board in (False, True)]
        self.sealed = [Target(False, "ccm"), Target(False, "fernet"), Target(True, "ccm")]

    def play(self, number):
        """One case. *Raises* BrokenError."""
        if number % LIVES == 0:
            for target in self.plain + self.sealed:
                target.start()
        chance = random.Random(number)
        what = chance.randrange(20)
        if what < 3:
            check_codec(mutated_bytes(chance, chance.choice(talk(chance))))
        elif what < 5:
            raw = mutated_bytes(chance, stream_of(chance, greeting(chance)))
            chance.choice(self.plain + self.sealed[:2]).say_raw(raw)
        elif what < 18:
            chance.choice(self.plain).play(chance)
        else:
            # A board's arithmetic takes long here too.
            target = self.sealed[2 if chance.random() < 0.03 else chance.randrange(2)]
            target.play(chance, wrong_records=chance.choice((0.0, 0.3)))


def began(number):
    """The first case in the lives of the nodes that play this one."""
    return number - number % LIVES


def check_codec(data):
    """Both codecs, and what reads a body at offsets, refuse alike and never otherwise."""
    found = []
    for one in (codec, fast):
        try:
            found.append(repr(one.decode(data)))
        except RemoteWireError:
            found.append(None)
        except Exception as error:
            raise BrokenError(f"{type(error).__name__} left {one.__name__}: {error}") from error
    if found[0] != found[1]:
        raise BrokenError(f"the codecs disagree: {found}")
    for read in (batch.count, lambda body: Readings(fast, body, 1024), frame.Head):
        try:
            read(data)
        except RemoteWireError:
            pass
        except Exception as error:
            raise BrokenError(f"{type(error).__name__} left {read}: {error}") from error
