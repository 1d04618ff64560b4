"""The guard of a node: its keys, and the handshake each connection has to pass.

A node without one speaks in the clear. Loaded only where there are keys: a board pays for it in
memory, and for the code of the handshake only as long as one is under way.
"""

from mp_actors.errors import RemoteWireError
from mp_actors.proof import Proof


class Guard:
    """`crypto`: the provider. `keys`: a `keyring.Keys`. `neighbours`: the numbers it knows.

    `proof`: of orders; `term`: see there. `again(secrets)`: makes the keys anew from what is kept
    in flash and the secrets of resumption, for a board that has no room for them at rest.
    """

    def __init__(self, crypto, keys, term=0, again=None):
        self.crypto = crypto
        self.proof = Proof(crypto, keys, term)
        self.neighbours = keys.numbers()
        self._keys = keys
        self._again = again
        self._secrets = keys.secrets

    @property
    def keys(self):
        """The keys of this device and its neighbours."""
        if self._keys is None:
            self._keys = self._again(self._secrets)
        return self._keys

    def rest(self):
        """Nobody greets just now: put the keys aside, where they can be had again."""
        if self._again is not None and self._keys is not None:
            self._secrets, self._keys = self._keys.secrets, None

    def handshake(self, to):
        """The Handshake with a neighbour I dial, or with whoever dialled me (None).

        None for a link that is plain. *Raises* LocalWireError for a neighbour without a key.
        """
        if to is not None:
            key = self.keys.key_for(to)
            if key is not None and key[2] == "plain":
                return None
        from mp_actors.handshake import Handshake

        return Handshake(self.crypto, self.keys, to is not None, to)

    def check(self, number, proved):
        """Whether a HELLO of that number goes with the key that was proved, None for no handshake.

        *Raises* RemoteWireError.
        """
        if proved is None:
            key = self.keys.key_for(number)
            if key is None or key[2] != "plain":
                from mp_actors.handshake import HandshakeError

                raise HandshakeError(
                    "clear",
                    "device %d speaks in the clear; expected a handshake: its keys are missing, or "
                    "its site file is another one" % number,
                )
        elif proved != number:
            raise RemoteWireError("proved to be device %d and says %d" % (proved, number))
