"""X25519 by the vectors of RFC 7748, the points that make no secret, and the slices of the work.

The vector of 1,000 iterations is in the tests of the providers, on CPython, where it is cheap.
"""

from helpers import refusal

from mp_actors.crypto.portable import run
from mp_actors.crypto.x25519 import SLICE_ROUNDS, public_key, x25519
from mp_actors.errors import RemoteWireError

PRIME = (1 << 255) - 19
BASE = b"\x09" + bytes(31)
ALICE = bytes.fromhex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
BOB = bytes.fromhex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")

# Scalar, coordinate, result: section 5.2, the last one after one iteration.
VECTORS = (
    (
        "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
        "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
        "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
    ),
    (
        "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
        "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
        "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
    ),
    (
        "0900000000000000000000000000000000000000000000000000000000000000",
        "0900000000000000000000000000000000000000000000000000000000000000",
        "422c8e7a6227d7bca1350b3e2bb7279f7897b87bb6854b783c60e80311ae3079",
    ),
)

# All coordinates of small order below 2**255; the first three again, beyond the prime.
SMALL_ORDER = [number.to_bytes(32, "little") for number in (0, 1, PRIME - 1, PRIME, PRIME + 1)]
SMALL_ORDER += [
    bytes.fromhex("e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"),
    bytes.fromhex("5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"),
]


def secret(private, public):
    return run(x25519(private, public))


def refused(public):
    return refusal(RemoteWireError, secret, ALICE, public)


def test_the_vectors_of_rfc_7748():
    for scalar, coordinate, result in VECTORS:
        assert secret(bytes.fromhex(scalar), bytes.fromhex(coordinate)) == bytes.fromhex(result)


def test_alice_and_bob_of_rfc_7748_have_one_secret():
    alice, bob = run(public_key(ALICE)), run(public_key(BOB))
    assert alice == bytes.fromhex(
        "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
    )
    assert bob == bytes.fromhex("de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f")
    assert secret(ALICE, bob) == secret(BOB, alice)
    assert secret(ALICE, bob) == bytes.fromhex(
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"
    )


def test_a_point_of_small_order_is_refused():
    for public in SMALL_ORDER:
        assert "small order" in refused(public)
        # The highest bit is not part of a coordinate.
        assert "small order" in refused(public[:31] + bytes([public[31] | 0x80]))


def test_a_coordinate_beyond_the_prime_means_the_one_below_it():
    assert secret(ALICE, (PRIME + 9).to_bytes(32, "little")) == run(public_key(ALICE))
    assert secret(ALICE, BASE[:31] + b"\x80") == run(public_key(ALICE))


def test_bits_of_a_private_key_that_are_not_free_do_not_count():
    changed = bytearray(ALICE)
    changed[0] ^= 0x07
    changed[31] ^= 0xC0
    assert run(public_key(bytes(changed))) == run(public_key(ALICE))


def test_a_public_key_of_another_size_is_refused():
    for size in (0, 31, 33, 64):
        assert refused(b"\x09" * size) == "public key of %d bytes; expected 32" % size


def test_it_yields_none_many_times_on_the_way():
    rounds = list(x25519(ALICE, BASE))
    assert rounds == list(public_key(ALICE)) == [None] * len(rounds)
    # The ladder's slices and, behind them, the inversion's.
    assert len(rounds) > 255 // SLICE_ROUNDS + 4


def test_a_key_can_be_made_while_another_one_is_under_way():
    one, other = public_key(ALICE), public_key(BOB)
    for _ in range(20):
        next(one)
        next(other)
    assert run(one) == run(public_key(ALICE))
    assert run(other) == run(public_key(BOB))
