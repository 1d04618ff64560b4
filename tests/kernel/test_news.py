"""News between routers as bytes: there and back, and every way of being cut short or made up."""

import hashlib

from helpers import Dice, refusal

from mp_actors import frame, news
from mp_actors.errors import RemoteWireError

BITS = [(1, 2, 3, 0), (0xFFFE, 0xFFFD, 0xFFFFFFFE, 1), (7, 8, 0x01020304, 1)]


def test_a_bit_has_golden_bytes():
    assert news.bit_frames([(0x0102, 0x0304, 0x05060708, 1)]) == [
        bytes.fromhex("0502" + "0102030405060708" + "01")
    ]


def test_a_map_has_its_sha256_and_its_signature_before_it():
    digest = hashlib.sha256(b"a map").digest()
    payload = news.map_frame(b"a map", b"signed")
    assert payload == b"\x05\x01" + digest + b"\x00\x06signeda map"
    assert news.map_frame(b"a map") == b"\x05\x01" + digest + b"\x00\x00a map"
    assert frame.kind(payload) == frame.NEWS


def test_bits_come_back_as_they_were():
    (payload,) = news.bit_frames(BITS)
    assert news.read(payload) == (news.BITS, BITS)


def test_a_map_comes_back_with_the_sha256_and_the_signature_it_was_sent_with():
    for encoded in (b"x", bytes(range(256)), b"m" * 5000):
        for signature in (b"", b"s" * 256):
            payload = news.map_frame(encoded, signature)
            assert news.read(payload) == (news.MAP, (news.digest(encoded), signature, encoded))


def test_no_bits_make_no_frame_and_many_make_frames_a_board_can_take():
    assert news.bit_frames([]) == []
    for count in (1, 99, 100, 101, 200, 1234):
        bits = [(link, 1, 1, link & 1) for link in range(count)]
        frames = news.bit_frames(bits)
        assert max([len(one) for one in frames]) <= frame.BOARD_OUT_LIMIT_BYTES
        assert len(frames) == -(-count // news.BITS_PER_FRAME)
        found = []
        for one in frames:
            found += news.read(one)[1]
        assert found == bits


def test_bits_cut_short_anywhere_are_refused_unless_whole_bits_are_left():
    (payload,) = news.bit_frames(BITS)
    for size in range(len(payload)):
        if size >= 2 and (size - 2) % 9 == 0:
            assert news.read(payload[:size]) == (news.BITS, BITS[: (size - 2) // 9])
        else:
            refusal(RemoteWireError, news.read, payload[:size])


def test_a_map_cut_short_anywhere_is_refused_or_does_not_fit_its_sha256():
    for signature in (b"", b"signature"):
        payload = news.map_frame(b"the map of a site", signature)
        for size in range(len(payload)):
            if size <= 2 + news.DIGEST_BYTES + 2 + len(signature):
                refusal(RemoteWireError, news.read, payload[:size])
            else:
                _, (digest, signed, encoded) = news.read(payload[:size])
                assert news.digest(encoded) != digest and signed == signature


def test_a_signature_longer_than_its_frame_is_refused():
    payload = news.map_frame(b"a map", b"signed")
    for size in (11, 12, 255, 0x8000, 0xFFFF):
        wrong = payload[:34] + bytes([size >> 8, size & 255]) + payload[36:]
        refusal(RemoteWireError, news.read, wrong)


def test_other_operations_are_refused():
    for operation in range(256):
        if operation not in (news.MAP, news.BITS):
            for size in (0, 9, 18, 33, 60):
                payload = bytes([frame.NEWS, operation]) + b"\x00" * size
                refusal(RemoteWireError, news.read, payload)


def test_a_bit_that_is_neither_up_nor_down_is_refused():
    for down in (2, 128, 255):
        refusal(RemoteWireError, news.read, bytes.fromhex("0502000100020000000a") + bytes([down]))


def test_random_bytes_are_read_or_refused_and_nothing_else():
    for seed in range(500):
        dice = Dice(seed)
        payload = bytes([frame.NEWS, dice.below(4)])
        payload += bytes([dice.below(256) for _ in range(dice.below(80))])
        try:
            operation, content = news.read(payload)
        except RemoteWireError:
            continue
        if operation == news.BITS:
            assert b"".join(news.bit_frames(content)) == payload or content == []
        else:
            digest, signature, encoded = content
            size = bytes([len(signature) >> 8, len(signature) & 255])
            assert payload == b"\x05\x01" + digest + size + signature + encoded
