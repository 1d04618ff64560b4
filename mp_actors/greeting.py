"""How a connection begins: two HELLOs and a CONFIRM, on a sealed link inside a handshake.

Over once the connection is open; a board then gives the memory of this code back.

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

STRANGE_BYTES = 4096  # taken of it in all
RETRY_MAX_MS = 10000  # whoever says so has proved nothing

DIALLED, ACCEPTED, ANSWERED = "dialled", "accepted", "answered"
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
    """The greeting of a `Connection`, with which it opens that connection.

    `hello`: the other end's, None before it came.
    """

    def __init__(self, connection):
        self._connection = connection
        self.state = DIALLED if connection.is_dialler else ACCEPTED
        self.hello = None
        self._strange_bytes = 0
        self._known = 0  # the other end's incarnation as my HELLO named it

    @property
    def has_proved(self):
        """Whether the other end's first message has opened: with its key, if maybe long ago."""
        return self.hello is not None and self._connection.proved_number is not None

    def begin(self):
        """The dialler's first word."""
        one = self._connection
        one.handshake = one.owner.handshake(one.peer.number)
        self._say_hello()

    def came(self, size_bytes):
        """Bytes came of an end that is not confirmed. *Raises* RemoteWireError."""
        # What comes with CONFIRM, in one read, is no greeting any more.
        if self.state != ANSWERED or self._connection.work is not None:
            self._strange_bytes += size_bytes
            if self._strange_bytes > STRANGE_BYTES:
                raise RemoteWireError("%d bytes of greeting" % self._strange_bytes)

    def take(self, kind, payload):
        """A frame that came before the connection is open. *Raises* RemoteWireError."""
        one = self._connection
        if kind not in _TAKES[self.state]:
            if one.is_dialler and kind == frame.BEAT and frame.read_beat(payload)[0] == frame.RETRY:
                one.retry_ms = min(frame.read_beat(payload)[1], RETRY_MAX_MS)
                raise Busy("is busy with others")
            raise RemoteWireError("frame of kind 0x%02x while %s" % (payload[0], self.state))
        if kind == frame.HELLO:
            if self.state != ANSWERED and one.handshake is not None:
                raise RemoteWireError("speaks in the clear on a link that is sealed")
            self._take_greeting(payload[1:])
            return
        if one.handshake is None:
            one.claimed_number = int.from_bytes(payload[4:6], "big")
            one.handshake = one.owner.handshake(None)
            if one.handshake is None:
                raise RemoteWireError("wants a seal; this device has no keys")
        self.advance(self._read_handshake(payload))

    def _say_hello(self):
        one = self._connection
        self._known = one.peer.known
        hello = one.owner.codec.encode(one.owner.hello_to(one.peer))
        if one.handshake is None:
            one.push(bytes([frame.HELLO]) + hello)
        else:
            self.advance(self._write_handshake(hello))

    def _take_greeting(self, encoded):
        one = self._connection
        fields = one.owner.codec.decode(encoded, 4, 64)
        if self.state == ANSWERED:
            first = fields.get("first") if isinstance(fields, dict) else None
            if type(first) is not int:
                raise RemoteWireError("CONFIRM names no first frame")
            self.confirm()
            one.peer.begins(first)
            return
        self.hello = read_hello(fields)
        if self.state == DIALLED:
            if one.peer.number not in (0, self.hello["number"]):
                text = "answers as number %d; expected %d"
                raise RemoteWireError(text % (self.hello["number"], one.peer.number))
            self.confirm()
        else:
            one.peer = one.owner.peer_of(one, self.hello)
            self.state = ANSWERED
            self._say_hello()

    # -- opening

    def confirm(self):
        """Adopt: number what follows, tell the other end from where (rules 3 and 4 of sessions)."""
        one, hello = self._connection, self.hello
        peer = one.peer
        if peer.known != self._known:
            raise RemoteWireError("another connection was confirmed in the meantime")
        doubts = peer.adopt(hello["inc"], hello["peer"], hello["next"])
        one.greeting = None
        one.is_open = True
        one.reader.limit_bytes = one.limits.in_bytes
        peer.met(hello)
        if one.opens is not None:
            one.seal_from_now()
        peer.transport, peer.seal_name = one.link.transport, one.seal_name
        if one.is_dialler:
            confirm = {"first": peer.first}
            one.push(bytes([frame.HELLO]) + one.owner.codec.encode(confirm))
            one.beat()  # the first round trip, and what time it is
        else:
            one.push(frame.beat(frame.FROM, peer.first))
        one.owner.adopted(one, doubts, hello["map"])

    # -- handshake

    def advance(self, work):
        """Do a slice of the arithmetic that would stall a board. *Raises* RemoteWireError."""
        one = self._connection
        one.work = work
        one.is_waiting = True
        try:
            next(work)  # on a host there is one slice
        except StopIteration:
            if one.work is work:  # it may have begun another
                one.work = None

    def _write_handshake(self, hello):
        handshake = self._connection.handshake
        self._connection.push((yield from handshake.write(hello)))
        if handshake.is_done:
            self._connection.unseal_from_now()

    def _read_handshake(self, payload):
        handshake = self._connection.handshake
        hello = yield from handshake.read(payload)
        if handshake.is_done:
            self._connection.unseal_from_now()
        self._take_greeting(hello)


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
