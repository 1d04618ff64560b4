"""Routes and the router that follows them: golden maps, bad maps, one answer on both interpreters.

The last tests hash the next hops of 120 random maps, whole and without lists of failed links. The
constants were made by CPython, where networkx agrees with `RouteMap`
(tests/host/test_routes_oracle.py); MicroPython has to get them too.
"""

import hashlib

from helpers import counter

from mp_actors import codec, news
from mp_actors.errors import Refused
from mp_actors.node import Limits, Node
from mp_actors.router import Router
from mp_actors.routes import RouteMap, Tree
from mp_actors.testing import ManualClock

DETOURS_SHA256 = "c23d3dbb3e6ccd11b70021a14e08832d8a6fedf98c2fd967ea94e39d0abc8ce8"
FAMILY_SHA256 = "093291fefb8a0856962d706ade51f893c3f1946e8b7273684ce9574dd89b691a"


def route_map(links, leaves=(), version=1):
    """A plain map; its devices are whatever the links and leaves name."""
    numbers = set([leaf for leaf, _ in leaves])
    for _, a, b, _ in links:
        numbers.add(a)
        numbers.add(b)
    for _, parents in leaves:
        for _, parent, _ in parents:
            numbers.add(parent)
    devices = [[number, "d/n%d" % number] for number in sorted(numbers)]
    return {
        "version": version,
        "devices": devices,
        "links": [list(link) for link in links],
        "leaves": [[leaf, [list(parent) for parent in parents]] for leaf, parents in leaves],
    }


def hops(me, links, leaves=()):
    return RouteMap(route_map(links, leaves)).next_hops(me)


def say_nothing(_path, _text):
    pass


def router():
    """A router that has a good map: itself is number 1, 2 and 3 are next to it."""
    node = Node("d/n1", 1, ManualClock(), codec, counter(7), Limits(False), Router, say_nothing)
    node.scheduler.spawn("d/n1/router", lambda: node.forwarder)
    good = route_map([(1, 1, 2, 10), (2, 1, 3, 10), (3, 3, 4, 5)], version=5)
    assert tell(node, codec.encode(good)) == [(None, 5)]
    return node, good


def tell(node, encoded, digest=None):
    """Let the router take a map, with the right sha256 if none is given. Returns its answers."""
    answers = []
    if digest is None:
        digest = news.digest(encoded) if isinstance(encoded, bytes) else b"0" * 32
    node.scheduler.post(
        "d/n1/router",
        "map",
        (encoded, digest),
        "d/n1/test",
        lambda error, value: answers.append((error, value)),
    )
    while node.step(0) == 0:
        pass
    return answers


def test_a_line_leads_through_the_neighbour():
    links = [(1, 1, 2, 10), (2, 2, 3, 5), (3, 3, 4, 1)]
    assert hops(1, links) == {2: (2, 10), 3: (2, 15), 4: (2, 16)}
    assert hops(3, links) == {1: (2, 15), 2: (2, 5), 4: (4, 1)}


def test_the_cheaper_way_wins_however_many_routers_it_passes():
    links = [(1, 1, 9, 100), (2, 1, 2, 20), (3, 2, 3, 20), (4, 3, 9, 20)]
    assert hops(1, links)[9] == (2, 60)
    links[0] = (1, 1, 9, 60)
    # Equal now: the last router before the end decides, and 1 is lower than 3.
    assert hops(1, links)[9] == (9, 60)
    links[0] = (1, 1, 9, 59)
    assert hops(1, links)[9] == (9, 59)


def test_ties_go_to_the_lower_number():
    links = [(1, 1, 7, 5), (2, 1, 3, 5), (3, 7, 9, 5), (4, 3, 9, 5)]
    assert hops(1, links)[9] == (3, 10)
    assert hops(9, links)[1] == (3, 10)
    assert hops(1, links[2:] + links[:2])[9] == (3, 10)


def test_the_cheaper_of_two_links_between_one_pair_counts():
    assert hops(1, [(1, 1, 2, 9), (2, 2, 1, 4), (3, 1, 2, 7)]) == {2: (2, 4)}


def test_a_leaf_hangs_on_its_best_parent_and_a_tie_on_the_lower_one():
    links = [(1, 1, 2, 10), (2, 1, 3, 10)]
    assert hops(1, links, [(8, [(3, 3, 4), (4, 2, 5)])])[8] == (3, 14)
    assert hops(1, links, [(8, [(3, 3, 5), (4, 2, 5)])])[8] == (2, 15)
    # Its own child: the next device is the leaf itself.
    assert hops(1, links, [(8, [(3, 3, 1), (4, 1, 5)])])[8] == (8, 5)
    assert hops(1, links, [(8, [(3, 3, 1), (4, 1, 12)])])[8] == (3, 11)


def test_nothing_leads_through_a_leaf():
    leaves = [(8, [(1, 1, 1), (2, 2, 1)])]
    assert hops(1, [], leaves) == {8: (8, 1)}
    assert hops(1, [(3, 1, 2, 99)], leaves)[2] == (2, 99)


def test_what_cannot_be_reached_is_not_named():
    links = [(1, 1, 2, 1), (2, 4, 5, 1)]
    leaves = [(8, [(3, 5, 1)]), (9, [])]
    assert hops(1, links, leaves) == {2: (2, 1)}
    assert hops(77, links, leaves) == {}


def changed(plain, field, value):
    fresh = dict(plain)
    fresh[field] = value
    return fresh


def bad_maps(good):
    """(what is wrong, the map)."""
    for field in ("version", "devices", "links", "leaves"):
        lacking = dict(good)
        del lacking[field]
        yield "no " + field, lacking
        for wrong in (None, "x", 1.5, [[]], [["x"]], [7], {}, b"x"):
            # An empty map lists nothing, and has the right form for that.
            if not (wrong == {} and field != "version"):
                yield "%s %r" % (field, wrong), changed(good, field, wrong)
    for version in (-1, 1 << 32, True):
        yield "version %r" % version, changed(good, "version", version)
    for device in ([0, "d/n0"], [70000, "d/n"], [2, 3], ["2", "d/n2"], [2], [2, "d/n2", 1]):
        yield "device %r" % device, changed(good, "devices", good["devices"] + [device])
    for cost in (0, -5, 1.5, "5", None, True, [5]):
        yield "cost %r" % cost, changed(good, "links", [[1, 1, 2, cost]])
        yield "leaf cost %r" % cost, changed(good, "leaves", [[2, [[1, 1, cost]]]])
    for link in ([1, 1, 2], [1, 1, 2, 3, 4], [1, "1", 2, 3], [1, 1, None, 3], [1, [1], 2, 3], 7):
        yield "link %r" % link, changed(good, "links", [link])
    for leaf in ([2], [2, 3], [2, [3]], [2, [[1, 1]]], ["2", []], [[2], []], [2, [[1, "1", 5]]]):
        yield "leaf %r" % leaf, changed(good, "leaves", [leaf])
    for whole in (None, 7, "map", [], [1, 2, 3, 4]):
        yield "map %r" % whole, whole


def test_a_bad_map_is_refused_and_the_old_one_stays():
    node, good = router()
    map_before = node.forwarder.map
    for what, plain in bad_maps(good):
        ((error, _),) = tell(node, codec.encode(plain))
        assert error is not None and "map" in error[1], what
        assert node.forwarder.version == 5 and node.forwarder.map is map_before, what
        # Refused is an answer; a failure would be a bug of the router's.
        assert node.scheduler.cells["d/n1/router"].failures == 0, what
        try:
            RouteMap(plain)
            raise AssertionError("taken: " + what)
        except Refused:
            pass


def test_bytes_that_are_no_map_are_refused():
    node, good = router()
    whole = codec.encode(good)
    for encoded in (b"", whole[:-1], whole + b"\x00", b"\xff", "text", None, 7, [1]):
        ((error, _),) = tell(node, encoded)
        assert error is not None and error[1].startswith("map: "), encoded
        assert node.forwarder.version == 5
        assert node.scheduler.cells["d/n1/router"].failures == 0, encoded


def test_an_older_map_and_one_of_another_site_are_refused():
    node, good = router()
    strange = changed(good, "devices", [[1, "x/n1"]])
    moved = changed(good, "devices", [[2, "d/n1"]])
    for plain in (changed(good, "version", 4), strange, moved):
        ((error, _),) = tell(node, codec.encode(plain))
        assert error[0] == "failed" and node.forwarder.version == 5
    assert tell(node, codec.encode(good)) == [(None, 5)]
    assert tell(node, codec.encode(changed(good, "version", 6))) == [(None, 6)]
    assert node.forwarder.version == 6


class Chance:
    """Numbers that look random and are the same everywhere; `random` differs."""

    def __init__(self, seed):
        self.state = seed

    def below(self, bound):
        self.state = (self.state * 1103515245 + 12345) & 0x7FFFFFFF
        return (self.state >> 12) % bound


def random_map(seed):
    chance = Chance(seed)
    count = 1 + chance.below(24)
    # Numbers in no order and far apart; 7919 is a prime, so no two are the same.
    numbers = [1 + (seed + place * 7919) % 65521 for place in range(count + 8)]
    links = []
    for number in range(chance.below(3 * count)):
        place = chance.below(count)
        a, b = numbers[place], numbers[(place + 1 + chance.below(3)) % count]
        links.append((number, a, b, 1 + chance.below(4)))
    leaves = []
    for leaf in numbers[count:]:
        parents = [
            (1000 + place, numbers[chance.below(count)], 1 + chance.below(3))
            for place in range(chance.below(4))
        ]
        leaves.append((leaf, parents))
    return route_map(links, leaves), numbers[:count]


def test_every_interpreter_finds_the_same_next_hops():
    found = hashlib.sha256()
    for seed in range(120):
        plain, routers = random_map(seed)
        made = RouteMap(plain)
        for me in routers:
            reached = made.next_hops(me)
            row = ["%d>%d:%d=%d" % (me, end, hop, cost) for end, (hop, cost) in sorted(
                reached.items()
            )]
            found.update((" ".join(row) + "\n").encode())
    digest = found.digest()  # once: MicroPython has no second digest
    assert digest.hex() == FAMILY_SHA256, digest.hex()


def test_a_link_that_failed_is_on_no_way():
    links = [(1, 1, 2, 10), (2, 2, 3, 10), (3, 1, 3, 50)]
    made = RouteMap(route_map(links, [(8, [(4, 2, 1), (5, 3, 1)])]))
    assert made.next_hops(1)[3] == (2, 20) and made.next_hops(1)[8] == (2, 11)
    assert made.next_hops(1, (2,))[3] == (3, 50)
    assert made.next_hops(1, (4,))[8] == (2, 21)
    assert made.next_hops(1, (1, 5)) == {3: (3, 50), 2: (3, 60), 8: (3, 61)}
    assert made.next_hops(1, (1, 3)) == {}
    # A link that no map has changes nothing.
    assert made.next_hops(1, (77,)) == made.next_hops(1)


def test_the_links_of_a_way_are_those_it_crosses_in_order():
    links = [(1, 1, 2, 10), (2, 2, 3, 10), (3, 1, 3, 50)]
    made = RouteMap(route_map(links, [(8, [(4, 3, 1)])]))
    assert Tree(made, 1, ()).way(8) == (2, 21, [1, 2, 4])
    assert Tree(made, 1, (2,)).way(8) == (3, 51, [3, 4])
    assert Tree(made, 3, ()).way(8) == (8, 1, [4])
    assert Tree(made, 1, (2, 3)).way(8) is None and Tree(made, 1, ()).way(99) is None


def test_every_interpreter_finds_the_same_way_around_the_same_failed_links():
    found = hashlib.sha256()
    for seed in range(120):
        plain, routers = random_map(seed)
        made = RouteMap(plain)
        numbers = sorted(made.link_numbers())
        chance = Chance(seed + 1000)
        failed = ()
        for _ in range(1 + chance.below(6)):
            if numbers:
                failed += (numbers[chance.below(len(numbers))],)
        for me in routers:
            tree = Tree(made, me, failed)
            ways = ["%d:%r" % (end, tree.way(end)) for end in sorted(made.devices)]
            found.update((" ".join(ways) + "\n").encode())
    digest = found.digest()
    assert digest.hex() == DETOURS_SHA256, digest.hex()
