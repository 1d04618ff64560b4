"""A neighbour and its link: greetings, partial writes, bounds, garbage that closes one link only.

The link is in the test's hand (`Line`), so every byte either way is seen and every cut is chosen.
"""

from helpers import Dice, Keeper, Line, Row, Stranger, frames_of, new_node, refusal, settle

from mp_actors import batch, codec, frame, peer
from mp_actors.errors import RemoteWireError
from mp_actors.peer import Peer

HELLO = {"path": "a/b", "number": 3, "inc": 9, "version": 1, "limit": 2048, "map": 0}
HELLO["router"] = True


def new_peer(taken_max=1 << 30, queue_bytes_max=4096):
    """A peer that has been greeted, and its line."""
    line = Line(taken_max)
    made = Peer(line, 1 << 20, queue_bytes_max, 0)
    made.greeted(codec, greeting({}))
    return made, line


def greeting(changes):
    hello = dict(HELLO)
    hello.update(changes)
    return b"\x01" + codec.encode(hello)


def batch_body(wire, count):
    return frame.routed(frame.STREAM, 1, (), 2, 1, readings(wire, count))


def readings(wire, count):
    return batch.encode(codec, wire, 1, 1, [0] * count, list(range(count)), None)


def test_a_hello_says_who_and_what_and_is_understood():
    line = Line()
    made = Peer(line, 2048, 4096, 0)
    made.greet(codec, ("a/b", 3, 9, 2048, True, 7))
    made.flush()
    payload = line.frames()[0]
    assert codec.decode(payload[1:])["map"] == 7
    other = Peer(Line(), 2048, 4096, 0)
    assert not other.is_open
    other.greeted(codec, payload)
    assert other.is_open
    assert (other.path, other.number, other.incarnation, other.limit_bytes) == ("a/b", 3, 9, 2048)
    assert (other.is_router, other.map_version) == (True, 7)


def test_another_version_of_the_protocol_is_refused_and_both_are_named():
    for version in (0, 2, 99, None, "1"):
        made = Peer(Line(), 2048, 4096, 0)
        text = refusal(RemoteWireError, made.greeted, codec, greeting({"version": version}))
        assert repr(version) in text and "this node %d" % peer.PROTOCOL_VERSION in text
        assert not made.is_open


def test_a_hello_with_a_field_of_another_type_or_size_is_refused():
    wrong = [("path", 5), ("path", None), ("number", "3"), ("number", -1), ("number", 65536)]
    wrong += [("router", 1), ("router", None), ("map", True), ("map", "1")]
    wrong += [("number", True), ("number", 3.0), ("inc", "x"), ("inc", None), ("limit", None)]
    wrong += [("limit", "2048"), ("limit", 0), ("limit", -1), ("limit", 1023)]
    for name, value in wrong:
        made = Peer(Line(), 2048, 4096, 0)
        refusal(RemoteWireError, made.greeted, codec, greeting({name: value}))
        assert not made.is_open, name
    for payload in (b"\x01", b"\x01\x80", b"\x01\x05", b"\x01\xa0", b"\x01\xff"):
        refusal(RemoteWireError, Peer(Line(), 2048, 4096, 0).greeted, codec, payload)


def test_a_neighbour_with_the_smallest_limit_is_taken():
    made = Peer(Line(), 2048, 4096, 0)
    made.greeted(codec, greeting({"limit": 1024, "number": 65535}))
    assert made.is_open and made.takes(b"a" * 1024) and not made.takes(b"a" * 1025)


def test_frames_arrive_whole_however_few_bytes_the_link_takes():
    payloads = [batch_body(7, 5), b"\xa0", batch_body(8, 2), b"\x80" * 90]
    size = sum([len(payload) + 4 for payload in payloads])
    for taken_max in range(1, size + 2):
        made, line = new_peer(taken_max)
        for payload in payloads:
            assert made.send(payload, False)
        waiting = size
        while made.has_output:
            made.flush()
            waiting = max(0, waiting - taken_max)
            assert waiting <= made.queued_bytes < waiting + 120
        assert made.queued_bytes == 0
        assert frames_of(line.data) == payloads, taken_max


def test_frames_sent_between_partial_writes_keep_their_place():
    made, line = new_peer(taken_max=10)
    payloads = [bytes([0x80]) + bytes([number]) * 7 for number in range(20)]
    for payload in payloads:
        made.send(payload, False)
        made.flush()
    while made.has_output:
        made.flush()
    assert frames_of(line.data) == payloads


def test_all_frames_of_a_step_leave_in_one_write():
    made, line = new_peer()
    writes = []
    line.write = lambda data: writes.append(data) or len(data)
    for _ in range(5):
        made.send(b"\x80abc", False)
    made.flush()
    made.flush()
    assert len(writes) == 1 and len(writes[0]) == 5 * 8


def test_a_link_that_takes_nothing_loses_nothing():
    made, line = new_peer(taken_max=0)
    made.send(b"\x80abc", False)
    for _ in range(3):
        made.flush()
    assert made.has_output and made.queued_bytes == 8
    line.taken_max = 100
    made.flush()
    assert line.data == b"\x00\x00\x00\x04\x80abc" and not made.has_output


def test_the_queue_is_bounded_in_bytes_and_control_gets_twice_the_room():
    made, _ = new_peer(queue_bytes_max=1000)
    payload = b"\x80" * 96
    data = 0
    while made.send(payload, False):
        data += 1
    assert data == 10 and made.queued_bytes <= 1000 + len(payload)
    control = 0
    while made.send(payload, True):
        control += 1
    assert control == 10 and made.queued_bytes <= 2000 + len(payload)
    assert made.is_full and not made.send(payload, False)


def test_a_frame_larger_than_the_queue_leaves_when_nothing_else_waits():
    made, line = new_peer(queue_bytes_max=100)
    assert made.send(b"\x80" * 500, False)
    assert not made.send(b"\x80" * 500, False)
    made.flush()
    assert made.send(b"\x80" * 500, False)
    assert len(line.frames()) == 1


def test_a_frame_too_long_for_the_neighbour_is_not_sent():
    made, _ = new_peer(queue_bytes_max=100000)
    assert made.send(b"\x80" * 2048, False)
    assert not made.send(b"\x80" * 2049, True)
    assert len(made._frames) == 1


def test_readings_that_wait_are_counted_per_wire():
    made, line = new_peer(taken_max=0)
    for wire, count in ((7, 5), (8, 2), (7, 64)):
        made.send(batch_body(wire, count), False)
    made.send(readings(9, 3), False)
    made.send(frame.routed(frame.CONTROL, 1, (), 2, 1, readings(7, 5)), True)
    made.beat(0)
    assert made.held() == {7: 69, 8: 2, 9: 3}
    line.taken_max = len(batch_body(7, 5)) + 4 + 3
    made.flush()
    assert made.held() == {7: 64, 8: 2, 9: 3}


def test_a_ping_is_answered_with_its_number_and_a_pong_measures_the_way():
    made, line = new_peer()
    made.take_beat(frame.beat(frame.PING, 77), 0)
    made.flush()
    assert [frame.read_beat(payload) for payload in line.frames()] == [(frame.PONG, 77)]
    made.beat(1000)
    made.take_beat(frame.beat(frame.PONG, 5), 1003)
    assert made.rtt_ms is None
    made.take_beat(frame.beat(frame.PONG, 1), 1012)
    assert made.rtt_ms == 12


def test_a_flood_of_pings_that_takes_no_answer_does_not_fill_the_memory():
    node = new_node("lab/hub", 2, is_board=True)
    stranger = Stranger(node, 3, "lab/far")
    stranger.line.taken_max = 0
    for number in range(100):
        node.received(stranger.peer, frame.enclose(frame.beat(0, number), 10) * 100)
    assert stranger.peer.queued_bytes <= 2 * node.limits.peer_queue_bytes + 10


# -- a node and garbage


GARBAGE = [
    ("a length over the limit", b"\xff\xff\xff\xff"),
    ("a length of 0", b"\x00\x00\x00\x00"),
    ("an unknown kind", frame.enclose(b"\x00abc", 10)),
    ("a handshake nobody speaks", frame.enclose(b"\x02abc", 10)),
    ("an array of no end", frame.enclose(b"\x9f\xff", 10)),
    ("a head cut short", frame.enclose(b"\x04\x00\x00", 10)),
    ("33 failed links", frame.enclose(b"\x04\x00\x00\x21" + b"\x00" * 80, 100)),
    ("news of nothing", frame.enclose(b"\x05", 10)),
    ("news of an unknown kind", frame.enclose(b"\x05\x03" + b"\x00" * 9, 20)),
    ("half a failure bit", frame.enclose(b"\x05\x02" + b"\x00" * 13, 20)),
    ("a map without its bytes", frame.enclose(b"\x05\x01" + b"\x00" * 32, 50)),
    ("a beat cut short", frame.enclose(b"\x03\x00", 10)),
    ("a second HELLO", frame.enclose(greeting({}), 200)),
    ("data cut short", frame.enclose(readings(1, 9)[:-3], 100)),
    ("data that is a list", frame.enclose(b"\x83\x01\x02\x03", 10)),
    ("data as JSON", frame.enclose(b"[1, 2]", 10)),
    ("a map cut short", frame.enclose(b"\xa2\x01", 10)),
    ("a map with a key twice", frame.enclose(b"\xa2\x01\x01\x01\x02", 10)),
    ("a map too deep", frame.enclose(b"\xa1\x01" * 17 + b"\x01", 100)),
    ("a map that is no command", frame.enclose(b"\xa0", 10)),
    ("more items than are taken", frame.enclose(codec.encode({"x": [0] * 1030}), 2000)),
    ("JSON cut short", frame.enclose(b'{"to": ', 10)),
    ("JSON too deep", frame.enclose(b'{"a":' * 17 + b"1" + b"}" * 17, 200)),
    ("JSON that is no UTF-8", frame.enclose(b'{"\xff": 1}', 20)),
    ("no JSON", frame.enclose(b"{nonsense}", 20)),
]
WRONG_CONTROL = [
    {"to": 5, "from": "a/b/c", "do": "x"},
    {"to": "a/b/c", "from": None, "do": "x"},
    {"to": "a/b/c", "from": "a/b/c", "do": b"x"},
    {"to": "a/b/c", "from": "a/b/c", "do": "x", "args": {"a": 1}},
    {"to": "a/b/c", "from": "a/b/c", "do": "x", "inc": 1, "id": [1]},
    {"to": "a/b/c", "from": "a/b/c", "do": "x", "inc": {"a": 1}, "id": 1},
    {"to": "a/b/c", "re": [1], "ok": 1},
    {"to": "a/b/c", "re": 1, "error": 5},
    {"to": "a/b/c", "re": 1, "error": ["failed"]},
    {"to": "a/b/c", "re": 1, "error": [1, 2]},
]


def test_garbage_of_every_kind_closes_its_link_is_counted_and_others_go_on():
    rows = GARBAGE + [
        ("control %d" % place, frame.enclose(codec.encode(body), 200))
        for place, body in enumerate(WRONG_CONTROL)
    ]
    for name, data in rows:
        lines = []
        node = new_node("lab/hub", 2, lines=lines)
        good, bad = Stranger(node, 4, "lab/good"), Stranger(node, 3, "lab/bad")
        assert sorted(node.neighbours) == [3, 4]
        node.received(bad.peer, data)
        assert bad.peer.is_closed and not bad.line.is_open, name
        assert sum(node.link_errors.values()) == 1, name
        assert sorted(node.neighbours) == [4] and good.line.is_open, name
        assert len(lines) == 1 and "link to lab/bad closed" in lines[0][1], name
        ask = {"to": "lab/hub/node", "from": "lab/good/x", "inc": 1, "id": 1, "do": "start"}
        good.route(frame.CONTROL, 2, 4, ask)
        assert [answer["re"] for answer in good.answers()] == [1], name


def test_garbage_before_a_hello_closes_the_link_too():
    for data in (
        frame.enclose(b"\xa0", 10),
        frame.enclose(b"\x03\x00\x00\x00\x00\x00", 10),
        frame.enclose(frame.routed(1, 0, (), 2, 3, readings(1, 1)), 100),
        frame.enclose(b"\x01\xff", 10),
        b"GET / HTTP/1.1\r\n",
    ):
        node = new_node("lab/hub", 2)
        stranger = Stranger(node, 3, "lab/bad", greets=False)
        node.received(stranger.peer, data)
        assert stranger.peer.is_closed and node.neighbours == {} and node.peers == []


def test_what_follows_garbage_in_the_same_read_is_not_taken():
    node = new_node("lab/hub", 2)
    keeper = node.scheduler.spawn("lab/hub/keeper", Keeper)
    bad = Stranger(node, 3, "lab/bad")
    halt = codec.encode({"to": "lab/hub/node", "from": "a/b/c", "do": "halt"})
    node.received(bad.peer, frame.enclose(b"\x00", 10) + frame.enclose(halt, 200))
    node.received(bad.peer, frame.enclose(halt, 200))
    settle([node])
    assert not node.scheduler.halted and keeper.failures == 0


def test_different_texts_of_link_errors_are_bounded():
    node = new_node("lab/hub", 2)
    for number in range(50):
        stranger = Stranger(node, 3, "lab/bad")
        node.received(stranger.peer, (1 << 24 | number).to_bytes(4, "big"))
    assert sum(node.link_errors.values()) == 50 and len(node.link_errors) <= 9


def test_random_bytes_never_do_more_than_close_their_link():
    for seed in range(300):
        dice = Dice(seed)
        node = new_node("lab/hub", 2)
        stranger = Stranger(node, 3, "lab/bad")
        first = (1, 3, 4, 0x86, 0xA4, 0x7B)[seed % 6]
        payload = bytes([first]) + bytes([dice.below(256) for _ in range(dice.below(60))])
        stranger.say(payload)
        settle([node])
        assert node.path == "lab/hub" and len(node.peers) <= 1


def test_a_newer_connection_of_the_same_neighbour_replaces_the_older():
    node = new_node("lab/hub", 2)
    older, newer = Stranger(node, 3, "lab/far"), Stranger(node, 3, "lab/far")
    assert older.peer.is_closed and not older.line.is_open
    assert node.neighbours[3] is newer.peer
    node.disconnected(older.peer, "again")
    assert node.neighbours[3] is newer.peer


def test_a_neighbour_that_claims_this_nodes_number_is_refused():
    node = new_node("lab/hub", 2)
    stranger = Stranger(node, 2, "lab/double")
    assert stranger.peer.is_closed and node.neighbours == {}


def test_readings_in_a_link_that_closes_are_counted_as_link():
    row = Row()
    one = row.nodes[0]
    one.scheduler.spawn("a/one/source", Keeper)
    row.nodes[2].scheduler.spawn("c/three/keeper", Keeper)
    row.wire(1, "a/one/source", "c/three/keeper")
    cell = one.scheduler.cells["a/one/source"]
    for value in range(5):
        cell.emit(value, 0, cell.path)
    one.wires.flush()
    row.links[0].cut()
    assert one.wires.lost == {(1, "link"): 5}
