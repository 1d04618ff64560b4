"""RSA signatures: one made with another library, and what must not pass for it.

Forgeries that need the private key are in the tests of the providers.
"""

from mp_actors.crypto.portable import run
from mp_actors.crypto.rsa import verify

MODULUS = bytes.fromhex(
    "b5396722caac75906cd3d0ce4381988689c8b129c39832c61772432dcad1349120231e78abedaa4fa16aa485"
    "5a3e18c921a90b51282031b18315d38d15838cd96fb4949422a33f4e77b28a74f803325f9d8bed693fb8b928"
    "b9ef454cbdec785a49113cfa3c4d20b47adce65eb10cfb02821ec367b7f39b28629e311ee028abd034b0c88f"
    "52bd07da9e4b24e147859286ef0b7d4dc9b52159cd22335d0626cb3a103c8a6819f9115a37474f1127e284f1"
    "7cf4c59fdb5fa2bb1225209cbb5eaf08335fbbde554699d0eec59cbe5306bedd8b2d0dbce44458a06ce8d4a1"
    "deb61a2c9d7e98c842d5afa75e35f58006e8e1a21f9fb45a95a35d10ee3d3e8fdc377c75"
)
MESSAGE = b"map 0 of a site"
SIGNATURE = bytes.fromhex(
    "0535c25a2edde0f1970b4c03eb333762ea195b4948b031f013bdf71903ded5567afd6672cbf18b81621bb5b0"
    "3365485ae4d56a1cc62cb2b36a652a799b902a89d2466946295a9d4f7082d253c4d79e71601636720d849c78"
    "d550fc499de6292602d101cc71b66bc0577cb1148434499207909f4200ef6721b09cfc6d8b10ea41b718c824"
    "827354ccef394aa46cb58861a7d3b3b8ff4a1ff56500a8e247d78db1115f00c7ff6b2983f2844d8dee42df84"
    "706321e294d443acb38323529339be98a08ad7bb18bff7acbd6914c8742335337eef1169493bba8fc0909133"
    "56718ef61144f2a5fc985473179a626d72b5a5accbf49537b50d6f4b41ae2c0b2d3e4223"
)


def signs(modulus, signature, message):
    return run(verify(modulus, signature, message))


def test_a_signature_is_taken_for_its_message_only():
    assert signs(MODULUS, SIGNATURE, MESSAGE) is True
    for message in (b"", MESSAGE + b" ", MESSAGE[:-1], MESSAGE[1:]):
        assert signs(MODULUS, SIGNATURE, message) is False


def test_a_flipped_bit_is_refused():
    for at in range(0, 256, 5):
        flipped = bytearray(SIGNATURE)
        flipped[at] ^= 1 << at % 8
        assert signs(MODULUS, bytes(flipped), MESSAGE) is False, at


def test_another_modulus_is_refused():
    assert signs(MODULUS[:-1] + bytes([MODULUS[-1] ^ 2]), SIGNATURE, MESSAGE) is False


def test_the_same_signature_with_the_modulus_added_is_refused():
    number = int.from_bytes(SIGNATURE, "big") + int.from_bytes(MODULUS, "big")
    assert signs(MODULUS, number.to_bytes(256, "big"), MESSAGE) is False


def test_a_signature_of_another_size_is_refused():
    zero = b"\x00"
    for signature in (b"", SIGNATURE[1:], SIGNATURE[:-1], zero + SIGNATURE, SIGNATURE + zero):
        assert signs(MODULUS, signature, MESSAGE) is False


def test_numbers_that_are_their_own_powers_are_refused():
    number = int.from_bytes(MODULUS, "big")
    for trivial in (0, 1, number - 1, number):
        assert signs(MODULUS, trivial.to_bytes(256, "big"), MESSAGE) is False


def test_a_modulus_below_2048_bits_signs_nothing():
    for modulus in (b"", b"\x00", b"\x03", MODULUS[:128], MODULUS[:255]):
        assert signs(modulus, b"\x01" * len(modulus), MESSAGE) is False


def test_it_yields_between_the_products():
    assert list(verify(MODULUS, SIGNATURE, MESSAGE)) == [None] * 16
