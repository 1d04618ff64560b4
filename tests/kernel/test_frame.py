"""Frames: cut from any stream of bytes alike, limits checked first, heads at fixed offsets."""

from helpers import Dice, refusal

from mp_actors import frame
from mp_actors.errors import LocalWireError, RemoteWireError

# kind 4, flags 1, hops 2, failed 1, version 0x81020304, to 0x9122, from 0xb344, life 0xd566,
# failed link 0x7788, body.
GOLDEN = bytes.fromhex("04010201810203049122b344d566") + b"\x77\x88" + b"body"


def read_all(reader):
    found = []
    payload = reader.next()
    while payload is not None:
        found.append(payload)
        payload = reader.next()
    return found


PAYLOADS = [b"a", b"bc" * 10, b"\x00" * 100, b"x" * 99, b"\xff"]


def stream():
    return b"".join([frame.enclose(payload, 100) for payload in PAYLOADS])


def test_a_frame_stands_behind_its_length():
    assert frame.enclose(b"abc", 10) == b"\x00\x00\x00\x03abc"


def test_a_frame_of_the_limit_is_sent_and_one_byte_more_or_none_is_not():
    assert len(frame.enclose(b"a" * 10, 10)) == 14
    assert "11 bytes" in refusal(LocalWireError, frame.enclose, b"a" * 11, 10)
    refusal(LocalWireError, frame.enclose, b"", 10)


def test_whole_frames_are_read():
    reader = frame.FrameReader(100)
    reader.feed(stream())
    assert read_all(reader) == PAYLOADS
    assert reader.next() is None


def test_frames_are_read_the_same_however_the_stream_is_cut():
    data = stream()
    for size in (1, 2, 3, 4, 5, 7, 104, len(data) - 1):
        reader, found = frame.FrameReader(100), []
        for start in range(0, len(data), size):
            reader.feed(data[start : start + size])
            found += read_all(reader)
        assert found == PAYLOADS, size
    for seed in range(50):
        dice, reader, found, start = Dice(seed), frame.FrameReader(100), [], 0
        while start < len(data):
            size = 1 + dice.below(60)
            reader.feed(data[start : start + size])
            start += size
            if dice.below(3):
                found += read_all(reader)
        assert found + read_all(reader) == PAYLOADS, seed


def test_nothing_is_read_before_the_last_byte_is_there():
    data = frame.enclose(b"abcdef", 100)
    reader = frame.FrameReader(100)
    for place in range(len(data) - 1):
        reader.feed(data[place : place + 1])
        assert reader.next() is None
    reader.feed(data[-1:])
    assert reader.next() == b"abcdef"


def test_trailing_bytes_are_the_start_of_the_next_frame():
    one, other = frame.enclose(b"abc", 100), frame.enclose(b"defg", 100)
    for cut in range(len(other)):
        reader = frame.FrameReader(100)
        reader.feed(one + other[:cut])
        assert reader.next() == b"abc"
        assert reader.next() is None
        reader.feed(other[cut:])
        assert reader.next() == b"defg"


def test_every_kind_of_buffer_is_taken_and_none_is_kept():
    data = bytearray(frame.enclose(b"abc", 100) + b"\x00\x00")
    reader = frame.FrameReader(100)
    reader.feed(bytes(data))
    payload = reader.next()
    assert payload == b"abc" and isinstance(payload, bytes)


def test_a_length_over_the_limit_is_refused_before_its_bytes_come():
    for announced in (101, 1 << 16, 1 << 31, (1 << 32) - 1):
        reader = frame.FrameReader(100)
        reader.feed(announced.to_bytes(4, "big"))
        assert "%d bytes announced" % announced in refusal(RemoteWireError, reader.next)


def test_a_length_of_the_limit_is_taken_and_0_is_refused():
    reader = frame.FrameReader(100)
    reader.feed(b"\x00\x00\x00\x64" + b"a" * 100)
    assert reader.next() == b"a" * 100
    reader.feed(b"\x00\x00\x00\x00")
    refusal(RemoteWireError, reader.next)


def test_frames_before_a_bad_length_are_still_read():
    reader = frame.FrameReader(100)
    reader.feed(frame.enclose(b"abc", 100) + b"\xff\xff\xff\xff")
    assert reader.next() == b"abc"
    refusal(RemoteWireError, reader.next)


def test_the_first_byte_says_the_kind():
    for first in range(256):
        kind = frame.kind(bytes([first, 0]))
        if 1 <= first <= 5:
            assert kind == first
        elif 0x80 <= first <= 0x9B or first == ord("["):
            assert kind == "array"
        elif 0xA0 <= first <= 0xBB or first == ord("{"):
            assert kind == "object"
        else:
            assert kind is None, first


def test_a_routed_head_has_its_fields_at_their_offsets():
    head = frame.Head(GOLDEN)
    assert (head.flags, head.hops, head.failed, head.version) == (1, 2, 1, 0x81020304)
    assert (head.to_device, head.from_device, head.life) == (0x9122, 0xB344, 0xD566)
    assert GOLDEN[head.body :] == b"body"


def test_a_new_routed_frame_has_golden_bytes():
    made = frame.routed(frame.STREAM, 0x00010002, (), 0x1122, 0x3344, b"body")
    assert made == bytes.fromhex("0401000000010002112233440000") + b"body"
    assert frame.routed(frame.CONTROL, 0, (), 0, 1, b"")[:2] == b"\x04\x00"


def test_a_hop_patches_hops_version_and_target_and_splices_the_rest():
    head = frame.Head(GOLDEN)
    made = frame.forwarded(GOLDEN, head, 0x0A0B0C0D, 0x0E0F, head.failed_links(GOLDEN))
    assert made == bytes.fromhex("040103010a0b0c0d0e0fb344d566") + b"\x77\x88" + b"body"


def test_a_hop_that_meets_a_failed_link_splices_it_in_before_the_body():
    head = frame.Head(GOLDEN)
    assert head.failed_links(GOLDEN) == (0x7788,)
    made = frame.forwarded(GOLDEN, head, 0x0A0B0C0D, 0x0E0F, (0x7788, 0x99AA))
    assert made == bytes.fromhex("040103020a0b0c0d0e0fb344d566778899aa") + b"body"
    assert frame.Head(made).failed_links(made) == (0x7788, 0x99AA)


def test_a_new_frame_can_carry_failed_links():
    made = frame.routed(frame.STREAM, 1, (2, 0xFFFE), 3, 4, b"body")
    head = frame.Head(made)
    assert head.failed_links(made) == (2, 0xFFFE) and made[head.body :] == b"body"


def test_a_frame_handed_back_is_marked_and_nothing_else_but_its_stamp_changes():
    made = frame.bounced(GOLDEN, frame.Head(GOLDEN))
    assert made == GOLDEN[:1] + b"\x11" + GOLDEN[2:4] + b"\x00" * 4 + GOLDEN[8:]
    assert frame.Head(made).is_bounced and not frame.Head(GOLDEN).is_bounced


def test_a_routed_frame_shorter_than_its_head_is_refused():
    for size in range(16):
        refusal(RemoteWireError, frame.Head, GOLDEN[:size])
    assert frame.Head(GOLDEN[:16]).body == 16


def test_32_failed_links_are_taken_and_33_are_not():
    most = GOLDEN[:3] + b"\x20" + GOLDEN[4:14] + b"\x00\x01" * 32
    assert frame.Head(most).body == 14 + 64
    refusal(RemoteWireError, frame.Head, most[:3] + b"\x21" + most[4:] + b"\x00\x01")


def test_a_beat_carries_its_operation_a_number_and_two_times():
    operations = frame.PING, frame.PONG, frame.ACK, frame.FROM, frame.BYE, frame.RETRY
    assert operations == (0, 1, 2, 3, 4, 5)
    for operation in operations:
        made = frame.beat(operation, 0x3FFFFFFF, 0x31020304, 0x0102030405060708)
        fields = "3fffffff" + "31020304" + "0102030405060708"
        assert made == bytes([3, operation]) + bytes.fromhex(fields)
        found = frame.read_beat(made + b"more")
        assert found == (operation, 0x3FFFFFFF, 0x31020304, 0x0102030405060708)
    for size in range(18):
        refusal(RemoteWireError, frame.read_beat, frame.beat(0, 1)[:size])
