"""A whole site in one process: real nodes, routers and leaves over memory links, in virtual time.

From a Topology to nodes that greeted each other; the test decides when bytes move, how reads are
cut and what time it is. Only sockets and the clock are replaced. Workers have the host's codec and
limits, boards the kernel's. Must never sleep nor ask the machine what time it is.
"""

import random
from functools import partial
from graphlib import TopologicalSorter
from typing import NamedTuple

from actors.accel import codec as host_codec
from actors.controller import Controller
from actors.ledger import DeviceReport
from actors.routing import Routing
from mp_actors import codec as board_codec
from mp_actors import frame, news
from mp_actors.leaf import Leaf
from mp_actors.links.memory import MemoryLink
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.router import Router
from mp_actors.system import System
from mp_actors.testing import ManualClock

READS = (1, 3, 7, 40, 200, 1 << 20)  # most bytes of one read
ROOMS = (60, 300, 5000, 1 << 20)  # bytes a link holds before it takes no more
ROUNDS_MAX = 20000  # a site that is not quiet by then never will be


class Crossing(NamedTuple):
    """One routed frame on one link, as the receiving node read it."""

    sender: int
    receiver: int
    head: frame.Head
    body: bytes


class TracedNode(Node):
    """A node that also writes down which routed frames arrive here, and from which neighbour."""

    def __init__(self, *args):
        super().__init__(*args)
        self.trace = None
        self._readers = {}

    def received(self, connection, data):
        reader = self._readers.setdefault(connection, frame.FrameReader(self.limits.in_bytes))
        reader.feed(data)
        while (payload := reader.next()) is not None:
            if payload[0] == frame.ROUTED:
                head, sender = frame.Head(payload), connection.peer.number
                self.trace.append(Crossing(sender, self.number, head, payload[head.body :]))
        super().received(connection, data)


class MemorySite:
    """Nodes and links of a topology. `nodes`, `systems`: by device path.

    `late`: paths of devices that are not there until `bring_up`. `rooms`: see `ROOMS`. The three
    classes can be replaced by wrong ones, to see what notices. `trace`: every crossing so far.
    `lines`: what was logged.
    """

    def __init__(
        self,
        topology,
        seed=0,
        late=(),
        ticks_ms=0,
        rooms=ROOMS,
        node=TracedNode,
        router=Router,
        leaf=Leaf,
    ):
        self.topology = topology
        self.routing = Routing(topology)
        self.rooms = rooms
        self.random = random.Random(seed)
        self.clock = ManualClock(ticks_ms)
        self.trace = []
        self.lines = []
        self.nodes = {}
        self.systems = {}
        self.links = {}
        self._classes = node, router, leaf
        for device in topology.devices:
            if device.path not in late:
                self._add(device)
        self._connect()

    # -- who is there

    def bring_up(self, path):
        """A device that was late is there now and greets its neighbours."""
        self._add(self.topology.find(path))
        self._connect()

    def give_maps(self, encoded=None):
        """Every router gets the map at once, without a controller."""
        encoded = encoded or host_codec.encode(self.routing.plain_map)
        for device in self.topology.devices:
            if device.is_router:
                self.nodes[device.path].forwarder.on_map(encoded, news.digest(encoded))

    def spawn(self, path, make):
        """Make an actor, its class need not be importable."""
        self.node_of(path).scheduler.spawn(path, make)

    def control_by(self, plan):
        """Put the real controller where the plan wants it; it rolls out at once."""
        node = self.nodes[plan.controller]
        controller = Controller(node, plan, lambda: self.clock.site_us() / 1_000_000)
        node.scheduler.spawn(join(plan.controller, "controller"), lambda: controller)
        return controller

    def carry_out(self, commands, seed=0):
        """Each command on its node at once, in a random order that what they wait for allows.

        Fails if a device refuses one.
        """
        by_key = {command.key: command for command in commands}
        waiting = TopologicalSorter({command.key: command.after for command in commands})
        waiting.prepare()
        ready, chance, errors = [], random.Random(seed), []
        while waiting.is_active():
            ready += waiting.get_ready()
            command = by_key[ready.pop(chance.randrange(len(ready)))]
            path = join(command.device, command.actor)
            arguments = self._arguments(command, path)
            scheduler = self.nodes[command.device].scheduler
            scheduler.post(
                path, command.kind, arguments, path, lambda error, _: errors.append(error)
            )
            while scheduler.step(self.clock.ticks_ms()):
                pass
            waiting.done(command.key)
        assert errors == [None] * len(commands)

    def _arguments(self, command, path):
        """What the controller would send with a command."""
        if command.kind == "watch":
            return [path, 500]
        if command.kind == "map":
            encoded = host_codec.encode(*command.arguments)
            return [encoded, news.digest(encoded)]
        return list(command.arguments)

    def node_of(self, path):
        """The node on which the actor at path lives."""
        return self.nodes[path.rsplit("/", 1)[0]]

    def post(self, path, kind, *args):
        """Tell an actor something from outside. Its device must have room for it."""
        assert self.node_of(path).scheduler.post(path, kind, args, "out/side/test", None)

    def reports(self):
        """What every device's own system actor has to say, as the ledger takes it."""
        return {
            path: DeviceReport(
                figures=system.device(), ends={(row[0], row[1]): row for row in system.wires()}
            )
            for path, system in self.systems.items()
        }

    # -- time and bytes

    def round(self):
        """Step every node, pump every link, in random order and sizes. Returns whether it rests."""
        nodes, links = list(self.nodes.values()), list(self.links.values())
        self.random.shuffle(nodes)
        self.random.shuffle(links)
        now_ms = self.clock.ticks_ms()
        is_busy = [node.step(now_ms) == 0 for node in nodes]
        is_moving = [link.pump(self.random.choice(READS)) for link in links]
        return not any(is_busy) and not any(is_moving)

    def settle(self):
        """Rounds until nothing moves any more, in no time at all."""
        for _ in range(ROUNDS_MAX):
            if self.round():
                return
        raise AssertionError(f"not quiet after {ROUNDS_MAX} rounds")

    def run_ms(self, delay_ms):
        """Let time pass; it jumps from one due moment to the next."""
        self.settle()
        while delay_ms > 0:
            now_ms = self.clock.ticks_ms()
            timers = [node.scheduler.timers for node in self.nodes.values()]
            step_ms = max(1, min(one.wait_ms(now_ms, delay_ms) for one in timers))
            self.clock.advance_ms(step_ms)
            delay_ms -= step_ms
            self.settle()

    def run_until(self, is_true, limit_ms):
        """Let time pass until something holds. Fails if it does not within `limit_ms`."""
        for _ in range(limit_ms // 10):
            if is_true():
                return
            self.run_ms(10)
        assert is_true(), f"not so after {limit_ms} ms; last said: {self.lines[-3:]}"

    def _add(self, device):
        node_class, router_class, leaf_class = self._classes
        parents = [parent.number for _, parent in self.routing.parents(device)]

        def forwarder(node):
            return router_class(node) if device.is_router else leaf_class(node, parents)

        node = self.nodes[device.path] = node_class(
            device.path,
            device.number,
            self.clock,
            board_codec if device.is_board else host_codec,
            partial(self.random.getrandbits, 30),
            Limits(device.is_board),
            forwarder,
            lambda path, text: self.lines.append((path, text)),
        )
        node.trace = self.trace
        system = self.systems[device.path] = System(node, 1)
        node.scheduler.spawn(join(device.path, "node"), lambda: system)
        if device.is_router:
            node.scheduler.spawn(join(device.path, "router"), lambda: node.forwarder)

    def _connect(self):
        """Link what is there and not linked yet, and let everybody greet."""
        for link in self.topology.links:
            # Leaves dial: a board answers one at a time. Of two routers the higher number does.
            by_rank = sorted((link.a, link.b), key=lambda one: (one.is_router, -one.number))
            ends = [self.nodes.get(end.path) for end in by_rank]
            if link.number not in self.links and None not in ends:
                room_bytes = self.random.choice(self.rooms)
                self.links[link.number] = MemoryLink(*ends, room_bytes)
        self.settle()
