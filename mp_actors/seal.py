"""Seals: what turns one write of frames into the body of a record, and back.

From the keys that a handshake left to `data -> body -> data`; `!I` before the body is the link's.
Each direction has a key of its own, so a reflected record does not open; each record takes the next
number of its direction, which is never sent, so a record that was replayed, dropped, swapped or cut
does not open either. One that does not open spoils the seal: nothing is opened any more, and
the caller closes the connection. No clock, no I/O.
"""

import struct

from mp_actors.errors import RemoteWireError

CCM_KEY_BYTES = 16  # AES-128; a direction's key has 32 bytes, for Fernet
CCM_TAG_BYTES = 8
COUNTER_BYTES = 8
# A Fernet token holds version 1, time 8, IV 16 and HMAC 32 beside the ciphertext.
_FERNET_FIXED_BYTES = 57
_BLOCK_BYTES = 16


class Keyed:
    """What the two seals share: both counters, and that one wrong record ends it."""

    def __init__(self):
        self._sent = 0  # records; the number of the next one
        self._received = 0
        self._is_spoilt = False

    def room(self, limit_bytes):
        """How much data fits a body of at most so many bytes; 0 or more."""
        return room(self.name, limit_bytes)

    def seal(self, data):
        """The next record's body."""
        body = self._close(self._sent, data)
        self._sent += 1
        return body

    def open(self, body):
        """The data of the next record's body. *Raises* RemoteWireError, and then for ever."""
        if self._is_spoilt:
            raise RemoteWireError("an earlier record did not open; close the connection")
        # Until it has opened, whatever ends the attempt: also memory that ran out half-way.
        self._is_spoilt = True
        data = self._open(self._received, body)
        self._received += 1
        self._is_spoilt = False
        return data


class Ccm(Keyed):
    """AES-128-CCM with 8 bytes of tag (*Source*: RFC 3610, NIST SP 800-38C).

    The nonce is 4 zero bytes and the record's number in 8, big endian.
    """

    name = "ccm"
    overhead_bytes = CCM_TAG_BYTES

    def __init__(self, crypto, send_key, receive_key):
        super().__init__()
        self._sender = crypto.Ccm(send_key[:CCM_KEY_BYTES], CCM_TAG_BYTES)
        self._receiver = crypto.Ccm(receive_key[:CCM_KEY_BYTES], CCM_TAG_BYTES)

    def _close(self, number, data):
        return self._sender.seal(struct.pack("!IQ", 0, number), data)

    def _open(self, number, body):
        return self._receiver.open(struct.pack("!IQ", 0, number), body)


def room(name, limit_bytes):
    """How much data fits a body of at most so many bytes under the seal of a name; 0 or more."""
    if name == "fernet":
        token = limit_bytes // 4 * 3  # base64 writes 3 bytes as 4 characters
        blocks = (token - _FERNET_FIXED_BYTES) // _BLOCK_BYTES
        # Padding takes at least a byte of the last block.
        return max(0, blocks * _BLOCK_BYTES - 1 - COUNTER_BYTES)
    return max(0, limit_bytes - (CCM_TAG_BYTES if name == "ccm" else 0))
