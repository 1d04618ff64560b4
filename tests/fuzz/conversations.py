"""Valid conversations, and what is made of them: bytes that are almost right.

Everything follows from one `random.Random`, so a case is repeated by its number. A conversation is
a list of frames (bytes); mutation knows frames, lengths, CBOR maps and numbers at their ends.
"""

import json
import struct
from array import array

from actors.accel import codec
from mp_actors import batch, frame, news
from mp_actors.errors import ActorsError

NUMBER = 7  # of the device that speaks
OWN = 3  # and of the one that is spoken to
LIES = (0, 1, 1025, 1 << 20, (1 << 20) + 1, 0xFFFFFFFF)  # of a frame's length
PATH = "field/gate"
WIRES = (1, 2)
ODD_INTEGERS = (
    0, 1, -1, 2, 23, 24, 127, 128, 255, 256, 1023, 1024, 65535, 65536, (1 << 29) - 1, 1 << 29,
    (1 << 30) - 1, 1 << 30, (1 << 31) - 1, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 53) + 1,
    (1 << 62), (1 << 63) - 1, -(1 << 63),
)
DEEP = [[[[[[[[[[[[[[]]]]]]]]]]]]]]
TEXTS = ("", "x", "é" * 40, "x/y/z", "a" * 300, "\n\x1b[2J", b"", b"\0" * 9)
NUMBERS = (None, True, False, 0.0, -0.5, float("nan"), float("inf"), 1e300)
HOLDERS = ([], [None] * 20, DEEP, {}, {"": 0}, {1: {2: {3: {}}}}, array("d", [1.5]), array("B"))
ODD = (*ODD_INTEGERS, *NUMBERS, *TEXTS, *HOLDERS)
ACTORS = ("node", "router", "clerk", "keep", "nobody", "", "controller")
VERBS = ("note", "start", "halt", "spawn", "stop", "wire", "unwire", "watch", "map", "version",
         "value", "", "__init__", "emit", "tell")


def hello(chance, known):
    """A greeting: fresh, or of a session that goes on; `known`: (incarnation, next) it may name."""
    inc = chance.choice((5, 5, chance.getrandbits(30) | 1))
    fields = {"path": "field/far", "number": NUMBER, "inc": inc, "version": frame.PROTOCOL_VERSION}
    peer, following = known if chance.random() < 0.7 else (0, 1)
    fields.update({"peer": peer, "next": following, "limit": chance.choice((1024, 2048, 1 << 20))})
    fields.update({"buffer": 1 << 20, "router": chance.random() < 0.7, "map": 0})
    return fields


def greeting(chance, known=(0, 1), first=1, dials=True):
    """HELLO and what confirms it, as frames: CONFIRM of a dialler, the first BEAT of the other."""
    said = bytes([frame.HELLO]) + codec.encode(hello(chance, known))
    if not dials:
        return [said, frame.beat(frame.FROM, first)]
    return [said, bytes([frame.HELLO]) + codec.encode({"first": first})]


def talk(chance):
    """A few frames that a neighbour may well send."""
    return [chance.choice(_FRAMES)(chance) for _ in range(chance.randint(1, 6))]


def mutated_frames(chance, frames):
    """Frames, most of them as they were: fields of maps changed, frames doubled, lost, swapped."""
    frames = [_mutated_map(chance, one) if chance.random() < 0.3 else one for one in frames]
    for _ in range(chance.choice((0, 0, 1, 2))):
        place = chance.randrange(len(frames))
        what = chance.randrange(6)
        if what == 0:
            frames.insert(place, frames[place])
        elif what == 1 and len(frames) > 1:
            del frames[place]
        elif what == 2:
            other = chance.randrange(len(frames))
            frames[place], frames[other] = frames[other], frames[place]
        elif what == 3:
            other = frames[chance.randrange(len(frames))]
            frames[place] = frames[place][: chance.randint(0, 40)] + other[chance.randint(0, 40) :]
        else:
            frames[place] = mutated_bytes(chance, frames[place])
    return [one or b"\0" for one in frames]


def mutated_bytes(chance, data):
    """Bytes with some turned, cut out, put in, or a number among them made odd."""
    wrong = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 4))):
        place, what = chance.randint(0, len(wrong)), chance.randrange(6)
        if what == 0 and place < len(wrong):
            wrong[place] ^= 1 << chance.randrange(8)
        elif what == 1:
            del wrong[place : place + chance.choice((1, 1, 2, 8, 1 << 20))]
        elif what == 2:
            wrong[place:place] = chance.randbytes(chance.choice((1, 2, 4, 30)))
        elif what == 3:
            size = chance.choice((1, 2, 4, 8))
            number = chance.choice(ODD_INTEGERS) & ((1 << 8 * size) - 1)
            wrong[place : place + size] = number.to_bytes(size, "big")
        elif what == 4 and wrong:
            start = chance.randrange(len(wrong))
            wrong[place:place] = wrong[start : start + chance.choice((1, 4, 40))]
        else:
            wrong[place : place + 1] = bytes([chance.choice((0, 0x7F, 0x80, 0x9B, 0xBB, 0xFF))])
    return bytes(wrong)


def stream_of(chance, frames):
    """The bytes of frames on a link, a length now and then a lie."""
    parts = []
    for one in frames:
        size = len(one)
        if chance.random() < 0.02:
            size = chance.choice((size - 1, size + 1, *LIES))
        parts.append(struct.pack("!I", size & 0xFFFFFFFF) + one)
    data = b"".join(parts)
    return mutated_bytes(chance, data) if chance.random() < 0.2 else data


def chunks_of(chance, data):
    """The same bytes as a link hands them over: whole, or cut somewhere."""
    while data:
        size = chance.choice((1, 3, 17, 100, 1 << 20, 1 << 20, 1 << 20))
        yield data[:size]
        data = data[size:]


# --- frames ---------------------------------------------------------------------------------------


def _control(chance):
    body = {"to": f"{PATH}/{chance.choice(ACTORS)}", "from": "field/far/me"}
    if chance.random() < 0.2:
        body["re"] = chance.randint(1, 9)
        body["error" if chance.random() < 0.4 else "ok"] = chance.choice((["failed", "x"], 5, None))
        return body
    body["do"] = chance.choice(VERBS)
    body["args"] = [chance.choice(ODD) for _ in range(chance.choice((0, 0, 1, 2, 3)))]
    if chance.random() < 0.6:
        body["inc"], body["id"] = chance.randint(1, 3), chance.randint(1, 40)
    return body


def _routed_control(chance):
    flags = chance.choice((0, 0, frame.ONCE, frame.PROVED, frame.BOUNCED))
    encoded = codec.encode(_control(chance)) + (b"m" * 16 if flags == frame.PROVED else b"")
    to_device = chance.choice((OWN, OWN, OWN, 0, NUMBER, 99))
    return _routed(chance, flags, to_device, encoded)


def _bare_control(chance):
    body = _control(chance)
    if chance.random() < 0.4:
        return json.dumps(body, default=repr).encode()
    return codec.encode(body)


def _readings(chance):
    count = chance.choice((0, 1, 2, 9, 64))
    floats = [chance.random() for _ in range(count)]
    values = chance.choice((floats, list(range(count)), [chance.choice(ODD) for _ in range(count)]))
    start_us = 1_700_000_000_000_000
    times = [start_us + index * 1000 for index in range(count)]
    origins = chance.choice((None, None, [1] * count))
    if not count:
        return codec.encode([1, 1, 1, 1, 0, []])
    wire, sequence = chance.choice((*WIRES, 9)), chance.choice((1, 1, 5, 1 << 29, (1 << 30) - 1))
    return batch.encode(codec, wire, 1, sequence, times, values, origins)


def _routed_readings(chance):
    to_device = chance.choice((OWN, OWN, OWN, NUMBER, 99))
    return _routed(chance, frame.STREAM, to_device, _readings(chance))


def _routed(chance, flags, to_device, body):
    payload = frame.routed(flags, 0, _failed(chance), to_device, _sender(chance), body)
    hops = chance.choice((0, 0, 0, 1, 254, 255))
    return payload[:2] + bytes([hops]) + payload[3:]


def _bits(chance):
    bits = [
        (chance.randint(1, 9), chance.choice((1, OWN, NUMBER)), chance.choice((1, 2, 1 << 31)), one)
        for one in (0, 1) * chance.randint(0, 3)
    ]
    return (news.bit_frames(bits) or [bytes([frame.NEWS, news.BITS])])[0]


def _map(chance):
    plain = {
        "version": chance.choice((0, 1, 2, 70000, (1 << 32) - 1, chance.getrandbits(31))),
        "devices": [[OWN, PATH], [1, "field/desk"], [NUMBER, "field/far"]],
        "links": [[1, 1, OWN, 1000]],
        "leaves": [[NUMBER, [[2, OWN, 1000]]]] if chance.random() < 0.3 else [],
    }
    if chance.random() < 0.5:
        plain[chance.choice(sorted(plain))] = chance.choice(ODD)
    return news.map_frame(codec.encode(plain), chance.choice((b"", b"s" * 256)))


def _beat(chance):
    numbers = [chance.choice(ODD_INTEGERS) & 0xFFFFFFFF for _ in range(2)]
    site_us = chance.choice((0, 1_700_000_000_000_000, (1 << 63) - 1, (1 << 64) - 1))
    operation = chance.choice((frame.PING, frame.PONG, frame.ACK, frame.FROM, frame.BYE, 5, 6, 255))
    return frame.beat(operation, chance.choice((1, 2, numbers[0])), numbers[1], site_us)


def _failed(chance):
    return tuple(chance.choice((1, 2, 3, 65535)) for _ in range(chance.choice((0, 0, 0, 1, 32))))


def _sender(chance):
    return chance.choice((NUMBER, NUMBER, NUMBER, 1, OWN, 0))


_FRAMES = (_routed_control, _bare_control, _readings, _routed_readings, _routed_readings, _bits,
           _map, _beat, _beat)


def _mutated_map(chance, payload):
    """A frame whose body is a map, with a field that is odd, missing or new."""
    start = {frame.HELLO: 1, frame.ROUTED: frame.HEAD_BYTES}.get(payload[0], 0)
    try:
        body = codec.decode(payload[start:])
        if isinstance(body, dict) and body:
            name = chance.choice(sorted(body, key=repr))
            if chance.random() < 0.2:
                del body[name]
            else:
                body[name] = chance.choice(ODD)
            return payload[:start] + codec.encode(body)
    except ActorsError:
        pass  # it holds none
    return payload
