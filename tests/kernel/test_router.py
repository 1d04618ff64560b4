"""The router: frames of others go on by the map, and what cannot go on is counted and answered.

One router in the test's hands, its neighbours played byte by byte, plus the leaf's choice of a way.
"""

from helpers import Row, Stranger, give_map, new_node, refusal, settle

from mp_actors import batch, codec, frame, news
from mp_actors.errors import Refused
from mp_actors.leaf import Leaf

PATHS = {1: "field/leaf", 2: "field/hub", 3: "far/hub", 4: "far/leaf", 5: "lost/leaf"}


def plain(version=1, **changes):
    """The map as it travels: leaf 1 - router 2 - router 3 - leaf 4; nothing leads to 5."""
    made = {
        "version": version,
        "devices": [[number, PATHS[number]] for number in sorted(PATHS)],
        "links": [[1, 2, 3, 500]],
        "leaves": [[1, [[2, 2, 100]]], [4, [[3, 3, 100]]], [5, []]],
    }
    made.update(changes)
    return made


class Hub:
    """Router 2 with its neighbours 1 (a leaf) and 3 (a router)."""

    def __init__(self, has_map=True, limit_bytes=1 << 20):
        self.lines = []
        self.node = new_node("field/hub", 2, lines=self.lines)
        self.router = self.node.forwarder
        self.leaf = Stranger(self.node, 1, PATHS[1], router=False)
        self.far = Stranger(self.node, 3, PATHS[3], limit_bytes)
        if has_map:
            assert give_map(self.node, plain()) == 1

    @property
    def lost(self):
        return self.node.control.lost


def ask(to="far/leaf/node", number=1):
    return {"to": to, "from": "field/leaf/me", "inc": 5, "id": number, "do": "start"}


def data(wire=7, count=3):
    return batch.encode(codec, wire, 1, 1, [0] * count, [1.5] * count, None)


def test_without_a_map_only_neighbours_are_reached():
    hub = Hub(has_map=False)
    hub.leaf.route(frame.STREAM, 3, 1, data())
    hub.far.route(frame.STREAM, 4, 3, data())
    assert len(hub.far.heard()) == 1
    assert hub.node.wires.lost == {(7, "no-route"): 3}


def test_without_a_map_a_leaf_gets_back_what_it_may_have_another_parent_for():
    hub = Hub(has_map=False)
    hub.leaf.route(frame.STREAM, 4, 1, data())
    assert hub.leaf.heard() == [frame.routed(frame.STREAM, 0, (), 4, 1, data())]
    hub.leaf.route(frame.STREAM | frame.BOUNCED, 4, 1, data())
    assert hub.leaf.heard() == [] and hub.far.heard() == []
    assert hub.node.wires.lost == {(7, "no-route"): 3}


def test_with_a_map_a_frame_goes_one_hop_further_and_is_stamped():
    hub = Hub()
    hub.leaf.route(frame.STREAM, 4, 1, data())
    payload = hub.far.heard()[0]
    head = frame.Head(payload)
    assert (head.to_device, head.from_device, head.hops, head.version) == (4, 1, 1, 1)
    assert head.flags == frame.STREAM and payload[head.body :] == data()
    assert hub.router.forwarded == 1 and hub.node.wires.lost == {}


def test_a_frame_is_never_stamped_downwards():
    """One of a newer map than this router's cannot come, since the map comes before it (R3)."""
    hub = Hub()
    hub.leaf.say(frame.routed(frame.STREAM, 9, (), 4, 1, data()))
    assert hub.far.heard() == []
    assert hub.node.wires.lost == {(7, "no-route"): 3}
    assert hub.lines[-1][1] == "a frame of map 9 came before that map"


def test_frames_keep_their_order():
    hub = Hub()
    for wire in range(1, 40):
        hub.leaf.route(frame.STREAM, 4, 1, data(wire))
    wires = [batch.head(payload[frame.HEAD_BYTES :])[0] for payload in hub.far.heard()]
    assert wires == list(range(1, 40))


def test_a_leafs_message_that_names_only_a_path_finds_its_device():
    hub = Hub()
    hub.leaf.route(frame.CONTROL, 0, 1, ask())
    assert frame.Head(hub.far.heard()[0]).to_device == 4
    hub.leaf.route(frame.CONTROL, 0, 1, ask("field/hub/node"))
    assert [answer["re"] for answer in hub.leaf.answers()] == [1]


def test_a_message_to_a_path_that_is_not_known_is_answered_unreachable():
    hub = Hub()
    for place, path in enumerate(("no/such/node", "nonsense", "lost/leaf/node", "")):
        hub.leaf.route(frame.CONTROL, 0, 1, ask(path, place))
        answer = hub.leaf.answers()[0]
        assert answer["re"] == place and answer["to"] == "field/leaf/me"
        assert answer["error"][0] == "unreachable"
        assert answer["error"][1] == path + ": unreachable from field/hub, no-route"
    assert hub.lost == {"no-route": 4}


def test_a_message_whose_way_is_down_is_answered_unreachable():
    hub = Hub()
    hub.far.leave()
    hub.leaf.route(frame.CONTROL, 4, 1, ask())
    assert [answer["error"][0] for answer in hub.leaf.answers()] == ["unreachable"]
    hub.leaf.route(frame.STREAM, 4, 1, data(7, 5))
    assert hub.node.wires.lost == {(7, "no-route"): 5}


def test_what_nobody_waits_for_is_counted_and_not_answered():
    hub = Hub()
    tell = {"to": "lost/leaf/node", "from": "field/leaf/me", "do": "start"}
    answer = {"to": "lost/leaf/node", "from": "field/leaf/me", "re": 1, "ok": None}
    for body in (tell, answer, b"\xff", b"\x80", codec.encode(5)):
        hub.leaf.route(frame.CONTROL, 5, 1, body)
    assert hub.leaf.heard() == [] and hub.lost == {"no-route": 5}


def test_255_hops_are_a_loop():
    hub = Hub()
    hub.far.route(frame.STREAM, 4, 9, data(), hops=254)
    assert len(hub.far.heard()) == 1
    hub.far.route(frame.STREAM, 4, 9, data(), hops=255)
    hub.far.route(frame.CONTROL, 4, 9, ask(), hops=255)
    assert [payload for payload in hub.far.heard() if payload[2] != 0] == []
    assert hub.node.wires.lost == {(7, "no-route"): 3} and hub.lost == {"no-route": 1}
    assert "looped" in hub.lines[0][1]


def test_a_leaf_may_speak_for_itself_only():
    hub = Hub()
    hub.leaf.route(frame.STREAM, 4, 3, data())
    hub.leaf.route(frame.CONTROL, 4, 9, ask())
    assert hub.far.heard() == []
    assert hub.node.wires.lost == {(7, "denied"): 3} and hub.lost == {"denied": 1}
    assert not hub.leaf.connection.is_closed


def test_a_full_way_drops_data_as_overflow_and_takes_control_longer():
    hub = Hub()
    assert hub.far.heard() == []
    hub.far.peer.buffer_bytes = 400
    for _ in range(20):
        hub.leaf.route(frame.STREAM, 4, 1, data(7, 3))
    sent = len(hub.far.peer.frames)
    assert hub.node.wires.lost == {(7, "overflow"): 3 * (20 - sent)} and 0 < sent < 20
    hub.leaf.route(frame.CONTROL, 4, 1, ask())
    assert len(hub.far.peer.frames) == sent + 1


def test_a_frame_too_long_for_the_next_device_is_refused_and_no_link_closes():
    hub = Hub(limit_bytes=1024)
    hub.leaf.route(frame.STREAM, 4, 1, data(7, 300))
    body = ask()
    body["args"] = [b"x" * 2000]
    hub.leaf.route(frame.CONTROL, 4, 1, body)
    assert hub.node.wires.lost == {(7, "refused"): 300} and hub.lost == {"refused": 1}
    assert [answer["error"][0] for answer in hub.leaf.answers()] == ["unreachable"]
    assert sorted(hub.node.neighbours) == [1, 3]


def test_a_body_is_passed_on_though_nobody_could_decode_it():
    hub = Hub()
    for frame_class in (frame.CONTROL, frame.STREAM):
        hub.leaf.route(frame_class, 4, 1, b"\xff\xff")
        payload = hub.far.heard()[0]
        assert payload[frame.HEAD_BYTES :] == b"\xff\xff"


def test_garbage_without_a_number_goes_nowhere_and_closes_nothing():
    hub = Hub()
    for body in (b"", b"\xff", b"\x80", codec.encode({"to": 5}), codec.encode({"a": 1}), data()):
        hub.leaf.route(frame.CONTROL, 0, 1, body)
    hub.leaf.route(frame.STREAM, 0, 1, data())
    assert hub.far.heard() == [] and not hub.leaf.connection.is_closed
    assert hub.lost == {"no-route": 6} and hub.node.wires.lost == {(7, "no-route"): 3}


def test_a_newer_map_takes_over_and_an_older_one_is_refused():
    hub = Hub()
    assert give_map(hub.node, plain(5)) == 5
    assert "has 5" in refusal(Refused, give_map, hub.node, plain(4))
    assert give_map(hub.node, plain(5)) == 5
    assert hub.router.version == hub.router.on_version() == 5


def test_a_map_that_is_none_is_refused_and_the_old_one_stays():
    hub = Hub()
    mine = hub.router.map
    strangers = [[number, "x/y%d" % number] for number in range(1, 6)]
    wrong = [b"", b"\xff", codec.encode(5), codec.encode([]), codec.encode({})]
    wrong += [codec.encode(plain(9, devices=strangers)), codec.encode(plain(9, devices=5))]
    wrong += [codec.encode(plain(9, links=[[1, 2, 3, 0]])), codec.encode(plain(9, links=[[1, 2]]))]
    wrong += [codec.encode(plain(9, leaves=[[1, [[1, 2]]]]))]
    for encoded in wrong:
        refusal(Refused, hub.router.on_map, encoded, news.digest(encoded))
        assert hub.router.map is mine and hub.router.version == 1
    hub.leaf.route(frame.STREAM, 4, 1, data())
    assert len(hub.far.heard()) == 1


def test_a_leaf_takes_the_target_itself_else_its_first_parent_that_is_there():
    node = new_node("field/leaf", 1, parents=[2, 3])
    assert isinstance(node.forwarder, Leaf) and node.forwarder.way(4) is None
    second = Stranger(node, 3, "far/hub")
    assert node.forwarder.way(4) == (second.peer, ())
    first = Stranger(node, 2, "field/hub")
    assert node.forwarder.way(4)[0] is first.peer and node.forwarder.way(3)[0] is second.peer
    target = Stranger(node, 4, "far/leaf")
    assert node.forwarder.way(4)[0] is target.peer
    first.leave()
    assert node.forwarder.way(9)[0] is second.peer


def test_a_leaf_passes_nothing_on():
    node = new_node("field/leaf", 1, parents=[2])
    parent, other = Stranger(node, 2, "field/hub"), Stranger(node, 3, "far/hub")
    parent.route(frame.STREAM, 3, 2, data())
    parent.route(frame.CONTROL, 3, 2, ask())
    assert other.heard() == []
    assert node.wires.lost == {(7, "no-route"): 3} and node.control.lost == {"no-route": 1}
    assert [answer["error"][0] for answer in parent.answers()] == ["unreachable"]


def test_dead_letters_never_breed():
    row = Row()
    one = row.nodes[0]
    for number in range(5):
        body = {"to": "x/y/z", "from": "p/q/r", "inc": 1, "id": number, "do": "start"}
        one.control.send(0, body)
    row.run(50)
    assert row.nodes[1].control.lost == {"no-route": 5}
    assert sum([sum(node.control.lost.values()) for node in row.nodes]) == 5
    settle(row.nodes, row.links)
