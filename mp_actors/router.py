"""The router actor: passes control and data of others on, around what is broken.

It never decodes a body, with one exception: control of a leaf that knows a path and no number.
Frames carry the failed links they met, and each router sends along the shortest path of the map
without those: a broken link is routed around where it is met, with no convergence phase, no loops
and no controller. *Source*: Lakshminarayanan et al., Achieving Convergence-Free Routing using
Failure-Carrying Packets, SIGCOMM 2007; the rules R1 to R9 were model-checked, and the simpler ones
that fail are kept as tests.
"""

from mp_actors import frame, news
from mp_actors.actor import Actor
from mp_actors.errors import Refused, RemoteWireError
from mp_actors.linkstate import LinkState
from mp_actors.routes import VERSION_MAX, RouteMap, Tree

MAP_ITEMS_MAX = 1 << 20  # a map comes in a byte string, so a frame's limit does not hold for it
FAILED_MAX = 32  # links a frame can carry
TREES_KEPT = 16  # shortest-path trees, one for each set of failed links lately met
WAYS_KEPT = 4096


class Router(Actor):
    """Lives at `domain/device/router` on every device that forwards.

    `map`: the site, None before the first one came. `refused_maps`: {reason: times}.
    """

    is_router = True

    def __init__(self, node):
        self.node = node
        self.map = None
        self.version = 0
        self.state = LinkState()
        self.forwarded = 0
        self.refused_maps = {}
        self._encoded = b""
        self._digest = b""
        self._signature = b""
        self._own = {}
        self._trees = {}
        self._ways = {}

    # -- maps

    def on_version(self):
        """The version of the map this router has, 0 for none."""
        return self.version

    def on_map(self, encoded, digest, signature=b""):
        """Take a newer map (CBOR bytes, with their sha256 and the site's signature of them, if
        there are keys) and pass it on to all routers.

        The old one stays if this *raises* Refused. Returns the version now held.
        """
        if not isinstance(encoded, bytes) or news.digest(encoded) != digest:
            raise Refused("map: its sha256 does not fit its bytes")
        if self.map is not None and digest == self._digest:
            return self.version
        proof = self.node.proof
        if proof is not None and not proof.is_signed(encoded, signature):
            raise Refused("map: this site has not signed it")
        try:
            fresh = RouteMap(self.node.codec.decode(encoded, 8, MAP_ITEMS_MAX))
        except RemoteWireError as error:
            raise Refused("map: %s" % error)
        if fresh.version <= self.version:
            raise Refused("map %d: this router has %d" % (fresh.version, self.version))
        if fresh.devices.get(self.node.number) != self.node.path:
            known = (fresh.version, self.node.path, self.node.number)
            raise Refused("map %d: does not know %s as number %d" % known)
        self.map, self.version = fresh, fresh.version
        self._encoded, self._digest, self._signature = encoded, digest, signature
        self._own = fresh.links_of(self.node.number)
        self._trees = {}
        self._ways = {}
        for number in sorted(self.node.neighbours):
            self._know(self.node.neighbours[number])
        self._spread_map()
        self.state.keep(fresh.link_numbers())
        neighbours, bits = self.node.neighbours, []
        for number in sorted(set(self._own.values())):
            bits += self._own_bits(number, 0 if number in neighbours else 1)
        self._spread(bits)
        self.node.links.rerouted()
        return self.version

    def _spread_map(self):
        """A newer map goes out at once, before any frame that is stamped with it (R2)."""
        for peer in self.node.open_routers():
            self._tell_map(peer)

    def _tell_map(self, peer):
        if self.map is not None and peer.map_version < self.version:
            peer.map_version = self.version
            peer.send_news(news.map_frame(self._encoded, self._signature))

    # -- neighbours and news

    def opened(self, peer):
        """A neighbour has greeted: news first, before anything else on this link (R1)."""
        self._know(peer)
        fresh = self._own_bits(peer.number, 0)  # first: it is never told that its link is down
        if peer.is_router:
            self._tell_map(peer)
            for payload in news.bit_frames(self.state.bits()):
                peer.send_news(payload)
            peer.has_news = True
        self._spread(fresh)

    def closed(self, peer):
        """The link to a neighbour is down; whoever wants to pass it learns it here."""
        self._spread(self._own_bits(peer.number, 1))

    def take_news(self, peer, payload):
        """A map or bits from another router. *Raises* RemoteWireError if not understood."""
        if self.is_leaf(peer.number):
            self.node.control.lose("denied", "news", peer.number)
            return
        operation, content = news.read(payload)
        if operation == news.MAP:
            digest, signature, encoded = content
            known, peer.map_version = peer.map_version, VERSION_MAX  # it is not told its own map
            try:
                known = max(known, self.on_map(encoded, digest, signature))
            except Refused as refusal:
                # A neighbour that has my map's successor, or my map under another content.
                text = str(refusal)
                self.refused_maps[text] = self.refused_maps.get(text, 0) + 1
                self.node.log(self.path, "from %s: %s" % (peer.path, text))
            peer.map_version = known
            return
        fresh = []
        for link, end, stamp, down in content:
            if end == self.node.number and link in self._own:
                mended = self.state.contradicted(link, end, stamp, down)
                if mended is not None:
                    fresh.append(mended)
            elif self.state.take(link, end, stamp, down):
                fresh.append((link, end, stamp, down))
        self._spread(fresh)
        for link, end, _, down in fresh:
            if down and self._own.get(link) == end:
                self.node.links.parted(end)

    def _know(self, peer):
        """A leaf is none the less one for what it says of itself."""
        if self.is_leaf(peer.number):
            peer.is_router = False

    def _own_bits(self, number, down):
        """What is to be said of the links to this neighbour, if it is not said yet."""
        links = [link for link in sorted(self._own) if self._own[link] == number]
        bits = [self.state.own(link, self.node.number, down) for link in links]
        return [bit for bit in bits if bit is not None]

    def _spread(self, bits):
        """Tell all routers that have had their first news (R8)."""
        if bits:
            self._ways = {}
            for payload in news.bit_frames(bits):
                for peer in self.node.open_routers():
                    if peer.has_news:
                        peer.send_news(payload)
            self.node.links.rerouted()

    # -- ways

    def learn(self, _device, _number, _neighbour):
        """A router knows numbers and ways by its map alone."""

    def number_of(self, device):
        """The number of a device, 0 if the map does not say."""
        return 0 if self.map is None else self.map.numbers.get(device, 0)

    def is_leaf(self, number):
        """Whether a device speaks only for itself: a leaf by the map, or a console."""
        return number == 0 or (self.map is not None and number in self.map.leaves)

    def way(self, to_device, failed=()):
        """(neighbour, failed links to carry) to hand a frame to, or None if there is no way.

        A link that is down and lies on the way joins what the frame carries, even one known to be
        up again stays there (R5, R6): removing it is what makes loops.
        """
        if self.map is None:
            neighbour = self.node.neighbours.get(to_device)
            return None if neighbour is None else (neighbour, failed)
        key = (to_device, failed)
        found = self._ways.get(key)
        if found is None:
            if len(self._ways) >= WAYS_KEPT:
                self._ways = {}
            found = self._ways[key] = self._search(to_device, failed)
        number, failed = found
        neighbour = self.node.neighbours.get(number)
        return None if neighbour is None else (neighbour, failed)

    def _search(self, to_device, failed):
        while True:
            way = self._tree(failed).way(to_device)
            if way is None:
                return None, failed
            broken = [link for link in way[2] if link in self.state.down and not self._has(link)]
            if not broken:
                return way[0], failed
            if len(failed) >= FAILED_MAX:
                return None, failed
            failed = failed + (broken[0],)

    def _has(self, link):
        """Whether a link is mine and up. Its other end may not have said so yet: what waits for
        the moment it opens would be lost by that.
        """
        return self._own.get(link) in self.node.neighbours

    def _tree(self, failed):
        key = tuple(sorted(failed))
        tree = self._trees.get(key)
        if tree is None:
            if len(self._trees) >= TREES_KEPT:
                self._trees = {}
            tree = self._trees[key] = Tree(self.map, self.node.number, key)
        return tree

    # -- frames of others

    def forward(self, payload, head, peer):
        """Pass a frame on that came from `peer` and is for another device."""
        node = self.node
        to_device = head.to_device
        if to_device == 0:
            to_device = self._number_of(payload, head)
            if to_device == node.number:
                node.deliver(payload, head)
                return
        reason = self._refusal(head, peer)
        if reason is not None:
            node.dead_letter(reason, payload, head)
        else:
            self.onward(payload, head, to_device)

    def onward(self, payload, head, to_device=0):
        """Send a frame one hop further; `to_device` where its head does not say."""
        node, to_device = self.node, to_device or head.to_device
        if head.hops >= frame.HOPS_MAX:  # here, for what is sent again comes here, too
            node.log(self.path, "a frame from %d looped" % head.from_device)
            node.dead_letter("no-route", payload, head)
            return
        found = self.way(to_device, head.failed_links(payload))
        if found is None:
            if not self._give_back(payload, head):
                node.dead_letter("no-route", payload, head)
            return
        neighbour, failed = found
        onward = frame.forwarded(payload, head, self.version, to_device, failed)
        if neighbour.send(onward, head.is_control):
            self.forwarded += 1
        else:
            reason = "overflow" if neighbour.takes(onward) else "refused"
            node.dead_letter(reason, payload, head)

    def _refusal(self, head, _peer):
        """Why a frame goes no further, or None."""
        if head.version > self.version:
            self.node.log(self.path, "a frame of map %d came before that map" % head.version)
            return "no-route"
        return None

    def _give_back(self, payload, head):
        """Hand a leaf's frame back that has no way from here: it may have another parent (R7)."""
        leaf = self.node.neighbours.get(head.from_device)
        if head.is_bounced or leaf is None or leaf.is_router:
            return False
        if self.map is not None and len(self.map.leaves.get(leaf.number, ())) < 2:
            return False
        return leaf.send(payload, head.is_control)

    def _number_of(self, payload, head):
        """Number of the device a leaf's control message is for, 0 if the map does not know it."""
        if self.map is None or not head.is_control:
            return 0
        try:
            path = self.node.codec.decode(payload[head.body :])["to"]
            return self.map.numbers.get(path[: path.rindex("/")], 0)
        except (RemoteWireError, KeyError, TypeError, ValueError, AttributeError):
            return 0
