"""One connection to a neighbour: frames, seals, beats, one write at a time. No sockets.

A link is any object with `write(data) -> bytes taken`, `close()`, `name` and `transport`, and
`address` where the other end has one. It begins with a greeting, see there; open, it takes beats
and numbered frames: ROUTED, NEWS and bare ones. All that leaves in a step leaves in one write: a
header and a body in two cost 44 ms (Nagle, measured).
"""

from mp_actors import frame, ticks
from mp_actors.errors import RemoteWireError
from mp_actors.greeting import CLOSED, OPEN, Greeting

BEAT_MS = 2000
SILENT_MS = 3 * BEAT_MS  # three missed beats
LOOK_MS = 500  # how often silence is looked for: given up at most that much later
CHUNK_BYTES = 48 * 1024  # of one write
LENGTH_MAX = 1 << 24  # of a record; what it holds is bounded before
_TAKES = (frame.BEAT, frame.ROUTED, frame.NEWS, "array", "object")


class Connection(Greeting):
    """One end of a connection. `owner` is the node, or whoever else talks over it; it is asked

    `handshake(to) -> Handshake`, None for a plain link (to None: whoever dialled me),
    `hello_to(peer) -> map`, `peer_of(connection, hello) -> Peer` (*raises* RemoteWireError),
    `adopted(connection, in doubt)` and `take(connection, kind, payload)`.

    `peer`: the neighbour, for an acceptor None before its HELLO came. `heard_ms`: when bytes came.
    """

    def __init__(self, owner, link, peer, limits, now_ms):
        Greeting.__init__(self, owner, peer, limits)
        self.link = link
        self.said_bye = False  # a connection that closes after that was closed in order
        self.since_ms = self.heard_ms = now_ms
        self.seal_name = "plain"
        self._seals = None  # the seal of what goes
        self._chunk_bytes = CHUNK_BYTES
        self._asks = False  # a PING is due
        self._answers = None  # the ticks of the PING that is to be answered
        self._acks = False
        self._rest = b""  # of the last write

    @property
    def is_open(self):
        """Whether it is confirmed."""
        return self.state == OPEN

    @property
    def is_closed(self):
        """Whether nothing comes or goes any more."""
        return self.state == CLOSED

    @property
    def has_output(self):
        """Whether the link should say when it can take more."""
        return bool(self._rest)

    # -- reading

    def received(self, data, now_ms):
        """Bytes came. *Raises* RemoteWireError for what breaks the protocol."""
        self.heard_ms = now_ms
        if self.state == CLOSED:
            return
        if self.state != OPEN:
            self._count_stranger(len(data))
        self.reader.feed(data)
        self.read(now_ms)

    def read(self, now_ms):
        """Take what has come, as far as there is no work to do before. *Raises* RemoteWireError."""
        while self.state != CLOSED and self.work is None:
            payload = self.reader.next()
            if payload is None:
                return
            if self._opens is None:
                self._take(payload, now_ms)
            else:
                self._take_record(payload, now_ms)

    def _take_record(self, body, now_ms):
        inner = self._inner
        inner.feed(self._opens.open(body))
        if self._handshake is not None:
            self._handshake.confirm()  # whoever is there has the keys, now and not only once
            self._handshake = None
        payload = inner.next()
        while payload is not None and self.state != CLOSED:
            self._take(payload, now_ms)
            payload = inner.next()

    def _take(self, payload, now_ms):
        kind = frame.kind(payload)
        if self.state != OPEN:
            self._greeted(kind, payload)
        elif kind == frame.BEAT:
            self._take_beat(payload, now_ms)
        elif kind in _TAKES:
            if self.peer.arrived(len(payload)):
                self.owner.take(self, kind, payload)
            if self.peer.must_ack:
                self.acknowledge()
        else:
            raise RemoteWireError("frame of kind 0x%02x while open" % payload[0])

    # -- opening

    def confirm(self):
        """Adopt: number what follows, tell the other end from where (rules 3 and 4 of sessions)."""
        peer, hello = self.peer, self.hello
        if peer.known != self._known:
            raise RemoteWireError("another connection was confirmed in the meantime")
        doubts = peer.adopt(hello["inc"], hello["peer"], hello["next"])
        self.state = OPEN
        self.reader.limit_bytes = self.limits.in_bytes
        peer.met(hello)
        if self._opens is not None:
            self._seal_from_now(peer)
        peer.transport, peer.seal_name = self.link.transport, self.seal_name
        if self.is_dialler:
            confirm = {"first": peer.first}
            self._push(bytes([frame.HELLO]) + self.owner.codec.encode(confirm))
            self.beat()  # the first round trip, and what time it is
        else:
            self._push(frame.beat(frame.FROM, peer.first))
        self.owner.adopted(self, doubts)

    def _seal_from_now(self, peer):
        """All that leaves from now on leaves in records. On a board's link a frame is so short that
        it fits one; between hosts a long frame is a record of its own.
        """
        seal = self._seals = self._opens
        self.seal_name = seal.name
        record_bytes = min(CHUNK_BYTES, peer.limit_bytes, self.limits.out_bytes)
        self._chunk_bytes = seal.room(record_bytes)
        if record_bytes < CHUNK_BYTES:
            peer.limit_bytes = self._chunk_bytes - 4
        if self.limits.in_bytes > CHUNK_BYTES:
            self.reader.limit_bytes = self.limits.in_bytes * 2  # a seal may write it longer

    # -- beats

    def beat(self):
        """Ask whether the neighbour is there; its answer measures the round trip."""
        self._asks = self.is_waiting = True

    def acknowledge(self):
        """Say what has arrived."""
        self._acks = self.is_waiting = True

    def farewell(self):
        """Say that this end is about to close in order. One that still greets just closes."""
        if self.state == OPEN:
            self._push(frame.beat(frame.BYE, 0))

    def send_off(self, payload):
        """Say this, a RETRY or a refusal, as the last word before closing."""
        self._push(payload)
        try:
            self.flush()
        except OSError:
            pass  # it is gone already

    def _take_beat(self, payload, now_ms):
        peer = self.peer
        operation, number, ticks_ms, site_us = frame.read_beat(payload)
        if site_us >> 63:
            raise RemoteWireError("beat whose time is beyond 63 bits")
        if operation in (frame.PING, frame.PONG, frame.ACK):
            peer.acknowledged(number)
        if operation == frame.PING:
            self._answers = ticks_ms
            self.is_waiting = True
        elif operation == frame.PONG:
            rtt_ms = ticks.diff(now_ms, ticks_ms)
            if 0 <= rtt_ms < SILENT_MS:
                peer.rtt_ms = rtt_ms
                peer.offset_us = site_us + rtt_ms * 500 - self.owner.clock.site_us()
        elif operation == frame.FROM:
            peer.begins(number)
        elif operation == frame.BYE:
            self.said_bye = True

    # -- writing

    def flush(self):
        """Write what waits, as far as the link takes it. *Raises* OSError from the link."""
        link = self.link
        while self.is_waiting:
            data = self._rest
            if not data:
                data = self._gather()
                if not data:
                    break
                if self._seals is not None:
                    data = frame.enclose(self._seals.seal(data), LENGTH_MAX)
            taken = link.write(data)
            self._rest = data[taken:]
            if self._rest:
                self.is_waiting = True
                return
        self.is_waiting = self.work is not None

    def close(self):
        """Nothing comes or goes any more."""
        self.state = CLOSED
        self.link.close()

    def _gather(self):
        """The bytes of the next write: beats first, so that acknowledgements are early. Says in
        `is_waiting` whether that was not all.
        """
        parts, self._own = self._own, []
        self.is_waiting = self.state == OPEN
        if parts or not self.is_waiting:
            return b"".join(parts)  # alone: until it has CONFIRM, the other end takes short frames
        peer, room = self.peer, self._chunk_bytes
        frames = peer.frames
        if self._asks or self._acks or self._answers is not None:
            parts = self._beats(peer)
            room -= sum([len(part) for part in parts])
        if peer.sent < len(frames) and (not parts or len(frames[peer.sent]) <= room):
            parts.append(peer.leaving(room))
        self.is_waiting = peer.sent < len(frames)
        return b"".join(parts)

    def _beats(self, peer):
        """What is due. One of a kind at most: a neighbour that never reads costs nothing."""
        clock, number = self.owner.clock, peer.ack()
        beats = []
        if self._answers is not None:
            beats.append(frame.beat(frame.PONG, number, self._answers, clock.site_us()))
        if self._asks:
            beats.append(frame.beat(frame.PING, number, clock.ticks_ms()))
        if not beats:
            beats.append(frame.beat(frame.ACK, number))
        self._asks = self._acks = False
        self._answers = None
        return [frame.enclose(beat, frame.BEAT_BYTES) for beat in beats]
