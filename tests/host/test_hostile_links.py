"""Strangers at the door: over real TCP to a worker of a run, with all that a link can send.

The site is plain, so any stranger gets in and can say anything; `test_keys_in_use` has those who
come to a sealed one. Whatever breaks the protocol closes that link, is counted and is shown;
readings on all other links go on, none of them lost, and the ledger is exact. One run of the
orchard serves the whole file.
"""

import itertools
import json
import random
import socket
import struct

import pytest
from processes import LIMIT_S, Orchard, until

from actors.accel import codec
from mp_actors import batch, frame
from mp_actors.frame import PROTOCOL_VERSION

HALL, DESK, STRANGER = 4, 5, 999  # numbers of devices: the site's follow its declarations
HALL_WIRE, EPOCH = 5, 1  # from the filter in the hall to the sink on the desk
SENSORS = ("yard/left/pulse", "yard/right/pulse", "house/hall/pulse")
MUTATIONS = 1000
CONFIRM = bytes([frame.HELLO]) + codec.encode({"first": 1})
_lives = itertools.count(1)


class Stranger:
    """A connection to a device by somebody who speaks for himself."""

    def __init__(self, port, greets=True, **fields):
        self.sock = socket.create_connection(("127.0.0.1", port), LIMIT_S)
        self.sock.settimeout(LIMIT_S)
        self.frames = frame.FrameReader(frame.HOST_LIMIT_BYTES)
        if greets:
            self.send(hello(**fields))
            if self.receive() is not None:  # its HELLO, unless mine was refused
                self.send(CONFIRM)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, payload):
        """Send a frame."""
        self.send_raw(struct.pack("!I", len(payload)) + payload)

    def send_raw(self, data):
        """Send bytes; the other end may have closed already."""
        try:
            self.sock.sendall(data)
        except ConnectionError:
            pass

    def receive(self):
        """The next frame; None once the device has closed the connection."""
        while True:
            payload = self.frames.next()
            if payload is not None:
                return payload
            try:
                data = self.sock.recv(65536)
            except ConnectionError:
                return None
            if not data:
                return None
            self.frames.feed(data)

    def wait_until_closed(self):
        """Read until the device closes."""
        while self.receive() is not None:
            pass

    def is_answered(self):
        """Whether a ping comes back, so the link is open and all before it was taken."""
        self.send(frame.beat(frame.PING, 1, ticks_ms=77))
        while (payload := self.receive()) is not None:
            if frame.kind(payload) == frame.BEAT:
                operation, _, ticks_ms, _ = frame.read_beat(payload)
                if (operation, ticks_ms) == (frame.PONG, 77):
                    return True
        return False


def hello(**fields):
    """A HELLO frame, good unless fields say otherwise."""
    good = {"path": "far/stranger", "number": STRANGER, "version": PROTOCOL_VERSION}
    # Another life each time: there is no session to go on with.
    good.update({"inc": next(_lives), "peer": 0, "next": 1, "router": False, "map": 0})
    good.update({"limit": frame.HOST_LIMIT_BYTES, "buffer": frame.HOST_LIMIT_BYTES})
    return bytes([frame.HELLO]) + codec.encode({**good, **fields})


def question(**fields):
    """A bare control map to the hall's node, good unless fields say otherwise."""
    good = {"to": "house/hall/node", "from": "far/stranger/me", "inc": 1, "id": 1}
    return codec.encode({**good, "do": "hello", "args": [], **fields})


def routed(frame_class, to_device, body, from_device=STRANGER):
    """A routed frame."""
    return frame.routed(frame_class, 0, (), to_device, from_device, body)


def nested(levels):
    """A control map with lists in lists, `levels` in all."""
    return b"\xa1\x61a" + b"\x81" * (levels - 1) + b"\x00"


@pytest.fixture(scope="module")
def orchard(tmp_path_factory):
    """A run of the orchard with readings on all wires; ended by Ctrl-C after the last test."""
    with Orchard(tmp_path_factory.mktemp("hostile"), seal="plain") as process:
        process.wait_for_more(*SENSORS)
        yield process


@pytest.fixture
def door(orchard):
    """The port of the hall: a worker that forwards everybody's readings."""
    return orchard.port + 2


def errors_counted(orchard):
    """Links that the hall has closed for breaking the protocol, as the status shows them."""
    return sum(orchard.device("house/hall")["link_errors"].values())


# What a stranger sends after a good HELLO: lengths, then whole frames.
BROKEN_LENGTHS = {
    "no bytes": struct.pack("!I", 0),
    "too long": struct.pack("!I", frame.HOST_LIMIT_BYTES + 1),
    "the longest there is": struct.pack("!I", 0xFFFFFFFF),
}
BROKEN_FRAMES = {
    "an unknown kind": b"\x07abc",
    "a reserved kind": b"\xff",
    "a short beat": bytes([frame.BEAT, 0]),
    "a short route head": bytes([frame.ROUTED, 0, 0]),
    "a route head with more failed links than bytes": struct.pack(
        "!BBBBIHHH", frame.ROUTED, 0, 0, 9, 0, HALL, STRANGER, 0
    ),
    "a map that is cut short": b"\xa1",
    "a map of indefinite length": b"\xbf\xff",
    "a map with a number as float for key": b"\xa1\xf9\x3c\x00\x00",
    "bytes after a map": question() + b"\0",
    "17 levels": nested(17),
    "too many items": b"\xa1\x61a\x99\x04\x01" + b"\0" * 1025,
    "a length bomb": b"\xa1\x61a\x9b\x7f\xff\xff\xff\xff\xff\xff\xff",
    "a map that is no question": codec.encode({"a": 1}),
    "a question with a list for id": question(id=[1]),
    "a question with a map for inc": question(inc={}),
    "an answer to nothing that could be asked": codec.encode({"re": [], "ok": 1}),
    "arguments that are no list": question(args="all"),
    "an array that is neither data nor a question for credit": codec.encode([1, 2]),
    "a grant, which only travels as control": codec.encode([1, 2, 3, 4, 1]),
    "a question for credit with a text": codec.encode([1, 2, "three"]),
    "a question for credit with a truth": codec.encode([1, 2, True]),
    "a question for credit with a list": codec.encode([1, 2, [3]]),
    "a question for credit below any number": codec.encode([1, 2, -1]),
    "a question for credit beyond any number": codec.encode([1, 2, 1 << 32]),
    "a question for credit that is cut short": codec.encode([1, 2, 3])[:-1],
    "bytes after a question for credit": codec.encode([1, 2, 3]) + b"\0",
    "too many items in a question for credit": b"\x83\x01\x02\x99\x04\x01" + b"\0" * 1025,
    "json text": b'"text"',
    "a json number": b"12",
    "a json array": b"[1, 2]",
    "broken json": b'{"to": ',
    "json of 17 levels": b'{"a":' * 17 + b"1" + b"}" * 17,
    "json with half a character": b'{"to": "\\ud800", "from": "a/b/c", "do": "x"}',
    "a second hello": hello(),
    "a second confirmation": CONFIRM,
    "an acknowledgement without all its bytes": frame.beat(frame.ACK, 1)[:-1],
}
# What comes in place of a good HELLO.
BROKEN_HELLOS = {
    "speaking before greeting": question(),
    "a beat before greeting": frame.beat(frame.PING, 1),
    "a hello of another version": hello(version=PROTOCOL_VERSION + 1),
    "a confirmation before greeting": CONFIRM,
    "a handshake on a plain link": struct.pack("!BBBBHH", frame.HANDSHAKE, 2, 1, 1, STRANGER, HALL),
    "a hello that is no map": bytes([frame.HELLO]) + codec.encode([1]),
    "an empty hello": bytes([frame.HELLO]),
    "a hello without a path": hello(path=None),
    "a hello with a number beyond 16 bits": hello(number=1 << 16),
    "a hello with the device's own number": hello(number=HALL),
    "a hello of somebody who takes no frame at all": hello(limit=0),
    "a hello of somebody who takes no beat": hello(limit=5),
}


@pytest.mark.parametrize(
    ("greets", "broken"),
    [(True, BROKEN_LENGTHS), (True, BROKEN_FRAMES), (False, BROKEN_HELLOS)],
    ids=["length", "frame", "greeting"],
)
def test_each_broken_one_closes_its_link_and_is_counted(greets, broken, orchard, door):
    before = errors_counted(orchard)
    for name, payload in broken.items():
        with Stranger(door, greets) as stranger:
            assert not greets or stranger.is_answered(), name
            if broken is BROKEN_LENGTHS:
                stranger.send_raw(payload)
            else:
                stranger.send(payload)
            assert not stranger.is_answered(), name
    until(lambda: errors_counted(orchard) == before + len(broken), "all of them counted")
    orchard.wait_for_more(*SENSORS, count=2)


def test_another_version_is_named_to_the_person(orchard, door):
    with Stranger(door, version=PROTOCOL_VERSION + 8) as stranger:
        stranger.wait_until_closed()
    line = orchard.wait_for(f"speaks protocol version {PROTOCOL_VERSION + 8}")
    assert f"this node {PROTOCOL_VERSION}" in line


def test_a_connection_cut_in_the_middle_of_a_frame_disturbs_nobody(orchard, door):
    for size in range(0, 20, 3):
        with Stranger(door) as stranger:
            assert stranger.is_answered()
            stranger.send_raw((struct.pack("!I", 100) + question())[:size])
    orchard.wait_for_more(*SENSORS, count=2)


@pytest.mark.parametrize("frame_class", [frame.CONTROL, frame.STREAM], ids=["control", "data"])
def test_a_routed_body_that_is_garbage_is_dropped_and_the_link_stays(frame_class, orchard, door):
    before = orchard.device("house/desk")["control_lost"].get("undecodable", 0)
    with Stranger(door) as stranger:
        for body in (b"", b"\xff" * 40, b"\xa1\x61a", nested(17), b"\x86\x19"):
            stranger.send(routed(frame_class, DESK, body))
        assert stranger.is_answered()
    if frame_class == frame.CONTROL:

        def counted():
            lost = orchard.device("house/desk")["control_lost"]
            return lost.get("undecodable", 0) == before + 5

        until(counted, "five undecodable control messages")
    orchard.wait_for_more(*SENSORS, count=2)


def test_nobody_else_can_speak_for_a_wire(orchard, door):
    """Neither in readings, nor by a body that cannot be read and moves the wire's numbers, nor by a
    question that does.
    """
    good = batch.encode(codec, HALL_WIRE, EPOCH, 1 << 20, [1, 2], [-1, -2], None)
    asks = codec.encode([HALL_WIRE, EPOCH, 1 << 20])
    with Stranger(door) as stranger:
        for body in (good, good[:-1], good[:21] + b"\0\x82\x01\xff", asks):
            stranger.send(routed(frame.STREAM, DESK, body))
        assert stranger.is_answered()
    orchard.wait_for_more(*SENSORS)
    assert -1 not in orchard.values("house/hall/pulse")


def test_a_question_for_credit_on_a_wire_that_does_not_end_here_costs_nobody_anything(
    orchard, door
):
    """Whoever asks may not know yet that his target began anew; there is nothing to lose in it."""
    before = orchard.device("house/hall")
    with Stranger(door) as stranger:
        for wire in (HALL_WIRE, 900, 1 << 31):
            stranger.send(codec.encode([wire, EPOCH, 1 << 20]))
        assert stranger.is_answered()
    orchard.wait_for_more(*SENSORS, count=20)
    after = orchard.device("house/hall")
    for figure in ("link_errors", "control_lost"):
        assert after[figure] == before[figure]


def test_a_question_that_nobody_can_answer_is_refused_on_its_link(door):
    with Stranger(door) as stranger:
        stranger.send(question(to="house/hall/nobody"))
        while frame.kind(answer := stranger.receive()) != "object":
            pass
        assert codec.decode(answer)["error"][0] == "failed"
        assert stranger.is_answered()


def test_an_answer_longer_than_the_asker_takes_ends_nothing(orchard):
    with Stranger(orchard.port + 3, limit=frame.BOARD_IN_LIMIT_BYTES) as stranger:
        stranger.send(question(to="house/desk/controller", do="status"))
        assert stranger.is_answered()
    orchard.wait_for_more(*SENSORS, count=2)


def test_a_thousand_mutated_frames_disturb_nobody(orchard, door):
    dice = random.Random(2)
    seeds = [
        question(),
        json.dumps({"to": "house/hall/node", "from": "a/b/c", "do": "hi", "args": []}).encode(),
        frame.beat(frame.PING, 1),
        routed(frame.CONTROL, DESK, question(to="house/desk/nobody")),
        routed(frame.STREAM, DESK, batch.encode(codec, 900, 1, 1, [1, 2], [1.5, 2.5], None)),
        batch.encode(codec, 900, 1, 1, [1, 2], ["a", {"b": [None, True]}], [7, 7]),
    ]
    before, refused = errors_counted(orchard), 0
    for number in range(MUTATIONS):
        payload = mutated(dice, dice.choice(seeds))
        with Stranger(door) as stranger:
            stranger.send(payload)
            refused += not stranger.is_answered()
        if number % 100 == 0:
            orchard.wait_for_more(*SENSORS, count=2)
    assert MUTATIONS // 10 < refused < MUTATIONS
    until(lambda: errors_counted(orchard) == before + refused, f"{refused} more link errors")


def mutated(dice, payload):
    """The frame with some bytes changed, cut out or put in; never empty."""
    data = bytearray(payload)
    for _ in range(dice.randint(1, 4)):
        place = dice.randrange(len(data) + 1)
        kind = dice.randrange(4)
        if kind == 0:
            data[place:place] = dice.randbytes(dice.randint(1, 4))
        elif kind == 1 and len(data) > 4:
            del data[place : place + dice.randint(1, 4)]
        elif place < len(data):
            data[place] = dice.choice((0, 0x7F, 0x80, 0xFF, dice.randrange(256)))
    return bytes(data) or b"\0"


def test_no_reading_of_the_site_was_lost_or_changed(orchard):
    orchard.interrupt()
    assert orchard.wait() == 0, orchard.output
    summary = orchard.summary()
    assert summary["ok"]
    assert summary["devices"]["house/hall"]["link_errors"]
    assert "links closed for bad bytes" in orchard.output
    assert "Traceback" not in orchard.output
    for wire in summary["wires"]:
        assert set(wire["dropped"]) <= {"poison"}, wire
        assert wire["accepted"] == wire["delivered"] + sum(wire["dropped"].values())
        assert wire["in_flight"] == 0
    for source in SENSORS:
        values = orchard.values(source)
        is_filtered = source != "yard/right/pulse"
        assert values == [one for one in range(1, values[-1] + 1) if one % 7 or not is_filtered]
