"""Random sites of real routers and leaves, driven frame by frame while links fail and maps change.

Only nodes and links are stand-ins, for speed: a link is a queue each way that keeps its order, a
node a table of neighbours. What routers decide and tell each other is their own. `violations` says
what must never happen; no sockets, no clock, and all chance comes from the seed.
"""

import random

from actors.accel import codec
from mp_actors import frame, news
from mp_actors.router import Router
from tests.host.stand_ins import COSTS, HELLO, Clock, Node, Peer, distances, draw_site

PAIRS = 10


class World:
    """One random site and what happens to it. `router`: the class, to see what a wrong one does.

    `twins`: version 2 is issued twice, with two contents. `eager`: neighbours are used before they
    have greeted.
    """

    def __init__(self, seed, router=Router, twins=False, eager=False):
        self.random = random.Random(seed)
        self.router, self.eager = router, eager
        self.clock = Clock()
        self.violations = []
        self.sessions = {}  # link -> {number of an end: its Peer}
        self.active = []
        self.frames = {}  # id -> [target, result, links crossed, up when sent, seen, source]
        self.quiet_stretch, self.stretch = [], []
        self._draw_site()
        self._bring_up()
        self._turmoil(twins)
        for _ in range(200_000):
            if not self._pass_one():
                break
        else:
            self.violations.append("never quiet")
        self.clock.now_ms += 60_000
        self._check_quiet()

    # -- the site

    def _draw_site(self):
        self.plain, self.ends, self.leaves = draw_site(self.random)
        self.nodes = {
            number: Node(self, number, self.leaves.get(number), self.router)
            for number, _ in self.plain["devices"]
        }
        self.routers = [number for number in self.nodes if number not in self.leaves]
        self.plains = {1: self.plain}

    def _bring_up(self):
        """All sessions are open and the first map is everywhere; no bit was told yet."""
        for link in self.ends:
            for peer in self._session(link).values():
                peer.out.clear()
                peer.map_version = 1
        for peers in self.sessions.values():
            for number, peer in peers.items():
                self.nodes[number].neighbours[peer.number] = peer
        self.give(self.routers, self.plain)
        for peers in self.sessions.values():
            for number, peer in peers.items():
                peer.has_news = self.nodes[number].is_router

    def give(self, routers, plain):
        encoded = codec.encode(plain)
        for number in routers:
            self.nodes[number].forwarder.on_map(encoded, news.digest(encoded))

    def changed_map(self):
        """The next version: other costs, and perhaps a link less."""
        links = [[*row[:3], self.random.choice(COSTS)] for row in self.plain["links"]]
        if len(links) > 2 and self.random.random() < 0.3:
            links.pop(self.random.randrange(len(links)))
        return {**self.plain, "version": 2, "links": links}

    # -- links

    def _session(self, link):
        one, other = [self.nodes[number] for number in self.ends[link]]
        peers = {one.number: Peer(one, other), other.number: Peer(other, one)}
        self.sessions[link] = peers
        for number, peer in peers.items():
            self.active.append((link, number, peer))
            if self.eager and self.nodes[number].is_router:
                node = self.nodes[number]
                node.neighbours[peer.number] = peer
                node.forwarder._spread(node.forwarder._own_bits(peer.number, 0))
        return peers

    def cut(self, link):
        """The link fails. One end may notice later than the other; what it sends is lost."""
        peers = self.sessions.pop(link)
        for peer in peers.values():
            peer.is_cut = True
            self._lose(peer)
        numbers = self.random.sample(list(peers), 2)
        self.notice(numbers[0], peers[numbers[0]])
        if self.random.random() < 0.5:
            self.notice(numbers[1], peers[numbers[1]])
            return None
        return lambda: self.notice(numbers[1], peers[numbers[1]])

    def notice(self, number, peer):
        node = self.nodes[number]
        self._lose(peer)
        if node.neighbours.get(peer.number) is peer:
            del node.neighbours[peer.number]
            node.forwarder.closed(peer)

    def _lose(self, peer):
        for payload in peer.out:
            if payload[0] == frame.ROUTED:
                self.ended(payload, frame.Head(payload), "link")
        peer.out.clear()

    def _pass_one(self):
        """One frame of one session, each session's in order, arrives. False if none is there."""
        active = self.active
        while active:
            place = self.random.randrange(len(active))
            link, number, peer = active[place]
            if peer.out and not peer.is_cut:
                self._receive(link, number, peer.out.popleft())
                return True
            active[place] = active[-1]
            active.pop()
        # Sessions that had nothing to pass were taken out; look once whether they have now.
        for link, peers in self.sessions.items():
            active += [(link, number, peer) for number, peer in peers.items() if peer.out]
        return bool(active)

    def _receive(self, link, sender, payload):
        a, b = self.ends[link]
        node = self.nodes[b if sender == a else a]
        peer = self.sessions[link][node.number]
        if payload[0] == HELLO:
            peer.map_version = payload[1]
            node.neighbours[peer.number] = peer
            node.forwarder.opened(peer)
        elif payload[0] == frame.NEWS:
            node.forwarder.take_news(peer, payload)
        else:
            self._cross(link, node, peer, payload)

    # -- frames

    def send(self, source, target):
        """A frame leaves its source, if that has a way."""
        number = len(self.frames) + 1
        up = frozenset(self.sessions)
        self.frames[number] = [target, None, [], up, set(), source]
        node = self.nodes[source]
        found = node.forwarder.way(target)
        if found is None:
            self.frames[number][1] = "no-route"
            return number
        way, failed = found
        version = node.forwarder.version
        body = number.to_bytes(4, "big")
        way.send(frame.routed(frame.STREAM, version, failed, target, source, body), False)
        return number

    def _cross(self, link, node, peer, payload):
        head = frame.Head(payload)
        kept = self.frames[int.from_bytes(payload[head.body :], "big")]
        kept[2].append(link)
        if head.to_device == node.number:
            node.deliver(payload, head)
            return
        if node.is_router:
            # Parallel to R5: with one map and one list no router sees a frame twice.
            failed = frozenset(head.failed_links(payload))
            state = node.number, failed, max(head.version, node.forwarder.version), head.is_bounced
            if state in kept[4]:
                self.violations.append(f"a frame came to {node.path} twice: {state}")
                kept[1] = "looped"
                return
            kept[4].add(state)
        node.forwarder.forward(payload, head, peer)

    def arrived(self, node, payload, head):
        kept = self.frames[int.from_bytes(payload[head.body :], "big")]
        if kept[0] != node.number or kept[1] is not None:
            self.violations.append(f"{node.path} got a frame for {kept[0]} that was {kept[1]}")
        kept[1] = "delivered"

    def ended(self, payload, head, reason):
        kept = self.frames[int.from_bytes(payload[head.body :], "big")]
        if kept[1] is not None:
            self.violations.append(f"a frame that was {kept[1]} ended as {reason}")
        kept[1] = reason

    # -- what happens

    def _turmoil(self, twins):
        chance = self.random
        numbers = sorted(self.nodes)
        self.pairs = [chance.sample(numbers, 2) for _ in range(PAIRS)]
        happenings = [("send", pair) for pair in self.pairs * 2]
        failing = chance.sample(sorted(self.ends), min(len(self.ends), chance.randint(1, 6)))
        for link in failing:
            happenings += [("toggle", link)] * chance.choice((1, 1, 2, 3))
        if chance.random() < 0.5 or twins:
            happenings.append(("map", None))
        if chance.random() < 0.2:
            happenings.append(("restart", chance.choice(self.routers)))
        chance.shuffle(happenings)
        self.later = []
        for what, which in happenings:
            for _ in range(chance.choice((0, 1, 3, 10, 30))):
                self._pass_one()
            if self.later and chance.random() < 0.5:
                self.later.pop(0)[1]()
            self._happen(what, which, twins)
        for _, notice in self.later:
            notice()

    def _happen(self, what, which, twins):
        chance = self.random
        if what == "send":
            self.send(*which)
        elif what == "toggle":
            self._toggle(which)
        elif what == "map":
            for entry in chance.sample(self.routers, min(len(self.routers), 2 if twins else 1)):
                fresh = self.changed_map()
                if self.nodes[entry].forwarder.version < 2:
                    self.plains[2] = fresh
                    self.give([entry], fresh)
        else:
            links = [link for link in sorted(self.sessions) if which in self.ends[link]]
            for link in links:
                self._toggle(link)
            for _, notice in self.later:
                notice()
            self.later = []
            node = self.nodes[which]
            node.forwarder = self.router(node)
            for link in links:
                self._session(link)

    def _toggle(self, link):
        if link in self.sessions:
            notice = self.cut(link)
            if notice is not None:
                self.later.append((link, notice))
            return
        for one in [one for one in self.later if one[0] == link]:
            one[1]()
            self.later.remove(one)
        self._session(link)

    # -- what must hold

    def _check_quiet(self):
        lost = [kept for kept in self.frames.values() if kept[1] is None]
        if lost:
            self.violations.append(f"{len(lost)} frames are nowhere")
        for kept in self.frames.values():
            if kept[1] == "delivered":
                costs, found = distances(self, kept[5], kept[3])
                if kept[0] in found:
                    crossed = sum(costs.get(link, 0) for link in kept[2])
                    self.stretch.append(crossed / found[kept[0]])
        for link in self.sessions:
            versions = [self.nodes[end].forwarder.version for end in self.ends[link]]
            if all(end in self.routers for end in self.ends[link]) and versions[0] != versions[1]:
                self.violations.append(f"link {link} joins maps {versions}")
        for source, target in self.pairs:
            self._check_pair(source, target)

    def _check_pair(self, source, target):
        number = self.send(source, target)
        while self._pass_one():
            pass
        kept = self.frames[number]
        costs, found = distances(self, source, frozenset(self.sessions))
        best = found.get(target)
        if (kept[1] == "delivered") != (best is not None):
            self.violations.append(f"{source} to {target}: {kept[1]}, shortest {best}")
        elif best is not None:
            cost = sum(costs[link] for link in kept[2])
            self.quiet_stretch.append(cost / best)
            if source in self.routers and cost != best:
                self.violations.append(f"{source} to {target}: cost {cost}, shortest {best}")
