"""The portable codec and JSON text, on both interpreters: plain functions and bare asserts."""

import gc
import struct
from array import array

from mp_actors import codec
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.jsontext import loads_json

LONE = "\ud800"  # a surrogate without its partner, which UTF-8 has no bytes for
COMMAND = {"to": "lab/hub/mean", "id": 7, "do": "set", "with": {"period_ms": 100, "on": True}}


def refusal(function, *arguments, kind=RemoteWireError):
    """The text of the error that has to come."""
    try:
        value = function(*arguments)
    except kind as error:
        return str(error)
    raise AssertionError("%r was not refused but became %r" % (arguments, value))


def read(text, *limits):
    return codec.decode(bytes.fromhex(text), *limits)


def test_every_kind_of_value_comes_back_as_it_was():
    values = [None, True, False, 0, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**63 - 1]
    values += [-1, -24, -25, -256, -257, -(2**63), 0.0, 1.5, -2.0, float("inf"), "", "abc", b""]
    values += [b"abc", [], [1, [2, ["x"]]], {}, {1: "one", "two": 2, -3: None}, COMMAND]
    for value in values:
        back = codec.decode(codec.encode(value))
        assert back == value, value
        assert type(back) is type(value), value


def test_every_size_of_head_is_written_in_its_shortest_form():
    heads = ((23, "77"), (24, "7818"), (255, "78ff"), (256, "790100"), (65536, "7a00010000"))
    for size, head in heads:
        assert codec.encode("a" * size)[: len(head) // 2] == bytes.fromhex(head)
    assert codec.encode(2**32) == bytes.fromhex("1b0000000100000000")


def test_the_reader_takes_integers_and_lengths_of_any_width():
    assert read("1b0000000000000007") == 7
    assert read("3900ff") == -256
    assert read("9a00000001190001") == [1]
    assert read("bb00000000000000017800f6") == {"": None}
    assert list(read("d900405b0000000000000002abcd")) == [0xAB, 0xCD]


def test_floats_are_written_as_short_as_nothing_is_lost():
    pairs = ((1.5, 3), (65504.0, 3), (2.0**-24, 3), (-(2.0**-15), 3), (3 * 2.0**-17, 3), (0.0, 3))
    pairs += ((65505.0, 5), (65536.0, 5), (1e10, 5), (2.0**-25, 5), (1 + 2.0**-11, 5))
    for value, size_bytes in pairs:
        raw = codec.encode(value)
        assert len(raw) == size_bytes, value
        assert codec.decode(raw) == value
    assert codec.encode(float("nan")) == codec.encode(-float("nan")) == bytes.fromhex("f97e00")


def test_every_half_float_is_written_as_a_half_float():
    for bits in range(0, 65536, 7):
        raw = struct.pack(">BH", 0xF9, bits)
        value = codec.decode(raw)
        if value == value:
            assert codec.encode(value) == raw, bits


def test_arrays_of_every_type_keep_type_and_values():
    for code in "bBhHiIlLqQ":
        values = [0, 1, 100]
        back = codec.decode(codec.encode(array(code, values)))
        assert list(back) == values
        assert struct.calcsize(repr(back)[7]) == struct.calcsize(code)
    for code in "fd":
        assert list(codec.decode(codec.encode(array(code, [0.5, -2.0])))) == [0.5, -2.0]
    assert codec.encode(array("h", [-1])) == bytes.fromhex("d84d42ffff")
    assert len(codec.decode(codec.encode(array("Q")))) == 0


def test_an_array_of_whole_items_is_taken_and_one_byte_more_is_not():
    assert list(read("d8454401000200")) == [1, 2]
    assert "whole items" in refusal(read, "d845450100020003")
    assert "whole items" in refusal(read, "d845820102")


def test_tuples_and_views_are_sent_as_lists_and_bytes():
    assert codec.decode(codec.encode((1, (2,)))) == [1, [2]]
    assert codec.decode(codec.encode(memoryview(b"abc"))) == b"abc"
    assert codec.decode(codec.encode(bytearray(b"abc"))) == b"abc"


def test_bytes_are_read_from_every_kind_of_buffer():
    raw = codec.encode(COMMAND)
    for data in (raw, bytearray(raw), memoryview(raw), memoryview(b"x" + raw)[1:]):
        assert codec.decode(data) == COMMAND


def test_every_truncation_and_every_byte_more_is_refused():
    raw = codec.encode([COMMAND, array("H", [1, 2]), 2**40, 0.1, b"bytes"])
    for size in range(len(raw)):
        refusal(codec.decode, raw[:size])
    assert "after the value" in refusal(codec.decode, raw + b"\x00")


def test_what_is_outside_of_the_subset_is_refused():
    for text in (
        "f7 f0 f8ff f814 fc ff 81ff 5f4101ff 7f6161ff 9f01ff bf0101ff 1c 3d 5e 7c 9d bf "
        "1b8000000000000000 3b8000000000000000 c001 c24101 d81c80 d82000 d84143ab d9d9f700 "
        "d8544100 a1f501 a1f600 a1f93c0001 a1410101 a18001 a1a001 a1d8404101"
    ).split():
        refusal(read, text)


def test_a_key_that_comes_twice_is_refused():
    assert "twice" in refusal(read, "a2010101f6")
    assert "twice" in refusal(read, "a26161016161f6")
    assert "twice" in refusal(read, "a20101180102")
    assert read("a201016131f6") == {1: 1, "1": None}


def test_only_strict_utf8_is_text():
    for text in "00 7f c280 dfbf e0a080 ed9fbf ee8080 f0908080 f48fbfbf".split():
        raw = bytes.fromhex(text)
        assert codec.encode(codec.decode(bytes([0x60 + len(raw)]) + raw))[1:] == raw
    for text in (
        "80 ff c0 c080 c1bf c3 e08080 e09fbf e282 eda080 edbfbf f0808080 f08fbfbf f4908080 "
        "f5808080 f888808080 c328 e28228"
    ).split():
        raw = bytes.fromhex(text)
        assert "UTF-8" in refusal(codec.decode, bytes([0x60 + len(raw)]) + raw)


def test_sixteen_levels_are_taken_and_seventeen_are_not():
    assert read("81" * 15 + "80") is not None
    assert "deeper" in refusal(read, "81" * 16 + "80")
    assert "deeper" in refusal(read, "a101" * 16 + "a0")
    assert list(read("81" * 16 + "d8404101")[0][0][0][0][0][0][0][0][0][0][0][0][0][0][0][0]) == [1]
    assert read("00", 0) == 0
    assert "deeper" in refusal(read, "80", 0)


def test_items_are_counted_with_keys_and_tags():
    for text, items in (("00", 1), ("83010203", 4), ("a201020304", 5), ("81d8404101", 3)):
        read(text, 16, items)
        assert "items" in refusal(read, text, 16, items - 1)
    assert len(codec.decode(codec.encode([0] * 1023))) == 1023
    assert "items" in refusal(codec.decode, codec.encode([0] * 1024))


def test_what_cannot_be_sent_is_named_with_its_place():
    assert refusal(codec.encode, [1, 2, {"x": set()}], kind=LocalWireError).startswith(
        "[2]['x']: set cannot be sent"
    )
    for value in (2**63, -(2**63) - 1, {True: 1}, {1.0: 1}, {b"k": 1}, {None: 1}, {2**63: 1}, LONE):
        refusal(codec.encode, value, kind=LocalWireError)
        assert refusal(codec.encode, [value], kind=LocalWireError).startswith("[0]")


def test_a_list_that_holds_itself_is_refused():
    loop = []
    loop.append(loop)
    assert "deeper than 16" in refusal(codec.encode, loop, kind=LocalWireError)


def test_hostile_bytes_take_hardly_any_memory():
    nested = b"".join([b"\x99" + struct.pack(">H", 990 - 3 * level) for level in range(15)])
    for data in (
        b"\x9a\xff\xff\xff\xff",
        b"\xbb\x7f" + b"\xff" * 7,
        b"\x5a\xff\xff\xff\xff",
        b"\x79\xff\xff",
        b"\xd8\x40\x5a\x7f\xff\xff\xff",
        nested + b"\x00" * 950,
        b"\xd8\x40" * 1000,
        b"\x81" * 1000,
        b"\x9a\x00\x0f\x42\x40" + b"\x80" * 1000,
    ):
        assert allocated(data, refused=True) <= 2 * len(data) + 2048, data[:8]


def test_memory_is_bounded_by_items_and_bytes():
    # With the collector off this counts garbage, too, and on 64 bits twice what a board takes.
    for value, items in (
        ([[]] * 500, 501),
        ([0.1] * 500, 501),
        (list(range(1000, 1500)), 501),
        ([{300: 300}] * 300, 901),
        (["t%d" % number for number in range(500)], 501),
        ([array("B")] * 300, 601),
        ("a" * 10000, 1),
        (b"a" * 10000, 1),
        (array("H", range(5000)), 2),
    ):
        data = codec.encode(value)
        assert allocated(data) <= 96 * items + 2 * len(data) + 1024, data[:8]


def allocated(data, refused=False):
    """Bytes of heap a decode takes with the collector off; 0 where that cannot be told."""
    used = getattr(gc, "mem_alloc", lambda: 0)
    gc.collect()
    gc.disable()
    before = used()
    if refused:
        refusal(codec.decode, data)
    else:
        codec.decode(data)
    taken = used() - before
    gc.enable()
    return taken


def test_json_objects_and_arrays_are_taken_and_nothing_else():
    assert loads_json(b'{"sensor": "temperature", "every_ms": 100}')["every_ms"] == 100
    assert loads_json(bytearray(b'["a", 1, 2.5, null, true]')) == ["a", 1, 2.5, None, True]
    for text in (b"", b"3", b'"a"', b"null", b"{", b"[1", b"[1]x", b'{"a"', b'["\xff"]', b"nul"):
        refusal(loads_json, text)


def test_json_depth_is_counted_before_parsing_and_not_in_strings():
    assert loads_json(b"[" * 16 + b"]" * 16)
    assert "deeper" in refusal(loads_json, b"[" * 17 + b"]" * 17)
    assert "deeper" in refusal(loads_json, b'{"a":' * 17)
    assert "deeper" in refusal(loads_json, b"[" * 100000)
    assert loads_json(b'["' + b"[" * 40 + b'"]') == ["[" * 40]
    assert loads_json(b'["\\"' + b"{" * 40 + b'"]') == ['"' + "{" * 40]
    assert len(loads_json(b"[" + b"[]," * 40 + b"1]")) == 41
