"""One connection to a neighbour: frames, seals, beats, one write at a time. No sockets.

A link is any object with `write(data) -> bytes taken`, `close()`, `name` and `transport`, and
`address` where the other end has one. It begins with a greeting, see there; open, it takes beats
and numbered frames: ROUTED, NEWS and bare ones. All that leaves in a step leaves in one write: a
header and a body in two cost 44 ms (Nagle, measured).
"""

from mp_actors import frame, ticks
from mp_actors.errors import RemoteWireError

BEAT_MS = 2000
SILENT_MS = 3 * BEAT_MS  # three missed beats
LOOK_MS = 500  # how often silence is looked for: given up at most that much later
CHUNK_BYTES = 48 * 1024  # of one write
LENGTH_MAX = 1 << 24  # of a record; what it holds is bounded before
GREETING_BYTES = 1024  # longest frame of an end that has not proved who it is
_TAKES = (frame.BEAT, frame.ROUTED, frame.NEWS, "array", "object")


class Connection:
    """One end of a connection. `owner` is the node, or whoever else talks over it; it is asked

    `handshake(to) -> Handshake`, None for a plain link (to None: whoever dialled me),
    `hello_to(peer) -> map`, `peer_of(connection, hello) -> Peer` (*raises* RemoteWireError),
    `adopted(connection, in doubt, map version)` and `take(connection, kind, payload)`.

    `peer`: the neighbour, for an acceptor None before its HELLO came. `greeting`: None once it is
    open or closed. `work`: a generator to be advanced in slices, for arithmetic that would stall a
    board. `heard_ms`: when bytes came; `since_ms`: since when it greets, or is confirmed.
    """

    def __init__(self, owner, link, peer, limits, now_ms):
        from mp_actors.greeting import Greeting  # each time anew: see there

        self.owner = owner
        self.link = link
        self.peer = peer
        self.limits = limits
        self.is_dialler = peer is not None
        self.is_open = False  # confirmed
        self.is_closed = False  # nothing comes or goes any more
        self.is_waiting = False  # something may be written, or there is work
        self.said_bye = False  # a connection that closes after that was closed in order
        self.since_ms = self.heard_ms = now_ms
        self.retry_ms = 0  # how long the other end wants me to stay away
        self.claimed_number = None if peer is None else peer.number
        self.work = None
        self.reader = frame.FrameReader(GREETING_BYTES)
        self.handshake = None  # until the other end has used its keys
        self.opens = None  # the seal of what comes
        self.seal_name = "plain"
        self._inner = None  # cuts what is in a record
        self._seals = None  # the seal of what goes
        self._chunk_bytes = CHUNK_BYTES
        self._asks = False  # a PING is due
        self._answers = None  # the ticks of the PING that is to be answered
        self._acks = False
        self._own = []  # enclosed frames without a number
        self._rest = b""  # of the last write
        self.greeting = Greeting(self)

    @property
    def has_output(self):
        """Whether the link should say when it can take more."""
        return bool(self._rest)

    # -- reading

    def received(self, data, now_ms):
        """Bytes came. *Raises* RemoteWireError for what breaks the protocol."""
        self.heard_ms = now_ms
        if self.is_closed:
            return
        if self.greeting is not None:
            self.greeting.came(len(data))
        self.reader.feed(data)
        self.read(now_ms)

    def read(self, now_ms):
        """Take what has come, as far as there is no work to do before. *Raises* RemoteWireError."""
        while not self.is_closed and self.work is None:
            payload = self.reader.next()
            if payload is None:
                return
            if self.opens is None:
                self._take(payload, now_ms)
            else:
                self._take_record(payload, now_ms)

    def _take_record(self, body, now_ms):
        inner = self._inner
        inner.feed(self.opens.open(body))
        if self.handshake is not None:
            self.handshake.confirm()  # whoever is there has the keys, now and not only once
            self.handshake = None
        payload = inner.next()
        while payload is not None and not self.is_closed:
            self._take(payload, now_ms)
            payload = inner.next()

    def _take(self, payload, now_ms):
        kind = frame.kind(payload)
        if self.greeting is not None:
            self.greeting.take(kind, payload)
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

    @property
    def proved_number(self):
        """Who has proved a key, None on a plain link and once the seal is in use."""
        return None if self.handshake is None else self.handshake.peer_number

    def greet(self):
        """The dialler's first word."""
        self.greeting.begin()

    def advance(self, now_ms):
        """Do a slice of the work, and what waits for it. *Raises* RemoteWireError."""
        self.greeting.advance(self.work)
        self.read(now_ms)

    def unseal_from_now(self):
        """All that comes from now on comes in records."""
        self.opens = self.handshake.seal
        self._inner = frame.FrameReader(self.limits.in_bytes)

    def seal_from_now(self):
        """All that leaves from now on leaves in records. On a board's link a frame is so short that
        it fits one; between hosts a long frame is a record of its own.
        """
        peer, seal = self.peer, self.opens
        self._seals = seal
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
        if self.is_open:
            self.push(frame.beat(frame.BYE, 0))

    def send_off(self, payload):
        """Say this, a RETRY or a refusal, as the last word before closing."""
        self.push(payload)
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

    def push(self, payload):
        """Queue a frame without a number, before all that have one."""
        self._own.append(frame.enclose(payload, GREETING_BYTES))
        self.is_waiting = True

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
        self.is_open, self.is_closed = False, True
        self.greeting = self.work = None
        self.link.close()

    def _gather(self):
        """The bytes of the next write: beats first, so that acknowledgements are early. Says in
        `is_waiting` whether that was not all.
        """
        parts, self._own = self._own, []
        self.is_waiting = self.is_open
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
