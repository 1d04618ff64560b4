"""How a leaf finds the way: no map, no other device's number. It hands frames to a parent.

Stands where a router's `Router` stands. It never passes on what is not for it. A frame of its own
that a parent hands back, since it knows no way, goes by the other parent, once.
"""

from mp_actors import frame, ticks

NO_MAP = 0  # the parent stamps its own
BAD_MS = 5000  # how long a parent that handed a frame back is not asked for that target again


class Leaf:
    """Forwarding of a device that knows its parents only, by number and in order."""

    is_router = False
    version = NO_MAP

    def __init__(self, node, parents):
        self.node = node
        self.parents = parents
        self._numbers = {}
        self._preferred = {}
        self._bad = {}  # (target, parent) -> until

    def learn(self, device, number, parent):
        """A wire leads to that device (a path, a number): by this neighbour, while it is there."""
        self._numbers[device] = number
        self._preferred[number] = parent

    def number_of(self, device):
        """The number of a device, 0 if only a router knows it."""
        return self._numbers.get(device, 0)

    def is_leaf(self, _number):
        """Whether a device may speak only for itself: a leaf's neighbours are routers."""
        return False

    def opened(self, peer):
        """A parent has greeted: what it could not reach before, it may reach now."""
        for key in list(self._bad):
            if key[1] == peer.number:
                del self._bad[key]

    def closed(self, _peer):
        """Nothing to tell anybody."""

    def take_news(self, _peer, _payload):
        """Leaves have no use for news."""

    def way(self, to_device, failed=()):
        """(neighbour, failed links) to hand a frame to: the neighbour that a wire to there prefers,
        the target itself, or the first parent; one that just handed such a frame back comes last.
        None: nobody is there.
        """
        neighbours = self.node.neighbours
        last = None
        for number in [self._preferred.get(to_device, 0), to_device] + self.parents:
            if number in neighbours:
                if not self._is_bad(to_device, number):
                    return neighbours[number], failed
                last = last or neighbours[number]
        return None if last is None else (last, failed)

    def forward(self, payload, head, peer):
        """A frame that is not for this device: its own, handed back, or somebody's mistake."""
        if head.from_device != self.node.number or head.is_bounced:
            self.node.dead_letter("no-route", payload, head)
            return
        now_ms = self.node.clock.ticks_ms()
        self._bad[head.to_device, peer.number] = ticks.add(now_ms, BAD_MS)
        found = self.way(head.to_device)
        if found is None or found[0] is peer:
            self.node.dead_letter("no-route", payload, head)
            return
        if not found[0].send(frame.bounced(payload, head), head.is_control):
            self.node.dead_letter("overflow", payload, head)

    def onward(self, payload, head):
        """Send a frame of this leaf once more, after the session that held it has ended (L3)."""
        found = self.way(head.to_device)
        if found is None:
            self.node.dead_letter("no-route", payload, head)
        elif not found[0].send(payload, head.is_control):
            self.node.dead_letter("overflow", payload, head)

    def _is_bad(self, to_device, parent):
        until_ms = self._bad.get((to_device, parent))
        if until_ms is None:
            return False
        if ticks.diff(until_ms, self.node.clock.ticks_ms()) > 0:
            return True
        del self._bad[to_device, parent]
        return False
