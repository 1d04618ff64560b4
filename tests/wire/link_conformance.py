"""The conformance suite of links: what every transport promises, one law per function.

For whoever writes a link (see `mp_actors/links/__init__.py`):

    @pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
    def test_my_link_keeps(law):
        check_law(law, make_pair)

`make_pair()` gives two connected ends, ready to be written. Each law gets a pair of its own, closes
it, and raises AssertionError with a sentence. A law never trusts one call: a link may take and give
as few bytes as it likes, as long as it goes on. The idea is Trio's `check_two_way_stream`.
"""

import random
import select
import time

PATIENCE_S = 5.0  # without any progress; then a link is stuck
LARGE_BYTES = 300_000
FULL_BYTES_MAX = 64 << 20  # of a link that nobody reads
EVERY_BYTE = bytes(range(256))


def check_law(law, make_pair):
    """Hold one law against a fresh pair. *Raises* AssertionError."""
    pair = Pair(*make_pair())
    try:
        law(pair)
        pair.one.close()
        pair.other.close()
    except OSError as error:
        raise AssertionError(f"OSError where there is no reason for one: {error}") from error


def check_link(make_pair):
    """Hold all laws. *Raises* AssertionError at the first that is broken."""
    for law in LAWS:
        check_law(law, make_pair)


class Pair:
    """Two ends, and the turns that a server would give them."""

    def __init__(self, one, other):
        self.one = one
        self.other = other

    def turn(self):
        """What time brings about: pacing, resending."""
        for link in (self.one, self.other):
            if hasattr(link, "step"):
                try:
                    link.step()
                except OSError:
                    pass  # it says so again to whoever reads or writes

    def until(self, progress, what):
        """Call progress() until it returns True; it returns False if nothing moved.

        what() says what is wrong if nothing moves any more.
        """
        quiet_s = time.monotonic()
        while True:
            self.turn()
            moved = progress()
            if moved is True:
                return
            if moved is not False:
                quiet_s = time.monotonic()
            else:
                time.sleep(0.001)  # a kernel, or another process, has it
            assert time.monotonic() - quiet_s < PATIENCE_S, what()

    def carry(self, source, target, data, write_max=LARGE_BYTES, read_max=65536, under_way=0):
        """Write all of data into source while reading target; returns what came out.

        under_way: bytes that were written before and come out first.
        """
        sent, came, size = 0, b"", under_way + len(data)

        def progress():
            nonlocal sent, came
            taken = _write(source, data[sent : sent + write_max]) if sent < len(data) else 0
            sent += taken
            got = _read(target, read_max)
            assert got != b"", "an open link read as ended"
            came += got or b""
            return len(came) >= size or (None if taken or got else False)

        self.until(progress, lambda: f"{sent} of {len(data)} bytes taken, {len(came)} came out")
        return came

    def ends(self, link, came=b""):
        """Read link until it ends, by b"" or OSError; returns all that came, after `came`."""

        def progress():
            nonlocal came
            try:
                got = _read(link, 4096)
            except OSError:
                return True
            came += got or b""
            return got == b"" or (None if got else False)

        self.until(progress, lambda: "the other end closed and nobody was told")
        return came


def _write(link, data):
    taken = link.write(data)
    assert type(taken) is int, f"write returned {taken!r}; expected a number of bytes"
    assert 0 <= taken <= len(data), f"write took {taken} of {len(data)} bytes"
    return taken


def _read(link, size_max):
    got = link.read(size_max)
    assert got is None or isinstance(got, bytes), f"read returned {got!r}; expected bytes or None"
    assert got is None or len(got) <= size_max, f"read({size_max}) returned {len(got)} bytes"
    return got


# --- the laws -------------------------------------------------------------------------------------


def it_says_what_it_is(pair):
    """A name for people, one of the four transports, an address or None, something to poll."""
    for link in (pair.one, pair.other):
        assert isinstance(link.name, str), "a link has a name"
        assert link.name, "a link has a name"
        kinds = ("tcp", "unix", "uart", "memory")
        assert link.transport in kinds, f"transport {link.transport!r}; expected one of {kinds}"
        assert hasattr(link, "address"), "a link has the other end's address, or None"
        assert link.sock is not None or link.transport == "memory", "poll needs a sock"


def bytes_come_out_in_order_each_way(pair):
    """What goes in comes out, and nothing else."""
    data = random.Random(1).randbytes(20_000)
    assert pair.carry(pair.one, pair.other, data) == data, "bytes were changed on the way"
    assert pair.carry(pair.other, pair.one, data) == data, "bytes were changed on the way back"


def every_byte_value_passes(pair):
    """No byte means something to the medium, whatever stands before it."""
    pairs = b"".join(bytes([first, second]) for first in EVERY_BYTE for second in EVERY_BYTE)
    assert pair.carry(pair.one, pair.other, pairs) == pairs, "some byte does not pass"


def both_ways_at_once_do_not_mix(pair):
    """Each direction is a stream of its own, however the calls take turns."""
    ends = (pair.one, pair.other)
    data = [random.Random(seed).randbytes(50_000) for seed in (2, 3)]
    sent, came = [0, 0], [b"", b""]

    def progress():
        before = (sum(sent), len(came[0]), len(came[1]))
        for i in (0, 1):
            if sent[i] < len(data[i]):
                sent[i] += _write(ends[i], data[i][sent[i] : sent[i] + 3000])
            came[1 - i] += _read(ends[1 - i], 2000) or b""
        if came[1] == data[0] and came[0] == data[1]:
            return True
        return None if (sum(sent), len(came[0]), len(came[1])) != before else False

    pair.until(progress, lambda: "two directions at once got stuck, or were mixed up")


def a_write_may_take_a_part_and_nothing_twice(pair):
    """What `write` says it took arrives once; the rest never, until it is written again."""
    data = random.Random(4).randbytes(2_000_000)
    taken = _write(pair.one, data)
    rest = data[taken : taken + 50_000] + EVERY_BYTE * 4
    want = data[:taken] + rest
    came = pair.carry(pair.one, pair.other, rest, under_way=taken)
    assert came == want, "a byte that was not taken arrived, or one that was arrived twice"


def small_writes_and_reads_of_any_size_are_the_same_stream(pair):
    """Where writes and reads are cut does not show."""
    chance = random.Random(5)
    data = chance.randbytes(600)
    for write_max, read_max in ((1, 4096), (4096, 1), (7, 3), (1000, 255), (257, 256)):
        came = pair.carry(pair.one, pair.other, data, write_max, read_max)
        assert came == data, f"cut at {write_max} and {read_max}, it is another stream"


def a_large_amount_passes(pair):
    """More than any buffer on the way holds."""
    data = random.Random(6).randbytes(LARGE_BYTES)
    assert pair.carry(pair.one, pair.other, data) == data, "a large amount was changed"


def a_full_link_takes_nothing_and_recovers(pair):
    """Nobody reads: `write` says 0, not an error, and does not wait. Then all comes out."""
    chance = random.Random(7)
    block = chance.randbytes(65536)
    written = zeros = 0
    while zeros < 3:
        pair.turn()
        start = written % len(block)
        taken = _write(pair.one, block[start:])
        zeros = 0 if taken else zeros + 1
        written += taken
        assert written < FULL_BYTES_MAX, "a link that nobody reads takes bytes without end"
    came = 0

    def progress():
        nonlocal came
        got = _read(pair.other, 65536)
        for i in range(0, len(got or b""), 4096):
            piece, start = got[i : i + 4096], (came + i) % len(block)
            assert (block + block)[start : start + len(piece)] == piece, "a full link lost bytes"
        came += len(got or b"")
        return came == written or (None if got else False)

    pair.until(progress, lambda: f"{came} of {written} bytes came out of a full link")
    assert pair.carry(pair.one, pair.other, b"again") == b"again", "a link that was full is dead"


def a_quiet_link_reads_as_none(pair):
    """Nothing yet is not the end."""
    for link in (pair.one, pair.other):
        assert _read(link, 100) is None, "nothing was sent and something was read"
    pair.carry(pair.one, pair.other, b"x")
    assert _read(pair.other, 100) is None, "a link that was read empty has ended"


def an_empty_write_takes_nothing(pair):
    """It is no end and no error."""
    assert _write(pair.one, b"") == 0, "nothing was written and something was taken"
    assert pair.carry(pair.one, pair.other, b"after") == b"after", "an empty write is no end"


def poll_tells_that_bytes_came(pair):
    """Whoever sleeps in `poll` on `sock` wakes up."""
    if pair.other.sock is None:
        return
    poll = select.poll()
    poll.register(pair.other.sock, select.POLLIN)
    assert not poll.poll(0), "poll tells of bytes that nobody sent"
    _write(pair.one, b"x")
    what = "bytes came and poll did not tell"
    pair.until(lambda: bool(poll.poll(20)), lambda: what)


def a_close_is_seen_after_all_that_came(pair):
    """The other end reads b"" or OSError, soon and again and again."""
    data = random.Random(8).randbytes(10_000)
    came = pair.carry(pair.one, pair.other, data)
    pair.one.close()
    assert pair.ends(pair.other, came) == data, "bytes came after the last"
    assert pair.ends(pair.other) == b"", "bytes came after the end"


def a_close_on_a_full_way_leaves_a_prefix(pair):
    """What was on the way may be lost with the close, but only from behind."""
    data = random.Random(9).randbytes(30_000)
    taken = _write(pair.one, data)
    pair.one.close()
    came = b""
    try:
        for _ in range(200):
            came += _read(pair.other, 4096) or b""
    except OSError:
        pass  # a medium that is full cannot always tell of an end
    assert came == data[: len(came)], "a close took bytes out of the middle"
    assert len(came) <= taken, "a close sent bytes that were not taken"


def closing_twice_does_no_harm(pair):
    """Nor closing what the other end closed."""
    pair.one.close()
    pair.one.close()
    pair.ends(pair.other)
    pair.other.close()
    pair.other.close()


def a_closed_link_refuses(pair):
    """Reading and writing it is OSError, also if bytes are left in it."""
    _write(pair.one, b"left")
    pair.until(lambda: _read(pair.other, 1) is not None, lambda: "four bytes did not come")
    pair.other.close()
    for _ in range(2):
        _refuses(lambda: pair.other.write(b"x"), "write took bytes after close")
        _refuses(lambda: pair.other.read(10), "read gave something after close")


def writing_to_a_closed_end_fails(pair):
    """Not at once everywhere, but soon: nobody writes into nothing for ever."""
    pair.other.close()

    def progress():
        try:
            _read(pair.one, 100)
            _write(pair.one, b"x")
        except OSError:
            return True
        return False

    pair.until(progress, lambda: "the other end closed and writing goes on")


def _refuses(call, otherwise):
    try:
        call()
    except OSError:
        return
    raise AssertionError(otherwise)


LAWS = [
    it_says_what_it_is,
    bytes_come_out_in_order_each_way,
    every_byte_value_passes,
    both_ways_at_once_do_not_mix,
    a_write_may_take_a_part_and_nothing_twice,
    small_writes_and_reads_of_any_size_are_the_same_stream,
    a_large_amount_passes,
    a_full_link_takes_nothing_and_recovers,
    a_quiet_link_reads_as_none,
    an_empty_write_takes_nothing,
    poll_tells_that_bytes_came,
    a_close_is_seen_after_all_that_came,
    a_close_on_a_full_way_leaves_a_prefix,
    closing_twice_does_no_harm,
    a_closed_link_refuses,
    writing_to_a_closed_end_fails,
]
