"""The two codecs agree on bytes, values and refusals, whatever they get."""

import datetime
import decimal
import enum
import fractions
import math
import random
import struct
import uuid
from array import array
from collections import OrderedDict, UserDict, defaultdict, deque, namedtuple

import cbor2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.accel import codec as host
from mp_actors import codec as kernel
from mp_actors.errors import LocalWireError, RemoteWireError

INPUTS = 12_000
CHUNKS = 12
HEADS = [0x00, 0x17, 0x18, 0x19, 0x1A, 0x1B, 0x20, 0x3B, 0x40, 0x43, 0x58, 0x59, 0x5A, 0x5B, 0x60]
HEADS += [0x62, 0x78, 0x7B, 0x80, 0x81, 0x83, 0x98, 0x9A, 0x9F, 0xA0, 0xA1, 0xA2, 0xB8, 0xBF, 0xC0]
HEADS += [0xC2, 0xD8, 0xD9, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA, 0xFB, 0xFF, 0x1C, 0x5F, 0x7F]
TAGS = [2, 4, 28, 29, 63, 64, 65, 68, 69, 70, 71, 72, 76, 77, 78, 79, 84, 85, 86, 87, 258]


def outcome(codec, data, depth_max=16, items_max=1024):
    """What a reader makes of bytes, comparable in type, sign and NaN."""
    try:
        return repr(codec.decode(data, depth_max, items_max))
    except RemoteWireError:
        return "refused"


def written(codec, value):
    try:
        return codec.encode(value)
    except LocalWireError as error:
        return str(error)


class Writer:
    """Writes CBOR by chance: mostly well-formed, now and then not, in any width."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def head(self, kind, number):
        widths = [low for low in (24, 25, 26, 27) if number < 1 << (8 << (low - 24))]
        if number < 24 and self.random.random() < 0.8:
            return bytes([kind << 5 | number])
        low = (
            widths[0]
            if widths and self.random.random() < 0.8
            else self.random.choice(widths or [27])
        )
        return bytes([kind << 5 | low]) + number.to_bytes(1 << (low - 24), "big")

    def number(self):
        near = self.random.choice([0, 23, 24, 255, 256, 65535, 2**32, 2**63 - 1, 2**63, 2**64 - 1])
        return min(max(near + self.random.randrange(-2, 3), 0), 2**64 - 1)

    def text(self):
        raw = "".join(self.random.choices("abz\x00é水😀", k=self.random.randrange(30))).encode()
        if raw and self.random.random() < 0.1:
            raw = self.random.choice([raw[:-1], b"\xed\xa0\x80", b"\xc0\x80" + raw])
        return self.head(3, len(raw)) + raw

    def key(self):
        if self.random.random() < 0.05:
            return self.item(1)
        if self.random.random() < 0.5:
            return self.head(self.random.randrange(2), self.random.randrange(30))
        return self.head(3, 1) + self.random.choice([b"a", b"b", b"c", b"d"])

    def scalar(self):
        choice = self.random.randrange(8)
        if choice < 2:
            return self.head(choice, self.number())
        if choice == 2:
            raw = self.random.randbytes(self.random.randrange(30))
            return self.head(2, len(raw)) + raw
        if choice == 3:
            return self.text()
        if choice == 4:
            size = self.random.choice([2, 4, 8])
            return bytes([{2: 0xF9, 4: 0xFA, 8: 0xFB}[size]]) + self.random.randbytes(size)
        if choice == 5:
            return self.typed_array()
        return bytes([self.random.choice([0xF4, 0xF5, 0xF6])])

    def typed_array(self):
        raw = self.random.randbytes(8 * self.random.randrange(4))
        if self.random.random() < 0.1:
            raw += b"\x00" * self.random.randrange(8)
        kind = 2 if self.random.random() < 0.95 else 3
        return self.head(6, self.random.choice(TAGS[5:-1])) + self.head(kind, len(raw)) + raw

    def item(self, levels):
        if not levels or self.random.random() < 0.4:
            return self.scalar()
        count = self.random.randrange(6)
        if self.random.random() < 0.1:
            return self.head(4, 30) + self.scalar()[:9] * 30
        if self.random.random() < 0.5:
            return self.head(4, count) + b"".join(self.item(levels - 1) for _ in range(count))
        pairs = [self.key() + self.item(levels - 1) for _ in range(count)]
        return self.head(5, count) + b"".join(pairs)

    def mutated(self, raw):
        data = bytearray(raw)
        for _ in range(self.random.choice([0, 0, 1, 1, 1, 2, 4])):
            place = self.random.randrange(len(data) + 1)
            choice = self.random.randrange(7)
            if choice == 0 and place < len(data):
                data[place] = self.random.choice(HEADS)
            elif choice == 1 and place < len(data):
                data[place] ^= 1 << self.random.randrange(8)
            elif choice == 2:
                data[place:place] = self.head(6, self.random.choice(TAGS))
            elif choice == 3:
                data[place:place] = bytes([self.random.choice(HEADS)])
            elif choice == 4:
                del data[place : place + self.random.randrange(1, 4)]
            elif choice == 5:
                del data[place:]
            else:
                data[place:place] = self.head(self.random.randrange(2, 6), self.number())
        return bytes(data)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_generated_and_mutated_bytes_are_taken_or_refused_alike(chunk):
    writer = Writer(chunk)
    taken = 0
    for _ in range(INPUTS // CHUNKS):
        data = writer.mutated(writer.item(writer.random.randrange(6)))
        depth_max = writer.random.choice([0, 1, 2, 3, 16])
        items_max = writer.random.choice([1, 5, 20, 1024])
        expected = outcome(kernel, data, depth_max, items_max)
        assert outcome(host, data, depth_max, items_max) == expected, data.hex()
        taken += expected != "refused"
    # A generator that only writes rubbish would show nothing.
    assert 0.1 < taken / (INPUTS // CHUNKS) < 0.9


@pytest.mark.parametrize(
    "row",
    [
        [0, array("i", [1, 2])],
        [300, array("H", [1]), array("d", [1.5])],
        [1, 2, 3, 70_000, 1 << 32],
        [array("I", [1, 2, 3]), array("b"), array("B", range(23))],
    ],
)
def test_short_rows_are_taken_or_refused_alike_wherever_they_are_cut_or_changed(row):
    data = kernel.encode(row)
    assert host.encode(row) == data
    for place in range(len(data)):
        for rest in (data[place:], b"", b"\0"):
            cut = data[:place] + rest
            assert outcome(host, cut) == outcome(kernel, cut), cut.hex()
        for head in range(256):
            changed = data[:place] + bytes([head]) + data[place + 1 :]
            assert outcome(host, changed) == outcome(kernel, changed), changed.hex()
    for limit in range(12):
        assert outcome(host, data, 1, limit) == outcome(kernel, data, 1, limit)
        assert outcome(host, data, limit) == outcome(kernel, data, limit)


def test_every_two_bytes_are_taken_or_refused_alike():
    for head in range(256):
        for second in range(256):
            for rest in (b"", b"\x00", b"\x00\x00\x00"):
                data = bytes([head, second]) + rest
                assert outcome(host, data) == outcome(kernel, data), data.hex()


def test_depth_and_items_end_at_the_same_place():
    for levels in range(20):
        for inner in (b"\x80", b"\xa0", b"\x00", b"\xd8\x40\x41\x07", b"\x81\x80"):
            for level in (b"\x81", b"\xa1\x00"):
                data = level * levels + inner
                for depth_max in (0, 1, 3, 16):
                    assert outcome(host, data, depth_max) == outcome(kernel, data, depth_max)
    for count in (1022, 1023, 1024):
        for item in (b"\x00", b"\xd8\x40\x40", b"\xa0", b"\xf9\x00\x00"):
            data = b"\x99" + struct.pack(">H", count) + item * count
            assert outcome(host, data) == outcome(kernel, data)


integers = st.integers(-(2**65), 2**65) | st.integers(-(2**63), 2**63 - 1) | st.integers(-300, 300)
scalars = (
    st.none()
    | st.booleans()
    | integers
    | st.floats()
    | st.floats(width=32)
    | st.floats(width=16)
    | st.binary(max_size=40)
    | st.text(st.characters(), max_size=40)
)
arrays = st.builds(array, st.sampled_from("BHILQ"), st.lists(st.integers(0, 255), max_size=9))
values = st.recursive(
    scalars | arrays,
    lambda inner: (
        st.lists(inner, max_size=6)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text(max_size=5) | integers, inner, max_size=6)
    ),
    max_leaves=30,
)


@settings(max_examples=1500, derandomize=True, deadline=None, database=None)
@given(values)
def test_values_are_written_alike_and_come_back_alike(value):
    data = written(kernel, value)
    assert written(host, value) == data
    if isinstance(data, bytes):
        assert outcome(host, data) == outcome(kernel, data) != "refused"


def test_floats_of_every_width_are_written_alike():
    source = random.Random(8949)
    floats = [struct.unpack(">e", struct.pack(">H", bits))[0] for bits in range(65536)]
    for _ in range(20_000):
        floats.append(struct.unpack(">f", source.randbytes(4))[0])
        floats.append(struct.unpack(">d", source.randbytes(8))[0])
    floats += [65519.99, 65520.0, 2.0**-149, 2.0**-150, 1.5 * 2.0**-149, 2.0**-126, 5e-324]
    floats += [3.4028235677973366e38, 3.4028235677973362e38, math.nextafter(65504.0, math.inf)]
    for value in floats:
        assert host.encode(value) == kernel.encode(value), value


class Colour(enum.IntEnum):
    RED = 1


class Name(str):
    __slots__ = ()


Point = namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value",
    [
        Colour.RED,
        Name("a"),
        Point(1, 2.5),
        OrderedDict(b=1, a=2.5),
        defaultdict(int, a=1),
        {"b": 1.5, "a": [1, {"z": 0.1, "y": 2}]},
        bytearray(b"ab"),
        memoryview(b"ab"),
        memoryview(array("H", [1, 2])),
        deque([1]),
        UserDict(a=1),
        {1, 2},
        frozenset([1]),
        range(3),
        datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC),
        datetime.date(2024, 1, 1),
        decimal.Decimal("1.5"),
        fractions.Fraction(1, 2),
        uuid.UUID(int=1),
        cbor2.undefined,
        cbor2.CBORSimpleValue(3),
        cbor2.CBORTag(64, b""),
        object(),
        int,
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_of_other_types_are_written_or_refused_alike(value):
    for whole in (value, [value], [1, value], {"a": value}, {"a": [value, 1.5]}, (value,)):
        assert written(host, whole) == written(kernel, whole)


def test_a_level_too_deep_is_refused_on_writing_alike():
    for inner in (1, [], {}, array("B"), 2.5):
        for levels in range(18):
            listed = mapped = inner
            for _ in range(levels):
                listed, mapped = [listed], {"a": mapped}
            assert written(host, listed) == written(kernel, listed)
            assert written(host, mapped) == written(kernel, mapped)
