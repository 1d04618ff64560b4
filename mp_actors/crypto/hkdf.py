"""Keys from a secret: HKDF with SHA-256.

*Source*: RFC 5869.
"""

from mp_actors.crypto.hmac import hmac


def hkdf(salt, material, info, size):
    """Return `size` bytes (up to 8,160) that only this salt, secret material and info give."""
    key = hmac(salt, material)
    block = out = b""
    number = 1
    while len(out) < size:
        block = hmac(key, block + info + bytes([number]))
        out += block
        number += 1
    return out[:size]
