"""Routers and nodes that are wrong on purpose, each in one way; to see which law notices.

Each stands where the real class stands in `MemorySite(router=…)` or `MemorySite(node=…)`.
"""

from mp_actors import frame
from mp_actors.router import Router
from mp_actors.routes import RouteMap, Tree
from tests.host.memory_site import TracedNode


class Misled(Router):
    """Looks for the way on another map than everybody's; `mislead` says which."""

    misled = None

    def on_map(self, encoded, digest, signature=b""):
        version = super().on_map(encoded, digest, signature)
        plain = self.node.codec.decode(encoded, 8, 1 << 20)
        self.mislead(plain)
        self.misled = RouteMap(plain)
        return version

    def _tree(self, failed):
        return Tree(self.misled, self.node.number, tuple(sorted(failed)))


class ThroughLeaves(Misled):
    """Takes a leaf with two parents for a bridge between them."""

    def mislead(self, plain):
        for leaf, parents in plain["leaves"]:
            plain["links"] += [[link, leaf, parent, cost] for link, parent, cost in parents]
        plain["leaves"] = []


class FewestHops(Misled):
    """Counts links and not what they cost."""

    def mislead(self, plain):
        for link in plain["links"]:
            link[3] = 1


class HigherNumberWins(Misled):
    """Breaks ties the other way round."""

    def mislead(self, plain):
        for link in plain["links"]:
            link[1:3] = [65536 - link[1], 65536 - link[2]]
        for leaf in plain["leaves"]:
            leaf[1] = [[link, 65536 - parent, cost] for link, parent, cost in leaf[1]]

    def _tree(self, failed):
        leaves = self.map.leaves
        return Mirrored(Tree(self.misled, 65536 - self.node.number, failed), leaves)


class Mirrored:
    """A tree whose routers' numbers are turned round."""

    def __init__(self, tree, leaves):
        self.tree = tree
        self.leaves = leaves

    def turned(self, number):
        return number if number in self.leaves else 65536 - number

    def way(self, to_device):
        way = self.tree.way(self.turned(to_device))
        return way and (self.turned(way[0]), *way[1:])


class NextDoor(Router):
    """Delivers what is for one of its neighbours to the one after it."""

    def forward(self, payload, head, peer):
        numbers = sorted(self.node.neighbours)
        if head.to_device in numbers:
            place = numbers.index(head.to_device)
            head.to_device = numbers[(place + 1) % len(numbers)]
        super().forward(payload, head, peer)


class TwiceForSafety(Router):
    """Sends every frame twice."""

    def forward(self, payload, head, peer):
        super().forward(payload, head, peer)
        super().forward(payload, head, peer)


class Overtaken(Router):
    """Holds every other frame back until the next step."""

    odd = False

    def forward(self, payload, head, peer):
        self.odd = not self.odd
        if self.odd:
            pass_on = super().forward
            scheduler = self.node.scheduler
            scheduler.timers.after(scheduler.now_ms, 0, lambda: pass_on(payload, head, peer))
        else:
            super().forward(payload, head, peer)


class Leaky(Router):
    """Loses the third frame, and says nothing."""

    seen = 0

    def forward(self, payload, head, peer):
        self.seen += 1
        if self.seen != 3:
            super().forward(payload, head, peer)


class Secretive(TracedNode):
    """Counts nothing that it drops."""

    def dead_letter(self, reason, payload, head):
        pass


class CountsTwice(TracedNode):
    """Counts what it drops twice over."""

    def dead_letter(self, reason, payload, head):
        super().dead_letter(reason, payload, head)
        super().dead_letter(reason, payload, head)


class WholeReads(TracedNode):
    """Forgets the half frame at the end of a read."""

    def received(self, connection, data):
        if connection.is_open:  # it greets, else it would say nothing
            connection.reader = frame.FrameReader(connection.reader.limit_bytes)
        super().received(connection, data)


class WrongTwin(TracedNode):
    """Hands control to the actor beside the one it is for."""

    def deliver(self, payload, head):
        super().deliver(payload.replace(b"/in0", b"/in1"), head)
