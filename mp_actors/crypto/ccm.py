"""AES-CCM: seals a record with one key, out of the two modes of AES that boards have.

The tag is CBC with a zero IV; the key stream is ECB over a string of counter blocks; what is to be
sealed and its tag are joined to the stream as large integers, for byte by byte that would take far
longer than the cipher. All of it piece by piece: a record at once left a board 15 times its size in
garbage, and soon no room for the next. It keeps no nonce and no counter: never seal twice with the
same nonce.

*Source*: RFC 3610. The length field takes what the nonce leaves of 15 bytes.
"""

from mp_actors.crypto import aes
from mp_actors.crypto.hmac import equal
from mp_actors.errors import LocalWireError, RemoteWireError

SIZE_MAX = 0xFEFF  # bytes of data, or of what is associated: more have a longer head in the RFC

PIECE_BYTES = 256
_ZERO = bytes(aes.BLOCK_BYTES)


class Ccm:
    """Seals and opens with one key of 16 or 32 bytes; tags of 8 or 16 bytes."""

    def __init__(self, key, tag_bytes):
        self._key = key
        self._tag_bytes = tag_bytes
        self._blocks = aes.new(key, aes.ECB)

    def seal(self, nonce, data, associated=b""):
        """The sealed data with its tag behind it; nonce: 12 bytes (7 to 13).

        *Raises* LocalWireError: more than `SIZE_MAX` bytes.
        """
        size = len(data)
        if size > SIZE_MAX or len(associated) > SIZE_MAX:
            raise LocalWireError(
                "ccm: %d and %d bytes to seal; at most %d" % (size, len(associated), SIZE_MAX)
            )
        sealed = bytearray(size + self._tag_bytes)
        tag = self._join(nonce, data, size, associated, sealed, True)
        sealed[size:] = tag[: self._tag_bytes]
        return bytes(sealed)

    def open(self, nonce, data, associated=b""):
        """What was sealed. *Raises* RemoteWireError if anything of it is not as it was."""
        size = len(data) - self._tag_bytes
        if not 0 <= size <= SIZE_MAX or len(associated) > SIZE_MAX:
            raise RemoteWireError("ccm: record of %d bytes" % len(data))
        opened = bytearray(size)
        tag = self._join(nonce, data, size, associated, opened, False)
        if not equal(bytes(data[size:]), tag[: self._tag_bytes]):
            raise RemoteWireError("ccm: record of %d bytes does not open" % len(data))
        return bytes(opened)

    def _join(self, nonce, data, size, associated, out, seals):
        """Write the first size bytes of data to out, with the key stream on or off.

        Returns the whole block that the tag is the beginning of.
        """
        chain = aes.new(self._key, aes.CBC, _ZERO)  # it goes on from call to call
        tag = chain.encrypt(self._head(nonce, size, associated))
        view = memoryview(data)
        for start in range(0, size, PIECE_BYTES):
            end = min(size, start + PIECE_BYTES)
            piece = _padded(bytes(view[start:end]))
            if seals:
                tag = chain.encrypt(piece)
            joined = self._crossed(nonce, 1 + start // 16, piece)
            out[start:end] = joined if end - start == len(piece) else joined[: end - start]
            if not seals:
                tag = chain.encrypt(_padded(bytes(out[start:end])))
        # The key stream's first block is for the tag alone.
        return self._crossed(nonce, 0, tag[-16:])

    def _head(self, nonce, size, associated):
        length_bytes = 15 - len(nonce)
        flags = (self._tag_bytes - 2) // 2 << 3 | (length_bytes - 1)
        if associated:
            flags |= 0x40
        head = bytes([flags]) + nonce + size.to_bytes(length_bytes, "big")
        if associated:
            head += _padded(len(associated).to_bytes(2, "big") + associated)
        return head

    def _crossed(self, nonce, first, blocks):
        """Blocks with the key stream on or off, from this counter on."""
        size = len(blocks)
        block = bytes([14 - len(nonce)]) + nonce + bytes(15 - len(nonce))
        counters = bytearray(block * (size // 16))
        for at in range(15, size, 16):
            counters[at] = first & 0xFF
            counters[at - 1] = first >> 8
            first += 1
        stream = int.from_bytes(self._blocks.encrypt(counters), "big")
        return (stream ^ int.from_bytes(blocks, "big")).to_bytes(size, "big")


def _padded(data):
    """Data with zeros up to whole blocks."""
    rest = len(data) % aes.BLOCK_BYTES
    return data + _ZERO[rest:] if rest else data
