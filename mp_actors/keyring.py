"""The keys one device holds: its own, and for each neighbour what proves that it is that one.

From the device's key file (a plain dict, bytes as hexadecimal text) to what `handshake` asks for.
Never opens a file: a host hands in what it keeps on disk, and is told what to keep.
"""

import hashlib

MARK_BYTES = 8


class Keys:
    """`site` (bytes), `number`, `path`, `epoch` and `private` (bytes, or None on a board).

    `control_from`, `control_mac`, `modulus`: the controller's number, the key shared with it (None
    for a console) and the site's RSA modulus.

    `store(number, secret)` is called, if given, when a resumption secret changes (None: drop it);
    `secrets` is {number: secret}, at first what was stored in an earlier life. *Raises* KeyError,
    TypeError, AttributeError or ValueError if `data` is damaged: whoever read the file names it.
    """

    def __init__(self, data, store=None, secrets=None):
        self.site = bytes.fromhex(data["site"])
        self.number = data["number"]
        self.path = data["path"]
        self.epoch = data["epoch"]
        self.private = bytes.fromhex(data["private"]) if data["private"] else None
        control = data["control"]
        self.control_from = control["from"]
        self.control_mac = bytes.fromhex(control["mac"]) if control.get("mac") else None
        self.modulus = bytes.fromhex(control["modulus"])
        # Of the controller's device alone: a key for each device it gives orders to.
        macs = data.get("macs") or {}
        self.macs = dict([(int(number), bytes.fromhex(macs[number])) for number in macs])
        self._store = store
        self.secrets = dict(secrets or {})
        self._neighbours = {}
        for number, entry in data["neighbours"].items():
            self._neighbours[int(number)] = _read(entry)

    def key_for(self, number):
        """(pattern, key, seal) of a neighbour: `"KK"` and its public key, or `"NNpsk0"` and the
        shared one; (None, None, "plain") of a link without keys; None if it is no neighbour."""
        return self._neighbours.get(number)

    def numbers(self):
        """The numbers of all neighbours."""
        return set(self._neighbours)

    def resumption(self, number):
        """The secret that the last full handshake with a neighbour left, or None."""
        kept = self.secrets.get(number)
        # A secret lives no longer than the keys that made it: else who stole both could go on
        # after the keys were changed because of him.
        if kept is None or kept[:MARK_BYTES] != self._mark(number):
            return None
        return kept[MARK_BYTES:]

    def remember(self, number, secret):
        """Keep a neighbour's resumption secret, or None to forget it."""
        if secret is None:
            self.secrets.pop(number, None)
        else:
            secret = self.secrets[number] = self._mark(number) + secret
        if self._store is not None:
            self._store(number, secret)

    def _mark(self, number):
        key = self._neighbours.get(number, (None, None))[1]
        if key is None:
            return None
        return hashlib.sha256((self.private or b"") + key).digest()[:MARK_BYTES]


def _read(entry):
    if entry["seal"] == "plain":
        return None, None, "plain"
    pattern, seal = entry["pattern"], entry["seal"]
    key = bytes.fromhex(entry["public" if pattern == "KK" else "psk"])
    if pattern not in ("KK", "NNpsk0") or seal not in ("ccm", "fernet") or len(key) != 32:
        raise ValueError("a neighbour's entry names pattern %r, seal %r" % (pattern, seal))
    return pattern, key, seal
