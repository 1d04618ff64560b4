"""The router actor: passes control and data of others on, by the shortest path of its map.

It never decodes a body, with one exception: control of a leaf that knows a path and no number.
Without a map it reaches its direct neighbours only, which is how a site is rolled out breadth
first.
"""

from mp_actors import frame
from mp_actors.actor import Actor
from mp_actors.errors import Refused, RemoteWireError
from mp_actors.routes import RouteMap

MAP_ITEMS_MAX = 1 << 20  # it comes in a byte string, so a frame's limit does not hold for it


class Router(Actor):
    """Lives at `domain/device/router` on every device that forwards."""

    def __init__(self, node):
        self.node = node
        self.map = None
        self.version = 0
        self.forwarded = 0
        self._hops = {}

    def on_map(self, encoded):
        """Take a newer map (CBOR bytes); the old one stays if this *raises* Refused."""
        if not isinstance(encoded, bytes):
            raise Refused("map: expected bytes, got %r" % (encoded,))
        try:
            fresh = RouteMap(self.node.codec.decode(encoded, 8, MAP_ITEMS_MAX))
        except RemoteWireError as error:
            raise Refused("map: %s" % error)
        if fresh.version < self.version:
            raise Refused("map %r: this router has %r" % (fresh.version, self.version))
        if fresh.devices.get(self.node.number) != self.node.path:
            raise Refused(
                "map %r: does not know %s as number %d"
                % (fresh.version, self.node.path, self.node.number)
            )
        self.map = fresh
        self.version = fresh.version
        self._hops = fresh.next_hops(self.node.number)
        return self.version

    def learn(self, _device, _number, _neighbour):
        """A router knows numbers and ways by its map alone."""

    def number_of(self, device):
        """The number of a device, 0 if the map does not say."""
        return 0 if self.map is None else self.map.numbers.get(device, 0)

    def way(self, to_device):
        """The neighbour to hand a frame for to_device to, or None."""
        neighbours = self.node.neighbours
        if self.map is None:
            return neighbours.get(to_device)
        hop = self._hops.get(to_device)
        return None if hop is None else neighbours.get(hop[0])

    def forward(self, payload, head, peer):
        """Pass a frame on that came from `peer` and is for another device."""
        node = self.node
        to_device = head.to_device
        if to_device == 0:
            to_device = self._number_of(payload, head)
            if to_device == node.number:
                node.deliver(payload, head)
                return
        if self.map is not None and peer.number in self.map.leaves:
            if head.from_device != peer.number:
                node.dead_letter("denied", payload, head)
                return
        if head.hops >= frame.HOPS_MAX:
            node.log(self.path, "a frame from %d looped; dropped" % head.from_device)
            node.dead_letter("no-route", payload, head)
            return
        way = self.way(to_device)
        if way is None:
            node.dead_letter("no-route", payload, head)
            return
        is_control = head.flags & frame.CLASS_BITS == frame.CONTROL
        version = max(head.version, self.version)
        if way.send(frame.forwarded(payload, head, version, to_device), is_control):
            self.forwarded += 1
        else:
            node.dead_letter("overflow" if way.takes(payload) else "refused", payload, head)

    def _number_of(self, payload, head):
        """Number of the device a leaf's control message is for, 0 if the map does not know it."""
        if self.map is None or head.flags & frame.CLASS_BITS != frame.CONTROL:
            return 0
        try:
            path = self.node.codec.decode(payload[head.body :])["to"]
            return self.map.numbers.get(path[: path.rindex("/")], 0)
        except (RemoteWireError, KeyError, TypeError, ValueError, AttributeError):
            return 0
