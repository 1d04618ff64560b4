"""Frames: what stands on a link between two nodes. Bytes in, checked frames out; no sockets.

Each frame is `!I length` and that many bytes; the first byte says its kind. ROUTED carries a body
through routers behind 14 bytes at fixed offsets, which a router reads and patches without decoding
the body. Integers are big endian.
"""

import struct

from mp_actors.errors import LocalWireError, RemoteWireError

PROTOCOL_VERSION = 3

HELLO = 0x01
HANDSHAKE = 0x02
BEAT = 0x03
ROUTED = 0x04
NEWS = 0x05

CONTROL, STREAM = 0, 1  # classes, bits 0-1 of a routed frame's flags
CLASS_BITS = 0x03
PROVED = 0x04  # a MAC of the controller ends it, see `proof`
MAC_BYTES = 16
BOUNCED = 0x10  # a parent handed this frame of a leaf back, once
ONCE = 0x20  # never sent again: control without an id, which nobody could tell as a repeat

PING, PONG, ACK, FROM, BYE, RETRY = 0, 1, 2, 3, 4, 5  # operations of a beat

HOPS_MAX = 255
HOST_LIMIT_BYTES = 1 << 20
BOARD_OUT_LIMIT_BYTES = 1024
BOARD_IN_LIMIT_BYTES = 2048

_LENGTH = "!I"
_HEAD = "!BBBBIHHH"  # kind, flags, hops, failed links, map version, to, from, remaining life
HEAD_BYTES = 14
_BEAT = "!BBIIQ"  # kind, operation, number, ticks_ms, site time in us
BEAT_BYTES = 18


def kind(frame):
    """HELLO to NEWS; `"array"` or `"object"` for a bare one; None for the rest."""
    first = frame[0]
    if HELLO <= first <= NEWS:
        return first
    if 0x80 <= first <= 0x9B or first == 0x5B:
        return "array"
    if 0xA0 <= first <= 0xBB or first == 0x7B:
        return "object"
    return None


def enclose(frame, limit_bytes):
    """The frame with its length before it. *Raises* LocalWireError if it is too long."""
    if not 0 < len(frame) <= limit_bytes:
        raise LocalWireError(
            "frame of %d bytes; this link takes 1 to %d" % (len(frame), limit_bytes)
        )
    return struct.pack(_LENGTH, len(frame)) + frame


class FrameReader:
    """Cuts a byte stream into frames; `limit_bytes` is checked before anything is kept."""

    def __init__(self, limit_bytes):
        self.limit_bytes = limit_bytes
        self._buffer = b""
        self._offset = 0

    def feed(self, data):
        """Take what a link received, cut anywhere."""
        if self._offset == len(self._buffer):
            self._buffer = data
        else:
            if self._offset or isinstance(self._buffer, bytes):
                # MicroPython cannot delete the front of a bytearray.
                self._buffer = bytearray(self._buffer[self._offset :])
            self._buffer.extend(data)
        self._offset = 0

    def next(self):
        """The next whole frame (bytes), or None if it is not here yet. *Raises* RemoteWireError."""
        start = self._offset + 4
        if start > len(self._buffer):
            return None
        (length,) = struct.unpack_from(_LENGTH, self._buffer, self._offset)
        if not 0 < length <= self.limit_bytes:
            raise RemoteWireError(
                "frame of %d bytes announced; this node takes 1 to %d" % (length, self.limit_bytes)
            )
        end = start + length
        if end > len(self._buffer):
            return None
        self._offset = end
        return bytes(self._buffer[start:end])


def beat(operation, number, ticks_ms=0, site_us=0):
    """A BEAT frame. What `number` says goes by the operation: the next frame expected (PING, PONG,
    ACK), the number of the next frame (FROM), ms to wait (RETRY). A PONG repeats the PING's ticks.
    """
    return struct.pack(_BEAT, BEAT, operation, number, ticks_ms, site_us)


def read_beat(frame):
    """(operation, number, ticks_ms, site_us) of a BEAT. *Raises* RemoteWireError."""
    if len(frame) < BEAT_BYTES:
        raise RemoteWireError("beat of %d bytes; expected %d" % (len(frame), BEAT_BYTES))
    return struct.unpack_from(_BEAT, frame, 0)[1:]


def routed(flags, version, failed, to_device, from_device, body):
    """A ROUTED frame: a body on its way from one device to another, with no limit to its life.

    `failed`: numbers of the failed links it knows of.
    """
    head = struct.pack(_HEAD, ROUTED, flags, 0, len(failed), version, to_device, from_device, 0)
    return head + _link_list(failed) + body


class Head:
    """The route head of a ROUTED frame, read at fixed offsets. *Raises* RemoteWireError."""

    def __init__(self, frame):
        if len(frame) < HEAD_BYTES:
            raise RemoteWireError("routed frame of %d bytes; expected 14 or more" % len(frame))
        (
            _,
            self.flags,
            self.hops,
            self.failed,
            self.version,
            self.to_device,
            self.from_device,
            self.life,
        ) = struct.unpack_from(_HEAD, frame, 0)
        self.body = HEAD_BYTES + 2 * self.failed
        if self.failed > 32 or len(frame) < self.body:
            raise RemoteWireError(
                "routed frame names %d failed links in %d bytes" % (self.failed, len(frame))
            )

    @property
    def is_control(self):
        """Whether it carries control, not data."""
        return self.flags & CLASS_BITS == CONTROL

    @property
    def is_bounced(self):
        """Whether it was handed back to its leaf before."""
        return bool(self.flags & BOUNCED)

    def failed_links(self, frame):
        """The numbers of the failed links that this frame has met, in that order."""
        if not self.failed:
            return ()
        return struct.unpack_from("!%dH" % self.failed, frame, HEAD_BYTES)


def forwarded(frame, head, version, to_device, failed):
    """The frame one hop further: stamped with a map version, a number and its failed links.

    Everything else is spliced, not decoded.
    """
    patched = struct.pack(
        _HEAD,
        ROUTED,
        head.flags,
        head.hops + 1,
        len(failed),
        version,
        to_device,
        head.from_device,
        head.life,
    )
    if len(failed) == head.failed:
        return patched + frame[HEAD_BYTES:]  # it only ever grows, so nothing changed
    return patched + _link_list(failed) + frame[head.body :]


def bounced(frame, head):
    """A leaf's frame that was handed back, for its other parent, which stamps it."""
    patched = struct.pack(
        _HEAD,
        ROUTED,
        head.flags | BOUNCED,
        head.hops,
        head.failed,
        0,
        head.to_device,
        head.from_device,
        head.life,
    )
    return patched + frame[HEAD_BYTES:]


def _link_list(failed):
    return struct.pack("!%dH" % len(failed), *failed) if failed else b""
