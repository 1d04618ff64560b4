"""The seal whose records are Fernet tokens; see `seal`. Loaded only where a link asks for it."""

import struct

from mp_actors.errors import RemoteWireError
from mp_actors.seal import COUNTER_BYTES, Keyed


class Fernet(Keyed):
    """Each body is a standard Fernet token, which any library opens with the direction's key.

    The plaintext begins with the record's number in 8 bytes, big endian, which has to be the
    expected one; the token's time says nothing and is 0, for a board has no clock. What that costs:
    100 bytes for a record of nothing, 228 for one of 100, 4/3 and some 100 for a large one.
    """

    name = "fernet"
    overhead_bytes = 100

    def __init__(self, crypto, send_key, receive_key):
        super().__init__()
        self._sender = crypto.Fernet(send_key)
        self._receiver = crypto.Fernet(receive_key)

    def _close(self, number, data):
        return self._sender.seal(struct.pack("!Q", number) + data, 0)

    def _open(self, number, body):
        data = self._receiver.open(body)
        # The token was opened, so its number is the peer's own: no secret to compare in secret.
        if data[:COUNTER_BYTES] != struct.pack("!Q", number):
            raise RemoteWireError("record out of order; expected number %d" % number)
        return data[COUNTER_BYTES:]
