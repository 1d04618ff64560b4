"""Batches: golden bytes, every kind of value as it was, and only refusals for bad bodies."""

import struct
from array import array

from helpers import Dice, refusal

from mp_actors import batch, codec
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.readings import Readings

T0 = 1700000000000000
# An array of six: wire 7, epoch 2, seq 5 and t0, in their fixed widths.
HEAD = "86" + "190007" + "190002" + "1a00000005" + "1b00060a24181e4000"


def body_of(values, times=None, origins=None):
    times = [T0 + 10 * place for place in range(len(values))] if times is None else times
    return batch.encode(codec, 7, 2, 5, times, values, origins)


def read(body):
    return Readings(codec, body, 1024)


def back(values):
    return list(read(body_of(values)).values)


def same(one, other):
    """Equal in value and in kind, also of items in lists and maps."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return struct.pack("<d", one) == struct.pack("<d", other)
    if isinstance(one, list):
        return len(one) == len(other) and all([same(a, b) for a, b in zip(one, other)])
    return one == other


def test_a_batch_of_one_has_golden_bytes():
    assert body_of([21]) == bytes.fromhex(HEAD + "00" + "d8484115")


def test_a_batch_with_origins_has_golden_bytes():
    body = body_of([1.5, -2.0], [T0 + 300, T0], [0, 513])
    assert body[:21] == bytes.fromhex("87" + HEAD[2:])
    times, values, origins = struct.pack("<II", 300, 0), struct.pack("<dd", 1.5, -2.0), b"\0\0\1\2"
    if batch.FLOAT == "d":
        assert body[21:] == (
            b"\xd8\x46\x48" + times + b"\xd8\x56\x50" + values + b"\xd8\x45\x44" + origins
        )


def test_a_body_is_plain_cbor():
    row = codec.decode(body_of(["a", None]))
    assert row[:4] == [7, 2, 5, T0] and list(row[4]) == [0, 10] and row[5] == ["a", None]


def test_the_head_is_read_at_its_offsets():
    assert batch.head(body_of([1])) == (7, 2, 5, T0)
    body = batch.encode(codec, 65535, 65535, (1 << 30) - 1, [0, 5], [1, 2], None)
    assert batch.head(body) == (65535, 65535, (1 << 30) - 1, 0)


def test_floats_come_back_bit_for_bit():
    values = [0.0, -0.0, 0.1, 1e-300, -1e300, float("inf"), -float("inf"), 5e-324, 1 / 3]
    assert same(back(values), values)
    assert back([float("nan")])[0] != back([float("nan")])[0]


def test_integers_come_back_from_the_smallest_array_that_holds_them():
    for bits, item_bytes in ((8, 1), (16, 2), (32, 4), (64, 8)):
        edge = 1 << (bits - 1)
        for values in ([edge - 1], [-edge], [0, edge - 1, -edge]):
            assert same(back(values), values), values
            body = body_of(values)
            assert batch.count(body) == len(values)
        assert len(body_of([0, edge - 1])) - len(body_of([0, 0])) == 2 * (item_bytes - 1)


def test_an_integer_beyond_64_bits_is_refused():
    for value in (1 << 63, -(1 << 63) - 1, 1 << 100):
        refusal(LocalWireError, body_of, [value])
        refusal(LocalWireError, body_of, [0, value])


def test_true_one_and_one_point_zero_are_kept_apart():
    for values in ([True, False], [1, 0], [1.0, 0.0], [True, 1], [1, 1.0], [False, 0, 0.0, None]):
        assert same(back(values), values), values


def test_all_else_comes_back_as_a_list():
    values = ["text", b"bytes", None, [1, [2.5, True]], {"a": {"b": 1}}, "", 3, 2.5]
    assert same(back(values), values)
    assert same(back([[1, 2], [3.5]]), [[1, 2], [3.5]])


def test_random_batches_come_back_as_they_were_and_count_agrees():
    for seed in range(200):
        dice = Dice(seed)
        pools = [
            [0.5, -1.25, 1e10, 0.1],
            [0, 1, -1, 300, -70000, 1 << 40, -(1 << 63), (1 << 63) - 1],
            [True, False],
            ["a", "", "\u00e4" * 30, None, b"x", [1], {"k": 2}],
        ]
        pool = pools[dice.below(4)] if dice.below(2) else [item for row in pools for item in row]
        size = 1 + dice.below(64)
        values = [pool[dice.below(len(pool))] for _ in range(size)]
        times = [T0 + dice.below(1 << 22) for _ in range(size)]
        origins = [dice.below(65536) for _ in range(size)] if dice.below(2) else None
        body = body_of(values, times, origins)
        made = read(body)
        assert same(list(made.values), values), seed
        assert made.times_us == times, seed
        assert (None if made.origins is None else list(made.origins)) == origins, seed
        assert batch.count(body) == size, seed
        assert (made.wire, made.epoch, made.sequence) == (7, 2, 5)


def test_times_may_run_backwards_and_span_71_minutes():
    span = (1 << 32) - 2
    assert read(body_of([1, 2], [T0 + span, T0])).times_us == [T0 + span, T0]
    assert batch.fits(T0, T0 + span) and batch.fits(T0 + span, T0)
    assert not batch.fits(T0, T0 + span + 1) and not batch.fits(T0 + span + 1, T0)


def raw(times, values, origins=None):
    """A body from CBOR items of one's own, as text of hexadecimal digits."""
    head = ("87" if origins else "86") + HEAD[2:]
    return bytes.fromhex(head + times + values + (origins or ""))


def test_equal_spacing_may_come_as_one_integer():
    assert read(raw("190064", "83010203")).times_us == [T0, T0 + 100, T0 + 200]
    assert read(raw("00", "8101")).times_us == [T0]
    assert read(raw("00", "80")).times_us == []


def test_times_that_do_not_fit_the_values_are_refused():
    for times in (
        "d8464400000000",  # one for two
        "d8464c000000000000000000000000",  # three for two
        "820001",  # a list
        "20",  # below 0
        "f5",
        "f6",
        "6161",
        "f93c00",
        "d85650" + "000000000000f03f" * 2,  # floats
        "d84f50" + "ffffffffffffffff" * 2,  # signed
        "d84750" + "ffffffffffffff7f" * 2,  # 64 bits
        "1b7fffffffffffffff",  # a spacing beyond any time
    ):
        refusal(RemoteWireError, read, raw(times, "820102"))


def test_a_moment_that_no_clock_shows_is_refused():
    body = raw("00", "8101")
    refusal(RemoteWireError, read, body[:13] + b"\xff" * 8 + body[21:])


def test_values_that_are_no_list_and_origins_that_do_not_fit_are_refused():
    for values in ("f6", "01", "6161", "4161", "a0", "f93c00"):
        refusal(RemoteWireError, read, raw("00", values))
    for origins in ("d8454100" + "00", "d845420000", "d84546000000000000", "820000", "00"):
        refusal(RemoteWireError, read, raw("00", "820102", origins))
    assert list(read(raw("00", "820102", "d8454400000100")).origins) == [0, 1]


def test_every_truncation_and_every_byte_more_is_refused():
    for body in (body_of([1.5] * 9), body_of(["a", 1, [2]], None, [1, 2, 3]), body_of([7])):
        for size in range(len(body)):
            refusal(RemoteWireError, read, body[:size])
        refusal(RemoteWireError, read, body + b"\x00")


def test_random_damage_is_read_or_refused_and_never_anything_else():
    bodies = [body_of([1.5] * 5), body_of(["a", None, 3], None, [1, 2, 3]), body_of([7, 9])]
    for seed in range(3000):
        dice = Dice(seed)
        body = bytearray(bodies[seed % 3])
        for _ in range(1 + dice.below(3)):
            body[dice.below(len(body))] = dice.below(256)
        body = bytes(body[: len(body) - (dice.below(4) == 0)])
        for function in (read, batch.count, batch.head):
            try:
                function(body)
            except RemoteWireError:
                pass


def test_count_is_never_more_than_the_body_has_bytes():
    for body in (
        raw("00", "9b7fffffffffffffff"),
        raw("00", "9affffffff") + b"\x00" * 20,
        raw("00", "d8405b7fffffffffffffff"),
        raw("d8465b7fffffffffffffff", "8101"),
    ):
        refusal(RemoteWireError, batch.count, body)
    assert batch.count(raw("00", "83010203")) == 3


def test_arrays_of_every_type_are_counted_as_they_are_read():
    for code in "bBhHiIqQfd":
        values = codec.encode(array(code, [1, 2, 3]))
        body = raw("00", "") + values
        assert batch.count(body) == len(read(body).values) == 3, code


def test_the_head_is_refused_when_it_is_another_items():
    body = body_of([1])
    for place in (0, 1, 4, 7, 12):
        refusal(RemoteWireError, batch.head, body[:place] + b"\x01" + body[place + 1 :])


def test_a_typed_array_stays_typed_and_takes_little_room():
    assert isinstance(read(body_of([1, 2])).values, array)
    assert len(body_of([0.5] * 64)) <= 21 + 5 + 64 * 4 + 5 + 64 * 8
