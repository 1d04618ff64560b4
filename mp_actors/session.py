"""A session: what two neighbours have told each other, whatever happens to their connections.

Frames are numbered by counting, kept until the other end has acknowledged them, and sent again on
the next connection, so that a cable may be pulled at any byte and nothing is lost, doubled or out
of order. Pure: no links, no clock. Rules 1 to 10 of sessions are named where they are kept; they
were model-checked, and the simpler ones that fail are kept as tests.

    fresh ──(frames)──> broken ──same two incarnations──> resumed: the unacknowledged once more
                        broken ──another incarnation────> fresh: numbers from 1, doubts go up
"""

from mp_actors import frame
from mp_actors.errors import RemoteWireError
from mp_actors.ticks import add, diff  # frame numbers are serial numbers of the same range

ACK_FRAMES = 64


class Session:
    """One end of a session.

    `incarnation`: mine, of this session; `known`: the other end's, 0 before the first. `frames`:
    enclosed frames that are not acknowledged, the first of them has number `first`; `sent` of them
    have left on the present connection. `expected`: number of the next frame to receive.

    Numbers are counted, never sent: what has not left yet may still change places. So control goes
    before data that waits, behind what may have arrived and behind other control.
    """

    def __init__(self, incarnation, buffer_bytes):
        self.incarnation = incarnation
        self.buffer_bytes = buffer_bytes
        self.limit_bytes = frame.BOARD_IN_LIMIT_BYTES  # until the HELLO says what it takes
        self.their_buffer_bytes = 0  # until the HELLO says; every frame is then acknowledged
        self.known = 0
        self.frames = []
        self.buffered_bytes = 0
        self.first = 1
        self.sent = 0
        self._front = 0  # where control goes in: behind what ever left, and other control
        self.expected = 1
        self.resumed = 0
        self.stale_acks = 0
        self._coming = None
        self._taken_frames = 0  # since my last acknowledgement
        self._taken_bytes = 0

    # -- sending

    def send(self, payload, is_control):
        """Number a frame and keep it. Returns False if there is no room, or never will be.

        Control may fill the buffer twice, so that data never keeps it out. The first frame always
        has room (rule 7): what is over is dropped above, before it has a number.
        """
        size = len(payload)
        if size > self.limit_bytes:
            return False
        room = self.buffer_bytes * (2 if is_control else 1)
        if self.buffered_bytes + size > room and self.frames:
            return False
        self.push(payload, is_control)
        return True

    def push(self, payload, is_control=True):
        """Keep a frame, however many wait."""
        enclosed = frame.enclose(payload, self.limit_bytes)
        if is_control:
            self.frames.insert(self._front, enclosed)
            self._front += 1
        else:
            self.frames.append(enclosed)
        self.buffered_bytes += len(enclosed)

    def takes(self, payload):
        """Whether a frame is short enough for this neighbour."""
        return len(payload) <= self.limit_bytes

    @property
    def is_full(self):
        """Whether data has to wait elsewhere."""
        return self.buffered_bytes > self.buffer_bytes

    def leaving(self, size_max):
        """The next frames to write, of size_max bytes or one frame; b"" for none. They count as
        sent.
        """
        frames, start = self.frames, self.sent
        end, size = start, 0
        while end < len(frames) and (size + len(frames[end]) <= size_max or end == start):
            size += len(frames[end])
            end += 1
        self.sent = end
        if end > self._front:
            self._front = end
        return frames[start] if end == start + 1 else b"".join(frames[start:end])

    def acknowledged(self, number):
        """The other end has everything below number; one that cannot be is ignored (rule 6)."""
        count = diff(number, self.first)
        if not 0 <= count <= self.sent:
            self.stale_acks += 1
            return
        self._trim(count)

    # -- receiving

    def begins(self, number):
        """The next frame on the present connection has this number."""
        self._coming = number

    def arrived(self, size_bytes):
        """A numbered frame came. Returns whether it is new (rule 6). *Raises* RemoteWireError."""
        number = self._coming
        if number is None:
            raise RemoteWireError("a frame before its number")
        self._coming = add(number, 1)
        self._taken_frames += 1
        self._taken_bytes += size_bytes
        if number == self.expected:
            self.expected = self._coming
            return True
        if diff(number, self.expected) > 0:
            raise RemoteWireError("frame %d came; expected %d" % (number, self.expected))
        return False

    @property
    def owes_ack(self):
        """Whether something came since the last acknowledgement."""
        return self._taken_frames > 0

    @property
    def must_ack(self):
        """Whether to acknowledge now, since the other end might run out of room."""
        taken = self._taken_frames
        return taken >= ACK_FRAMES or (taken and self._taken_bytes * 2 >= self.their_buffer_bytes)

    def ack(self):
        """The number to acknowledge with; nothing is owed then."""
        self._taken_frames = self._taken_bytes = 0
        return self.expected

    # -- connections

    def adopt(self, incarnation, named, next_receive):
        """A connection is confirmed whose other end is `incarnation`, which named one of mine and
        said what it expects. Returns the payloads in doubt that a fresh session leaves (rule 4),
        None if it resumes. *Raises* RemoteWireError.
        """
        self._coming = None
        self._taken_frames = self._taken_bytes = 0
        if incarnation != self.known or self._is_forgotten(named):
            doubts = self._restart()
            self.known = incarnation
            return doubts
        count = diff(next_receive if named == self.incarnation else 1, self.first)
        if count > len(self.frames):
            raise RemoteWireError("expects a frame that was never sent")
        self.resumed += 1
        self._trim(max(0, count))
        self.sent = 0
        return None

    def _is_forgotten(self, named):
        """Whether the other end, which knew me, has had a session with another one in my name
        since: there are two devices of one identity, or a copy was made of one. It begins afresh.
        """
        return named != self.incarnation and (self.first != 1 or self.expected != 1)

    def give_up(self, incarnation):
        """End the session for good (rule 9), with a new incarnation. Returns payloads in doubt."""
        self.incarnation = incarnation
        self.known = 0
        return self._restart()

    def _restart(self):
        doubts = [enclosed[4:] for enclosed in self.frames]
        self.frames = []
        self.buffered_bytes = self.sent = self._front = 0
        self.first = self.expected = 1
        return doubts

    def _trim(self, count):
        for enclosed in self.frames[:count]:
            self.buffered_bytes -= len(enclosed)
        self.frames[:count] = []
        self.first = add(self.first, count)
        self.sent = max(0, self.sent - count)
        self._front = max(0, self._front - count)
