"""A node and its neighbours: garbage of every kind closes one link only, and two of one number.

The link is in the test's hand (`Line`), so every byte is chosen.
"""

from helpers import Dice, Keeper, Row, Stranger, give_map, hello_of, new_node, settle

from mp_actors import batch, codec, frame


def readings(wire, count):
    return batch.encode(codec, wire, 1, 1, [0] * count, list(range(count)), None)


GARBAGE = [
    ("a length over the limit", b"\xff\xff\xff\xff"),
    ("a length of 0", b"\x00\x00\x00\x00"),
    ("an unknown kind", frame.enclose(b"\x00abc", 10)),
    ("a handshake when all is said", frame.enclose(b"\x02abc", 10)),
    ("an array of no end", frame.enclose(b"\x9f\xff", 10)),
    ("a head cut short", frame.enclose(b"\x04\x00\x00", 10)),
    ("33 failed links", frame.enclose(b"\x04\x00\x00\x21" + b"\x00" * 80, 100)),
    ("news of nothing", frame.enclose(b"\x05", 10)),
    ("news of an unknown kind", frame.enclose(b"\x05\x03" + b"\x00" * 9, 20)),
    ("half a failure bit", frame.enclose(b"\x05\x02" + b"\x00" * 13, 20)),
    ("a map without its bytes", frame.enclose(b"\x05\x01" + b"\x00" * 32, 50)),
    ("a beat cut short", frame.enclose(b"\x03\x00", 10)),
    ("a second HELLO", frame.enclose(b"\x01" + codec.encode(hello_of("a/b", 3)), 200)),
    ("data cut short", frame.enclose(readings(1, 9)[:-3], 100)),
    ("data that is a list", frame.enclose(b"\x82\x01\x02", 10)),
    ("a question for credit with a text", frame.enclose(b"\x83\x01\x02\x61a", 10)),
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
        node.received(bad.connection, data)
        assert bad.connection.is_closed and not bad.line.is_open, name
        assert sum(node.links.link_errors.values()) == 1, name
        assert node.links.connections == [good.connection], name
        node.clock.advance_ms(1500)
        settle([node])
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
        node.received(stranger.connection, data)
        assert stranger.connection.is_closed and node.neighbours == {} and node.links.peers == {}


def test_what_follows_garbage_in_the_same_read_is_not_taken():
    node = new_node("lab/hub", 2)
    keeper = node.scheduler.spawn("lab/hub/keeper", Keeper)
    bad = Stranger(node, 3, "lab/bad")
    halt = codec.encode({"to": "lab/hub/node", "from": "a/b/c", "do": "halt"})
    node.received(bad.connection, frame.enclose(b"\x00", 10) + frame.enclose(halt, 200))
    node.received(bad.connection, frame.enclose(halt, 200))
    settle([node])
    assert not node.scheduler.halted and keeper.failures == 0


def test_different_texts_of_link_errors_are_bounded():
    node = new_node("lab/hub", 2)
    for number in range(50):
        stranger = Stranger(node, 3, "lab/bad")
        node.received(stranger.connection, (1 << 24 | number).to_bytes(4, "big"))
    assert sum(node.links.link_errors.values()) == 50 and len(node.links.link_errors) <= 9


def test_random_bytes_never_do_more_than_close_their_link():
    for seed in range(300):
        dice = Dice(seed)
        node = new_node("lab/hub", 2)
        stranger = Stranger(node, 3, "lab/bad")
        first = (1, 3, 4, 0x86, 0xA4, 0x7B)[seed % 6]
        payload = bytes([first]) + bytes([dice.below(256) for _ in range(dice.below(60))])
        stranger.say(payload)
        settle([node])
        assert node.path == "lab/hub" and len(node.links.peers) <= 1


def test_a_newer_connection_of_the_same_neighbour_replaces_the_older():
    node = new_node("lab/hub", 2)
    older, newer = Stranger(node, 3, "lab/far"), Stranger(node, 3, "lab/far")
    assert older.connection.is_closed and not older.line.is_open
    assert node.neighbours[3].connection is newer.connection
    node.disconnected(older.connection, "again")
    assert node.neighbours[3].connection is newer.connection


def test_a_neighbour_that_claims_this_nodes_number_is_refused():
    node = new_node("lab/hub", 2)
    stranger = Stranger(node, 2, "lab/double")
    assert stranger.connection.is_closed and node.neighbours == {}


def test_readings_in_a_link_that_is_cut_stay_and_reach_the_neighbours_next_life():
    row = Row()
    one, _, three = row.nodes
    cell = one.scheduler.spawn("a/one/source", Keeper)
    keeper = three.scheduler.spawn("c/three/keeper", Keeper)
    row.wire(1, "a/one/source", "c/three/keeper")
    for value in range(5):
        cell.emit(value, 0, cell.path)
    one.wires.flush()
    for link in row.links:
        link.cut()
    assert one.wires.lost == {} and one.links.peers[2].held() == {1: 5}
    row.nodes[1] = new_node("b/two", 2, None, row.clock)
    give_map(row.nodes[1], row.map)
    row.join(1, 2)
    row.join(0, 1)
    assert keeper.actor.kept == list(range(5)) and one.wires.lost == {}


def test_what_nobody_could_tell_as_a_repeat_is_counted_as_link_when_its_session_ends():
    node = new_node("lab/hub", 2)
    stranger = Stranger(node, 3, "lab/far")
    stranger.peer.send(readings(9, 3), False)
    stranger.peer.send(b"\xa0", True)
    tell = codec.encode({"to": "lab/far/x", "from": "lab/hub/y", "do": "z"})
    stranger.peer.send(frame.routed(frame.CONTROL | frame.ONCE, 0, (), 3, 2, tell), True)
    again = Stranger(node, 3, "lab/far")
    assert again.heard() == []
    assert node.wires.lost == {(9, "link"): 3} and node.control.lost == {"link": 2}
