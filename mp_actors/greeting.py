"""How a connection begins: two HELLOs and a CONFIRM, on a sealed link inside a handshake.

Who dialled says HELLO, the other end answers HELLO, the dialler says CONFIRM; from then on each end
has adopted the connection. On a sealed link the two HELLOs travel inside a handshake and CONFIRM is
in the first sealed record.

    state      takes                    and becomes
    dialled    HELLO, or HANDSHAKE      open (after it sent CONFIRM)
    accepted   HELLO, or HANDSHAKE      answered
    answered   CONFIRM                  open
"""

from mp_actors import frame
from mp_actors.errors import RemoteWireError

GREETING_BYTES = 1024  # longest frame of an end that has not proved who it is
STRANGE_BYTES = 4096  # taken of it in all
RETRY_MAX_MS = 10000  # whoever says so has proved nothing

DIALLED, ACCEPTED, ANSWERED, OPEN, CLOSED = "dialled", "accepted", "answered", "open", "closed"
_TAKES = {
    DIALLED: (frame.HELLO, frame.HANDSHAKE),
    ACCEPTED: (frame.HELLO, frame.HANDSHAKE),
    ANSWERED: (frame.HELLO,),
}
_HELLO_FIELDS = (
    ("path", str),
    ("number", int),
    ("inc", int),
    ("peer", int),
    ("next", int),
    ("version", int),
    ("limit", int),
    ("buffer", int),
    ("router", bool),
    ("map", int),
)


class Busy(RemoteWireError):
    """The other end has no place for me now: nobody's mistake, and counted as a refusal."""

    reason = "busy"
    answer = None


class Greeting:
    """The part of a `Connection` that is over once it is open; what it asks its owner, see there.

    `hello`: the other end's, None before it came. `work`: a generator to be advanced in slices, for
    arithmetic that would stall a board.
    """

    def __init__(self, owner, peer, limits):
        self.owner = owner
        self.peer = peer
        self.limits = limits
        self.is_dialler = peer is not None
        self.reader = frame.FrameReader(GREETING_BYTES)
        self.state = ACCEPTED if peer is None else DIALLED
        self.hello = None
        self.work = None
        self.is_waiting = False  # something may be written, or there is work
        self.retry_ms = 0  # how long the other end wants me to stay away
        self.claimed_number = None if peer is None else peer.number
        self._handshake = None
        self._opens = None  # the seal of what comes
        self._inner = None  # cuts what is in a record
        self._strange_bytes = 0
        self._known = 0  # the other end's incarnation as my HELLO named it
        self._own = []  # enclosed frames without a number

    @property
    def proved_number(self):
        """Who has proved a key, None on a plain link."""
        return None if self._handshake is None else self._handshake.peer_number

    def greet(self):
        """The dialler's first word."""
        self._handshake = self.owner.handshake(self.peer.number)
        self._say_hello()

    def _say_hello(self):
        self._known = self.peer.known
        hello = self.owner.codec.encode(self.owner.hello_to(self.peer))
        if self._handshake is None:
            self._push(bytes([frame.HELLO]) + hello)
        else:
            self._start(self._write_handshake(hello))

    def _take_greeting(self, encoded):
        fields = self.owner.codec.decode(encoded, 4, 64)
        if self.state == ANSWERED:
            first = fields.get("first") if isinstance(fields, dict) else None
            if type(first) is not int:
                raise RemoteWireError("CONFIRM names no first frame")
            self.confirm()
            self.peer.begins(first)
            return
        self.hello = read_hello(fields)
        if self.state == DIALLED:
            if self.peer.number not in (0, self.hello["number"]):
                text = "answers as number %d; expected %d"
                raise RemoteWireError(text % (self.hello["number"], self.peer.number))
            self.confirm()
        else:
            self.peer = self.owner.peer_of(self, self.hello)
            self.state = ANSWERED
            self._say_hello()

    def _count_stranger(self, size_bytes):
        """Bytes came of an end that is not confirmed. *Raises* RemoteWireError."""
        # What comes with CONFIRM, in one read, is no greeting any more.
        if self.state != ANSWERED or self.work is not None:
            self._strange_bytes += size_bytes
            if self._strange_bytes > STRANGE_BYTES:
                raise RemoteWireError("%d bytes of greeting" % self._strange_bytes)

    def _greeted(self, kind, payload):
        """A frame that came before the connection is open. *Raises* RemoteWireError."""
        if kind not in _TAKES[self.state]:
            if (
                self.is_dialler
                and kind == frame.BEAT
                and frame.read_beat(payload)[0] == frame.RETRY
            ):
                self.retry_ms = min(frame.read_beat(payload)[1], RETRY_MAX_MS)
                raise Busy("is busy with others")
            raise RemoteWireError("frame of kind 0x%02x while %s" % (payload[0], self.state))
        if kind == frame.HELLO:
            if self.state != ANSWERED and self._handshake is not None:
                raise RemoteWireError("speaks in the clear on a link that is sealed")
            self._take_greeting(payload[1:])
            return
        if self._handshake is None:
            self.claimed_number = int.from_bytes(payload[4:6], "big")
            self._handshake = self.owner.handshake(None)
            if self._handshake is None:
                raise RemoteWireError("wants a seal; this device has no keys")
        self._start(self._read_handshake(payload))

    # -- handshake

    def advance(self, now_ms):
        """Do a slice of the work, and what waits for it. *Raises* RemoteWireError."""
        self._start(self.work)
        self.read(now_ms)

    def _start(self, work):
        self.work = work
        self.is_waiting = True
        try:
            next(work)  # on a host there is one slice
        except StopIteration:
            if self.work is work:  # it may have begun another
                self.work = None

    def _write_handshake(self, hello):
        handshake = self._handshake
        self._push((yield from handshake.write(hello)))
        if handshake.is_done:
            self._unseal_from_now()

    def _read_handshake(self, payload):
        handshake = self._handshake
        hello = yield from handshake.read(payload)
        if handshake.is_done:
            self._unseal_from_now()
        self._take_greeting(hello)

    def _unseal_from_now(self):
        self._opens = self._handshake.seal
        self._inner = frame.FrameReader(self.limits.in_bytes)

    def _push(self, payload):
        self._own.append(frame.enclose(payload, GREETING_BYTES))
        self.is_waiting = True


def read_hello(fields):
    """Check a HELLO and return it as the map it is. *Raises* RemoteWireError."""
    if not isinstance(fields, dict):
        raise RemoteWireError("HELLO is no map")
    if fields.get("version") != frame.PROTOCOL_VERSION:
        raise RemoteWireError(
            "speaks protocol version %r, this node %d; bring both to one version"
            % (fields.get("version"), frame.PROTOCOL_VERSION)
        )
    for name, kind in _HELLO_FIELDS:
        if type(fields.get(name)) is not kind:
            raise RemoteWireError("HELLO lacks %s, or it is no %s" % (name, kind.__name__))
    if not 0 <= fields["number"] < 65536:
        raise RemoteWireError("HELLO with number %d; expected 0 to 65535" % fields["number"])
    if fields["inc"] <= 0:
        raise RemoteWireError("HELLO with incarnation %d; expected one above 0" % fields["inc"])
    if fields["limit"] < frame.BOARD_OUT_LIMIT_BYTES:
        raise RemoteWireError(
            "takes frames of %d bytes; expected %d or more"
            % (fields["limit"], frame.BOARD_OUT_LIMIT_BYTES)
        )
    return fields
