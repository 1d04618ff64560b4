"""SHA-256, HMAC and a comparison that does not tell where two values differ.

*Source*: RFC 2104 (HMAC), with SHA-256 as RFC 4231 has it.
"""

import hashlib

_BLOCK_BYTES = 64
_INNER = int.from_bytes(b"\x36" * _BLOCK_BYTES, "big")
_OUTER = int.from_bytes(b"\x5c" * _BLOCK_BYTES, "big")


def sha256(data):
    """The 32 bytes of its SHA-256."""
    return hashlib.sha256(data).digest()


def hmac(key, data):
    """The 32 bytes of HMAC-SHA256; key: bytes of any length."""
    if len(key) > _BLOCK_BYTES:
        key = sha256(key)
    # One large integer is ten times faster than 64 small ones.
    block = int.from_bytes(key + bytes(_BLOCK_BYTES - len(key)), "big")
    inner = sha256((block ^ _INNER).to_bytes(_BLOCK_BYTES, "big") + data)
    return sha256((block ^ _OUTER).to_bytes(_BLOCK_BYTES, "big") + inner)


def equal(one, other):
    """Whether two byte strings are equal; the time it takes tells at most their lengths."""
    if len(one) != len(other):
        return False
    difference = 0
    for at in range(len(one)):
        difference |= one[at] ^ other[at]
    return not difference
