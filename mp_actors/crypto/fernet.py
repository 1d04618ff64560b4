"""Fernet tokens: text that carries its time, its IV and its proof; any Fernet library opens it.

Here the time says nothing: a board may not know it, so that no token is ever too old or too new.
Who must tell a repeat counts inside of the token. A token is refused unless it is written as `seal`
writes: other base64 of the same bytes, which laxer readers take, would be another token.

*Source*: the Fernet specification, version 0x80 (AES-128-CBC, PKCS #7, HMAC-SHA256).
"""

import os
import struct
from binascii import a2b_base64, b2a_base64

from mp_actors.crypto import aes
from mp_actors.crypto.hmac import equal, hmac
from mp_actors.errors import RemoteWireError

_HEAD_BYTES = 25  # version, time, IV
_PROOF_BYTES = 32


class Fernet:
    """Seals and opens with one key of 32 bytes: 16 for the proof, then 16 for the cipher."""

    def __init__(self, key):
        self._proof_key = key[:16]
        self._key = key[16:]

    def seal(self, data, time_s, iv=None):
        """The token, URL-safe base64 as bytes; time_s: Unix seconds, whole."""
        if iv is None:
            iv = os.urandom(16)
        padding = aes.BLOCK_BYTES - len(data) % aes.BLOCK_BYTES
        sealed = aes.new(self._key, aes.CBC, iv).encrypt(data + bytes([padding]) * padding)
        raw = struct.pack(">BQ", 0x80, time_s) + iv + sealed
        return _text(raw + hmac(self._proof_key, raw))

    def open(self, token):
        """What was sealed. *Raises* RemoteWireError if anything of it is not as it was."""
        data = self._opened(token)
        if data is None:
            raise RemoteWireError("fernet: token of %d bytes does not open" % len(token))
        return data

    def _opened(self, token):
        try:
            raw = a2b_base64(token.replace(b"-", b"+").replace(b"_", b"/"))
        except ValueError:
            return None
        sealed_bytes = len(raw) - _HEAD_BYTES - _PROOF_BYTES
        if sealed_bytes < 16 or sealed_bytes % 16 or raw[0] != 0x80 or _text(raw) != token:
            return None
        if not equal(hmac(self._proof_key, raw[:-_PROOF_BYTES]), raw[-_PROOF_BYTES:]):
            return None
        cipher = aes.new(self._key, aes.CBC, raw[9:_HEAD_BYTES])
        data = cipher.decrypt(raw[_HEAD_BYTES:-_PROOF_BYTES])
        # Only who has the key comes this far, so that a wrong padding tells a stranger nothing.
        padding = data[-1]
        if not 0 < padding <= 16 or data[-padding:] != bytes([padding]) * padding:
            return None
        return data[:-padding]


def _text(raw):
    return b2a_base64(raw)[:-1].replace(b"+", b"-").replace(b"/", b"_")
