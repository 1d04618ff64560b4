"""An open connection: whole frames by partial writes, beats, acknowledgements, silence, goodbye.

The link is in the test's hand (`Line`), so every byte either way is seen.
"""

from helpers import Stranger, frames_of, new_node, settle

from mp_actors import batch, codec, frame
from mp_actors.connection import BEAT_MS, LOOK_MS, SILENT_MS
from mp_actors.session import ACK_FRAMES

DATA = frame.routed(frame.STREAM, 0, (), 3, 9, b"")  # for whoever is beyond


def accepted(taken_max=1 << 30, is_board=False):
    """A neighbour 3 that dialled a node and has heard its greeting."""
    stranger = Stranger(new_node("lab/hub", 2, is_board=is_board), 3, "lab/far")
    settle([stranger.node])
    stranger.line.data = b""
    stranger.line.taken_max = taken_max
    return stranger


def beats(stranger):
    """The beats the node has sent since."""
    settle([stranger.node])
    frames = frames_of(stranger.line.data)
    stranger.line.data = b""
    return [frame.read_beat(payload) for payload in frames if payload[0] == frame.BEAT]


def readings(wire, count):
    return batch.encode(codec, wire, 1, 1, [0] * count, list(range(count)), None)


# -- writing


def test_frames_arrive_whole_however_few_bytes_the_link_takes():
    payloads = [readings(7, 5), b"\xa0", readings(8, 2), b"\x80" * 90]
    size = sum([len(payload) + 4 for payload in payloads])
    for taken_max in range(1, size + 2):
        stranger = accepted(taken_max)
        for payload in payloads:
            assert stranger.peer.send(payload, False)
        stranger.connection.flush()
        while stranger.connection.has_output:
            stranger.connection.flush()
        assert frames_of(stranger.line.data) == payloads, taken_max


def test_frames_sent_between_partial_writes_keep_their_place():
    stranger = accepted(taken_max=10)
    payloads = [bytes([0x80]) + bytes([number]) * 7 for number in range(20)]
    for payload in payloads:
        stranger.peer.send(payload, False)
        stranger.connection.flush()
    while stranger.connection.has_output:
        stranger.connection.flush()
    assert frames_of(stranger.line.data) == payloads


def test_all_frames_of_a_step_leave_in_one_write():
    stranger = accepted()
    writes = []
    stranger.line.write = lambda data: writes.append(data) or len(data)
    for _ in range(5):
        stranger.peer.send(b"\x80abc", False)
    stranger.connection.acknowledge()
    settle([stranger.node])
    stranger.connection.flush()
    assert len(writes) == 1 and len(writes[0]) == 5 * 8 + 4 + frame.BEAT_BYTES


def test_a_link_that_takes_nothing_loses_nothing():
    stranger = accepted(taken_max=0)
    stranger.peer.send(b"\x80abc", False)
    for _ in range(3):
        stranger.connection.flush()
    assert stranger.connection.has_output and stranger.peer.buffered_bytes == 8
    stranger.line.taken_max = 100
    stranger.connection.flush()
    assert stranger.line.data == b"\x00\x00\x00\x04\x80abc"
    assert not stranger.connection.has_output


def test_readings_that_wait_or_are_not_acknowledged_are_counted_per_wire():
    stranger = accepted(taken_max=0)
    peer = stranger.peer
    for wire, count in ((7, 5), (8, 2), (7, 64)):
        payload = frame.routed(frame.STREAM, 1, (), 2, 1, readings(wire, count))
        peer.send(payload, False)
    peer.send(readings(9, 3), False)
    peer.send(frame.routed(frame.CONTROL, 1, (), 2, 1, readings(7, 5)), True)
    assert peer.held() == {7: 69, 8: 2, 9: 3}
    stranger.line.taken_max = 1 << 20
    stranger.connection.flush()
    assert peer.held() == {7: 69, 8: 2, 9: 3}
    stranger.say(frame.beat(frame.ACK, 3))  # control has left first
    assert peer.held() == {7: 64, 8: 2, 9: 3}


# -- beats


def test_a_ping_is_answered_with_its_time_and_what_is_expected_next():
    stranger = accepted()
    stranger.say(DATA)
    stranger.say(frame.beat(frame.PING, 1, 77))
    site_us = stranger.node.clock.site_us()
    assert beats(stranger) == [(frame.PONG, 2, 77, site_us)]


def test_a_pong_measures_the_way_and_the_other_end_s_clock():
    stranger = accepted()
    stranger.node.clock.advance_ms(7000)
    asked_ms = stranger.node.clock.ticks_ms()
    stranger.node.clock.advance_ms(12)
    late_us = stranger.node.clock.site_us() - 6000 + 250000
    stranger.say(frame.beat(frame.PONG, 1, asked_ms, late_us))
    assert (stranger.peer.rtt_ms, stranger.peer.offset_us) == (12, 250000)
    # No PING of mine can be so long ago, or still to come.
    stranger.say(frame.beat(frame.PONG, 1, 5, late_us))
    stranger.say(frame.beat(frame.PONG, 1, asked_ms + 1000, late_us))
    assert (stranger.peer.rtt_ms, stranger.peer.offset_us) == (12, 250000)


def test_each_beat_asks_and_tells_what_is_expected():
    stranger = accepted()
    beats(stranger)
    stranger.say(DATA)
    stranger.node.clock.advance_ms(BEAT_MS)
    assert [beat[:2] for beat in beats(stranger)] == [(frame.PING, 2)]


def test_what_came_is_acknowledged_soon_and_much_at_once():
    stranger = accepted()
    stranger.say(DATA)
    assert beats(stranger) == []
    stranger.node.clock.advance_ms(LOOK_MS)
    assert [beat[:2] for beat in beats(stranger)] == [(frame.ACK, 2)]
    for _ in range(ACK_FRAMES):
        stranger.say(DATA)
    assert [beat[:2] for beat in beats(stranger)] == [(frame.ACK, 2 + ACK_FRAMES)]
    stranger.node.clock.advance_ms(LOOK_MS)
    assert beats(stranger) == []


def test_a_flood_of_pings_that_takes_no_answer_does_not_fill_the_memory():
    stranger = accepted(taken_max=0, is_board=True)
    written = []
    stranger.line.write = lambda data: written.append(len(data)) or 0
    for number in range(100):
        data = frame.enclose(frame.beat(0, 1, number), 50) * 100
        stranger.node.received(stranger.connection, data)
        settle([stranger.node])
    assert max(written) <= 2 * (4 + frame.BEAT_BYTES) and stranger.peer.buffered_bytes == 0


def test_silence_of_three_beats_ends_a_connection_and_any_byte_is_a_sign_of_life():
    stranger = accepted()
    for _ in range(30):
        stranger.node.clock.advance_ms(LOOK_MS)
        stranger.node.received(stranger.connection, b"\x00\x00\x00\x05\xa0"[:1])
        stranger.node.received(stranger.connection, frame.enclose(DATA, 100)[1:])
        settle([stranger.node])
    assert stranger.connection.is_open
    stranger.node.clock.advance_ms(SILENT_MS - 1)
    settle([stranger.node])
    assert stranger.connection.is_open
    stranger.node.clock.advance_ms(1)
    stranger.node.links._look()
    assert stranger.connection.is_closed and stranger.node.neighbours == {}


def test_a_goodbye_is_no_failure():
    lines = []
    node = new_node("lab/hub", 2, lines=lines)
    Stranger(node, 3, "lab/far").leave()
    assert node.neighbours == {} and lines == []
    rude = Stranger(node, 4, "lab/rude")
    node.disconnected(rude.connection, "the other end closed")
    assert sorted(node.neighbours) == [4] and "lab/rude closed" in lines[0][1]
