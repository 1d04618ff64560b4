"""AES as the portable ciphers find it, by vectors of NIST; and where CPython's tests get it from.

CPython has no `cryptolib`. A test of anything that seals calls `lend_aes()` before.
*Source*: FIPS 197, appendix C; NIST SP 800-38A, appendix F.2.
"""

from mp_actors.crypto import aes

KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
IV = bytes(range(16))
PLAIN = bytes.fromhex("6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51")
SEALED = bytes.fromhex("7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2")


def lend_aes():
    """Put a cipher by `cryptography` where the portable ones look, if the interpreter has none."""
    try:
        import cryptolib  # noqa: F401
    except ImportError:
        aes.new = _Cipher


class _Cipher:
    """A cipher of the shape of `cryptolib`'s: it goes on where the last call ended."""

    def __init__(self, key, mode, iv=None):
        from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

        assert mode in (aes.ECB, aes.CBC)
        self._cipher = Cipher(
            algorithms.AES(key), modes.ECB() if mode == aes.ECB else modes.CBC(iv)
        )
        self._way = None

    def encrypt(self, blocks):
        self._way = self._way or self._cipher.encryptor()
        assert len(blocks) % 16 == 0
        return self._way.update(blocks)

    def decrypt(self, blocks):
        self._way = self._way or self._cipher.decryptor()
        assert len(blocks) % 16 == 0
        return self._way.update(blocks)


lend_aes()


def test_a_block_is_sealed_as_fips_197_says_with_keys_of_both_sizes():
    plain = bytes.fromhex("00112233445566778899aabbccddeeff")
    pairs = (
        (16, "69c4e0d86a7b0430d8cdb78070b4c55a"),
        (32, "8ea2b7ca516745bfeafc49904b496089"),
    )
    for size, sealed in pairs:
        sealed = bytes.fromhex(sealed)
        assert aes.new(bytes(range(size)), aes.ECB).encrypt(plain) == sealed
        assert aes.new(bytes(range(size)), aes.ECB).decrypt(sealed) == plain


def test_blocks_are_chained_as_nist_says():
    assert aes.new(KEY, aes.CBC, IV).encrypt(PLAIN) == SEALED
    assert aes.new(KEY, aes.CBC, IV).decrypt(SEALED) == PLAIN


def test_a_cipher_of_single_blocks_can_be_used_again():
    cipher = aes.new(KEY, aes.ECB)
    assert cipher.encrypt(PLAIN) == cipher.encrypt(PLAIN)
    assert cipher.encrypt(bytearray(PLAIN)) == cipher.encrypt(PLAIN[:16]) + cipher.encrypt(
        PLAIN[16:]
    )
