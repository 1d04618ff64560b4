"""A Noise handshake: two messages in which two devices prove their keys and agree on fresh ones.

From keys and payloads to messages, and at the end three secrets. No sockets, no frames, no clock;
what a message means and who may speak is `handshake`'s business. A pattern is a row of a table and
not code, so a new one is a line. *Source*: The Noise Protocol Framework, revision 34, whose names
are used here (MixKey, MixHash, Split ...), and RFC 7748, 5869, 3610 for what it stands on.

Two rows go beyond it, and say so in their names:
`NNPSK0` is NNpsk0 with a cipher that Noise does not list and boards have: AES-256-CCM, 16 bytes of
tag, the nonce laid out as Noise does for AESGCM. `RESUME` has no Diffie-Hellman, which takes a
board seconds: both send 16 random bytes `n`, mixed in like `e` beside a secret that a full
handshake left behind. Who learns that secret later can read all that was resumed with it: forward
secrecy holds only for what was before the last full handshake.
"""

import struct
from collections import namedtuple

from mp_actors.errors import RemoteWireError

KEY_BYTES = 32  # of a private, public or shared key, and of a hash
RANDOM_BYTES = 16  # of the token `n`
TAG_BYTES = 16
RESUMPTION = b"mp-actors resumption"

# has_static: both sides' static keys are known to both before the first message.
Row = namedtuple("Row", ["name", "cipher", "has_static", "messages"])

KK = Row("Noise_KK_25519_AESGCM_SHA256", "Gcm", True, (("e", "es", "ss"), ("e", "ee", "se")))
NNPSK0 = Row("Noise_NNpsk0_25519_AESCCM_SHA256", "Ccm", False, (("psk", "e"), ("e", "ee")))
RESUME = Row("mp-actors_RESUME_AESCCM_SHA256", "Ccm", False, (("psk", "n"), ("n",)))


class Noise:
    """One side of one handshake. After an error it is spoilt: throw it away.

    `crypto`: the provider. `private`, `remote_public`: the static keys, `psk`: the shared one, each
    32 bytes, or None where the row does not use it.
    `write` and `read` are generators: they yield None between slices of a long calculation.
    """

    def __init__(self, crypto, row, is_initiator, prologue, private, remote_public, psk):
        self._crypto = crypto
        self._row = row
        self._is_initiator = is_initiator
        self._psk = psk
        self._private = {"s": private, "e": None}
        self._remote = {"s": remote_public, "e": None}
        self._has_psk = "psk" in row.messages[0]
        self._turn = 0  # index of the message that comes next
        self._key = None
        self._nonce = 0
        name = row.name.encode()
        # InitializeSymmetric: a name of at most a hash's length is not hashed.
        self._hash = name + bytes(KEY_BYTES - len(name))
        self._chain = self._hash
        self._mix_hash(prologue)

    @property
    def is_done(self):
        """Whether the last message was written or read."""
        return self._turn == len(self._row.messages)

    def write(self, payload):
        """GENERATOR: the next message, this side's turn, with a payload in it."""
        assert self._is_mine
        yield from self._mix_static_keys()
        message = b""
        for token in self._row.messages[self._turn]:
            if token == "e":
                self._private["e"] = self._crypto.random(KEY_BYTES)
                public = yield from self._crypto.public_key(self._private["e"])
                message += self._mix_public(public)
            elif token == "n":
                message += self._mix_random(self._crypto.random(RANDOM_BYTES))
            else:
                yield from self._mix_secret(token)
        self._turn += 1
        return message + self._encrypt_and_hash(payload)

    def read(self, message):
        """GENERATOR: the payload of the other side's next message. *Raises* RemoteWireError."""
        assert not self._is_mine
        yield from self._mix_static_keys()
        for token in self._row.messages[self._turn]:
            if token == "e":
                self._remote["e"] = self._mix_public(_front(message, KEY_BYTES))
                message = message[KEY_BYTES:]
            elif token == "n":
                self._mix_random(_front(message, RANDOM_BYTES))
                message = message[RANDOM_BYTES:]
            else:
                yield from self._mix_secret(token)
        payload = self._decrypt_and_hash(message)
        self._turn += 1
        return payload

    def split(self):
        """(send key, receive key, resumption secret), 32 bytes each, once `is_done`.

        The third is our own: HKDF like the other two, but with a label, which is why it tells
        nothing about them.
        """
        assert self.is_done
        keys = self._crypto.hkdf(self._chain, b"", b"", 2 * KEY_BYTES)
        resumption = self._crypto.hkdf(self._chain, b"", RESUMPTION, KEY_BYTES)
        initiator, responder = keys[:KEY_BYTES], keys[KEY_BYTES:]
        if self._is_initiator:
            return initiator, responder, resumption
        return responder, initiator, resumption

    @property
    def _is_mine(self):
        return self._is_initiator == (self._turn % 2 == 0)

    def _mix_static_keys(self):
        # The pre-messages `-> s` and `<- s`. Not in __init__: the own public key takes long.
        if not self._row.has_static or self._turn:
            return
        own = yield from self._crypto.public_key(self._private["s"])
        keys = (own, self._remote["s"]) if self._is_initiator else (self._remote["s"], own)
        for key in keys:
            self._mix_hash(key)

    def _mix_public(self, public):
        self._mix_hash(public)
        if self._has_psk:
            self._mix_key(public)
        return public

    def _mix_random(self, random):
        self._mix_hash(random)
        self._mix_key(random)
        return random

    def _mix_secret(self, token):
        if token == "psk":
            keys = self._crypto.hkdf(self._chain, self._psk, b"", 3 * KEY_BYTES)
            self._chain = keys[:KEY_BYTES]
            self._mix_hash(keys[KEY_BYTES : 2 * KEY_BYTES])
            self._initialize_key(keys[2 * KEY_BYTES :])
            return
        # es: the initiator's ephemeral with the responder's static key; its letters change places.
        own, other = token if self._is_initiator else (token[1], token[0])
        shared = yield from self._crypto.x25519(self._private[own], self._remote[other])
        self._mix_key(shared)

    def _mix_key(self, material):
        # Noise's HKDF is RFC 5869's with the chaining key for salt and no info.
        keys = self._crypto.hkdf(self._chain, material, b"", 2 * KEY_BYTES)
        self._chain = keys[:KEY_BYTES]
        self._initialize_key(keys[KEY_BYTES:])

    def _mix_hash(self, data):
        self._hash = self._crypto.sha256(self._hash + data)

    def _initialize_key(self, key):
        self._key = key
        self._nonce = 0

    def _encrypt_and_hash(self, payload):
        sealed = self._cipher().seal(self._next_nonce(), payload, self._hash)
        self._mix_hash(sealed)
        return sealed

    def _decrypt_and_hash(self, sealed):
        payload = self._cipher().open(self._next_nonce(), sealed, self._hash)
        self._mix_hash(sealed)
        return payload

    def _cipher(self):
        if self._row.cipher == "Gcm":
            return self._crypto.Gcm(self._key)
        return self._crypto.Ccm(self._key, TAG_BYTES)

    def _next_nonce(self):
        nonce = struct.pack("!IQ", 0, self._nonce)
        self._nonce += 1
        return nonce


def _front(message, size):
    if len(message) < size:
        raise RemoteWireError("handshake ends %d bytes early" % (size - len(message)))
    return message[:size]
