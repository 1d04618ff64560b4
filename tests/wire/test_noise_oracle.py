"""The Noise engine against `noiseprotocol`, an implementation that shares no line with it.

KK runs under its registered name. For NNpsk0 the oracle is given the one cipher that Noise does not
list, AES-256-CCM by `cryptography`, and RESUME, which is ours, is calculated a second time from the
words of its description by `hashlib` and `hmac`.
"""

import hashlib
import hmac

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from noise.backends.default import DefaultNoiseBackend
from noise.backends.default.ciphers import AESGCMCipher
from noise.connection import Keypair, NoiseConnection

from actors.accel import crypto
from mp_actors import noise
from mp_actors.errors import RemoteWireError
from tests.kernel.pairs import NNPSK0_RUN, RESUME_RUN

PROLOGUE = b"site of sixteen." + bytes(range(8))
PAYLOADS = [(b"", b""), (b"hello", b"hallo"), (b"q" * 1000, b""), (b"", b"a" * 4001)]
PSK = bytes(range(32))
NNPSK0_GCM = noise.NNPSK0._replace(name="Noise_NNpsk0_25519_AESGCM_SHA256", cipher="Gcm")
ROWS = [noise.KK, noise.NNPSK0, NNPSK0_GCM]


class CcmCipher(AESGCMCipher):
    """AES-256-CCM with 16 bytes of tag, the nonce laid out as for AESGCM."""

    @property
    def klass(self):
        return AESCCM


class Backend(DefaultNoiseBackend):
    """All that `noiseprotocol` knows, and CCM."""

    def __init__(self):
        super().__init__()
        self.ciphers["AESCCM"] = CcmCipher


class Pair:
    """The same handshake seen from both ends: ours and the oracle's."""

    def __init__(self, row, ours_begins, prologue=PROLOGUE):
        mine, theirs = crypto.random(32), crypto.random(32)
        my_public, their_public = (crypto.run(crypto.public_key(key)) for key in (mine, theirs))
        static = (mine, their_public) if row.has_static else (None, None)
        psk = None if row.has_static else PSK
        self.ours = noise.Noise(crypto, row, ours_begins, prologue, *static, psk)
        self.oracle = NoiseConnection.from_name(row.name.encode(), Backend())
        if row.has_static:
            self.oracle.set_keypair_from_private_bytes(Keypair.STATIC, theirs)
            self.oracle.set_keypair_from_public_bytes(Keypair.REMOTE_STATIC, my_public)
        else:
            self.oracle.set_psks(PSK)
        self.oracle.set_prologue(PROLOGUE)
        begin = self.oracle.set_as_responder if ours_begins else self.oracle.set_as_initiator
        begin()
        self.oracle.start_handshake()

    def send(self, payload):
        """From ours to the oracle: what arrived."""
        return bytes(self.oracle.read_message(crypto.run(self.ours.write(payload))))

    def receive(self, payload):
        """From the oracle to ours."""
        return crypto.run(self.ours.read(bytes(self.oracle.write_message(payload))))


@pytest.mark.parametrize("payloads", PAYLOADS)
@pytest.mark.parametrize("ours_begins", [True, False], ids=["initiator", "responder"])
@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_engine_agrees_with_noiseprotocol(row, ours_begins, payloads):
    pair = Pair(row, ours_begins)
    first, second = (pair.send, pair.receive) if ours_begins else (pair.receive, pair.send)
    assert first(payloads[0]) == payloads[0]
    assert not pair.ours.is_done
    assert second(payloads[1]) == payloads[1]
    assert pair.ours.is_done
    assert pair.oracle.handshake_finished
    send_key, receive_key, resumption = pair.ours.split()
    protocol = pair.oracle.noise_protocol
    assert (send_key, receive_key) == (
        protocol.cipher_state_decrypt.k,
        protocol.cipher_state_encrypt.k,
    )
    assert len({send_key, receive_key, resumption}) == 3


@pytest.mark.parametrize("row", ROWS, ids=[row.name for row in ROWS])
def test_the_oracle_and_the_engine_refuse_each_other_after_another_prologue(row):
    pair = Pair(row, True, PROLOGUE[:-1])
    with pytest.raises(InvalidTag):
        pair.send(b"hello")
    pair = Pair(row, False, PROLOGUE[:-1])
    with pytest.raises(RemoteWireError):
        pair.receive(b"hello")


@pytest.mark.filterwarnings("ignore:One of ephemeral")
def test_the_run_that_boards_repeat_is_what_noiseprotocol_says():
    run = NNPSK0_RUN
    ends = []
    for is_initiator in (True, False):
        end = NoiseConnection.from_name(noise.NNPSK0.name.encode(), Backend())
        end.set_psks(run["psk"])
        end.set_prologue(run["prologue"])
        (end.set_as_initiator if is_initiator else end.set_as_responder)()
        end.set_keypair_from_private_bytes(Keypair.EPHEMERAL, run["random"][not is_initiator])
        end.start_handshake()
        ends.append(end)
    initiator, responder = ends
    first = bytes(initiator.write_message(run["payloads"][0]))
    responder.read_message(first)
    second = bytes(responder.write_message(run["payloads"][1]))
    initiator.read_message(second)
    assert (first, second) == run["messages"]
    assert run["keys"][:2] == (
        initiator.noise_protocol.cipher_state_encrypt.k,
        responder.noise_protocol.cipher_state_encrypt.k,
    )


def expand(chain, material, *infos):
    """RFC 5869 with one block per info, each after the block before it."""
    secret = hmac.digest(chain, material, "sha256")
    blocks = [b""]
    for index, info in enumerate(infos, 1):
        blocks.append(hmac.digest(secret, blocks[-1] + info + bytes([index]), "sha256"))
    return blocks[1:]


def test_the_run_of_resume_is_what_its_description_says():
    run = RESUME_RUN
    state = chain = noise.RESUME.name.encode().ljust(32, b"\0")
    state = hashlib.sha256(state + run["prologue"]).digest()
    chain, extra, _ = expand(chain, run["psk"], b"", b"", b"")
    state = hashlib.sha256(state + extra).digest()
    for random, payload, message in zip(
        run["random"], run["payloads"], run["messages"], strict=True
    ):
        state = hashlib.sha256(state + random).digest()
        chain, key = expand(chain, random, b"", b"")
        sealed = AESCCM(key).encrypt(bytes(12), payload, state)
        state = hashlib.sha256(state + sealed).digest()
        assert message == random + sealed
    (resumption,) = expand(chain, b"", b"mp-actors resumption")
    assert run["keys"] == (*expand(chain, b"", b"", b""), resumption)
