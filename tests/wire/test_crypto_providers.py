"""The two providers of cryptography make, take and refuse the same, as `cryptography` itself does.

The portable one runs here on CPython, with a lent AES, and in a real MicroPython process.
"""

import json
import os
import subprocess
import sys

import pytest
from cryptography import fernet
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM, AESGCM
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.accel import crypto as host
from mp_actors.crypto import portable, x25519
from mp_actors.crypto.ccm import SIZE_MAX
from mp_actors.errors import RemoteWireError
from tests.house import ROOT, find_tool
from tests.kernel.test_crypto_aes import lend_aes

lend_aes()

PROVIDERS = [portable, host]
PAIRS = [(portable, host), (host, portable)]
SECONDS_MAX = 60

# A slice holds at most as many products as five rounds of the ladder, which is what was timed.
SLICE_PRODUCTS_MAX = 50

# Two of the coordinates of small order; the others are 0, 1 and next to the prime.
EIGHTH = "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800"
OTHER_EIGHTH = "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157"

keys = st.binary(min_size=16, max_size=16) | st.binary(min_size=32, max_size=32)
tokens_keys = st.binary(min_size=32, max_size=32)
private_keys = st.binary(min_size=32, max_size=32)
nonces = st.binary(min_size=12, max_size=12)
data_of_any_size = st.binary(max_size=200) | st.integers(200, 9000).map(lambda size: b"\xa7" * size)


@pytest.fixture(params=PROVIDERS, ids=["portable", "host"])
def provider(request):
    return request.param


@pytest.fixture(scope="module")
def signing():
    """(PEM text, modulus, the key itself)."""
    pem_text, modulus = host.new_signing_key()
    return pem_text, modulus, serialization.load_pem_private_key(pem_text.encode(), None)


def refuses(function, *arguments):
    try:
        function(*arguments)
    except RemoteWireError:
        return True
    return False


def flips(data):
    """The data with each of its bits changed."""
    for bit in range(8 * len(data)):
        flipped = bytearray(data)
        flipped[bit >> 3] ^= 1 << (bit & 7)
        yield bytes(flipped)


# --- names ----------------------------------------------------------------------------------------


def test_a_host_has_all_that_a_board_has_and_more():
    assert set(host.__all__) - set(portable.__all__) == {
        "Gcm",
        "new_private",
        "new_signing_key",
        "sign",
    }
    assert set(portable.__all__) <= set(host.__all__)
    assert not hasattr(portable, "Gcm")
    for one in PROVIDERS:
        assert all(hasattr(one, name) for name in one.__all__)


def test_chance_has_the_size_asked_for_and_never_comes_twice(provider):
    assert [len(provider.random(size)) for size in (0, 1, 16, 32)] == [0, 1, 16, 32]
    assert len({provider.random(16) for _ in range(100)}) == 100


def test_without_a_cipher_of_the_interpreter_a_board_says_what_it_lacks():
    script = "from mp_actors.crypto.portable import Ccm; Ccm(bytes(16), 8)"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert "ImportError: this interpreter has no cryptolib" in done.stderr


# --- digests and derived keys ---------------------------------------------------------------------


@settings(max_examples=300)
@given(st.binary(max_size=150), st.binary(max_size=300))
def test_digests_agree(key, data):
    assert portable.hmac(key, data) == host.hmac(key, data)
    assert portable.sha256(data) == host.sha256(data)


@settings(max_examples=150)
@given(st.binary(max_size=80), st.binary(max_size=80), st.binary(max_size=80), st.integers(0, 300))
def test_derived_keys_agree(salt, material, info, size):
    if size:  # the library makes no empty keys
        assert portable.hkdf(salt, material, info, size) == host.hkdf(salt, material, info, size)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_the_providers_agree_on_what_is_equal(one, other):
    for provider in PROVIDERS:
        assert provider.equal(one, other) == (one == other)
        assert provider.equal(one, bytes(bytearray(one)))


# --- sealed records -------------------------------------------------------------------------------


@settings(max_examples=300)
@given(keys, st.sampled_from([8, 16]), nonces, data_of_any_size, st.binary(max_size=60))
def test_records_are_sealed_alike_and_open_on_the_other_side(key, tag, nonce, data, associated):
    sealed = AESCCM(key, tag).encrypt(nonce, data, associated)
    for provider in PROVIDERS:
        assert provider.Ccm(key, tag).seal(nonce, data, associated) == sealed
        assert provider.Ccm(key, tag).open(nonce, sealed, associated) == data


@given(keys, st.integers(7, 13), st.binary(max_size=60))
def test_nonces_of_every_size_the_mode_has_are_used_alike(key, size, data):
    sealed = host.Ccm(key, 8).seal(bytes(range(size)), data)
    assert portable.Ccm(key, 8).seal(bytes(range(size)), data) == sealed


def test_the_longest_record_of_a_board_is_sealed_alike():
    data = os.urandom(SIZE_MAX)
    sealed = host.Ccm(bytes(16), 8).seal(bytes(12), data, data)
    assert portable.Ccm(bytes(16), 8).seal(bytes(12), data, data) == sealed


@settings(max_examples=200)
@given(keys, nonces, st.binary(max_size=40), st.binary(max_size=20), st.data())
def test_a_changed_record_is_refused(key, nonce, data, associated, chance):
    sealed = host.Ccm(key, 8).seal(nonce, data, associated)
    changed = chance.draw(
        st.sampled_from(list(flips(sealed)))
        | st.integers(0, len(sealed) - 1).map(lambda size: sealed[:size])
        | st.binary(min_size=1, max_size=9).map(lambda more: sealed + more)
    )
    for provider in PROVIDERS:
        assert refuses(provider.Ccm(key, 8).open, nonce, changed, associated)
        assert refuses(provider.Ccm(key, 8).open, nonce, sealed, associated + b"\x00")


def test_every_flipped_bit_of_a_record_is_refused(provider):
    for tag_bytes in (8, 16):
        cipher = provider.Ccm(bytes(range(16)), tag_bytes)
        sealed = cipher.seal(bytes(12), b"a record of three blocks, more or less", b"head")
        assert all(refuses(cipher.open, bytes(12), flip, b"head") for flip in flips(sealed))
        assert all(refuses(cipher.open, flip, sealed, b"head") for flip in flips(bytes(12)))
        assert all(refuses(cipher.open, bytes(12), sealed, flip) for flip in flips(b"head"))


def test_the_hosts_own_cipher_seals_as_the_library_does_and_refuses_every_flipped_bit():
    for key_bytes in (16, 32):
        cipher = host.Gcm(bytes(range(key_bytes)))
        sealed = cipher.seal(bytes(12), b"data", b"head")
        assert sealed == AESGCM(bytes(range(key_bytes))).encrypt(bytes(12), b"data", b"head")
        assert cipher.open(bytes(12), sealed, b"head") == b"data"
        assert all(refuses(cipher.open, bytes(12), flip, b"head") for flip in flips(sealed))
        assert all(refuses(cipher.open, bytes(12), sealed[:size]) for size in range(20))


# --- tokens ---------------------------------------------------------------------------------------


@settings(max_examples=200)
@given(tokens_keys, data_of_any_size, st.integers(0, 1 << 40), st.binary(min_size=16, max_size=16))
def test_tokens_are_sealed_alike_and_any_fernet_opens_them(key, data, time_s, iv):
    library = fernet.Fernet(host.urlsafe_b64encode(key))
    token = host.Fernet(key).seal(data, time_s, iv)
    assert portable.Fernet(key).seal(data, time_s, iv) == token
    assert library.decrypt(token) == data
    assert library.extract_timestamp(token) == time_s
    made_there = library.encrypt_at_time(data, time_s)
    for provider in PROVIDERS:
        assert provider.Fernet(key).open(token) == data
        assert provider.Fernet(key).open(made_there) == data


def test_every_flipped_bit_of_a_token_is_refused(provider):
    for size in (0, 5, 16, 20):  # the text ends in none, one and two signs of padding
        token = provider.Fernet(bytes(range(32))).seal(b"a" * size, 1)
        reader = provider.Fernet(bytes(range(32)))
        assert reader.open(token) == b"a" * size
        assert all(refuses(reader.open, flip) for flip in flips(token))
        assert all(refuses(reader.open, token[:size]) for size in range(len(token)))


def test_a_token_in_another_spelling_is_refused_though_the_library_takes_it(provider):
    token = provider.Fernet(bytes(32)).seal(b"a" * 20, 1)
    for other in (token[:9] + b"\n" + token[9:], token + b"=", b" " + token):
        assert fernet.Fernet(host.urlsafe_b64encode(bytes(32))).decrypt(other) == b"a" * 20
        assert refuses(provider.Fernet(bytes(32)).open, other)


@settings(max_examples=300)
@given(st.binary(max_size=120))
def test_what_is_no_token_is_refused(token):
    for provider in PROVIDERS:
        assert refuses(provider.Fernet(bytes(32)).open, token)


# --- key pairs ------------------------------------------------------------------------------------


@settings(max_examples=25)
@given(private_keys, private_keys)
def test_key_pairs_and_secrets_agree(one, other):
    public = portable.run(portable.public_key(one))
    assert public == host.run(host.public_key(one))
    secret = portable.run(portable.x25519(other, public))
    assert secret == host.run(host.x25519(other, public))
    assert secret == host.run(host.x25519(one, host.run(host.public_key(other))))


@settings(max_examples=25)
@given(private_keys, st.binary(min_size=32, max_size=32))
def test_any_other_32_bytes_make_the_same_secret_or_none(private, public):
    try:
        library = X25519PrivateKey.from_private_bytes(private)
        secret = library.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError:
        secret = None
    for provider in PROVIDERS:
        if secret is None:
            assert refuses(provider.run, provider.x25519(private, public))
        else:
            assert provider.run(provider.x25519(private, public)) == secret


def test_points_of_small_order_and_other_sizes_are_refused(provider):
    numbers = (0, 1, 2**255 - 20, 2**255 - 19, 2**255 - 18)
    small = [number.to_bytes(32, "little") for number in numbers]
    small += [bytes.fromhex(EIGHTH), bytes.fromhex(OTHER_EIGHTH)]
    for public in [*small, b"", bytes(31), b"\x09" * 33]:
        assert refuses(provider.run, provider.x25519(host.new_private(), public))


def test_the_vector_of_a_thousand_iterations_of_rfc_7748(provider):
    private = public = b"\x09" + bytes(31)
    for _ in range(1000):
        private, public = provider.run(provider.x25519(private, public)), private
    assert private.hex() == "684cf59ba83309552800ef566f2f4d3c1c3887c49360e3875f2eb94d99532c51"


class CountingPrime(int):
    """The prime of the curve; counts the products that are reduced by it."""

    count = 0

    def __rmod__(self, product):
        CountingPrime.count += 1
        return product % int(self)


def counting_pow(base, exponent, prime):
    CountingPrime.count += exponent.bit_length() + exponent.bit_count() - 1
    return pow(base, exponent, int(prime))


def test_no_slice_holds_more_products_than_were_timed(monkeypatch):
    monkeypatch.setattr(x25519, "_PRIME", CountingPrime(x25519._PRIME))
    monkeypatch.setattr(x25519, "pow", counting_pow, raising=False)
    CountingPrime.count = total = 0
    steps = portable.x25519(bytes(range(32)), b"\x09" + bytes(31))
    done = False
    while not done:
        done = next(steps, True)
        assert 0 < CountingPrime.count <= SLICE_PRODUCTS_MAX
        total += CountingPrime.count
        CountingPrime.count = 0
    # All of them were counted: nine or more a round, and the inversion's.
    assert total > 255 * 9 + 265


# --- signatures -----------------------------------------------------------------------------------


@settings(max_examples=20)
@given(st.binary(max_size=3000))
def test_what_the_host_signs_is_taken_by_both_and_for_nothing_else(signing, message):
    pem_text, modulus, key = signing
    signature = host.sign(pem_text, message)
    assert signature == key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    for provider in PROVIDERS:
        assert provider.run(provider.verify(modulus, signature, message)) is True
        assert provider.run(provider.verify(modulus, signature, message + b"\x00")) is False


def test_every_flipped_bit_of_a_signature_is_refused(provider, signing):
    pem_text, modulus, _ = signing
    signature = host.sign(pem_text, b"map")
    for flip in flips(signature):
        assert provider.run(provider.verify(modulus, flip, b"map")) is False


def blocks_of_forgers(message):
    """What a signature of 2,048 bits should open to, and what lax readers have taken for it."""
    digest = portable.sha256(message)
    info = bytes.fromhex("3031300d060960864801650304020105000420")
    right = b"\x00\x01" + b"\xff" * 202 + b"\x00" + info + digest
    short_padding = b"\x00\x01" + b"\xff" * 8 + b"\x00" + info + digest
    no_null = bytes.fromhex("302f300b0609608648016503040201") + b"\x04\x20" + digest
    sha1 = bytes.fromhex("3021300906052b0e03021a05000414") + digest[:20]
    return right, [
        short_padding + bytes(256 - len(short_padding)),
        short_padding[:-32] + bytes(256 - len(short_padding)) + digest,
        b"\x00\x01" + b"\xff" * (253 - len(no_null)) + b"\x00" + no_null,
        b"\x00\x01" + b"\xff" * (253 - len(sha1)) + b"\x00" + sha1,
        b"\x00\x01" + b"\xff" * 221 + b"\x00" + digest,
        b"\x00\x02" + right[2:],
        b"\x01\x01" + right[2:],
        b"\x00\x01" + b"\xfe" + right[3:],
        b"\x00\x01" + b"\xff" * 203 + info + digest,
        right[:-1] + bytes([right[-1] ^ 1]),
    ]


def test_forged_paddings_are_refused(provider, signing):
    _, modulus, key = signing
    numbers = key.private_numbers()

    def signed(block):
        number = pow(int.from_bytes(block, "big"), numbers.d, numbers.public_numbers.n)
        return number.to_bytes(256, "big")

    right, forged = blocks_of_forgers(b"map")
    assert provider.run(provider.verify(modulus, signed(right), b"map")) is True
    for block in forged:
        assert len(block) == 256
        assert provider.run(provider.verify(modulus, signed(block), b"map")) is False, block.hex()


def test_another_exponent_a_short_modulus_or_none_sign_nothing(provider):
    for exponent, bits in ((3, 2048), (65537, 1024)):
        key = rsa.generate_private_key(exponent, bits)
        modulus = key.public_key().public_numbers().n.to_bytes(bits // 8, "big")
        signature = key.sign(b"map", padding.PKCS1v15(), hashes.SHA256())
        assert provider.run(provider.verify(modulus, signature, b"map")) is False
    for modulus in (b"", bytes(256), b"\xff" * 255 + b"\xfe", b"\x80" + bytes(255)):
        signature = b"\x01" * len(modulus)
        assert provider.run(provider.verify(modulus, signature, b"map")) is False


def test_a_new_key_has_2048_bits_and_is_another_one_each_time(signing):
    pem_text, modulus, key = signing
    assert pem_text.startswith("-----BEGIN PRIVATE KEY-----\n")
    assert (len(modulus), modulus[0] >> 7) == (256, 1)
    assert key.public_key().public_numbers().e == 65537
    assert host.new_signing_key()[1] != modulus
    assert host.new_private() != host.new_private()


def test_a_text_that_holds_no_rsa_key_is_refused():
    curve = X25519PrivateKey.generate().private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    for text in (curve.decode(), "", "no key"):
        with pytest.raises(ValueError, match=r"RSA key|PEM"):
            host.sign(text, b"map")


# --- a board --------------------------------------------------------------------------------------

BOARD = """
import json, sys
from mp_actors.crypto import portable as crypto
from mp_actors.errors import RemoteWireError

def called(name, function, *arguments):
    try:
        made = function(*arguments)
    except RemoteWireError:
        return "refused"
    if hasattr(made, "send"):
        try:
            made = crypto.run(made)
        except RemoteWireError:
            return "refused"
    return made.hex() if isinstance(made, bytes) else made

def answer(name, making, arguments):
    making = [bytes.fromhex(one) if isinstance(one, str) else one for one in making]
    arguments = [bytes.fromhex(one) if isinstance(one, str) else one for one in arguments]
    function = crypto
    for word in name.split("."):
        function = getattr(function, word)
        if word in ("Ccm", "Fernet"):
            function = function(*making)
    return called(name, function, *arguments)

print(json.dumps([answer(*case) for case in json.loads(sys.stdin.readline())]))
"""


def as_text(values):
    return [value.hex() if isinstance(value, bytes) else value for value in values]


def on_board(cases):
    """What a board makes of (name, arguments of the class, arguments) each; it has 256 KiB."""
    text = json.dumps([[name, as_text(making), as_text(values)] for name, making, values in cases])
    done = subprocess.run(
        [find_tool("micropython", "MICROPYTHON"), "-X", "heapsize=256k", "-c", BOARD],
        input=text + "\n",
        cwd=ROOT,
        env={"PATH": os.defpath, "MICROPYPATH": f"{ROOT}:.frozen"},
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_board_opens_what_the_host_sealed_and_refuses_what_was_changed():
    key, nonce = os.urandom(16), os.urandom(12)
    cases, expected = [], []
    for size in (0, 1, 16, 100, 1000):
        data = os.urandom(size)
        sealed = host.Ccm(key, 8).seal(nonce, data, b"head")
        token = host.Fernet(key + key).seal(data, 1_700_000_000)
        for good, name, making, before, after in (
            (sealed, "Ccm.open", (key, 8), (nonce,), (b"head",)),
            (token, "Fernet.open", (key + key,), (), ()),
        ):
            changed = bytearray(good)
            changed[len(good) // 2] ^= 1
            for taken, result in (
                (good, data.hex()),
                (bytes(changed), "refused"),
                (good[:-1], "refused"),
            ):
                cases.append((name, making, (*before, taken, *after)))
                expected.append(result)
    assert on_board(cases) == expected


def test_the_host_opens_what_a_board_sealed():
    key, nonce = os.urandom(32), os.urandom(12)
    plain = [os.urandom(size) for size in (0, 1, 16, 100, 1000)]
    sealed = on_board([("Ccm.seal", (key, 16), (nonce, data, b"head")) for data in plain])
    tokens = on_board([("Fernet.seal", (key,), (data, 1_700_000_000)) for data in plain])
    library = fernet.Fernet(host.urlsafe_b64encode(key))
    for data, record, token in zip(plain, sealed, tokens, strict=True):
        assert host.Ccm(key, 16).open(nonce, bytes.fromhex(record), b"head") == data
        assert host.Fernet(key).open(bytes.fromhex(token)) == data
        assert library.decrypt(bytes.fromhex(token)) == data


def test_a_board_and_the_host_come_to_one_secret_and_one_opinion_of_a_signature(signing):
    pem_text, modulus, _ = signing
    ours, theirs = host.new_private(), host.new_private()
    signature = host.sign(pem_text, b"map")
    public, secret, small, right, wrong, digest, derived = on_board(
        [
            ("public_key", (), (theirs,)),
            ("x25519", (), (theirs, host.run(host.public_key(ours)))),
            ("x25519", (), (theirs, bytes(32))),
            ("verify", (), (modulus, signature, b"map")),
            ("verify", (), (modulus, signature, b"mop")),
            ("hmac", (), (ours, b"data")),
            ("hkdf", (), (b"salt", ours, b"info", 80)),
        ]
    )
    assert host.run(host.x25519(ours, bytes.fromhex(public))).hex() == secret
    assert (small, right, wrong) == ("refused", True, False)
    assert digest == host.hmac(ours, b"data").hex()
    assert derived == host.hkdf(b"salt", ours, b"info", 80).hex()
