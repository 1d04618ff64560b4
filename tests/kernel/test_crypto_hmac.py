"""HMAC-SHA256 by the vectors of RFC 4231, and the comparison that goes with it."""

from mp_actors.crypto.hmac import equal, hmac, sha256

LONG_KEY = "aa" * 131

# Key, data, digest in hex: test cases 1 to 7; the fifth is cut to 16 bytes in the RFC.
VECTORS = (
    (
        "0b" * 20,
        b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        "4a656665",
        b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        "aa" * 20,
        b"\xdd" * 50,
        "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
    ),
    (
        "0102030405060708090a0b0c0d0e0f10111213141516171819",
        b"\xcd" * 50,
        "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
    ),
    ("0c" * 20, b"Test With Truncation", "a3b6167473100ee06e0c796c2955552b"),
    (
        LONG_KEY,
        b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        LONG_KEY,
        b"This is a test using a larger than block-size key and a larger than block-size data."
        b" The key needs to be hashed before being used by the HMAC algorithm.",
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
)


def test_the_vectors_of_rfc_4231():
    for key, data, digest in VECTORS:
        made = hmac(bytes.fromhex(key), data)
        assert made[: len(digest) // 2] == bytes.fromhex(digest), data
        assert len(made) == 32


def test_a_key_of_exactly_one_block_is_used_as_it_is():
    key = bytes(range(64))
    assert hmac(key, b"data") == bytes.fromhex(
        "d042969c6684ddec29a78c05155503a21efcad1d70b07e22febe55216365c67c"
    )
    assert hmac(key + b"\x00", b"data") == hmac(sha256(key + b"\x00"), b"data")


def test_sha256_of_nothing_and_of_abc_is_as_fips_180_says():
    assert sha256(b"") == bytes.fromhex(
        "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    )
    assert sha256(b"abc") == bytes.fromhex(
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )


def test_only_equal_bytes_are_equal():
    value = bytes(range(250, 256)) + bytes(range(10))
    assert equal(value, bytes(bytearray(value)))
    assert equal(b"", b"")
    for at in range(len(value)):
        for bit in range(8):
            other = bytearray(value)
            other[at] ^= 1 << bit
            assert not equal(value, bytes(other))
    # A difference must not be cancelled by another one.
    assert not equal(b"\x01\x01", b"\x00\x00")
    assert not equal(value, value[:-1])
    assert not equal(value[:-1], value)
    assert not equal(b"", b"\x00")
