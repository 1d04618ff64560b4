"""One neighbour: the conversation over one link, from HELLO to the last beat. No sockets.

A link is any object with `write(data) -> bytes taken`, `close()` and `name`. What the link does not
take waits here as whole frames, bounded, so that every reading that waits can be counted. All
frames of a step leave in one write: a header and a body in two cost 44 ms (Nagle, measured).
"""

from mp_actors import batch, frame, ticks
from mp_actors.errors import RemoteWireError

PROTOCOL_VERSION = 1
BEAT_MS = 2000
SILENT_MS = 3 * BEAT_MS  # three missed beats
LOOK_MS = 500  # how often silence is looked for: given up at most that much later


class Peer:
    """The other end of one link.

    `number` and `path` are the neighbour's, known once its HELLO came (`is_open`); a console has
    number 0. `queue_bytes_max` bounds data that waits; control may take twice as much.
    """

    def __init__(self, link, limit_bytes, queue_bytes_max, now_ms):
        self.link = link
        self.reader = frame.FrameReader(limit_bytes)
        self.queue_bytes_max = queue_bytes_max
        self.limit_bytes = frame.BOARD_IN_LIMIT_BYTES  # until the HELLO says what it takes
        self.number = 0
        self.path = ""
        self.incarnation = 0
        self.is_router = False
        self.map_version = 0  # the newest map this neighbour is known to have
        self.has_news = False  # the first news was sent; more may follow
        self.is_open = False
        self.said_bye = False  # a link that closes after that was closed in order
        self.is_closed = False
        self.heard_ms = now_ms
        self.rtt_ms = None
        self.queued_bytes = 0
        self._frames = []
        self._written = 0  # bytes of the first frame that the link has taken
        self._beat = 0
        self._beat_ms = now_ms

    def greet(self, codec, me):
        """Send my HELLO. `me`: path, number, incarnation, limit_bytes, is_router, map version."""
        path, number, incarnation, limit_bytes, is_router, map_version = me
        hello = {
            "path": path,
            "number": number,
            "inc": incarnation,
            "version": PROTOCOL_VERSION,
            "limit": limit_bytes,
            "router": is_router,
            "map": map_version,
        }
        self._push(bytes([frame.HELLO]) + codec.encode(hello))

    def greeted(self, codec, payload):
        """Take the neighbour's HELLO. *Raises* RemoteWireError."""
        hello = codec.decode(payload[1:], 4, 32)
        if not isinstance(hello, dict):
            raise RemoteWireError("HELLO is no map")
        if hello.get("version") != PROTOCOL_VERSION:
            raise RemoteWireError(
                "speaks protocol version %r, this node %d; bring both to one version"
                % (hello.get("version"), PROTOCOL_VERSION)
            )
        names = ("path", "number", "inc", "limit", "map", "router")
        fields = [hello.get(name) for name in names]
        kinds = [type(field) for field in fields]
        if kinds != [str, int, int, int, int, bool] or not 0 <= fields[1] < 65536:
            raise RemoteWireError("HELLO lacks one of %s, or it is no such" % ", ".join(names))
        if fields[3] < frame.BOARD_OUT_LIMIT_BYTES:
            raise RemoteWireError(
                "takes frames of %d bytes; expected %d or more"
                % (fields[3], frame.BOARD_OUT_LIMIT_BYTES)
            )
        self.path, self.number, self.incarnation, self.limit_bytes = fields[:4]
        self.map_version, self.is_router = fields[4:]
        self.is_open = True

    def send(self, payload, is_control):
        """Queue a frame for the next write. Returns False if there is no room, or never will be."""
        if not self.takes(payload):
            return False
        room = self.queue_bytes_max * (2 if is_control else 1)
        if self.queued_bytes + len(payload) > room and self._frames:
            return False
        self._push(payload)
        return True

    def send_news(self, payload):
        """Queue news; never dropped, whatever waits. A map too long for the neighbour is."""
        if self.takes(payload):
            self._push(payload)

    def takes(self, payload):
        """Whether a frame is short enough for this neighbour."""
        return len(payload) <= self.limit_bytes

    @property
    def is_full(self):
        """Whether data has to wait elsewhere."""
        return self.queued_bytes > self.queue_bytes_max

    @property
    def has_output(self):
        """Whether the link should say when it can take more."""
        return bool(self._frames)

    def flush(self):
        """Write what waits. *Raises* OSError from the link."""
        frames = self._frames
        if not frames:
            return
        data = frames[0] if len(frames) == 1 else b"".join(frames)
        if self._written:
            data = data[self._written :]
        taken = self.link.write(data)
        if taken == len(data):
            frames[:] = []
            self.queued_bytes = self._written = 0
            return
        self._written += taken
        while frames and self._written >= len(frames[0]):
            self._written -= len(frames[0])
            self.queued_bytes -= len(frames.pop(0))

    def beat(self, now_ms):
        """Ask whether the neighbour is there; its answer measures the round trip."""
        self._beat = (self._beat + 1) & 0xFFFFFFFF
        self._beat_ms = now_ms
        self._push(frame.beat(frame.PING, self._beat))

    def farewell(self):
        """Say that this end is about to close in order."""
        self._push(frame.beat(frame.BYE, 0))

    def take_beat(self, payload, now_ms):
        """Take a BEAT: answer a ping, measure the round trip by a pong."""
        operation, number = frame.read_beat(payload)
        if operation == frame.PING:
            # Bounded like control: a neighbour that asks and never reads gets no answer.
            self.send(frame.beat(frame.PONG, number), True)
        elif operation == frame.BYE:
            self.said_bye = True
        elif operation == frame.PONG and number == self._beat:
            self.rtt_ms = ticks.diff(now_ms, self._beat_ms)

    def held(self):
        """{wire: readings} that wait here."""
        readings = {}
        for enclosed in self._frames:
            wire, count = readings_of(enclosed[4:])
            if count:
                readings[wire] = readings.get(wire, 0) + count
        return readings

    def _push(self, payload):
        enclosed = frame.enclose(payload, self.limit_bytes)
        self._frames.append(enclosed)
        self.queued_bytes += len(enclosed)


def readings_of(payload):
    """(wire, number of readings) of a frame; (0, 0) if it carries none that can be counted."""
    kind = frame.kind(payload)
    try:
        if kind == frame.ROUTED:
            head = frame.Head(payload)
            if head.is_control:
                return 0, 0
            body = payload[head.body :]
        elif kind == "array":
            body = payload
        else:
            return 0, 0
        return batch.head(body)[0], batch.count(body)
    except RemoteWireError:
        return 0, 0
