"""Fernet tokens by the vectors of the specification; every change of a token is refused.

Two vectors for readers that look at the time are here to show that this one does not.
"""

from binascii import a2b_base64, b2a_base64

from helpers import refusal
from test_crypto_aes import lend_aes

from mp_actors.crypto import aes
from mp_actors.crypto.fernet import Fernet
from mp_actors.crypto.hmac import hmac
from mp_actors.errors import RemoteWireError

lend_aes()

KEY = a2b_base64(b"cw/0x689RpI+jtRR7oE8h/eQsKImvJapLeSbXpwF4e4=")
TIME_S = 499162800  # 1985-10-26T01:20:00-07:00
IV = bytes(range(16))

# generate.json and verify.json
TOKEN = (
    b"gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVm"
    b"pU4IwqDA=="
)

# invalid.json, each behind what it has in common with the others: what is wrong, token
BEGIN = b"gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD"
INVALID = (
    (
        "incorrect mac",
        BEGIN + b"3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
    ),
    ("too short", BEGIN + b"3HkMATM5lFqGaerZ-fWPA=="),
    (
        "invalid base64",
        b"%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfs"
        b"H-p1YsUD2Q==",
    ),
    (
        "payload size not multiple of block size",
        BEGIN + b"3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
    ),
    (
        "payload padding error",
        BEGIN + b"z4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
    ),
    (
        "incorrect IV (causes padding error)",
        b"gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1"
        b"TIvcZjK1zQ==",
    ),
)
OUT_OF_TIME = (
    (
        "far-future TS (unacceptable clock skew)",
        b"gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-"
        b"iX9b_qXQcw==",
    ),
    (
        "expired TTL",
        BEGIN + b"3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
    ),
)


def refused(token, key=KEY):
    return refusal(RemoteWireError, Fernet(key).open, token)


def proven(raw):
    """A token of these bytes with a right proof behind them."""
    text = b2a_base64(raw + hmac(KEY[:16], raw))[:-1]
    return text.replace(b"+", b"-").replace(b"/", b"_")


def test_the_generate_vector_of_the_specification():
    assert Fernet(KEY).seal(b"hello", TIME_S, IV) == TOKEN


def test_the_verify_vector_of_the_specification():
    assert Fernet(KEY).open(TOKEN) == b"hello"


def test_the_invalid_vectors_of_the_specification():
    for problem, token in INVALID:
        assert refused(token) == "fernet: token of %d bytes does not open" % len(token), problem


def test_the_time_of_a_token_says_nothing():
    for problem, token in OUT_OF_TIME:
        assert Fernet(KEY).open(token) == b"", problem
    for time_s in (0, 1 << 32, (1 << 64) - 1):
        assert Fernet(KEY).open(Fernet(KEY).seal(b"data", time_s)) == b"data"


def test_data_of_every_size_around_the_blocks_comes_back():
    for size in (0, 1, 15, 16, 17, 31, 32, 33, 1000):
        data = b"\xa5" * size
        token = Fernet(KEY).seal(data, TIME_S)
        assert Fernet(KEY).open(token) == data
        assert len(token) == (57 + 16 * (size // 16 + 1) + 2) // 3 * 4


def test_the_same_data_makes_another_token_each_time():
    assert Fernet(KEY).seal(b"hello", TIME_S) != Fernet(KEY).seal(b"hello", TIME_S)


def test_every_flipped_bit_of_a_token_is_refused():
    for at in range(len(TOKEN)):
        for bit in range(8):
            flipped = bytearray(TOKEN)
            flipped[at] ^= 1 << bit
            refused(bytes(flipped))


def test_a_shorter_or_longer_token_is_refused():
    for size in range(len(TOKEN)):
        refused(TOKEN[:size])
    for more in (b"=", b"\n", b"A", b"AAAA", TOKEN):
        refused(TOKEN + more)
        refused(more + TOKEN)


def test_another_spelling_of_the_same_bytes_is_refused():
    assert b"_" in TOKEN
    refused(TOKEN.replace(b"_", b"/"))
    refused(TOKEN[:20] + b"\n" + TOKEN[20:])
    # The last character carries 2 bits; the other 4 of its 6 say nothing.
    assert TOKEN.endswith(b"A==")
    refused(TOKEN[:-3] + b"B==")


def test_another_key_is_refused():
    refused(TOKEN, KEY[16:] + KEY[:16])
    refused(TOKEN, bytes(32))


def test_a_proven_token_of_another_shape_is_refused():
    raw = a2b_base64(TOKEN.replace(b"-", b"+").replace(b"_", b"/"))[:-32]
    assert Fernet(KEY).open(proven(raw)) == b"hello"
    refused(proven(b"\x81" + raw[1:]))
    refused(proven(raw[:25]))
    refused(proven(raw[:-1]))
    refused(proven(raw + b"\x00"))
    refused(proven(raw[:20]))
    refused(proven(b""))


def test_a_proven_token_of_a_wrong_padding_is_refused():
    for end in (b"\x00", b"\x02", b"\x11" * 17, b"\x20" * 32, b"\x03\x02\x03"):
        data = bytes(32 - len(end)) + end
        sealed = aes.new(KEY[16:], aes.CBC, IV).encrypt(data)
        refused(proven(b"\x80" + bytes(8) + IV + sealed))
    sealed = aes.new(KEY[16:], aes.CBC, IV).encrypt(bytes(16) + b"\x10" * 16)
    assert Fernet(KEY).open(proven(b"\x80" + bytes(8) + IV + sealed)) == bytes(16)
