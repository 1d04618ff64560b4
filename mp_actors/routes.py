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
        for _, a, b, cost in self.links:
            self._neighbours.setdefault(a, []).append((b, cost))
            self._neighbours.setdefault(b, []).append((a, cost))

    def next_hops(self, me):
        """{destination: (next device, cost)} from router `me`, for all that can be reached."""
        hops = self._routers_from(me)
        reached = dict(hops)
        for leaf in self.leaves:
            best = None
            for _, parent, cost in self.leaves[leaf]:
                if parent == me:
                    offer = (cost, parent, leaf)
                elif parent in hops:
                    offer = (hops[parent][1] + cost, parent, hops[parent][0])
                else:
                    continue
                if best is None or offer < best:
                    best = offer
            if best is not None:
                reached[leaf] = (best[2], best[0])
        return reached

    def _routers_from(self, me):
        distance = {me: 0}
        previous = {}
        first = {}
        settled = set()
        heap = [(0, me)]
        while heap:
            cost, router = heapq.heappop(heap)
            if router in settled:
                continue
            settled.add(router)
            if router != me:
                before = previous[router]
                first[router] = (router if before == me else first[before][0], cost)
            for neighbour, step in self._neighbours.get(router, ()):
                total = cost + step
                known = distance.get(neighbour)
                if known is None or total < known:
                    distance[neighbour] = total
                    previous[neighbour] = router
                    heapq.heappush(heap, (total, neighbour))
                elif total == known and neighbour not in settled and router < previous[neighbour]:
                    previous[neighbour] = router
        return first


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
