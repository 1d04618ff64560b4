"""NEWS between routers: the site's map, and which links are down. Bytes <-> values, no more.

`0x05, 1, sha256 of the map, size of the signature u16, signature, map` or `0x05, 2`, then 9
bytes for each bit: link, end, stamp, down.
"""

import hashlib
import struct

from mp_actors.errors import RemoteWireError
from mp_actors.frame import NEWS

MAP, BITS = 1, 2
DIGEST_BYTES = 32
_SIZE = "!H"
_MAP_HEAD_BYTES = 2 + DIGEST_BYTES + 2
_BIT = "!HHIB"
_BIT_BYTES = 9
BITS_PER_FRAME = 100  # a board that routes takes 1 KiB


def digest(encoded):
    """The sha256 of a map's bytes."""
    return hashlib.sha256(encoded).digest()


def map_frame(encoded, signature=b""):
    """A NEWS frame with a map, and the site's signature where there are keys."""
    sealed = struct.pack(_SIZE, len(signature)) + signature
    return bytes([NEWS, MAP]) + digest(encoded) + sealed + encoded


def bit_frames(bits):
    """NEWS frames with failure bits (link, end, stamp, down), as many as it takes."""
    frames = []
    for start in range(0, len(bits), BITS_PER_FRAME):
        packed = [struct.pack(_BIT, *bit) for bit in bits[start : start + BITS_PER_FRAME]]
        frames.append(bytes([NEWS, BITS]) + b"".join(packed))
    return frames


def read(payload):
    """(MAP, (sha256, signature, bytes)) or (BITS, [(link, end, stamp, down)]).

    *Raises* RemoteWireError.
    """
    operation = payload[1] if len(payload) > 1 else 0
    if operation == MAP and len(payload) > _MAP_HEAD_BYTES:
        (size,) = struct.unpack_from(_SIZE, payload, 2 + DIGEST_BYTES)
        start = _MAP_HEAD_BYTES + size
        if len(payload) > start:
            signature = payload[_MAP_HEAD_BYTES:start]
            return MAP, (payload[2 : 2 + DIGEST_BYTES], signature, payload[start:])
    if operation == BITS and (len(payload) - 2) % _BIT_BYTES == 0:
        starts = range(2, len(payload), _BIT_BYTES)
        bits = [struct.unpack_from(_BIT, payload, start) for start in starts]
        for bit in bits:
            if bit[3] > 1:
                raise RemoteWireError("a failure bit that is %d" % bit[3])
        return BITS, bits
    raise RemoteWireError("news of %d bytes with operation %d" % (len(payload), operation))
