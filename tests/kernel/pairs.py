"""What the tests of handshakes share: the provider of this interpreter, devices with keys, runs.

Portable like the tests. The runs are checked by another implementation in
`tests/wire/test_noise_oracle.py`, which is why they stand apart from the tests that repeat them.
"""

import sys

from mp_actors.handshake import Handshake
from mp_actors.keyring import Keys

if sys.implementation.name == "micropython":
    from mp_actors.crypto import portable as crypto
else:
    from actors.accel import crypto

SITE = bytes(range(16))
COUNT = bytes(range(96))
unhex = bytes.fromhex

# Two messages each, from the randomness of both sides to the initiator's three secrets.
NNPSK0_RUN = {
    "psk": COUNT[:32],
    "prologue": b"site and head",
    "random": (COUNT[32:64], COUNT[64:]),
    "payloads": (b"hello", b"hallo"),
    "messages": (
        unhex(
            "358072d6365880d1aeea329adf9121383851ed21a28e3b75e965d0d2cd166254"
            "d3e9c45ffb048ced440b779450c32e03abb17aa12a"
        ),
        unhex(
            "79a631eede1bf9c98f12032cdeadd0e7a079398fc786b88cc846ec89af85a51a"
            "f422024a1e191e488a16fd86fe3105fd2bce9ac00b"
        ),
    ),
    "keys": (
        unhex("dc2361d6b126feca576a64f7098b709b1bed3bf8219da827c7353e721842b53a"),
        unhex("5255f883651ec7736438b0700d459a88c80a554d7c9c34828a356a6d544b0a21"),
        unhex("c490b75cfc087747acd6315382a59b937249bd99c10f7b41d76e9170b98672d2"),
    ),
}
RESUME_RUN = {
    "psk": COUNT[:32],
    "prologue": b"site and head",
    "random": (COUNT[32:48], COUNT[64:80]),
    "payloads": (b"hello", b"hallo"),
    "messages": (
        unhex("202122232425262728292a2b2c2d2e2f3ceef9dac74d0208d30bbb05fb1a03a5e6a6537e09"),
        unhex("404142434445464748494a4b4c4d4e4f57a12e82ba552a5e0c457f151471cdea66603bc4a8"),
    ),
    "keys": (
        unhex("2148db63845eb43f97d235a328efa5d81e3b29fccdaffd4421b08285773bffb7"),
        unhex("58b0fa104721165817628dc815c222a58349dbb2af6a356f213d3c4bf3562944"),
        unhex("d9f89faa9e03171189f810b9e8909a454334ea12cb6397785b3fdcdea8e48713"),
    ),
}


class FixedRandom:
    """The provider, with randomness that is given: what a run can be repeated by."""

    def __init__(self, *values):
        self._values = list(values)

    def __getattr__(self, name):
        return getattr(crypto, name)

    def random(self, size):
        """The next value."""
        value = self._values.pop(0)
        assert len(value) == size
        return value


def shared_key(one, other):
    """The key that two devices share, hexadecimal."""
    return crypto.sha256(b"%d and %d" % (min(one, other), max(one, other))).hex()


def key_dict(number, neighbours, site=SITE, seal="ccm"):
    """The keys of a board, as its file has them: `neighbours` are numbers."""
    entries = {}
    for other in neighbours:
        entries[str(other)] = {"pattern": "NNpsk0", "psk": shared_key(number, other), "seal": seal}
    path = "lab/device%d" % number
    return {
        "site": site.hex(),
        "number": number,
        "path": path,
        "epoch": 1,
        "private": None,
        "neighbours": entries,
        "control": {"from": 1, "mac": None, "modulus": "55"},
    }


def keys_of(number, *neighbours):
    """The keys of a board that knows these neighbours."""
    return Keys(key_dict(number, neighbours))


def shake(dialler_keys, acceptor_keys, payloads=(b"hello", b"hallo")):
    """(dialler, acceptor) after a handshake in which each got what the other gave."""
    dialler = Handshake(crypto, dialler_keys, True, acceptor_keys.number)
    acceptor = Handshake(crypto, acceptor_keys, False)
    frame = crypto.run(dialler.write(payloads[0]))
    assert crypto.run(acceptor.read(frame)) == payloads[0]
    frame = crypto.run(acceptor.write(payloads[1]))
    assert crypto.run(dialler.read(frame)) == payloads[1]
    return dialler, acceptor


def resumable(one=1, other=2):
    """(keys, keys) of two devices that have a secret to resume with."""
    pair = keys_of(one, other), keys_of(other, one)
    for end in shake(*pair):
        end.confirm()
    return pair
