"""Routes: the one shortest-path computation, the same on every router of a site.

Pure: a map in, next hops out. Equal costs go to the lower number, so that all routers agree and
both interpreters give the same answer.
"""

import heapq

from mp_actors.errors import Refused

VERSION_MAX = (1 << 32) - 1  # it travels in four bytes of a frame
NUMBER_MAX = 65535  # and a device's number in two
COST_MAX = (1 << 63) - 1  # microseconds; CBOR ends there


class RouteMap:
    """The site as routers see it.

    `links`: (id, router, router, cost) both ways; `leaves`: {leaf: [(link id, router, cost)]};
    `devices`: {number: path}. Costs are integer microseconds, 1 or more.
    """

    def __init__(self, plain):
        """plain: the map as it travels, see `as_plain`. *Raises* Refused."""
        try:
            self.version = _integer(plain["version"], 0, VERSION_MAX)
            self.devices = dict([(_number(n), _text(path)) for n, path in plain["devices"]])
            self.links = [
                (link, _number(a), _number(b), _integer(cost, 1, COST_MAX))
                for link, a, b, cost in plain["links"]
            ]
            self.leaves = {}
            for leaf, parents in plain["leaves"]:
                self.leaves[_number(leaf)] = [
                    (link, _number(parent), _integer(cost, 1, COST_MAX))
                    for link, parent, cost in parents
                ]
        except (KeyError, TypeError, ValueError) as error:
            raise Refused("map: not understood: %r" % (error,))
        self.numbers = dict([(path, number) for number, path in self.devices.items()])
        self._neighbours = {}
        for link, a, b, cost in sorted(self.links):
            self._neighbours.setdefault(a, []).append((b, cost, link))
            self._neighbours.setdefault(b, []).append((a, cost, link))

    def links_of(self, me):
        """{link: neighbour} of router `me`, its leaves included."""
        own = {}
        for neighbour, _, link in self._neighbours.get(me, ()):
            own[link] = neighbour
        for leaf in self.leaves:
            for link, parent, _ in self.leaves[leaf]:
                if parent == me:
                    own[link] = leaf
        return own

    def link_numbers(self):
        """The numbers of all links, those to leaves included."""
        numbers = set([link for link, _, _, _ in self.links])
        for parents in self.leaves.values():
            numbers.update([link for link, _, _ in parents])
        return numbers

    def next_hops(self, me, failed=()):
        """{destination: (next device, cost)} from router `me`, for all that can be reached."""
        tree = Tree(self, me, failed)
        found = {}
        for to_device in list(tree.distance) + list(self.leaves):
            way = tree.way(to_device)
            if way is not None and to_device != me:
                found[to_device] = (way[0], way[1])
        return found

    def neighbours(self, router):
        """[(neighbour, cost, link)] of a router, leaves left out."""
        return self._neighbours.get(router, ())


class Tree:
    """The shortest paths from one router over all links that are not in `failed`."""

    def __init__(self, route_map, me, failed):
        self.me = me
        self.distance = {me: 0}
        self._map = route_map
        self._failed = failed
        self._previous = {}
        self._ways = {}
        self._search()

    def way(self, to_device):
        """(next device, cost, links from here to there), or None if there is no way."""
        if to_device not in self._ways:
            self._ways[to_device] = self._find(to_device)
        return self._ways[to_device]

    def _find(self, to_device):
        if to_device in self._map.leaves:
            return self._find_leaf(to_device)
        if to_device == self.me or to_device not in self.distance:
            return None
        links, router = [], to_device
        while True:
            before, link = self._previous[router]
            links.append(link)
            if before == self.me:
                break
            router = before
        links.reverse()
        return router, self.distance[to_device], links

    def _find_leaf(self, leaf):
        """A leaf hangs on the parent over which it is cheapest; it never transits."""
        best = None
        for link, parent, cost in self._map.leaves[leaf]:
            if parent in self.distance and link not in self._failed:
                offer = (self.distance[parent] + cost, parent, link)
                if best is None or offer < best:
                    best = offer
        if best is None:
            return None
        cost, parent, link = best
        if parent == self.me:
            return leaf, cost, [link]
        before = self.way(parent)
        return before[0], cost, before[2] + [link]

    def _search(self):
        distance, previous, failed = self.distance, self._previous, self._failed
        settled = set()
        heap = [(0, self.me)]
        while heap:
            cost, router = heapq.heappop(heap)
            if router in settled:
                continue
            settled.add(router)
            for neighbour, step, link in self._map.neighbours(router):
                if link in failed:
                    continue
                total = cost + step
                known = distance.get(neighbour)
                if known is None or total < known:
                    distance[neighbour] = total
                    previous[neighbour] = (router, link)
                    heapq.heappush(heap, (total, neighbour))
                elif (
                    total == known
                    and neighbour not in settled
                    and (router, link) < previous[neighbour]
                ):
                    previous[neighbour] = (router, link)


def _number(value):
    return _integer(value, 1, NUMBER_MAX)


def _integer(value, low, high):
    if type(value) is not int or not low <= value <= high:
        raise ValueError("%r: expected an integer from %d to %d" % (value, low, high))
    return value


def _text(value):
    if type(value) is not str:
        raise ValueError("%r: expected text" % (value,))
    return value
