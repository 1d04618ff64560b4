"""Around what is broken: news before all else, lists that only grow, frames that are handed back.

One router between neighbours that are played frame by frame.
"""

from helpers import Stranger, give_map, new_node, refusal

from mp_actors import codec, frame, news
from mp_actors.errors import Refused

# Routers 1 to 4 in a ring, the way over 4 is dearer; leaf 8 hangs on 1 and 3, leaf 9 on 3.
RING = [(12, 1, 2, 10), (23, 2, 3, 10), (34, 3, 4, 20), (41, 4, 1, 20)]
LEAVES = [(8, [(81, 1, 5), (83, 3, 5)]), (9, [(93, 3, 5)])]


def plain(version=1, links=RING, leaves=LEAVES):
    """The map as it travels."""
    numbers = set([leaf for leaf, _ in leaves])
    for _, a, b, _ in links:
        numbers.update([a, b])
    return {
        "version": version,
        "devices": [[number, "d/n%d" % number] for number in sorted(numbers)],
        "links": [list(link) for link in links],
        "leaves": [[leaf, [list(parent) for parent in parents]] for leaf, parents in leaves],
    }


def framed(version, failed, to_device, from_device, flags=frame.CONTROL, number=1):
    """A routed frame with a question in it."""
    body = {"to": "d/n%d/keeper" % to_device, "from": "d/n%d/me" % from_device, "do": "value"}
    body["inc"], body["id"], body["args"] = 5, number, [number]
    return frame.routed(flags, version, failed, to_device, from_device, codec.encode(body))


def heads(frames):
    """(version, failed links, is bounced) of routed frames."""
    found = []
    for payload in frames:
        head = frame.Head(payload)
        found.append((head.version, head.failed_links(payload), head.is_bounced))
    return found


class Three:
    """Router 3 of the ring, with its map; its neighbours come when the test says so."""

    def __init__(self, has_map=True):
        self.lines = []
        self.node = new_node("d/n3", 3, lines=self.lines)
        self.router = self.node.forwarder
        if has_map:
            give_map(self.node, plain())

    def neighbour(self, number, map_version=1, greets=True):
        """A stranger with that number."""
        path = "d/n%d" % number
        is_router = number < 8
        return Stranger(self.node, number, path, 1 << 20, greets, is_router, map_version)


# -- R1, R2, R8: what is told, to whom and when


def test_a_router_that_is_alone_says_that_its_links_are_down():
    three = Three()
    assert three.router.state.bits() == [(n, 3, 1, 1) for n in (23, 34, 83, 93)]


def test_on_a_new_session_the_map_comes_first_then_the_bits_then_the_rest():
    three = Three()
    two = three.neighbour(2, map_version=0)
    three.node.received(two.connection, frame.enclose(framed(0, (), 2, 2), 1000))
    four = three.neighbour(4)
    three.neighbour(9).say(framed(0, (), 2, 9))
    kinds = [(one[0], one[1]) for one in two.all_heard()]
    assert kinds[:2] == [(frame.NEWS, news.MAP), (frame.NEWS, news.BITS)]
    assert kinds[-1] == (frame.ROUTED, frame.CONTROL)
    # The one that has the map already gets the bits alone.
    four_news = four.news()
    assert [operation for operation, _ in four_news] == [news.BITS] * len(four_news)
    # The link to it is up, whatever was known before.
    assert (23, 3, 2, 0) in four_news[0][1] and (34, 3, 2, 0) in four_news[0][1]


def test_a_leaf_gets_no_news():
    three = Three()
    leaf = three.neighbour(9)
    three.neighbour(2)
    give_map(three.node, plain(2))
    assert leaf.news() == []


def test_nothing_but_a_greeting_goes_out_before_the_neighbour_has_greeted():
    three = Three()
    silent = three.neighbour(2, greets=False)
    leaf = three.neighbour(9)
    leaf.say(framed(0, (), 2, 9))
    three.neighbour(4)
    give_map(three.node, plain(2))
    assert silent.all_heard() == []
    assert not silent.connection.is_closed


def test_a_newer_map_goes_out_at_once_and_before_any_frame_stamped_with_it():
    three = Three()
    two, leaf = three.neighbour(2), three.neighbour(9)
    assert two.news() != []
    leaf.say(framed(0, (), 2, 9))
    give_map(three.node, plain(2))
    leaf.say(framed(0, (), 2, 9))
    found = []
    for one in two.all_heard():
        found.append(frame.Head(one).version if one[0] == frame.ROUTED else news.read(one)[0])
    assert found[:1] == [1] and found[-1] == 2
    assert found.index(news.MAP, 1) < len(found) - 1


def test_a_map_that_a_neighbour_tells_goes_on_to_others_and_not_back():
    three = Three()
    two, four = three.neighbour(2), three.neighbour(4)
    two.news()
    four.news()
    encoded = codec.encode(plain(7))
    two.say(news.map_frame(encoded))
    assert three.router.version == 7
    assert four.news()[0] == (news.MAP, (news.digest(encoded), b"", encoded))
    assert [operation for operation, _ in two.news() if operation == news.MAP] == []


def test_a_bit_goes_on_to_all_routers_once():
    three = Three()
    two, four, leaf = three.neighbour(2), three.neighbour(4), three.neighbour(9)
    two.news()
    four.news()
    for _ in range(3):
        two.say(news.bit_frames([(12, 1, 6, 1)])[0])
    assert four.news() == [(news.BITS, [(12, 1, 6, 1)])]
    assert leaf.news() == [] and three.router.state.down >= {12}


def test_a_router_that_started_again_puts_right_what_is_said_of_its_links():
    three = Three()
    two = three.neighbour(2)
    assert (23, 3, 2, 0) in [bit for _, bits in two.news() for bit in bits]
    two.say(news.bit_frames([(23, 3, 40, 1), (34, 3, 50, 1)])[0])
    # 23 is up, so that is said above the old stamp; 34 is down indeed, which is told on: somebody
    # may still have an older bit of it.
    assert two.news() == [(news.BITS, [(23, 3, 41, 0), (34, 3, 50, 1)])]
    assert 23 not in three.router.state.down and 34 in three.router.state.down
    four = three.neighbour(4)
    assert (34, 3, 51, 0) in [bit for _, bits in four.news() for bit in bits]


def test_a_neighbour_that_started_anew_unnoticed_is_told_everything_first():
    three = Three()
    assert three.neighbour(2).news() != []
    three.neighbour(9).say(framed(0, (), 2, 9))
    again = three.neighbour(2, 0)
    kinds = [(one[0], one[1]) for one in again.all_heard()]
    assert kinds[:2] == [(frame.NEWS, news.MAP), (frame.NEWS, news.BITS)]
    # What was under way to its life before comes behind.
    assert kinds[2:] == [(frame.ROUTED, frame.CONTROL)]


def test_news_to_a_leaf_change_nothing_and_close_nothing():
    leaf = new_node("d/n9", 9, parents=[3])
    parent = Stranger(leaf, 3, "d/n3")
    parent.say(news.map_frame(codec.encode(plain(2))))
    parent.say(news.bit_frames([(93, 3, 1, 1)])[0])
    assert leaf.forwarder.version == 0 and not parent.connection.is_closed
    assert leaf.forwarder.way(3) == (parent.peer, ())


# -- maps that are refused


def refused_maps():
    """(reason, sha256, bytes) of maps that router 3 with map 5 must not take."""
    newer, other = codec.encode(plain(6)), codec.encode(plain(5, RING[:3]))
    older, gone = codec.encode(plain(4)), codec.encode(plain(6, RING[:1], []))
    moved = plain(6)
    moved["devices"] = [[number, "x/n%d" % number] for number, _ in moved["devices"]]
    moved = codec.encode(moved)
    return [
        ("sha256", news.digest(older), newer),
        ("sha256", news.digest(newer), newer[:-1] + b"\x00"),
        ("router has 5", news.digest(other), other),
        ("router has 5", news.digest(older), older),
        ("as number 3", news.digest(moved), moved),
        ("as number 3", news.digest(gone), gone),
        ("map: ", news.digest(b"\xff"), b"\xff"),
    ]


def test_maps_that_do_not_fit_are_refused_reported_and_the_old_one_stays():
    for reason, digest, encoded in refused_maps():
        three = Three()
        give_map(three.node, plain(5))
        mine = three.router.map
        assert reason in refusal(Refused, three.router.on_map, encoded, digest)
        two, four = three.neighbour(2, 5), three.neighbour(4, 5)
        two.news()
        four.news()
        two.say(bytes([frame.NEWS, news.MAP]) + digest + b"\x00\x00" + encoded)
        assert three.router.map is mine and three.router.version == 5, reason
        assert sum(three.router.refused_maps.values()) == 1, reason
        assert [text for text in three.router.refused_maps if reason in text] != []
        assert reason in three.lines[-1][1] and "d/n2" in three.lines[-1][1]
        system = three.node.scheduler.cells["d/n3/node"].actor
        assert system.device()["maps_refused"] == three.router.refused_maps
        # Nobody hears of it, and the link goes on.
        assert four.news() == [] and not two.connection.is_closed
        two.say(news.map_frame(codec.encode(plain(8))))
        assert three.router.version == 8, reason


# -- R3 to R7: lists of failed links


def test_a_frame_of_an_older_map_is_stamped_with_mine_and_keeps_its_list():
    three = Three()
    give_map(three.node, plain(5))
    four, leaf = three.neighbour(4, 5), three.neighbour(9)
    four.say(framed(2, (777, 12), 9, 1))
    assert heads(leaf.heard()) == [(5, (777, 12), False)]


def test_a_broken_link_on_the_way_joins_the_list_and_the_frame_goes_around_it():
    three = Three()
    two, four, leaf = three.neighbour(2), three.neighbour(4), three.neighbour(9)
    leaf.say(framed(0, (), 1, 9))
    assert heads(two.heard()) == [(1, (), False)]
    two.say(news.bit_frames([(12, 2, 3, 1)])[0])
    leaf.say(framed(0, (), 1, 9))
    assert two.heard() == [] and heads(four.heard()) == [(1, (12,), False)]


def test_a_link_that_is_up_again_stays_in_the_list_of_a_frame_that_met_it():
    three = Three()
    two, four = three.neighbour(2), three.neighbour(4)
    assert three.router.state.down == {83, 93}
    two.say(framed(1, (12,), 1, 2))
    assert heads(four.heard()) == [(1, (12,), False)]
    two.leave()
    two = three.neighbour(2)
    four.say(framed(1, (41,), 1, 4))
    assert heads(two.heard()) == [(1, (41,), False)]
    # Both ways were met broken: there is none, though this router knows both to be up.
    two.say(framed(1, (41, 12), 1, 2))
    assert [answer["error"][0] for answer in two.answers()] == ["unreachable"]
    assert four.heard() == [] and three.node.control.lost == {"no-route": 1}


def test_a_list_of_32_is_passed_on_and_one_that_had_to_grow_is_not():
    three = Three()
    two, four, leaf = three.neighbour(2), three.neighbour(4), three.neighbour(9)
    full = tuple(range(1000, 1032))
    leaf.say(framed(0, full, 1, 9))
    assert heads(two.heard()) == [(1, full, False)]
    two.leave()
    leaf.say(framed(0, full[1:], 1, 9))
    assert heads(four.heard()) == [(1, full[1:] + (23,), False)]
    leaf.say(framed(0, full, 1, 9))
    assert four.heard() == [] and three.node.control.lost == {"no-route": 1}
    (answer,) = leaf.answers()
    assert answer["error"] == ["unreachable", "d/n1/keeper: unreachable from d/n3, no-route"]


def test_a_frame_of_a_leaf_with_two_parents_is_handed_back_once_and_no_other():
    three = Three()
    two, four = three.neighbour(2), three.neighbour(4)
    both, single = three.neighbour(8), three.neighbour(9)
    for neighbour in (two, four):
        neighbour.leave()
    both.say(framed(0, (), 1, 8))
    (back,) = both.heard()
    assert back == framed(0, (), 1, 8) and three.node.control.lost == {}
    both.say(framed(0, (), 1, 8, frame.CONTROL | frame.BOUNCED))
    assert [answer["error"][0] for answer in both.answers()] == ["unreachable"]
    single.say(framed(0, (), 1, 9))
    assert [answer["error"][0] for answer in single.answers()] == ["unreachable"]
    assert three.node.control.lost == {"no-route": 2}
