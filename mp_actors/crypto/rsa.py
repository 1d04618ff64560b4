"""Whether the controller signed this: RSA signatures, checked. Boards never make one.

*Source*: RFC 8017, section 8.2.2 (RSASSA-PKCS1-v1_5), with SHA-256 and the exponent 65537. The
whole padded block is built and compared, never parsed: parsers have taken forged ones.
"""

import hashlib

SIZE_BYTES_MIN = 256  # of a modulus; shorter ones can be factored, or soon will be
_SQUARINGS = 16  # and one more product make the exponent, 2**16 + 1

# The DER of a DigestInfo for SHA-256, up to the digest.
_DIGEST_INFO = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"


def verify(modulus, signature, message):
    """Return, in slices, whether it signs the message; modulus: bytes, the first of them not 0.

    A generator: it yields between the products of 2,048 bits, and returns by `return`. On the
    64-bit unix build a product takes 47 µs. The 32-bit build takes 1.8 times as long for these, and
    an ESP32 at 240 MHz 125 times that (see `x25519`): 11 ms, good to a factor of two.
    """
    size = len(modulus)
    if size < SIZE_BYTES_MIN or len(signature) != size:
        return False
    divisor = int.from_bytes(modulus, "big")
    base = power = int.from_bytes(signature, "big")
    if base >= divisor:
        return False
    for _ in range(_SQUARINGS):
        power = power * power % divisor
        yield
    power = power * base % divisor
    digest = _DIGEST_INFO + hashlib.sha256(message).digest()
    padding = b"\xff" * (size - len(digest) - 3)
    return power.to_bytes(size, "big") == b"\x00\x01" + padding + b"\x00" + digest
