"""X25519: the secret two devices share by their key pairs, in slices that a scheduler can bear.

The functions are generators: they yield None between slices of the work and return by `return`.

A slice is 5 of the 255 rounds of the ladder, or less. On the 64-bit unix build a round takes 10 µs.
The 32-bit build, whose large integers have digits of 16 bits, takes 2.5 times as long, and an ESP32
at 240 MHz 125 times that (as for pystone: 208,000 and 1,661 per second): 3 ms a round, 16 ms a
slice, 0.8 s in all. That is good to a factor of two, so that no slice is above 50 ms.

The time depends on the secret (see the package). *Source*: RFC 7748, sections 5 and 6.1.
"""

from mp_actors.errors import RemoteWireError

SLICE_ROUNDS = 5

_PRIME = (1 << 255) - 19
_BASE = b"\x09" + bytes(31)


def public_key(private):
    """Return, in slices, the public key (32 bytes) of a private one: any 32 random bytes."""
    return _multiply(private, _BASE)


def x25519(private, public):
    """Return, in slices, the 32 bytes shared with the owner of a public key.

    *Raises* RemoteWireError: not 32 bytes, or a point of small order, by which a peer could choose
    the secret.
    """
    if len(public) != 32:
        raise RemoteWireError("public key of %d bytes; expected 32" % len(public))
    secret = yield from _multiply(private, public)
    if secret == bytes(32):
        raise RemoteWireError("public key is of small order; it makes no secret")
    return secret


def _multiply(private, public):
    """The Montgomery ladder; names as in the RFC."""
    prime = _PRIME
    scalar = bytearray(private)
    scalar[0] &= 0xF8
    scalar[31] |= 0x40  # the bit above is never read
    u = int.from_bytes(public, "little") & ((1 << 255) - 1)
    x_2, z_2, x_3, z_3 = 1, 0, u, 1
    swapped = 0
    for at in range(254, -1, -1):
        bit = scalar[at >> 3] >> (at & 7) & 1
        if bit != swapped:
            x_2, z_2, x_3, z_3 = x_3, z_3, x_2, z_2
            swapped = bit
        a = x_2 + z_2
        b = x_2 - z_2
        da = (x_3 - z_3) * a % prime
        cb = (x_3 + z_3) * b % prime
        x_3 = da + cb
        x_3 = x_3 * x_3 % prime
        z_3 = da - cb
        z_3 = z_3 * z_3 % prime * u % prime
        a = a * a % prime
        b = b * b % prime
        x_2 = a * b % prime
        e = a - b
        z_2 = e * (a + 121665 * e) % prime
        if not at % SLICE_ROUNDS:
            yield
    # The last bit is always 0, so that nothing is left swapped.
    inverse = yield from _inverse(z_2)
    return (x_2 * inverse % prime).to_bytes(32, "little")


def _inverse(number):
    """Return, in slices, number ** (p - 2): Fermat's inverse, and 0 for 0.

    The exponent is 0x7f, 30 times 0xff and 0xeb. At once it would be 500 products, ten slices.
    """
    all_ones = pow(number, 0xFF, _PRIME)
    power = pow(number, 0x7F, _PRIME)
    for at in range(30):
        power = pow(power, 256, _PRIME) * all_ones % _PRIME
        if not at % 4:
            yield
    return pow(power, 256, _PRIME) * pow(number, 0xEB, _PRIME) % _PRIME
