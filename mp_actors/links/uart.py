"""UART: a serial line made to look like a stream that is either whole or broken.

A line loses, flips and invents bytes, and nobody says when a conversation begins. So bytes travel
in chunks, each between two ENDs of SLIP (RFC 1055), escaped, and closed by a CRC-32:

    kind u8, tag (4 bytes), number u16, payload (0-256 bytes), crc32 u32      big endian

    kind            tag                        number       payload
    OPEN, OPENED    id of who sends            0            id of the other end, zeros if unknown
    DATA, CLOSE     crc32(sender + receiver)   from 0, + 1  bytes of the stream; none

Each end draws a fresh id per connection. It asks with OPEN until it has heard its own id from the
other end, which proves that the other end lives now; OPENED tells so and asks nothing. Both ids are
in the tag, so that bytes of an older connection, or this end's own echo, never enter a newer one. A
damaged or missing chunk breaks the connection: nothing is sent a second time here. That is the
business of the session above, which resumes over the next link.
"""

import errno
import os
import struct
from binascii import crc32

from mp_actors import ticks

PAYLOAD_BYTES = 256
ASK_MS = 250  # between two OPENs
WAIT_MS = 5  # until bytes that the line did not take are offered again
IDLE_MS = 1000
BURST_MS = 20  # of bytes at once: 220 at 115200 baud, less than an ESP32's UART holds

_OPEN, _OPENED, _DATA, _CLOSE = 1, 2, 3, 4
_HEAD = "!B4sH"
_HEAD_BYTES, _CRC_BYTES, _ID_BYTES = 7, 4, 4
_NOBODY = b"\0\0\0\0"
_END, _ESC = b"\xc0", b"\xdb"
_ESCAPED_END, _ESCAPED_ESC = b"\xdb\xdc", b"\xdb\xdd"
_CHUNK_BYTES_MAX = 2 * (_HEAD_BYTES + PAYLOAD_BYTES + _CRC_BYTES)  # all of it escaped

OPENING, WHOLE, ENDED, BROKEN, CLOSED = "opening", "open", "ended", "broken", "closed"
_WORKING = (OPENING, WHOLE)


class UartLink:
    """One connection over a serial port, which outlives it: break, and make the next on the port.

    port: `read(n)` and `write(data)` that never block, as machine.UART with timeout=0 or a raw file
    opened with O_NONBLOCK; None or 0 is nothing. clock: `ticks_ms()`. bytes_per_ms: the speed of
    the line (baud / 10000) where the port cannot say that it is full; 0 where it can.
    """

    transport = "uart"
    address = None

    def __init__(self, port, name, clock, bytes_per_ms=0, random=os.urandom):
        self.sock = port
        self.name = name
        self.state = OPENING
        self._clock = clock
        self._bytes_per_ms = bytes_per_ms
        self._why = "closed"  # why an operation is refused
        self._mine = random(_ID_BYTES)
        self._other = _NOBODY
        self._sent_tag = self._taken_tag = b""
        self._sent = self._taken = 0  # number of the next chunk each way
        self._partial = b""  # of a chunk, as it came
        self._inbox = b""
        self._out = b""  # chunks the port did not take yet
        self._ask_ms = self._paced_ms = clock.ticks_ms()
        self._credit = BURST_MS * bytes_per_ms

    @property
    def is_open(self):
        """Whether the other end has answered; before, `write` takes nothing."""
        return self.state == WHOLE

    def step(self):
        """Send what waits; ask, until it answers, whether the other end is there.

        Returns ms until it wants to be called again. *Raises* OSError when broken or closed.
        """
        wait_ms = IDLE_MS
        if self.state == OPENING:
            now_ms = self._clock.ticks_ms()
            wait_ms = ticks.diff(self._ask_ms, now_ms)
            if wait_ms <= 0:
                self._greet(_OPEN)
                wait_ms = ASK_MS
                self._ask_ms = ticks.add(now_ms, wait_ms)
        self._flush()
        self._refuse_unless_working()
        return min(wait_ms, WAIT_MS) if self._out else wait_ms

    def write(self, data):
        """Returns how many bytes were taken: 0 while opening, or full. *Raises* OSError."""
        taken = 0
        self._flush()
        while self.state == WHOLE and not self._out and taken < len(data):
            payload = bytes(data[taken : taken + PAYLOAD_BYTES])
            self._queue(_DATA, self._sent_tag, self._sent, payload)
            self._sent = (self._sent + 1) & 0xFFFF
            taken += len(payload)
            self._flush()
        self._refuse_unless_working()
        return taken

    def read(self, size_max):
        """Bytes that came, b"" once the other end closed, None for nothing yet. *Raises* OSError.

        A chunk can hold more than size_max: read again until None. None can also be a part of a
        chunk; then `poll` tells of the rest.
        """
        if not self._inbox and self.state in _WORKING:
            self._feed(self._receive(size_max))
            self._flush()  # an answer
        if self._inbox and self.state != CLOSED:
            data, self._inbox = self._inbox[:size_max], self._inbox[size_max:]
            return data
        if self.state == ENDED:
            return b""
        self._refuse_unless_working()
        return None

    def close(self):
        """Tell the other end, if the port takes it now. The port stays open; twice does no harm."""
        if self.state == WHOLE:
            self._queue(_CLOSE, self._sent_tag, self._sent)
            self._credit = len(self._out)
            self._flush()
        self.state, self._why = CLOSED, "closed"

    # -- from the port

    def _receive(self, size_max):
        try:
            return self.sock.read(size_max) or b""
        except OSError as error:
            if not error.args or error.args[0] != errno.EAGAIN:
                self._break("cannot be read: %s" % error)
            return b""

    def _feed(self, data):
        pieces = (self._partial + data).split(_END)
        self._partial = pieces.pop()
        for piece in pieces:
            if piece and self.state in _WORKING:
                self._take(piece)
        if len(self._partial) > _CHUNK_BYTES_MAX:
            self._partial = b""
            self._damaged("a chunk without end came")

    def _take(self, piece):
        chunk = piece.replace(_ESCAPED_END, _END).replace(_ESCAPED_ESC, _ESC)
        body, crc = chunk[:-_CRC_BYTES], chunk[-_CRC_BYTES:]
        if len(body) < _HEAD_BYTES or _crc(body) != crc:
            self._damaged("a damaged chunk came")
            return
        kind, tag, number = struct.unpack(_HEAD, body[:_HEAD_BYTES])
        if kind == _OPEN or kind == _OPENED:
            self._greeted(kind, tag, body[_HEAD_BYTES:])
        elif tag == self._taken_tag:  # else it is of an older connection
            self.state = WHOLE  # who knows this tag knows my id
            self._take_next(kind, number, body[_HEAD_BYTES:])

    def _take_next(self, kind, number, payload):
        if number != self._taken:
            self._break("chunk %d came; expected %d" % (number, self._taken))
        elif kind == _CLOSE:
            self.state, self._why = ENDED, "the other end closed"
        elif kind == _DATA:
            self._taken = (number + 1) & 0xFFFF
            self._inbox += payload
        else:
            self._break("a chunk of kind %d came" % kind)

    def _greeted(self, kind, sender, named):
        if sender == self._mine:
            return  # the line echoes
        if self.state == WHOLE:
            if sender != self._other:
                self._break("the other end began anew")
            elif kind == _OPEN:
                self._greet(_OPENED)
            return
        self._other = sender
        self._sent_tag = _crc(self._mine + sender)
        self._taken_tag = _crc(sender + self._mine)
        if named == self._mine:
            self.state = WHOLE
        if kind == _OPEN:
            self._greet(_OPENED if self.state == WHOLE else _OPEN)

    # -- to the port

    def _greet(self, kind):
        if len(self._out) < _CHUNK_BYTES_MAX:  # else the line is full, and OPEN comes again
            self._queue(kind, self._mine, 0, self._other)

    def _queue(self, kind, tag, number, payload=b""):
        body = struct.pack(_HEAD, kind, tag, number) + payload
        chunk = (body + _crc(body)).replace(_ESC, _ESCAPED_ESC).replace(_END, _ESCAPED_END)
        self._out += _END + chunk + _END  # the first one closes whatever noise came before

    def _flush(self):
        room = self._room() if self._bytes_per_ms else len(self._out)
        if not self._out or not room or self.state not in _WORKING:
            return
        try:
            taken = self.sock.write(self._out[:room]) or 0
        except OSError as error:
            if error.args and error.args[0] == errno.EAGAIN:
                return
            self._break("cannot be written: %s" % error)
            return
        self._out = self._out[taken:]
        self._credit -= taken

    def _room(self):
        """Bytes the line has carried away since they were last counted."""
        now_ms = self._clock.ticks_ms()
        passed_ms = ticks.diff(now_ms, self._paced_ms)
        if not 0 <= passed_ms < BURST_MS:
            passed_ms = BURST_MS
        self._paced_ms = now_ms
        most = BURST_MS * self._bytes_per_ms
        self._credit = min(most, self._credit + passed_ms * self._bytes_per_ms)
        return int(self._credit)

    # -- ends

    def _damaged(self, why):
        """Noise before the connection is none of ours; in it, a chunk is lost."""
        if self.state == WHOLE:
            self._break(why)

    def _break(self, why):
        self.state, self._why = BROKEN, why

    def _refuse_unless_working(self):
        if self.state not in _WORKING:
            raise OSError("%s: %s" % (self.name, self._why))


def _crc(data):
    return struct.pack("!I", crc32(data) & 0xFFFFFFFF)
