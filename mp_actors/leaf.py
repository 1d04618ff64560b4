"""How a leaf finds the way: no map, no other device's number. It hands frames to a parent.

Stands where a router's `Router` stands. It never passes on what is not for it.
"""

NO_MAP = 0


class Leaf:
    """Forwarding of a device that knows its parents only, by number and in order."""

    def __init__(self, node, parents):
        self.node = node
        self.parents = parents
        self.version = NO_MAP  # the parent stamps its own
        self._numbers = {}
        self._preferred = {}

    def learn(self, device, number, parent):
        """A wire leads to that device (a path, a number): by this neighbour, while it is there."""
        self._numbers[device] = number
        self._preferred[number] = parent

    def number_of(self, device):
        """The number of a device, 0 if only a router knows it."""
        return self._numbers.get(device, 0)

    def way(self, to_device):
        """The neighbour to hand a frame to: the one a wire to there prefers, the target itself, or
        the first parent that is there. None: nobody is there.
        """
        neighbours = self.node.neighbours
        for number in [self._preferred.get(to_device, 0), to_device] + self.parents:
            if number in neighbours:
                return neighbours[number]
        return None

    def forward(self, payload, head, _peer):
        """A frame for somebody else came to a leaf: counted, not passed on."""
        self.node.dead_letter("no-route", payload, head)
