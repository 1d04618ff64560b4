"""Golden vectors for both codecs: RFC 8949 appendix A, RFC 8746, and what they allow but we do not.

Each is read whole, cut at every byte and with bytes behind it.
"""

import math
from array import array

import pytest

from actors.accel import codec as host
from mp_actors import codec as kernel
from mp_actors.errors import LocalWireError, RemoteWireError

# Appendix A of RFC 8949, in its order; all are in shortest form, so that they are written, too.
SHORTEST = [
    ("00", 0),
    ("01", 1),
    ("0a", 10),
    ("17", 23),
    ("1818", 24),
    ("1819", 25),
    ("1864", 100),
    ("1903e8", 1000),
    ("1a000f4240", 1000000),
    ("1b000000e8d4a51000", 1000000000000),
    ("20", -1),
    ("29", -10),
    ("3863", -100),
    ("3903e7", -1000),
    ("f90000", 0.0),
    ("f98000", -0.0),
    ("f93c00", 1.0),
    ("fb3ff199999999999a", 1.1),
    ("f93e00", 1.5),
    ("f97bff", 65504.0),
    ("fa47c35000", 100000.0),
    ("fa7f7fffff", 3.4028234663852886e38),
    ("fb7e37e43c8800759c", 1.0e300),
    ("f90001", 5.960464477539063e-8),
    ("f90400", 0.00006103515625),
    ("f9c400", -4.0),
    ("fbc010666666666666", -4.1),
    ("f97c00", math.inf),
    ("f97e00", math.nan),
    ("f9fc00", -math.inf),
    ("f4", False),
    ("f5", True),
    ("f6", None),
    ("40", b""),
    ("4401020304", b"\x01\x02\x03\x04"),
    ("60", ""),
    ("6161", "a"),
    ("6449455446", "IETF"),
    ("62225c", '"\\'),
    ("62c3bc", "\u00fc"),
    ("63e6b0b4", "\u6c34"),
    ("64f0908591", "\U00010151"),
    ("80", []),
    ("83010203", [1, 2, 3]),
    ("8301820203820405", [1, [2, 3], [4, 5]]),
    ("98190102030405060708090a0b0c0d0e0f101112131415161718181819", list(range(1, 26))),
    ("a0", {}),
    ("a201020304", {1: 2, 3: 4}),
    ("a26161016162820203", {"a": 1, "b": [2, 3]}),
    ("826161a161626163", ["a", {"b": "c"}]),
    ("a56161614161626142616361436164614461656145", dict(zip("abcde", "ABCDE", strict=True))),
    # Ours: the ends of the integers we carry.
    ("1b7fffffffffffffff", 2**63 - 1),
    ("3b7fffffffffffffff", -(2**63)),
    # RFC 8746, one of each tag we carry.
    ("d84043010203", array("B", [1, 2, 3])),
    ("d84544010000ff", array("H", [1, 0xFF00])),
    ("d84644010000ff", array("I", [0xFF000001])),
    ("d8474801000000000000ff", array("Q", [0xFF00000000000001])),
    ("d8484201ff", array("b", [1, -1])),
    ("d84d44010000ff", array("h", [1, -256])),
    ("d84e44010000ff", array("i", [0xFF000001 - 2**32])),
    ("d84f48feffffffffffffff", array("q", [-2])),
    ("d855440000c03f", array("f", [1.5])),
    ("d85648000000000000f83f", array("d", [1.5])),
    ("d84540", array("H")),
    ("8201d8404107", [1, array("B", [7])]),
]

# Longer than they had to be, but readers take them.
WIDER = [
    ("1800", 0),
    ("190017", 23),
    ("1a00000001", 1),
    ("1b0000000000000001", 1),
    ("3b0000000000000000", -1),
    ("fa47c35000", 100000.0),
    ("fa7f800000", math.inf),
    ("fb7ff0000000000000", math.inf),
    ("fbfff0000000000000", -math.inf),
    ("fa7fc00000", math.nan),
    ("fb7ff8000000000000", math.nan),
    ("580101", b"\x01"),
    ("5b000000000000000101", b"\x01"),
    ("780161", "a"),
    ("7a0000000161", "a"),
    ("980100", [0]),
    ("9b000000000000000100", [0]),
    ("b8010001", {0: 1}),
    ("ba000000010001", {0: 1}),
    ("a1180001", {0: 1}),
    ("a178016101", {"a": 1}),
    ("d90040580101", array("B", [1])),
    ("da00000040590002ffff", array("B", [255, 255])),
    ("db00000000000000404101", array("B", [1])),
]

# Well formed, some of appendix A, but outside of the subset; or not well formed at all.
REFUSED_TEXT = """
1bffffffffffffffff c249010000000000000000 3bffffffffffffffff c349010000000000000000
1b8000000000000000 3b8000000000000000
f7 f0 f8ff e0 f3 f800 f814 f815 f818 f81f fc fd fe ff
c074323031332d30332d32315432303a30343a30305a c11a514b67b0 c1fb41d452d9e2000000
d74401020304 d818456449455446 d82076687474703a2f2f7777772e6578616d706c652e636f6d
d9d9f700 d81c80 d81d00 d81e820102 c48221196ab3 c5822003 d9010280 d9010480 d8250100
5f42010243030405ff 7f657374726561646d696e67ff 9fff 9f018202039f0405ffff 83018202039f0405ff
bf61610161629f0203ffff 826161bf61626163ff bf6346756ef563416d7421ff 5fff 7fff bfff
1c 1d 1e 1f 3c 3f 5c 5e 7c 7e 9c 9e bc be dc df
a1f501 a1f401 a1f601 a1f93c0001 a1fb3ff000000000000001 a1410101 a18001 a1a001 a1d840410101 a1ff01
a2010101f6 a26161016161f6 a201011801f6 a2616101780161f6
d84100 d84140 d84240 d84340 d84440 d84940 d84a40 d84b40 d84c40 d85040 d85140 d85240 d85340 d85440
d85740 c040 d74100 d83f40 d9004600 db000000010000004040
d8454101 d846430102aa d84747000000000000aa d85541aa d856440102aaaa d84000 d8406161 d84080 d840d84040
d8405f4101ff d840f6 83c100001844
61ff 62c080 63eda080 64f4908080 62c328 61c3 a161ff01
9affffffff 9b7fffffffffffffff 9bffffffffffffffff baffffffff bb7fffffffffffffff bbffffffffffffffff
5affffffff 5b7fffffffffffffff 5bffffffffffffffff 7affffffff 7bffffffffffffffff
d8405bffffffffffffffff
"""
REFUSED = REFUSED_TEXT.split()


@pytest.fixture(params=[kernel, host], ids=["kernel", "host"])
def codec(request):
    return request.param


def same(left, right):
    """Equal in type, sign and NaN, too, which `==` does not see."""
    return repr(left) == repr(right)


@pytest.mark.parametrize(("text", "value"), SHORTEST, ids=[text for text, _ in SHORTEST])
def test_a_vector_in_shortest_form_is_read_and_written(codec, text, value):
    assert same(codec.decode(bytes.fromhex(text)), value)
    assert codec.encode(value).hex() == text


@pytest.mark.parametrize(("text", "value"), WIDER, ids=[text for text, _ in WIDER])
def test_a_vector_in_a_wider_form_is_read(codec, text, value):
    assert same(codec.decode(bytes.fromhex(text)), value)


@pytest.mark.parametrize("text", REFUSED)
def test_a_vector_outside_of_the_subset_is_refused(codec, text):
    for raw in (bytes.fromhex(text), b"\x81" + bytes.fromhex(text)):
        with pytest.raises(RemoteWireError):
            codec.decode(raw)


@pytest.mark.parametrize("text", [text for text, _ in SHORTEST + WIDER])
def test_a_vector_cut_short_or_followed_by_bytes_is_refused(codec, text):
    raw = bytes.fromhex(text)
    for data in [raw[:size] for size in range(len(raw))] + [
        raw + b"\x00",
        raw + b"\xff",
        raw + raw,
    ]:
        with pytest.raises(RemoteWireError):
            codec.decode(data)


@pytest.mark.parametrize("text", [text for text, _ in SHORTEST])
def test_a_vector_is_read_from_any_buffer(codec, text):
    raw = bytes.fromhex(text)
    value = codec.decode(raw)
    for data in (bytearray(raw), memoryview(raw), memoryview(b"\x00" + raw)[1:]):
        assert same(codec.decode(data), value)


def test_no_other_tag_is_taken_whatever_it_holds(codec):
    taken = set()
    for tag in range(65536):
        raw = b"\xd9" + tag.to_bytes(2, "big")
        for content in (b"\x40", b"\x00", b"\x80", b"\x60") if tag < 300 else (b"\x40",):
            try:
                codec.decode(raw + content)
            except RemoteWireError:
                continue
            taken.add((tag, content))
    assert taken == {(tag, b"\x40") for tag in (64, 69, 70, 71, 72, 77, 78, 79, 85, 86)}


@pytest.mark.parametrize(
    ("value", "where"),
    [
        (set(), "value: set"),
        ([0, 1, {"x": {1}}], "[2]['x']: set"),
        ({"a": [1.5, object()]}, "['a'][1]: object"),
        (2**63, "value: integer"),
        ([-(2**63) - 1, 1.5], "[0]: integer"),
        ([1, -(2**63) - 1], "[1]: integer"),
        ([1, 2**63], "[1]: integer"),
        ({2**63: 1}, "[9223372036854775808]: integer"),
        ({True: 1}, "[True]: a key is bool"),
        ({1.0: 1}, "[1.0]: a key is float"),
        ({b"k": 1}, "[b'k']: a key is bytes"),
        ({(1,): 1}, "[(1,)]: a key is tuple"),
        ("\ud800", "value: text"),
        ({"a": ["\udfff"]}, "['a'][0]: text"),
        (array("u", "ab"), "value: array"),
        (1j, "value: complex"),
    ],
)
def test_what_cannot_be_sent_is_refused_with_its_place(codec, value, where):
    with pytest.raises(LocalWireError) as caught:
        codec.encode(value)
    assert str(caught.value).startswith(where)
