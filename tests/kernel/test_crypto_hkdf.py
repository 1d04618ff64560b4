"""HKDF-SHA256 by the vectors of RFC 5869, appendix A (1 to 3; the others are for SHA-1)."""

from mp_actors.crypto.hkdf import hkdf

# Salt, material, info, result in hex.
VECTORS = (
    (
        bytes(range(13)),
        b"\x0b" * 22,
        bytes(range(0xF0, 0xFA)),
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
    ),
    (
        bytes(range(0x60, 0xB0)),
        bytes(range(0x50)),
        bytes(range(0xB0, 0x100)),
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c"
        "59045a99cac7827271cb41c65e590e09da3275600c2f09b8367793a9aca3db71"
        "cc30c58179ec3e87c14c01d5c1f3434f1d87",
    ),
    (
        b"",
        b"\x0b" * 22,
        b"",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
    ),
)


def test_the_vectors_of_rfc_5869():
    for salt, material, info, result in VECTORS:
        result = bytes.fromhex(result)
        assert hkdf(salt, material, info, len(result)) == result


def test_a_shorter_result_is_the_beginning_of_a_longer_one():
    whole = hkdf(b"salt", b"material", b"info", 8160)
    for size in (0, 1, 31, 32, 33, 64, 8159):
        assert hkdf(b"salt", b"material", b"info", size) == whole[:size]
    # The last block has the number 255; no block comes twice.
    assert len(whole) == 8160
    assert len({whole[at : at + 32] for at in range(0, 8160, 32)}) == 255


def test_salt_material_and_info_all_count():
    results = [hkdf(b"a", b"a", b"a", 32), hkdf(b"b", b"a", b"a", 32)]
    results += [hkdf(b"a", b"b", b"a", 32), hkdf(b"a", b"a", b"b", 32)]
    assert len(set(results)) == 4
