"""Numbers about the borders of a board's: small integers of 31 bits, words of 32, floats of 32.

On a host these are one kind of integer; on a board they change theirs at 2**30, and a float knows
seven digits. What counts, numbers, stamps, packs or names by a number is taken over each border.
"""

from binascii import crc32

from pairs import crypto

from mp_actors import batch, codec, frame, ticks
from mp_actors.backlog import Backlog
from mp_actors.clock import SystemClock
from mp_actors.handshake import make_seal
from mp_actors.journal import Ring
from mp_actors.latency import Latency
from mp_actors.operators import Mean
from mp_actors.readings import Readings
from mp_actors.testing import Bench

BORDERS = (29, 30, 31, 32, 52, 53, 61, 62, 63)
# Each border, and what is beside it; CBOR ends at the last.
INTEGERS = [(1 << bits) + step for bits in BORDERS for step in (-2, -1, 0, 1)]
INTEGERS = [number for number in INTEGERS if number < 1 << 63]
TODAY_US = 1790000000000000


def cbor_of(number):
    """The bytes of an integer by the table of RFC 8949, independently of how the codec packs."""
    kind, argument = (0x20, -1 - number) if number < 0 else (0, number)
    low, width = (26, 4) if argument < 1 << 32 else (27, 8)
    return bytes([kind | low]) + argument.to_bytes(width, "big")


def back(values, times_us):
    """Values and times after a way through a batch, as lists."""
    body = batch.encode(codec, 1, 1, 1, times_us, values, None)
    assert batch.count(body) == len(values)
    readings = Readings(codec, body, 1024)
    return list(readings.values), list(readings.times_us)


class Disk:
    """Says which names it is asked for."""

    def __init__(self):
        self.appended = []

    def names(self):
        return []

    def append(self, name, _data):
        self.appended.append(name)


def test_integers_about_each_border_have_the_bytes_of_the_specification():
    for number in INTEGERS:
        for value in (number, -number, -1 - number):
            assert codec.encode(value) == cbor_of(value), value
            assert codec.decode(cbor_of(value)) == value


def test_integers_beyond_64_bits_are_refused_by_either_end():
    for value in (1 << 63, -(1 << 63) - 1):
        try:
            codec.encode(value)
            raise AssertionError(value)
        except codec.LocalWireError:
            pass
        try:
            codec.decode(cbor_of(value))
            raise AssertionError(value)
        except codec.RemoteWireError:
            pass


def test_a_map_finds_what_stands_under_a_wide_key():
    pairs = codec.decode(codec.encode({number: str(number) for number in INTEGERS}))
    assert len(pairs) == len(INTEGERS)
    for number in INTEGERS:
        assert pairs[number] == str(number)


def test_a_batch_carries_integers_about_each_border():
    for number in INTEGERS:
        for values in ([number], [-number, number - 1], [-1 - number, 0, number]):
            times_us = [TODAY_US + 10 * place for place in range(len(values))]
            assert back(values, times_us) == (values, times_us)


def test_a_batch_carries_moments_about_each_border():
    for number in INTEGERS:
        for later_us in (0, (1 << 30) + 1, (1 << 31) + 1, batch.SPAN_MAX_US - 1):
            if number + later_us < 1 << 63:
                times_us = [number + later_us, number]
                assert batch.fits(times_us[0], times_us[1])
                assert back([1.5, 2.5], times_us) == ([1.5, 2.5], times_us)
    assert not batch.fits(TODAY_US, TODAY_US + batch.SPAN_MAX_US)


def test_a_batch_of_a_board_with_floats_of_32_bits_is_read_everywhere():
    before, batch.FLOAT = batch.FLOAT, "f"
    try:
        values = [0.0, -1.5, 2.0**-20, 16777216.0, -(2.0**100)]
        times_us = [TODAY_US + place for place in range(len(values))]
        body = batch.encode(codec, 1, 1, 1, times_us, values, None)
        # Times and values alike: a tag of two bytes, one for their length, four for each.
        assert len(body) == batch.HEAD_BYTES + 2 * (3 + 4 * len(values))
        assert list(Readings(codec, body, 1024).values) == values
    finally:
        batch.FLOAT = before


def test_frames_carry_the_widest_numbers_of_their_fields():
    for number in (0, (1 << 30) - 1, 1 << 30, 1 << 31, (1 << 32) - 1):
        for site_us in (TODAY_US, (1 << 62) - 1, 1 << 62, (1 << 63) - 1):
            told = frame.read_beat(frame.beat(frame.PING, number, number, site_us))
            assert told == (frame.PING, number, number, site_us)
        body = batch.encode(codec, 65535, 65535, number, [TODAY_US], [1], None)
        assert batch.head(body) == (65535, 65535, number, TODAY_US)


def test_records_open_as_their_number_passes_each_border():
    for name in ("ccm", "fernet"):
        for bits in (30, 31, 32, 62, 63):
            one = make_seal(name, crypto, b"1" * 32, b"2" * 32)
            two = make_seal(name, crypto, b"2" * 32, b"1" * 32)
            one._sent = two._received = (1 << bits) - 2
            bodies = [one.seal(b"the same") for _ in range(4)]
            assert len(set(bodies)) == 4
            assert [two.open(body) for body in bodies] == [b"the same"] * 4


def test_moments_on_both_sides_of_the_wrap_keep_their_distance():
    last = ticks.WRAP_MS - 1
    for now_ms in (0, 1, ticks.HALF_MS - 1, ticks.HALF_MS, last - 1, last):
        for delay_ms in (0, 1, 1000, ticks.HALF_MS - 1):
            then_ms = ticks.add(now_ms, delay_ms)
            assert 0 <= then_ms <= last
            assert ticks.diff(then_ms, now_ms) == delay_ms
            assert ticks.diff(now_ms, then_ms) == -delay_ms


def test_the_clock_counts_within_the_wrap_and_site_time_is_of_this_century():
    clock = SystemClock()
    assert 0 <= clock.ticks_ms() < ticks.WRAP_MS
    assert 1 << 50 < clock.site_us() < 1 << 52
    before_us = clock.site_us()
    clock.shift(1 << 40)
    assert 0 <= clock.site_us() - before_us - (1 << 40) < 1 << 24


def test_ages_about_each_border_are_counted_within_half_a_bucket():
    for age_us in INTEGERS:
        latency = Latency()
        latency.add(age_us)
        assert abs(latency.percentile_us(50) - age_us) * 32 <= age_us


def test_percentiles_are_of_readings_and_not_of_what_a_float_makes_of_their_number():
    latency = Latency()
    for more in range(8):
        latency.counts = {5: (1 << 53) + more, 6: 1}  # as it is with 2**24 in a float of 32 bits
        assert latency.percentile_us(50) == 5 and latency.percentile_us(100) == 6


def test_the_mean_of_integers_loses_none_that_a_float_cannot_add():
    bench = Bench(Mean(window_ms=1000))
    assert bench.feed((1 << 53), 1, 1) == []
    assert bench.advance_ms(1000) == [((1 << 53) + 2) / 3]
    assert ((1 << 53) + 2) / 3 != float(1 << 53) / 3


def test_a_row_of_the_journal_holds_moments_and_counts_of_any_width():
    ring = Ring(2, 64)
    for number in (1, (1 << 30) - 1, 1 << 30, 1 << 31, (1 << 32) - 1):
        ring.next = number
        ring.put(1, TODAY_US // 1000, number, b"text")
        assert ring.row(1) == [number, TODAY_US // 1000, number, b"text"]
        assert ring.number(1) == number


def test_files_are_named_by_all_32_bits_of_a_checksum():
    seen = 0
    for number in range(16):
        key = "a/b > c/%d" % number
        checksum = crc32(key.encode()) & 0xFFFFFFFF
        seen |= 1 << (checksum >> 30)
        log = Backlog(Disk(), 3, key, 1 << 16)
        log.begin()
        log.write(b"body", 1)
        (name,) = set(log._disk.appended)
        digits = "".join(["%02x" % byte for byte in checksum.to_bytes(4, "big")])
        assert name.split(".")[0] == "w3-" + digits
    assert seen == 0b1111, "the keys are to have checksums in each quarter"
