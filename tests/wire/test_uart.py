"""The UART link on lines that lose, flip and double bytes: whole or broken, never something else.

Most lines here are in memory, under a clock that tests turn; the last tests pump bytes between two
real pseudo-terminals.
"""

import io
import os
import pty
import random
import select
import struct
import tty
import zlib

import pytest

from actors.serial import open_port
from mp_actors.links.uart import ASK_MS, BURST_MS, PAYLOAD_BYTES, WAIT_MS, UartLink


class Clock:
    """Milliseconds that pass when a test says so."""

    def __init__(self, now_ms=0):
        self.now_ms = now_ms

    def ticks_ms(self):
        return self.now_ms & 0x3FFFFFFF


class Port:
    """One end of a line in memory. `arrived` waits to be read; `takes` bounds each write."""

    def __init__(self):
        self.arrived = b""
        self.left = bytearray()  # everything that was written
        self.other = None
        self.takes = 1 << 20

    def read(self, size):
        got, self.arrived = self.arrived[:size], self.arrived[size:]
        return got or None

    def write(self, data):
        taken = data[: self.takes]
        self.left += taken
        if self.other is not None:
            self.other.arrived += self.spoil(taken)
        return len(taken) or None

    def spoil(self, data):
        return data


def line():
    """Two ports, joined."""
    one, other = Port(), Port()
    one.other, other.other = other, one
    return one, other


def opened(ports, clock, turns=4):
    """A link on each port, both open."""
    links = [UartLink(port, "line", clock) for port in ports]
    for _ in range(turns):
        for link in links:
            link.step()
            assert link.read(4096) is None
    assert [link.is_open for link in links] == [True, True]
    return links


def drained(link):
    """All that can be read now, and what ended it: None, "ended" or "broken"."""
    came = b""
    while True:
        try:
            got = link.read(100)
        except OSError:
            return came, "broken"
        if got is None and not link.sock.arrived:
            return came, None
        if got == b"":
            return came, "ended"
        came += got or b""


# --- the form of chunks ---------------------------------------------------------------------------


def test_a_chunk_is_what_the_module_says():
    ids = iter([b"\x01\xc0\xdb\x02", b"abcd"])
    one, other = line()
    links = [UartLink(port, "line", Clock(), random=lambda _: next(ids)) for port in (one, other)]
    for link in links * 3:
        link.step()
        link.read(100)
    asked = b"\x01" + b"\x01\xc0\xdb\x02" + b"\0\0" + b"\0\0\0\0"
    asked += struct.pack("!I", zlib.crc32(asked))
    escaped = asked.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    assert one.left.startswith(b"\xc0" + escaped + b"\xc0")
    assert b"\x01\x01\xdb\xdc\xdb\xdd\x02\0\0" in one.left
    before = len(one.left)
    assert links[0].write(b"A\xc0B\xdbC") == 5
    tag = struct.pack("!I", zlib.crc32(b"\x01\xc0\xdb\x02abcd"))
    data = b"\x03" + tag + b"\0\0" + b"A\xc0B\xdbC"
    data += struct.pack("!I", zlib.crc32(data))
    escaped = data.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    assert one.left[before:] == b"\xc0" + escaped + b"\xc0"
    assert drained(links[1]) == (b"A\xc0B\xdbC", None)


def test_the_number_of_a_chunk_goes_round():
    clock = Clock()
    one, other = opened(line(), clock)
    for i in range(65536 + 3):
        assert one.write(b"%06d" % i) == 6
        assert other.read(100) == b"%06d" % i


# --- opening --------------------------------------------------------------------------------------


def test_nothing_is_taken_before_the_other_end_has_answered():
    clock = Clock()
    ports = line()
    one = UartLink(ports[0], "line", clock)
    one.step()
    assert (one.write(b"x"), one.is_open) == (0, False)
    other = UartLink(ports[1], "line", clock)
    other.read(100)
    assert one.write(b"x") == 0
    one.read(100)
    assert (one.write(b"x"), one.is_open) == (1, True)


def test_an_end_asks_again_until_it_is_answered():
    clock = Clock()
    port = Port()
    link = UartLink(port, "line", clock)
    asked = []
    while clock.now_ms < 10 * ASK_MS:
        wait_ms = link.step()
        asked.append(len(port.left))
        assert wait_ms == ASK_MS - clock.now_ms % ASK_MS
        clock.now_ms += ASK_MS // 2
    assert asked == [asked[0] * n for n in range(1, 11) for _ in range(2)]


@pytest.mark.parametrize("lost", range(1, 32))
def test_whichever_chunks_of_the_opening_are_lost_it_opens(lost):
    """Bit i of `lost`: the i-th write to the line disappears."""
    clock = Clock()
    ports = line()
    writes = iter(range(1000))
    for port in ports:
        port.spoil = lambda data: b"" if lost >> next(writes) & 1 else data
    one, other = (UartLink(port, "line", clock) for port in ports)
    for _ in range(100):
        for link in (one, other):
            link.step()
            assert link.read(1000) is None
        clock.now_ms += ASK_MS // 5
    assert (one.is_open, other.is_open) == (True, True)
    for port in ports:
        del port.spoil
    assert one.write(b"there") == 5
    assert other.write(b"back") == 4
    assert (drained(other), drained(one)) == ((b"there", None), (b"back", None))


def test_data_shows_as_well_that_the_other_end_knows_me():
    clock = Clock()
    ports = line()
    one, other = (UartLink(port, "line", clock) for port in ports)
    one.step()
    other.read(100)
    ports[0].spoil = lambda _: b""  # its OPENED is lost
    one.read(100)
    del ports[0].spoil
    assert (one.is_open, other.is_open) == (True, False)
    one.write(b"data")
    assert (other.read(100), other.is_open) == (b"data", True)


def test_noise_before_the_connection_is_no_obstacle():
    clock = Clock()
    ports = line()
    ports[0].arrived = b"ets Jul 29 2019 12:21:46\r\n\xc0rst:0x1\xc0" + bytes(3000) + b"\xc0"
    ports[1].arrived = os.urandom(3000)
    one, other = (UartLink(port, "line", clock) for port in ports)
    for _ in range(40):
        for link in (one, other):
            link.step()
            assert link.read(256) is None
        clock.now_ms += 50
    assert (one.is_open, other.is_open) == (True, True)


def test_a_line_that_echoes_never_opens_and_its_echo_is_never_data():
    clock = Clock()
    port = Port()
    port.other = port
    alone = UartLink(port, "line", clock)
    for _ in range(20):
        alone.step()
        assert alone.read(1000) is None
        clock.now_ms += ASK_MS
    assert not alone.is_open
    ports = line()
    one, other = opened(ports, clock)
    assert one.write(b"mine") == 4
    ports[0].arrived += ports[0].left  # everything, back
    assert drained(one) == (b"", None)
    assert drained(other) == (b"mine", None)


# --- whole or broken ------------------------------------------------------------------------------

DATA = b"first \xc0 chunk" * 20 + b"second"  # 266 bytes: two chunks
AFTER = b"the last chunk, so that a missing one before it shows"


def damaged(change, at, drop):
    """Send three chunks; `drop` bytes at offset `at` of the first two become `change(bytes)`.

    Returns what came out and how it ended, None if the offset lies behind them.
    """
    clock = Clock()
    ports = line()
    one, other = opened(ports, clock)
    start = len(ports[0].left)
    one.write(DATA)
    sent = ports[0].left[start:]
    if at >= len(sent):
        return None
    ports[1].arrived = sent[:at] + change(sent[at : at + drop]) + sent[at + drop :]
    one.write(AFTER)
    return drained(other)


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("dropped", lambda _: b""),
        ("doubled", lambda byte: byte * 2),
        ("an end instead", lambda _: b"\xc0"),
        ("an escape instead", lambda _: b"\xdb"),
        ("an end before", lambda byte: b"\xc0" + byte),
        *((f"bit {bit}", lambda byte, bit=bit: bytes([byte[0] ^ 1 << bit])) for bit in range(8)),
    ],
)
def test_one_wrong_byte_anywhere_breaks_the_connection_or_changes_nothing(name, change):
    at = broken = 0
    while True:
        done = damaged(change, at, 1)
        if done is None:
            break
        came, end = done
        whole = DATA + AFTER
        assert came == whole if end is None else whole.startswith(came), (name, at)
        assert end in (None, "broken")
        assert end is None or len(came) <= len(DATA)
        broken += end == "broken"
        at += 1
    assert at > len(DATA)
    # Ends stand twice, so that one may come or go, and an escape made an escape is no change.
    assert broken * 10 > at * 9, (name, broken, at)


def test_a_chunk_that_is_lost_as_a_whole_breaks_the_connection():
    clock = Clock()
    ports = line()
    one, other = opened(ports, clock)
    one.write(b"first")
    assert drained(other) == (b"first", None)
    one.write(b"second")
    ports[1].arrived = b""
    one.write(b"third")
    with pytest.raises(OSError, match="line: chunk 2 came; expected 1"):
        other.read(100)
    with pytest.raises(OSError, match="chunk 2"):
        other.write(b"x")
    with pytest.raises(OSError, match="chunk 2"):
        other.step()


def test_what_came_before_the_damage_is_read_first():
    one, other = opened(line(), Clock())
    one.write(b"good")
    other.sock.arrived += b"\xc0noise\xc0"
    came = b""
    while len(came) < 4:
        came += other.read(1) or b""
    assert came == b"good"
    with pytest.raises(OSError, match="damaged"):
        other.read(100)


def test_bytes_of_an_older_connection_never_enter_a_newer_one():
    clock = Clock()
    ports = line()
    one, other = opened(ports, clock)
    start = len(ports[0].left)
    one.write(b"old")
    old = ports[0].left[start:]
    assert drained(other) == (b"old", None)
    one, other = opened(ports, clock)
    ports[1].arrived += old
    one.write(b"new")
    ports[1].arrived += old
    assert drained(other) == (b"new", None)


def test_the_other_end_beginning_anew_breaks_the_connection():
    clock = Clock()
    ports = line()
    one, other = opened(ports, clock)
    other.write(b"before")
    restarted = UartLink(ports[1], "line", clock)
    restarted.step()
    assert one.read(100) == b"before"
    with pytest.raises(OSError, match="the other end began anew"):
        one.read(100)
    one = UartLink(ports[0], "line", clock)
    for link in (one, restarted) * 3:
        link.step()
        link.read(100)
    assert (one.is_open, restarted.is_open) == (True, True)


def test_a_flood_without_an_end_is_not_kept():
    clock = Clock()
    port = Port()
    link = UartLink(port, "line", clock)
    port.arrived = b"x" * 1_000_000
    while port.arrived:
        assert link.read(1000) is None
        assert len(link._partial) < 4 * PAYLOAD_BYTES
    one, other = opened(line(), clock)
    other.sock.arrived = b"x" * 1000
    with pytest.raises(OSError, match="without end"):
        other.read(4096)
    assert one.is_open


# --- the port -------------------------------------------------------------------------------------


@pytest.mark.parametrize("bytes_per_ms", [0.96, 11.52, 92])
def test_a_paced_writer_never_outruns_the_line(bytes_per_ms):
    clock = Clock(0x3FFFFFFF - 300)  # it goes round in between
    ports = line()
    one, other = (UartLink(port, "line", clock, bytes_per_ms) for port in ports)
    start_ms, marks, came, sent = clock.now_ms, [], b"", 0
    data = random.Random(1).randbytes(int(3000 * bytes_per_ms))
    while len(came) < len(data):
        for link in (one, other):
            assert link.step() > 0
        one.read(4096)
        came += other.read(4096) or b""
        sent += one.write(data[sent:])
        marks.append((clock.now_ms, len(ports[0].left)))
        clock.now_ms += WAIT_MS
    assert came == data
    for index, (from_ms, before) in enumerate(marks):
        for until_ms, after in marks[index + 1 : index + 50]:
            assert after - before <= (until_ms - from_ms + BURST_MS) * bytes_per_ms
    # Escapes and heads cost less than a sixth, waiting for turns nothing.
    assert len(data) / (clock.now_ms - start_ms) > bytes_per_ms * 5 / 6


def test_after_a_pause_a_paced_writer_sends_no_more_at_once_than_a_port_holds():
    clock = Clock()
    ports = line()
    paced, other = (UartLink(port, "line", clock, 11) for port in ports)
    for link in (paced, other) * 4:
        link.step()
        link.read(100)
        clock.now_ms += BURST_MS
    clock.now_ms += 60_000
    before = len(ports[0].left)
    paced.write(bytes(5000))
    assert len(ports[0].left) - before == BURST_MS * 11


def test_a_port_that_takes_a_few_bytes_at_a_time_loses_none():
    clock = Clock()
    ports = line()
    one, other = opened(ports, clock)
    ports[0].takes = 3
    data = random.Random(2).randbytes(3000)
    sent, came = 0, b""
    while len(came) < len(data):
        sent += one.write(data[sent : sent + 500])
        assert one.step() in (WAIT_MS, 1000)
        came += other.read(100) or b""
    assert came == data
    ports[0].takes = 0
    assert one.write(bytes(5000)) == PAYLOAD_BYTES  # it holds one chunk, and no more
    assert (one.write(bytes(5000)), one.step()) == (0, WAIT_MS)


def test_a_port_that_fails_breaks_the_connection():
    one, other = opened(line(), Clock())

    def fail(_):
        raise OSError(5, "unplugged")

    one.sock.write = other.sock.read = fail
    with pytest.raises(OSError, match=r"line: cannot be written: .*unplugged"):
        one.write(b"x")
    with pytest.raises(OSError, match=r"line: cannot be read: .*unplugged"):
        other.read(10)


def test_what_is_no_serial_port_is_refused_with_its_path(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match=r"no serial port.*file"):
        open_port(str(tmp_path / "file"))
    with pytest.raises(FileNotFoundError, match="gone"):
        open_port(str(tmp_path / "gone"))
    with pytest.raises(ValueError, match="12345 baud; expected a usual speed such as 115200"):
        open_port("/dev/null", 12345)


# --- noise, and opening again and again -----------------------------------------------------------


class Noise:
    """Drops, flips and doubles bytes, each `rate` often; the same for the same seed and bytes."""

    def __init__(self, seed, rate):
        self._chance = random.Random(seed)
        self.rate = rate

    def __call__(self, data):
        spoilt = b""
        for byte in data:
            luck = self._chance.random() / self.rate if self.rate else 3
            if luck < 1:
                continue
            flipped = byte ^ 1 << self._chance.randrange(8) if luck < 2 else byte
            spoilt += bytes([flipped]) * (2 if 2 <= luck < 3 and self.rate else 1)
        return spoilt


class End:
    """One end that opens again whenever its link breaks, as a server does.

    Each of its links sends a stream of its own: `sent[i]` and `came[i]` belong to the i-th.
    """

    STREAM_BYTES = 4000

    def __init__(self, side, port, clock):
        self.side, self.port, self.clock = side, port, clock
        self.sent, self.came, self.broken = [], [], 0
        self.restart()

    def restart(self):
        """Forget the link without a word, as a crash does."""
        self.link = UartLink(self.port, "line", self.clock)
        self.sent.append(0)
        self.came.append(b"")

    def stream(self, index):
        return random.Random(f"{self.side} {index}").randbytes(self.STREAM_BYTES)

    def turn(self):
        index = len(self.sent) - 1
        data = self.stream(index)[self.sent[index] :][:300]
        try:
            self.link.step()
            self.came[index] += self.link.read(512) or b""
            self.sent[index] += self.link.write(data)
        except OSError:
            self.broken += 1
            self.link.close()
            self.restart()


def check_streams(one, other):
    """Each link heard a prefix of what one link of the other end sent, and they heard each other.

    Returns the number of bytes that came out.
    """
    heard = {}
    for end, source in ((one, other), (other, one)):
        for index, came in enumerate(end.came):
            if len(came) < 8:  # too short to tell streams apart; may be of any
                assert any(source.stream(i).startswith(came) for i in range(len(source.sent)))
                continue
            found = [i for i in range(len(source.sent)) if source.stream(i).startswith(came)]
            assert len(found) == 1, f"{end.side} {index} heard no stream of the other end"
            assert len(came) <= source.sent[found[0]]
            heard[end.side, index] = found[0]
    for (side, index), found in heard.items():
        back = heard.get((other.side if side == one.side else one.side, found), index)
        assert back == index, "two links that heard each other heard others too"
    return sum(len(came) for end in (one, other) for came in end.came)


@pytest.mark.parametrize("seed", range(40))
def test_on_a_noisy_line_what_comes_out_is_a_prefix_of_what_went_in(seed):
    chance = random.Random(seed)
    clock = Clock()
    ports = line()
    noise = Noise(seed, chance.choice([0.0001, 0.0005, 0.002]))
    for port in ports:
        port.spoil = noise
        port.takes = chance.choice([7, 100, 1000])
    ends = [End(side, port, clock) for side, port in zip("ab", ports, strict=True)]
    for _ in range(1500):
        chance.choice(ends).turn()
        clock.now_ms += chance.choice([0, 1, 20])
        if chance.random() < 0.005:
            chance.choice(ends).restart()
    assert check_streams(*ends) > 0
    noise.rate = 0
    for _ in range(600):  # a line that has become good carries everything
        for end in ends:
            end.turn()
        clock.now_ms += 10
    check_streams(*ends)
    assert [len(end.came[-1]) for end in ends] == [End.STREAM_BYTES] * 2


class Terminals:
    """Two pseudo-terminals and a pump between them: a serial cable, spoilt by a noise."""

    def __init__(self):
        self.masters, self.paths, self._kept = [], [], []
        for _ in range(2):
            ours, theirs = pty.openpty()
            tty.setraw(theirs)
            os.set_blocking(ours, False)
            self.masters.append(ours)
            self.paths.append(os.ttyname(theirs))
            self._kept.append(theirs)  # else the master reads as hung up
        self._waiting = [b"", b""]

    def pump(self, noise):
        for source, target in ((0, 1), (1, 0)):
            try:
                self._waiting[target] += noise(os.read(self.masters[source], 4096))
            except BlockingIOError:
                pass
            if self._waiting[target]:
                try:
                    taken = os.write(self.masters[target], self._waiting[target])
                except BlockingIOError:
                    taken = 0
                self._waiting[target] = self._waiting[target][taken:]

    def close(self):
        for handle in self.masters + self._kept:
            os.close(handle)


@pytest.fixture
def terminals():
    made = Terminals()
    yield made
    made.close()


@pytest.mark.parametrize("seed", range(6))
def test_between_two_terminals_noise_makes_no_wrong_byte(seed, terminals):
    clock = Clock()
    noise = Noise(seed, 0.0005)
    with open_port(terminals.paths[0]) as first, open_port(terminals.paths[1]) as second:
        ends = [End("a", first, clock), End("b", second, clock)]
        for turns, rate in ((700, 0.0005), (300, 0)):
            noise.rate = rate
            for _ in range(turns):
                for end in ends:
                    end.turn()
                terminals.pump(noise)
                clock.now_ms += 10
        assert check_streams(*ends) > End.STREAM_BYTES
        assert [len(end.came[-1]) for end in ends] == [End.STREAM_BYTES] * 2
    assert sum(end.broken for end in ends) > 2, "the noise broke nothing; it shows nothing"


def test_a_terminal_wakes_poll_and_says_when_it_is_full(terminals):
    with open_port(terminals.paths[0]) as port:
        poll = select.poll()
        poll.register(port, select.POLLIN)
        assert (poll.poll(0), port.read(10)) == ([], None)
        os.write(terminals.masters[0], b"\x03\x13\r\n\x04")
        assert poll.poll(5000) == [(port.fileno(), select.POLLIN)]
        assert port.read(10) == b"\x03\x13\r\n\x04"
        assert isinstance(port, io.RawIOBase)
        while port.write(bytes(4096)) is not None:
            pass
