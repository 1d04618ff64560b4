"""Every transport keeps every law of links, and a link that breaks one is caught by it."""

import io
import os
import pty
import select

import link_conformance
import pytest
from link_conformance import LAWS, check_law, check_link

from actors.serial import open_port
from mp_actors import listen
from mp_actors.clock import SystemClock
from mp_actors.links import memory, tcp, unix
from mp_actors.links.uart import UartLink


def _accepted(listener):
    poll = select.poll()
    poll.register(listener, select.POLLIN)
    assert poll.poll(5000)
    return listen.accept(listener)[0]


def tcp_pair():
    with listen.socket_at("127.0.0.1", 0) as listener:
        dialled = tcp.dial(*listener.getsockname())
        return tcp.TcpLink(dialled, "tcp dialled"), tcp.TcpLink(_accepted(listener), "tcp accepted")


def unix_pair():
    with unix.listen("127.0.0.1", 1) as listener:
        dialled = unix.dial("127.0.0.1", 1)
        accepted = _accepted(listener)
        return unix.UnixLink(dialled, "unix dialled"), unix.UnixLink(accepted, "unix accepted")


class Uarts:
    """Pairs of UART links over the two ends of pseudo-terminals; `close` closes the terminals."""

    def __init__(self):
        self._ports = []

    def pair(self, bytes_per_ms=0):
        ours, theirs = pty.openpty()
        ends = [open_port(os.ttyname(theirs)), io.FileIO(ours, "r+")]
        os.set_blocking(ours, False)
        os.close(theirs)
        self._ports += ends
        clock = SystemClock()
        one, other = (UartLink(port, "line", clock, bytes_per_ms) for port in ends)
        for _ in range(1000):  # until both are open and neither has anything to read
            for link in (one, other):
                link.step()
                assert link.read(100) is None
        assert (one.is_open, other.is_open) == (True, True)
        return one, other

    def paced_pair(self):
        return self.pair(bytes_per_ms=4000)

    def close(self):
        for port in self._ports:
            port.close()


@pytest.fixture
def pair_of(request):
    """The makers of pairs, by name."""
    request.getfixturevalue("sockets")
    uarts = Uarts()
    yield {
        "memory": memory.pair,
        "tcp": tcp_pair,
        "unix": unix_pair,
        "uart": uarts.pair,
        "paced uart": uarts.paced_pair,
    }
    uarts.close()


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
@pytest.mark.parametrize("transport", ["memory", "tcp", "unix", "uart", "paced uart"])
def test_the_transport_keeps_the_law(transport, law, pair_of):
    check_law(law, pair_of[transport])


# --- links that break one law each ----------------------------------------------------------------


class Wrong:
    """A good end in memory, for a subclass to spoil."""

    transport = "memory"
    address = None
    sock = None
    name = "wrong"

    def __init__(self, good):
        self.good = good
        self.is_closed = False

    def write(self, data):
        return self.good.write(data)

    def read(self, size_max):
        return self.good.read(size_max)

    def close(self):
        self.is_closed = True
        self.good.close()


class Nameless(Wrong):
    name = ""


class NewestFirst(Wrong):
    def read(self, size_max):
        got = self.good.read(size_max)
        return bytes(reversed(got)) if got else got


class EatsStopBytes(Wrong):
    """Software flow control that was left on."""

    def read(self, size_max):
        got = self.good.read(size_max)
        return got.replace(b"\x13", b"") or None if got else got


class Crossed(Wrong):
    """One buffer for both directions: who writes while bytes wait gets them back."""

    def write(self, data):
        if self.good.inbox:
            self.good.inbox += data
            return len(data)
        return self.good.write(data)


class TakesTwice(Wrong):
    """Says that it took less than it did."""

    def write(self, data):
        return max(0, self.good.write(data) - 1) if len(data) > 1 << 20 else self.good.write(data)


class NeverPart(Wrong):
    """Reads whole writes only: what is asked for means nothing."""

    def read(self, _size_max):
        return self.good.read(1 << 20)


class LosesLate(Wrong):
    """Drops a byte once much has passed."""

    passed = 0

    def read(self, size_max):
        got = self.good.read(size_max)
        if got:
            before, self.passed = self.passed, self.passed + len(got)
            if before < 100_000 <= self.passed:
                return got[1:] or None
        return got


class NeverFull(Wrong):
    def write(self, data):
        return self.good.write(data) or len(data)


class EmptyIsEnd(Wrong):
    def read(self, size_max):
        got = self.good.read(size_max)
        return b"" if got is None else got


class EmptyWriteCloses(Wrong):
    def write(self, data):
        if not data:
            self.good.close()
            return 0
        return self.good.write(data)


class DeafToPoll(Wrong):
    """Something to poll that never tells."""

    def __init__(self, good):
        super().__init__(good)
        self.sock, self._kept = os.pipe()

    def close(self):
        if not self.is_closed:
            os.close(self.sock)
            os.close(self._kept)
        super().close()


class ClosesInSilence(Wrong):
    def close(self):
        self.is_closed = True

    def read(self, size_max):
        if self.is_closed:
            raise OSError("closed")
        return self.good.read(size_max)

    def write(self, data):
        if self.is_closed:
            raise OSError("closed")
        return self.good.write(data)


class LosesTheHeadAtClose(Wrong):
    def close(self):
        if not self.is_closed and self.good.other.inbox:
            self.good.other.inbox = self.good.other.inbox[1:]
        self.is_closed = True  # the good end stays open, so that the rest can be read


class ClosesOnce(Wrong):
    def close(self):
        if self.is_closed and not self.good.is_closed:
            raise OSError("closed already")
        self.is_closed = True


class ReadsOnAfterClose(Wrong):
    def read(self, size_max):
        return None if self.is_closed else self.good.read(size_max)


class WritesIntoNothing(Wrong):
    def write(self, data):
        if self.is_closed or self.good.is_open:
            return self.good.write(data)
        return len(data)

    def read(self, size_max):
        return self.good.read(size_max) or None


WRONG = {
    "it_says_what_it_is": Nameless,
    "bytes_come_out_in_order_each_way": NewestFirst,
    "every_byte_value_passes": EatsStopBytes,
    "both_ways_at_once_do_not_mix": Crossed,
    "a_write_may_take_a_part_and_nothing_twice": TakesTwice,
    "small_writes_and_reads_of_any_size_are_the_same_stream": NeverPart,
    "a_large_amount_passes": LosesLate,
    "a_full_link_takes_nothing_and_recovers": NeverFull,
    "a_quiet_link_reads_as_none": EmptyIsEnd,
    "an_empty_write_takes_nothing": EmptyWriteCloses,
    "poll_tells_that_bytes_came": DeafToPoll,
    "a_close_is_seen_after_all_that_came": ClosesInSilence,
    "a_close_on_a_full_way_leaves_a_prefix": LosesTheHeadAtClose,
    "closing_twice_does_no_harm": ClosesOnce,
    "a_closed_link_refuses": ReadsOnAfterClose,
    "writing_to_a_closed_end_fails": WritesIntoNothing,
}


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)
def test_a_link_that_breaks_the_law_is_caught_by_it(law, monkeypatch):
    monkeypatch.setattr(link_conformance, "PATIENCE_S", 0.1)
    wrong = WRONG[law.__name__]
    with pytest.raises(AssertionError) as caught:
        check_law(law, lambda: [wrong(end) for end in memory.pair()])
    assert len(str(caught.value)) > 10  # it says which, in words


def test_the_whole_suite_passes_a_right_link_and_no_wrong_one(monkeypatch):
    monkeypatch.setattr(link_conformance, "PATIENCE_S", 0.1)
    check_link(lambda: [Wrong(end) for end in memory.pair()])
    for wrong in WRONG.values():
        with pytest.raises((AssertionError, OSError)):
            check_link(lambda wrong=wrong: [wrong(end) for end in memory.pair()])
