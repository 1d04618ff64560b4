"""What stands around the real routers of `wandering`: sites, nodes, sessions, who can reach whom.

A session's end is a queue that keeps its order, a node a table of neighbours; the distances are
found without a router's help, from links alone.
"""

import heapq
import itertools
from collections import deque
from functools import lru_cache

from actors.accel import codec
from mp_actors.leaf import Leaf

HELLO = 0
SIZES = (2, 3, 5, 8, 12, 16, 20, 28, 40, 60)  # devices
COSTS = (1, 1, 2, 3, 5, 20)


class Peer:
    """One end of a session; `out` is the queue to the other end."""

    def __init__(self, one, other):
        self.number, self.path, self.is_router = other.number, other.path, other.is_router
        self.map_version = 0
        self.has_news = False
        self.is_cut = False
        self.out = deque([(HELLO, one.forwarder.version)])

    def send(self, payload, _is_control):
        self.out.append(payload)
        return True

    def send_news(self, payload):
        self.out.append(payload)

    def takes(self, _payload):
        return True


class Clock:
    now_ms = 0

    def ticks_ms(self):
        return self.now_ms


class NoSessions:
    """What is under way on a link dies with it: nothing waits, nothing is handed over."""

    def rerouted(self):
        pass

    def parted(self, _number):
        pass


class Codec:
    """The project's own, but a map that all routers of a site are given is decoded once."""

    encode = staticmethod(codec.encode)
    decode = staticmethod(lru_cache(maxsize=16)(codec.decode))


class Node:
    """What a forwarder sees of its node."""

    links = NoSessions()
    proof = None  # without keys a map needs no signature

    def __init__(self, world, number, parents, router):
        self.world, self.number, self.path = world, number, f"d/n{number}"
        self.codec, self.clock = Codec, world.clock
        self.is_router = parents is None
        self.neighbours = {}
        self.parents = parents
        self.forwarder = router(self) if self.is_router else Leaf(self, parents)

    def open_routers(self):
        found = [self.neighbours[number] for number in sorted(self.neighbours)]
        return [one for one in found if one.is_router]

    def log(self, _path, text):
        if "looped" in text or "came before" in text:
            self.world.violations.append(f"{self.path}: {text}")

    def deliver(self, payload, head):
        self.world.arrived(self, payload, head)

    def dead_letter(self, reason, payload, head):
        self.world.ended(payload, head, reason)


def draw_site(chance):
    """(plain map, {link: its two ends}, {leaf: its parents}) of a random site in one piece."""
    count = chance.choice(SIZES)
    leaf_count = count // 4
    routers = list(range(1, count - leaf_count + 1))
    chance.shuffle(routers)
    pairs = {tuple(sorted(pair)) for pair in itertools.pairwise(routers)}
    for _ in range(chance.randrange(len(routers) + 1)):
        if len(routers) > 1:
            pairs.add(tuple(sorted(chance.sample(routers, 2))))
    ends = dict(enumerate(sorted(pairs), 1))
    links = [[link, a, b, chance.choice(COSTS)] for link, (a, b) in ends.items()]
    leaves, rows = {}, []
    for leaf in range(len(routers) + 1, count + 1):
        leaves[leaf] = chance.sample(routers, min(len(routers), chance.choice((1, 2, 2))))
        row = []
        for parent in leaves[leaf]:
            link = len(ends) + 1
            ends[link] = (parent, leaf)
            row.append([link, parent, chance.choice(COSTS)])
        rows.append([leaf, row])
    devices = [[number, f"d/n{number}"] for number in range(1, count + 1)]
    return {"version": 1, "devices": devices, "links": links, "leaves": rows}, ends, leaves


def distances(world, source, up):
    """({link: cost}, {device: cost from source over links that are up}).

    A router goes by its map, and without one to its neighbours only; a leaf by its parents.
    """
    if source in world.routers:
        return _distances_of_router(world, source, up)
    costs, best = {}, {}
    for link, parent, cost in dict(world.plain["leaves"])[source]:
        if link in up:
            by_parent, found = _distances_of_router(world, parent, up)
            costs.update({**by_parent, link: cost})
            for device, onward in found.items():
                best[device] = min(cost + onward, best.get(device, cost + onward))
    return costs, best


def _distances_of_router(world, source, up):
    version = world.nodes[source].forwarder.version
    plain = world.plains.get(version, world.plain)
    costs, near = {}, {}
    for link, a, b, cost in plain["links"]:
        costs[link] = cost
        if link in up and (version or source in (a, b)):
            near.setdefault(a, []).append((link, b))
            near.setdefault(b, []).append((link, a))
    for leaf, parents in plain["leaves"]:
        for link, at, cost in parents:
            costs[link] = cost
            if link in up and (version or source == at):
                near.setdefault(at, []).append((link, leaf))
    heap, found = [(0, source)], {}
    while heap:
        cost, at = heapq.heappop(heap)
        if at in found:
            continue
        found[at] = cost
        for link, end in near.get(at, ()):
            if end not in found:
                heapq.heappush(heap, (cost + costs[link], end))
    return costs, found
