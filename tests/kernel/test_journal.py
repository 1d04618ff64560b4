"""What a node remembers for whoever asks why: bounded, exact, in pieces, and never about itself."""

from helpers import Keeper, Row, Source, Stranger, give_map, new_node, refusal, settle

from mp_actors import Filter, batch, codec, explain, frame
from mp_actors.errors import Refused
from mp_actors.journal import Ring

LEAF, HUB, FAR = "field/leaf", "field/hub", "far/hub"
MAP = {
    "version": 1,
    "devices": [[1, LEAF], [2, HUB], [3, FAR], [5, "lost/leaf"]],
    "links": [[1, 2, 3, 500]],
    "leaves": [[1, [[2, 2, 100]]], [5, []]],
}


def words(row):
    """The words of a row of a journal."""
    return row[3].decode().split("\0")


def ask(node, *question):
    """All rows of an answer, and into how many pieces it came."""
    *kind, after = question
    rows, pieces, more = [], 0, True
    while more:
        start, _, piece, more = explain.answer(node, kind[0], tuple(kind[1:]) + (after,))
        assert start == node.incarnation and (piece or not more)
        assert len(codec.encode(piece)) <= node.limits.out_bytes - 150
        rows += piece
        after = rows[-1][0] if rows else after
        pieces += 1
    return rows, pieces


def letters(node):
    """{(wire or verb, reason, whom from): (count, text)} of the dead letters of a node."""
    found = {}
    for row in ask(node, "lost", 0)[0]:
        what, reason, origin, text = words(row)
        assert (what, reason, origin) not in found
        found[what, reason, origin] = (row[2], text)
    return found


def hub():
    """A router between a leaf and another router, both played by the test."""
    node = new_node(HUB, 2)
    leaf, far = Stranger(node, 1, LEAF, router=False), Stranger(node, 3, FAR)
    assert give_map(node, MAP) == 1
    return node, leaf, far


def data(wire=7, count=3):
    return batch.encode(codec, wire, 1, 1, [0] * count, [1.5] * count, None)


def message(kind, number=None):
    body = {"to": "lost/leaf/node", "from": LEAF + "/me", "inc": 5, "do": kind}
    if number is not None:
        body["id"] = number
    return body


def test_a_device_that_lost_and_said_nothing_has_loaded_nothing():
    node, _, _ = hub()
    assert node.journal is None
    assert ask(node, "log", "", 0) == ([], 1) and ask(node, "lost", 0) == ([], 1)
    assert node.journal is None


def test_a_host_keeps_its_last_200_lines_and_a_board_16():
    for is_board, kept in ((False, 200), (True, 16)):
        node = new_node(LEAF, 1, [2], is_board=is_board)
        for number in range(1000):
            node.clock.advance_ms(10)
            node.log(LEAF + "/talker", "line %03d " % number + "." * 60)
        rows, pieces = ask(node, "log", "", 0)
        assert [words(row) for row in rows] == [
            [LEAF + "/talker", "line %03d " % number + "." * 60]
            for number in range(1000 - kept, 1000)
        ]
        moments = [row[1] for row in rows]
        assert moments[-1] == node.clock.site_us() // 1000 and moments == sorted(moments)
        assert moments[-1] - moments[0] == 10 * (kept - 1) and pieces > 1


def test_whoever_asks_again_gets_only_what_is_new_and_only_of_one_actor():
    node = new_node(LEAF, 1, [2], is_board=True)
    for name in ("one", "two", "one"):
        node.log(LEAF + "/" + name, "of " + name)
    rows, _ = ask(node, "log", LEAF + "/one", 0)
    assert [words(row)[1] for row in rows] == ["of one", "of one"]
    assert ask(node, "log", LEAF + "/one", rows[-1][0]) == ([], 1)
    node.log(LEAF + "/one", "more")
    assert [words(row)[1] for row in ask(node, "log", LEAF + "/one", rows[-1][0])[0]] == ["more"]


def test_a_line_that_is_too_long_is_cut_between_two_signs():
    ring = Ring(1, 18 + 10)
    for text, kept in (("a" * 40, "a" * 10), ("ä" * 40, "ä" * 5), ("b" + "ä" * 9, "bääää")):
        ring.put(0, 0, 1, text.encode())
        assert ring.row(0)[3].decode() == kept


def test_a_row_takes_no_room_of_its_neighbours():
    ring = Ring(3, 18 + 4)
    for place in (0, 2, 1):
        ring.put(place, 5, place, b"x" * 9)
    assert [ring.row(place) for place in range(3)] == [
        [1, 5, 0, b"xxxx"], [3, 5, 1, b"xxxx"], [2, 5, 2, b"xxxx"]
    ]


def test_a_storm_of_losses_costs_one_row_whose_count_is_exact():
    for is_board in (False, True):
        node = new_node(LEAF, 1, [2], is_board=is_board)
        node.log(LEAF + "/node", "first")
        size = len(node.journal.lost.data)
        for _ in range(5000):
            node.wires.lose(7, "overflow", 3, 2)
        assert letters(node) == {("7", "overflow", "2"): (15000, "")}
        assert len(node.journal.lost.data) == size


def test_of_more_kinds_of_losses_than_there_is_room_for_the_last_are_kept():
    for is_board, kept in ((False, 64), (True, 8)):
        node = new_node(LEAF, 1, [2], is_board=is_board)
        for wire in range(1, 101):
            node.wires.lose(wire, "gone", 1, 2)
            node.wires.lose(1, "gone", 1, 2)  # it comes again and again, so it stays
        found = letters(node)
        assert len(found) == kept and found["1", "gone", "2"] == (101, "")
        assert ("100", "gone", "2") in found and ("50" in [key[0] for key in found]) == (kept > 50)


def test_what_a_router_cannot_pass_on_is_kept_with_reason_and_sender():
    node, leaf, _ = hub()
    leaf.route(frame.STREAM | frame.BOUNCED, 5, 1, data(7, 3))
    leaf.route(frame.STREAM | frame.BOUNCED, 5, 1, data(7, 2))
    leaf.route(frame.CONTROL | frame.BOUNCED, 5, 1, message("dance", 1))
    leaf.route(frame.STREAM, 3, 9, data(8, 4))  # it says to be another
    assert node.wires.lost == {(7, "no-route"): 5, (8, "denied"): 4}
    assert letters(node) == {
        ("7", "no-route", "1"): (5, ""),
        (":dance", "no-route", "1"): (1, ""),
        ("8", "denied", "9"): (4, ""),
    }


def test_there_is_no_dead_letter_about_a_dead_letter():
    """Neither the question for them nor an answer that may hold them is one when it is lost."""
    node, leaf, _ = hub()
    leaf.route(frame.CONTROL | frame.BOUNCED, 5, 1, message("explain", 1))
    answer = {"to": "lost/leaf/node", "from": LEAF + "/node", "re": 1, "ok": [1, 2, [], False]}
    leaf.route(frame.CONTROL | frame.BOUNCED, 5, 1, answer)
    assert node.control.lost == {"no-route": 2}  # counted all the same
    assert letters(node) == {}


def test_a_verb_that_a_stranger_made_up_is_cut():
    node, leaf, _ = hub()
    leaf.route(frame.CONTROL | frame.BOUNCED, 5, 1, message("x" * 900))
    leaf.route(frame.CONTROL | frame.BOUNCED, 5, 1, message(["no", "verb"]))
    assert sorted(letters(node)) == [
        (":['no', 'verb']", "no-route", "1"), (":" + "x" * 32, "no-route", "1")
    ]


def test_a_line_that_cannot_be_kept_is_said_all_the_same():
    lines = []
    node = new_node(LEAF, 1, [2], lines=lines)
    node.log(LEAF + "/one", None)
    node.log(LEAF + "/one", b"bytes")
    assert len(ask(node, "log", "", 0)[0]) == 2
    node.log(LEAF + "/one", chr(0xDC80))  # half a sign, which has no bytes
    assert len(lines) == 3


class Picky(Filter):
    """Fails on every other value."""

    def apply(self, value):
        if value % 2:
            raise ValueError("odd")
        return value


def wired(full="drop-oldest"):
    """A source on the first of three nodes, a picky filter on the third, a wire between them."""
    row = Row()
    row.nodes[0].scheduler.spawn("a/one/source", Source)
    row.nodes[2].scheduler.spawn("c/three/picky", Picky)
    row.nodes[2].scheduler.spawn("c/three/keeper", Keeper)
    spec = {
        "wire": 4, "epoch": 1, "source": "a/one/source", "target": "c/three/picky",
        "source_device": 1, "target_device": 3, "first": 1, "origins": [], "limit": 1 << 20,
        "items": 1024, "via": 0, "credit": 8, "full": full, "reliable": False,
    }
    row.nodes[2].wires.connect(spec)
    row.nodes[0].wires.connect(spec)
    return row


def emit(row, *values):
    cell = row.nodes[0].scheduler.cells["a/one/source"]
    for value in values:
        cell.emit(value, row.clock.site_us(), cell.path)


def test_what_the_ends_of_a_wire_lose_is_kept_with_the_error_that_did_it():
    row = wired()
    emit(row, *range(400))  # far more than the outbox holds
    settle(row.nodes, row.links)
    row.clock.advance_ms(600)  # the ends are looked at
    settle(row.nodes, row.links)
    box = row.nodes[0].wires.outboxes[4]
    inlet = row.nodes[2].wires.inlets[4]
    assert box.dropped["overflow"] > 0 and inlet.dropped["poison"] > 0
    assert letters(row.nodes[0]) == {
        ("4", "overflow", "a/one/source"): (box.dropped["overflow"], "")
    }
    key = ("4", "poison", "a/one/source")
    count, text = letters(row.nodes[2])[key]
    assert count == inlet.dropped["poison"] and text.startswith("ValueError: odd (test_journal.py:")


def test_losses_are_counted_once_however_often_the_ends_are_looked_at():
    row = wired()
    for _ in range(5):
        emit(row, 1, 2, 3)
        settle(row.nodes, row.links)
        row.clock.advance_ms(1100)
        settle(row.nodes, row.links)
        letters(row.nodes[2])
    assert letters(row.nodes[2])["4", "poison", "a/one/source"][0] == 10


def test_what_waited_on_a_wire_that_is_removed_has_a_letter():
    row = wired()
    row.links[0].cut()
    emit(row, *range(20))
    settle(row.nodes, row.links)
    waited = row.nodes[0].wires.outboxes[4].waiting
    row.nodes[0].wires.disconnect(4)
    assert waited > 0
    assert letters(row.nodes[0]) == {("4", "gone", "a/one/source"): (waited, "")}


def test_a_wire_made_anew_under_a_number_begins_its_count_anew():
    row = wired()
    node = row.nodes[0]
    for _ in range(2):
        emit(row, *range(400))
        lost = node.wires.outboxes[4].dropped["overflow"]
        node.wires.disconnect(4)
        row.nodes[2].wires.disconnect(4)
        spec = {
            "wire": 4, "epoch": 9, "source": "a/one/source", "target": "c/three/picky",
            "source_device": 1, "target_device": 3, "first": 1, "origins": [], "limit": 1 << 20,
            "items": 1024, "via": 0, "credit": 8, "full": "drop-oldest", "reliable": False,
        }
        node.wires.connect(spec)
    assert letters(node)["4", "overflow", "a/one/source"][0] == 2 * lost


def test_a_wire_is_explained_at_its_ends_and_on_its_way():
    row = wired()
    emit(row, *range(0, 40, 2))
    one, two, three = [explain.answer(node, "wire", (4, 3, "picky")) for node in row.nodes]
    assert one[0][0] > 0 and one[0][2] <= 8 and one[1] is None and one[2][0] == 2
    assert two[:2] == [None, None] and two[2][0] == 3
    assert three[0] is None and three[1][1:] == [8, False, "drop-oldest"]
    assert three[3] == [0, 0, False, ""]
    settle(row.nodes, row.links)
    row.links[1].cut()
    row.clock.advance_ms(7000)
    settle(row.nodes, row.links)
    assert explain.answer(row.nodes[1], "wire", (4, 3, "picky"))[2] is None


def test_a_question_that_is_none_is_refused():
    node = new_node(LEAF, 1, [2])
    node.log(LEAF + "/one", "so that there is something")
    for kind, args in (
        ("why", ()), ("log", ()), ("log", (5, 5)), ("log", ("", "x")), ("lost", ("x",)),
        ("lost", (1, 2)), ("wire", ()), ("wire", (1, 2, 3)), (None, ()),
    ):
        node.wires.lose(1, "gone", 1)
        assert "is no question" in refusal(Refused, explain.answer, node, kind, args)
