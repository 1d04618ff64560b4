"""One direction of a simulated connection: a byte stream, as TCP gives it.

Order is kept, bytes are never lost while the connection lives: a cut cable only stalls them. Reads
are split and merged by chance. Which readings are in it is known at every moment.
"""

from collections import deque

from actors.sim.words import Carrier, World
from mp_actors.frame import BEAT, CLASS_BITS, CONTROL, HELLO, NEWS, ROUTED

WINDOW_BYTES = 65536  # sent and not yet read; what a Linux receive buffer starts with
NO_READINGS = (HELLO, BEAT, NEWS)
SPLIT_BITS = 3  # one read in 2**3 ends in the middle of something


class Pipe:
    """Bytes on their way from one end to the other; `stalled` while the link does not carry."""

    def __init__(self, world: World, link: Carrier, direction: int) -> None:
        self.inbox = bytearray()
        self.is_ended = False  # the sender closed, and all it sent has arrived
        self._is_destroyed = False
        self._world = world
        self._link = link
        self._direction = direction
        self._under_way_bytes = 0
        self._free_us = 0
        self._last_us = 0
        self._stalled: deque[bytes | None] = deque()
        self._sent_bytes = 0
        self._read_bytes = 0
        self._unfinished = b""  # sent of a frame that is not yet whole
        self._frames: deque[tuple[int, bytes]] = deque()  # end in the stream, frame with readings

    def send(self, data: bytes, depart_us: int) -> int:
        """Take bytes as far as the window allows. Returns how many."""
        data = data[: WINDOW_BYTES - self._under_way_bytes - len(self.inbox)]
        if data:
            played_bytes = self._track(data)
            self._under_way_bytes += len(data)
            self._launch(data, depart_us, played_bytes)
        return len(data)

    def end(self, depart_us: int) -> None:
        """The sender closes: told behind all bytes it sent."""
        self._launch(None, depart_us)

    def read(self) -> bytes:
        """Some of what has arrived; sometimes not all of it."""
        size = len(self.inbox)
        if size > 1 and not self._world.chance.getrandbits(SPLIT_BITS):
            size = self._world.chance.randrange(1, size)
            data = bytes(self.inbox[:size])
            del self.inbox[:size]
        else:
            data = bytes(self.inbox)
            self.inbox.clear()
        self._read_bytes += size
        while self._frames and self._frames[0][0] <= self._read_bytes:
            self._frames.popleft()
        return data

    def resume(self) -> None:
        """The link carries again: what was stalled arrives, before all that is still under way."""
        stalled, self._stalled = self._stalled, deque()
        for chunk in stalled:
            self._land(chunk)

    def frames(self) -> list[bytes]:
        """The frames that may carry readings and are not yet read."""
        return [payload for _, payload in self._frames]

    def destroy(self) -> list[bytes]:
        """The connection is no more. Returns the frames that were lost in it."""
        lost = self.frames()
        self._is_destroyed = True
        self._frames.clear()
        self._stalled.clear()
        self.inbox.clear()
        return lost

    def _launch(self, chunk: bytes | None, depart_us: int, played_bytes: int = 0) -> None:
        world, link = self._world, self._link
        size = played_bytes if chunk is None else len(chunk) + played_bytes
        self._free_us = max(depart_us, self._free_us) + link.transmission_us(size)
        jitter_us = world.chance.randrange(link.jitter_us + 1) if link.jitter_us else 0
        # A stream keeps its order, whatever each packet's delay.
        self._last_us = max(self._last_us, self._free_us + link.latency_us + jitter_us)
        world.at(self._last_us, lambda: self._land(chunk))

    def _land(self, chunk: bytes | None) -> None:
        if self._is_destroyed:
            return
        if self._stalled or not self._link.carries(self._direction):
            self._stalled.append(chunk)
            return
        if chunk is None:
            self.is_ended = True
        else:
            self._under_way_bytes -= len(chunk)
            self.inbox += chunk
            self._world.trace(self._link.number, self._direction, chunk)
        self._link.device_at(1 - self._direction).wake(self._world.now_us)

    def _track(self, data: bytes) -> int:
        """Remember where in the stream which readings end; they are counted when asked for.

        Returns how many bytes the frames that end here are longer than they are; see `Link`.
        """
        padding, played_bytes = self._link.padding, 0
        start = self._sent_bytes - len(self._unfinished)
        self._sent_bytes += len(data)
        if self._unfinished:
            data = self._unfinished + data
        offset, size = 0, len(data)
        while offset + 4 <= size:
            end = offset + 4 + int.from_bytes(data[offset : offset + 4], "big")
            if end > size:
                break
            # Beats, news and control are most of all frames, and carry no readings.
            kind = data[offset + 4]
            is_control = kind == ROUTED and data[offset + 5] & CLASS_BITS == CONTROL
            if not (is_control or kind in NO_READINGS):
                self._frames.append((start + end, data[offset + 4 : end]))
                if padding is not None:
                    played_bytes += padding(data[offset + 4 : end])
            offset = end
        self._unfinished = data[offset:]
        return played_bytes
