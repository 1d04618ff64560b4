"""AES-CCM by the packet vectors of RFC 3610; every change of a record is refused."""

from helpers import refusal
from test_crypto_aes import lend_aes

from mp_actors.crypto.ccm import SIZE_MAX, Ccm
from mp_actors.crypto.hmac import sha256
from mp_actors.errors import LocalWireError, RemoteWireError

lend_aes()

# Packets 1 to 12 are bytes that count up, of which the first are not sealed: nonce (its middle),
# bytes not sealed, bytes in all, what is sealed with its tag.
COUNTING_KEY = bytes(range(0xC0, 0xD0))
COUNTING = (
    ("03020100", 8, 31, "588c979a61c663d2f066d0c2c0f989806d5f6b61dac38417e8d12cfdf926e0"),
    ("04030201", 8, 32, "72c91a36e135f8cf291ca894085c87e3cc15c439c9e43a3ba091d56e10400916"),
    ("05040302", 8, 33, "51b1e5f44a197d1da46b0f8e2d282ae871e838bb64da8596574adaa76fbd9fb0c5"),
    ("06050403", 12, 31, "a28c6865939a9a79faaa5c4c2a9d4a91cdac8c96c861b9c9e61ef1"),
    ("07060504", 12, 32, "dcf1fb7b5d9e23fb9d4e131253658ad86ebdca3e51e83f077d9c2d93"),
    ("08070605", 12, 33, "6fc1b011f006568b5171a42d953d469b2570a4bd87405a0443ac91cb94"),
    ("09080706", 8, 31, "0135d1b2c95f41d5d1d4fec185d166b8094e999dfed96c048c56602c97acbb7490"),
    ("0a090807", 8, 32, "7b75399ac0831dd2f0bbd75879a2fd8f6cae6b6cd9b7db24c17b4433f434963f34b4"),
    ("0b0a0908", 8, 33, "82531a60cc24945a4b8279181ab5c84df21ce7f9b73f42e197ea9c07e56b5eb17e5f4e"),
    ("0c0b0a09", 12, 31, "07342594157785152b074098330abb141b947b566aa9406b4d999988dd"),
    ("0d0c0b0a", 12, 32, "676bb20380b0e301e8ab79590a396da78b834934f53aa2e9107a8b6c022c"),
    ("0e0d0c0b", 12, 33, "c0ffa0d6f05bdb67f24d43a4338d2aa4bed7b20e43cd1aa31662e7ad65d6db"),
)

# Packets 13 to 24: nonce (its first bytes), what is not sealed, what is, the result.
RANDOM_KEY = bytes.fromhex("d7828d13b2b0bdc325a76236df93cc6b")
RANDOM = (
    (
        "00412b4ea9cdbe",
        "0be1a88bace018b1",
        "08e8cf97d820ea258460e96ad9cf5289054d895ceac47c",
        "4cb97f86a2a4689a877947ab8091ef5386a6ffbdd080f8e78cf7cb0cddd7b3",
    ),
    (
        "0033568ef7b263",
        "63018f76dc8a1bcb",
        "9020ea6f91bdd85afa0039ba4baff9bfb79c7028949cd0ec",
        "4ccb1e7ca981befaa0726c55d378061298c85c92814abc33c52ee81d7d77c08a",
    ),
    (
        "00f8b678094e3b",
        "77b60f011c03e1525899bcae",
        "e88b6a46c78d63e52eb8c546efb5de6f75e9cc0d",
        "5545ff1a085ee2efbf52b2e04bee1e2336c73e3f762c0c7744fe7e3c",
    ),
    (
        "00d560912d3f70",
        "cd9044d2b71fdb8120ea60c0",
        "6435acbafb11a82e2f071d7ca4a5ebd93a803ba87f",
        "009769ecabdf48625594c59251e6035722675e04c847099e5ae0704551",
    ),
    (
        "0042fff8f1951c",
        "d85bc7e69f944fb8",
        "8a19b950bcf71a018e5e6701c91787659809d67dbedd18",
        "bc218daa947427b6db386a99ac1aef23ade0b52939cb6a637cf9bec2408897c6ba",
    ),
    (
        "00920f40e56cdc",
        "74a0ebc9069f5b37",
        "1761433c37c5a35fc1f39f406302eb907c6163be38c98437",
        "5810e6fd25874022e80361a478e3e9cf484ab04f447efff6f0a477cc2fc9bf548944",
    ),
    (
        "0027ca0c7120bc",
        "44a3aa3aae6475ca",
        "a434a8e58500c6e41530538862d686ea9e81301b5ae4226bfa",
        "f2beed7bc5098e83feb5b31608f8e29c38819a89c8e776f1544d4151a4ed3a8b87b9ce",
    ),
    (
        "005b8ccbcd9af8",
        "ec46bb63b02520c33c49fd70",
        "b96b49e21d621741632875db7f6c9243d2d7c2",
        "31d750a09da3ed7fddd49a2032aabf17ec8ebf7d22c8088c666be5c197",
    ),
    (
        "003ebe94044b9a",
        "47a65ac78b3d594227e85e71",
        "e2fcfbb880442c731bf95167c8ffd7895e337076",
        "e882f1dbd38ce3eda7c23f04dd65071eb41342acdf7e00dccec7ae52987d",
    ),
    (
        "008d493b30ae8b",
        "6e37a6ef546d955d34ab6059",
        "abf21c0b02feb88f856df4a37381bce3cc128517d4",
        "f32905b88a641b04b9c9ffb58cc390900f3da12ab16dce9e82efa16da62059",
    ),
)

NONCE = bytes(range(12))
HEAD = b"head"


def packets():
    """Every packet as (key, nonce, associated, plain, sealed); the nonces are of 13 bytes."""
    for middle, head_bytes, size, sealed in COUNTING:
        nonce = bytes.fromhex("000000" + middle + "a0a1a2a3a4a5")
        counted = bytes(range(size))
        yield COUNTING_KEY, nonce, counted[:head_bytes], counted[head_bytes:], bytes.fromhex(sealed)
    for nonce, head, plain, sealed in RANDOM:
        nonce, head, plain = [bytes.fromhex(text) for text in (nonce + "3c9696766cfa", head, plain)]
        yield RANDOM_KEY, nonce, head, plain, bytes.fromhex(sealed)


def refused(cipher, nonce, data, associated=b""):
    return refusal(RemoteWireError, cipher.open, nonce, data, associated)


def flips(data):
    """The data with each of its bits changed."""
    for at in range(len(data)):
        for bit in range(8):
            flipped = bytearray(data)
            flipped[at] ^= 1 << bit
            yield bytes(flipped)


def test_the_packet_vectors_of_rfc_3610():
    count = 0
    for key, nonce, associated, plain, sealed in packets():
        cipher = Ccm(key, len(sealed) - len(plain))
        assert cipher.seal(nonce, plain, associated) == sealed
        assert cipher.open(nonce, sealed, associated) == plain
        count += 1
    assert count == len(COUNTING) + len(RANDOM)


def test_records_of_every_size_around_the_blocks_come_back():
    for key_bytes in (16, 32):
        for tag_bytes in (8, 16):
            cipher = Ccm(bytes(range(key_bytes)), tag_bytes)
            for size in (0, 1, 15, 16, 17, 31, 32, 33, 1000):
                data = b"\xa5" * size
                for associated in (b"", b"\x00", bytes(13), bytes(14), bytes(15), bytes(40)):
                    sealed = cipher.seal(NONCE, data, associated)
                    assert len(sealed) == size + tag_bytes
                    assert cipher.open(NONCE, sealed, associated) == data


def test_more_blocks_than_a_byte_counts_are_sealed_as_another_library_does():
    sealed = Ccm(bytes(range(16)), 8).seal(NONCE, bytes(5000), HEAD)
    assert sha256(sealed) == bytes.fromhex(
        "8142aae88c339f4f2c20bd64aec37e529cba649479ee8b30912f137be82c6211"
    )


def test_every_flipped_bit_of_a_record_its_nonce_and_its_head_is_refused():
    for tag_bytes in (8, 16):
        cipher = Ccm(bytes(range(16)), tag_bytes)
        sealed = cipher.seal(NONCE, b"twenty bytes of data", HEAD)
        for flipped in flips(sealed):
            assert "does not open" in refused(cipher, NONCE, flipped, HEAD)
        for flipped in flips(NONCE):
            refused(cipher, flipped, sealed, HEAD)
        for flipped in flips(HEAD):
            refused(cipher, NONCE, sealed, flipped)


def test_a_shorter_or_longer_record_is_refused():
    cipher = Ccm(bytes(range(16)), 8)
    sealed = cipher.seal(NONCE, b"twenty bytes of data", HEAD)
    for size in range(len(sealed)):
        refused(cipher, NONCE, sealed[:size], HEAD)
    refused(cipher, NONCE, sealed + b"\x00", HEAD)
    refused(cipher, NONCE, sealed)
    refused(cipher, NONCE, sealed, HEAD + b"\x00")
    # Nothing may be moved between what is sealed and what is not.
    assert cipher.seal(NONCE, b"bc", b"a")[-8:] != cipher.seal(NONCE, b"c", b"ab")[-8:]


def test_another_key_or_another_size_of_the_tag_is_refused():
    sealed = Ccm(bytes(range(16)), 8).seal(NONCE, b"data")
    refused(Ccm(bytes(range(1, 17)), 8), NONCE, sealed)
    refused(Ccm(bytes(range(32)), 8), NONCE, sealed)
    refused(Ccm(bytes(range(16)), 16), NONCE, sealed + bytes(8))
    # A tag that was cut must not pass for a shorter one.
    long_sealed = Ccm(bytes(range(16)), 16).seal(NONCE, b"data")
    refused(Ccm(bytes(range(16)), 8), NONCE, long_sealed[:-8])


def test_what_is_too_long_is_refused_on_both_sides():
    cipher = Ccm(bytes(range(16)), 8)
    at_most = bytes(SIZE_MAX)
    assert cipher.open(NONCE, cipher.seal(NONCE, at_most)) == at_most
    problem = refusal(LocalWireError, cipher.seal, NONCE, at_most + b"\x00")
    assert problem == "ccm: 65280 and 0 bytes to seal; at most 65279"
    refusal(LocalWireError, cipher.seal, NONCE, b"", at_most + b"\x00")
    refused(cipher, NONCE, at_most + bytes(9))
    refused(cipher, NONCE, bytes(9), at_most + b"\x00")
