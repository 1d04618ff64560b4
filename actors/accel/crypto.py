"""The provider of cryptography on a host: `mp_actors.crypto.portable`'s names, by `cryptography`.

It makes and takes the same bytes, only faster and in constant time, and has three things more: the
cipher `Gcm`, private keys, and the signatures that boards check. Its generators have one slice.
"""

import hashlib
import hmac as hmac_module
import os
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Generator
from functools import lru_cache

from cryptography import fernet
from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from mp_actors.crypto.portable import run
from mp_actors.crypto.rsa import SIZE_BYTES_MIN
from mp_actors.errors import RemoteWireError

__all__ = ["Ccm", "Fernet", "Gcm", "equal", "hkdf", "hmac", "new_private", "new_signing_key"]
__all__ += ["public_key", "random", "run", "sha256", "sign", "verify", "x25519"]

EXPONENT = 65537

random = os.urandom
equal = hmac_module.compare_digest


def sha256(data: bytes) -> bytes:
    """The 32 bytes of its SHA-256."""
    return hashlib.sha256(data).digest()


def hmac(key: bytes, data: bytes) -> bytes:
    """The 32 bytes of HMAC-SHA256."""
    return hmac_module.digest(key, data, "sha256")


def hkdf(salt: bytes, material: bytes, info: bytes, size: int) -> bytes:
    """Return `size` bytes (up to 8,160) that only this salt, secret material and info give."""
    return HKDF(hashes.SHA256(), size, salt, info).derive(material)


# --- key pairs ------------------------------------------------------------------------------------


def new_private() -> bytes:
    """A new private key for X25519: 32 bytes."""
    return random(32)


def public_key(private: bytes) -> Generator[None, None, bytes]:
    """The public key (32 bytes) of a private one."""
    yield
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def x25519(private: bytes, public: bytes) -> Generator[None, None, bytes]:
    """The 32 bytes shared with the owner of a public key.

    *Raises* RemoteWireError: not 32 bytes, or a point of small order.
    """
    yield
    own = X25519PrivateKey.from_private_bytes(private)
    try:
        return own.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise RemoteWireError(f"public key of {len(public)} bytes makes no secret") from error


# --- seals ----------------------------------------------------------------------------------------


class _Sealing:
    """What `Ccm` and `Gcm` share: a cipher made once for its key, as it is used for long."""

    _name = ""
    _cipher: AESCCM | AESGCM

    def seal(self, nonce: bytes, data: bytes, associated: bytes = b"") -> bytes:
        """The sealed data with its tag behind it."""
        return self._cipher.encrypt(nonce, data, associated)

    def open(self, nonce: bytes, data: bytes, associated: bytes = b"") -> bytes:
        """What was sealed. *Raises* RemoteWireError if anything of it is not as it was."""
        try:
            return self._cipher.decrypt(nonce, data, associated)
        except InvalidTag:
            problem = f"{self._name}: record of {len(data)} bytes does not open"
        raise RemoteWireError(problem)


class Ccm(_Sealing):
    """Seals and opens with one key of 16 or 32 bytes; tags of 8 or 16 bytes."""

    _name = "ccm"

    def __init__(self, key: bytes, tag_bytes: int) -> None:
        self._cipher = AESCCM(key, tag_bytes)


class Gcm(_Sealing):
    """Seals and opens with one key of 16 or 32 bytes; tags of 16 bytes."""

    _name = "gcm"

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)


class Fernet:
    """Seals and opens tokens with one key of 32 bytes; takes them in their one spelling only."""

    def __init__(self, key: bytes) -> None:
        self._proof_key = key[:16]
        self._cipher_key = algorithms.AES(key[16:])
        self._reader = fernet.Fernet(urlsafe_b64encode(key))

    def seal(self, data: bytes, time_s: int, iv: bytes | None = None) -> bytes:
        """The token, URL-safe base64 as bytes; time_s: Unix seconds, whole."""
        # The library's own writer takes no IV, which the vectors of the specification need.
        if iv is None:
            iv = random(16)
        count = 16 - len(data) % 16
        cipher = Cipher(self._cipher_key, modes.CBC(iv)).encryptor()
        sealed = cipher.update(data + bytes([count]) * count) + cipher.finalize()
        raw = struct.pack(">BQ", 0x80, time_s) + iv + sealed
        return urlsafe_b64encode(raw + hmac(self._proof_key, raw))

    def open(self, token: bytes) -> bytes:
        """What was sealed. *Raises* RemoteWireError if anything of it is not as it was."""
        try:
            if urlsafe_b64encode(urlsafe_b64decode(token)) == token:
                return self._reader.decrypt(token)
        except (ValueError, fernet.InvalidToken):
            pass
        raise RemoteWireError(f"fernet: token of {len(token)} bytes does not open")


# --- signatures -----------------------------------------------------------------------------------


def new_signing_key() -> tuple[str, bytes]:
    """A new RSA key of 2,048 bits: the PEM text (PKCS #8, not encrypted), and the modulus."""
    key = rsa.generate_private_key(EXPONENT, 2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return pem.decode(), key.public_key().public_numbers().n.to_bytes(256, "big")


def sign(pem_text: str, message: bytes) -> bytes:
    """The signature (256 bytes) of a message. *Raises* ValueError: no RSA key in the text."""
    return _signing_key(pem_text).sign(message, padding.PKCS1v15(), hashes.SHA256())


@lru_cache(maxsize=1)
def _signing_key(pem_text: str) -> rsa.RSAPrivateKey:
    # Reading checks the primes, which takes a hundred times as long as signing.
    key = serialization.load_pem_private_key(pem_text.encode(), None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("expected the PEM text of an RSA key")
    return key


def verify(modulus: bytes, signature: bytes, message: bytes) -> Generator[None, None, bool]:
    """Whether it signs the message; modulus: bytes, the first of them not 0."""
    yield
    if len(modulus) < SIZE_BYTES_MIN or len(signature) != len(modulus):
        return False
    numbers = rsa.RSAPublicNumbers(EXPONENT, int.from_bytes(modulus, "big"))
    try:
        numbers.public_key().verify(signature, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):  # ValueError: the modulus is none
        return False
    return True
