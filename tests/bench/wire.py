"""Readings between devices: outbox, batch, frame, session, memory link and back up to a sink.

The links are in memory, so what is measured is the runtime's own work, both ends together. Two
baselines that do without it carry the same readings through a real socket pair: one `struct` for
each reading, and one CBOR list for each.
"""

import itertools
import random
import socket
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import cbor2
import networkx as nx

from actors.accel import codec as accel
from mp_actors import batch, codec, frame, news
from mp_actors.clock import SystemClock
from mp_actors.connection import Connection
from mp_actors.leaf import Leaf
from mp_actors.links.memory import MemoryLink
from mp_actors.node import Limits, Node
from mp_actors.readings import Readings
from mp_actors.router import Router
from mp_actors.routes import RouteMap, Tree
from mp_actors.session import ACK_FRAMES
from tests.bench.local import Source, Tally
from tests.bench.measure import Bench, Subject, cpu_seconds

BATCHES = (1, 8, 64)
PATHS = ("bench/source", "bench/router", "bench/target")
SOURCE, ROUTER, TARGET = 1, 2, 3
WIRE = 1
VALUES = [20 + 0.1 * place for place in range(64)]
RECORD = struct.Struct("!HQd")
LENGTH = struct.Struct("!I")


class Row:
    """A source and a target over memory links, with a router between them or none."""

    def __init__(self, chosen_codec: Any, with_router: bool) -> None:
        self.clock = SystemClock()
        numbers = (SOURCE, ROUTER, TARGET) if with_router else (SOURCE, TARGET)
        self.nodes = [self._node(number, chosen_codec, with_router) for number in numbers]
        self.links = [MemoryLink(one, other) for one, other in itertools.pairwise(self.nodes)]
        self.rest()
        if with_router:
            self.nodes[1].forwarder.on_map(*route_map())
        first, last = self.nodes[0], self.nodes[-1]
        self.source = first.scheduler.spawn(PATHS[0] + "/source", Source)
        last.scheduler.spawn(PATHS[2] + "/tally", Tally)
        for node in (first, last):
            node.wires.connect(wire_spec())
        self.inlet = last.wires.inlets[WIRE]

    def _node(self, number: int, chosen_codec: Any, with_router: bool) -> Node:
        def forwarder(node: Node) -> Any:
            parent = ROUTER if with_router else SOURCE
            return Router(node) if number == ROUTER else Leaf(node, [parent])

        path, draw = PATHS[number - 1], drawing(number)
        return Node(path, number, self.clock, chosen_codec, draw, Limits(False), forwarder, print)

    def rest(self) -> None:
        """Until nothing moves."""
        moved = True
        while moved:
            moved = False
            for node in self.nodes:
                moved = node.step(self.clock.ticks_ms()) == 0 or moved
            for link in self.links:
                moved = link.pump() or moved

    def carry(self, count: int, size: int) -> None:
        """Send `count` readings in batches of `size`; each batch arrives before the next."""
        emit, path, nodes, links = self.source.emit, self.source.path, self.nodes, self.links
        for start in range(0, count, size):
            at_us = self.clock.site_us()
            for place in range(min(size, count - start)):
                emit(VALUES[place], at_us + place, path)
            now_ms = self.clock.ticks_ms()
            for node, link in zip(nodes, links, strict=False):
                node.step(now_ms)
                link.pump()
            nodes[-1].step(now_ms)


def drawing(seed: int) -> Callable[[], int]:
    """What draws 30 bits, the same in each run."""
    return partial(random.Random(seed).getrandbits, 30)


def wire_spec() -> dict[str, Any]:
    """The wire from the source's actor to the target's, as a node is told of it."""
    return {
        "wire": WIRE,
        "epoch": 1,
        "source": PATHS[0] + "/source",
        "target": PATHS[2] + "/tally",
        "source_device": SOURCE,
        "target_device": TARGET,
        "first": 1,
        "origins": [],
        "limit": 4096,
        "items": 1024,
        "via": 0,
        "credit": 1 << 20,
        "full": "drop-oldest",
        "reliable": False,
    }


def route_map() -> tuple[bytes, bytes]:
    """Source and target, both leaves of the router: the map's bytes and their sha256."""
    encoded = codec.encode({
        "version": 1,
        "devices": [[number + 1, path] for number, path in enumerate(PATHS)],
        "links": [],
        "leaves": [[SOURCE, [[1, ROUTER, 1000]]], [TARGET, [[2, ROUTER, 1000]]]],
    })
    return encoded, news.digest(encoded)


def carried(chosen_codec: Any, with_router: bool, size: int) -> Callable[[int], float]:
    """A subject: readings over the links, all of which must arrive."""

    def run(count: int) -> float:
        row = Row(chosen_codec, with_router)
        seconds = cpu_seconds(row.carry, count, size)
        assert (row.inlet.delivered, row.inlet.missing) == (count, 0)
        return seconds

    return run


def piped(
    pack: Callable[[int, float], bytes], unpack: Callable[[bytes], object], size: int
) -> Callable[[int], float]:
    """A subject: one record for each reading over a socket pair, `size` of them in a write."""

    def work(count: int) -> None:
        one, other = socket.socketpair()
        taken = 0
        with one, other:
            for start in range(0, count, size):
                records = [pack(start, value) for value in VALUES[: min(size, count - start)]]
                one.sendall(b"".join([LENGTH.pack(len(record)) + record for record in records]))
                data = other.recv(65536)
                at = 0
                while at < len(data):
                    (length,) = LENGTH.unpack_from(data, at)
                    unpack(data[at + 4 : at + 4 + length])
                    at += 4 + length
                    taken += 1
        assert taken == count

    return lambda count: cpu_seconds(work, count)


class Drain:
    """A link that takes everything and keeps the count."""

    name = transport = "drain"
    address = None
    taken_bytes = 0

    def write(self, data):
        self.taken_bytes += len(data)
        return len(data)

    def close(self):
        """Nothing to close."""


def data_frame() -> bytes:
    """A batch of 64 readings on its way from the source to the target."""
    body = batch.encode(codec, WIRE, 1, 1, list(range(64)), VALUES, None)
    return frame.routed(frame.STREAM, 0, (), TARGET, SOURCE, body)


def greeted(router: Node, number: int, drain: Drain) -> Connection:
    """A connection on which a leaf has greeted, and been answered."""
    connection = router.connected(drain)
    hello = {"path": PATHS[number - 1], "number": number, "inc": 5, "peer": 0, "next": 1}
    hello |= {"version": frame.PROTOCOL_VERSION, "limit": 1 << 16, "buffer": 1 << 20}
    hello |= {"router": False, "map": 0}
    for greeting in (hello, {"first": 1}):
        payload = bytes([frame.HELLO]) + codec.encode(greeting)
        router.received(connection, frame.enclose(payload, 1 << 16))
        connection.flush()
    assert connection.is_open
    return connection


def forwarding(count: int) -> float:
    """Frames through a router: read from one leaf, a write each to the next, which acknowledges as
    seldom as a node does.
    """
    clock, draw = SystemClock(), drawing(1)
    router = Node(PATHS[1], ROUTER, clock, codec, draw, Limits(False), Router, print)
    router.forwarder.on_map(*route_map())
    drain = Drain()
    source, target = greeted(router, SOURCE, Drain()), greeted(router, TARGET, drain)
    data = frame.enclose(data_frame(), 1 << 16)
    before_bytes = drain.taken_bytes

    def work() -> None:
        for number in range(1, count + 1):
            router.received(source, data)
            target.flush()
            if number % ACK_FRAMES == 0:
                acknowledgement = frame.beat(frame.ACK, number + 1)
                router.received(target, frame.enclose(acknowledgement, 1 << 16))
                source.flush()  # what the router acknowledges in its turn

    seconds = cpu_seconds(work)
    assert drain.taken_bytes - before_bytes == count * len(data)
    return seconds


def splicing(count: int) -> float:
    """The least a router can do with a frame: read its head, patch it, write the whole."""
    payload = data_frame()

    def work() -> None:
        for _ in range(count):
            head = frame.Head(payload)
            frame.enclose(frame.forwarded(payload, head, 1, TARGET, ()), 1 << 16)

    return cpu_seconds(work)


def coding(chosen_codec: Any) -> Callable[[int], float]:
    """A subject: batches of 64 readings to bytes and back, without a node."""

    def work(count: int) -> None:
        times_us = list(range(1 << 40, (1 << 40) + 64))
        for _ in range(-(-count // 64)):
            body = batch.encode(chosen_codec, WIRE, 1, 1, times_us, VALUES, None)
            assert len(Readings(chosen_codec, body, 1024).values) == 64

    return lambda count: cpu_seconds(work, count)


def struct_coding(count: int) -> float:
    """The same with one `struct` for the whole batch."""
    form = struct.Struct("!64Q64d")
    times_us = list(range(1 << 40, (1 << 40) + 64))

    def work() -> None:
        for _ in range(-(-count // 64)):
            assert len(form.unpack(form.pack(*times_us, *VALUES))) == 128

    return cpu_seconds(work)


def large_map() -> RouteMap:
    """1,000 routers in a ring with 2,000 more links."""
    chance = random.Random(1)
    pairs = [(number, number % 1000 + 1) for number in range(1, 1001)]
    while len(pairs) < 3000:
        a, b = chance.sample(range(1, 1001), 2)
        pairs.append((a, b))
    links = [[link, *pair, chance.randint(500, 20000)] for link, pair in enumerate(pairs, 1)]
    devices = [[number, f"bench/n{number}"] for number in range(1, 1001)]
    return RouteMap({"version": 1, "devices": devices, "links": links, "leaves": []})


def routing(failed: tuple[int, ...]) -> Callable[[int], float]:
    """A subject: all shortest paths from one router of a large site, around failed links."""
    large = large_map()

    def work(count: int) -> None:
        for number in range(count):
            assert len(Tree(large, number % 1000 + 1, failed).distance) == 1000

    return lambda count: cpu_seconds(work, count)


def networkx_routing(count: int) -> float:
    """The same by the library."""
    graph = nx.Graph()
    for _, a, b, cost in large_map().links:
        known = graph.get_edge_data(a, b, {"weight": cost})["weight"]
        graph.add_edge(a, b, weight=min(cost, known))

    def work() -> None:
        for number in range(count):
            assert len(nx.single_source_dijkstra_path_length(graph, number % 1000 + 1)) == 1000

    return cpu_seconds(work)


def benches() -> list[Bench]:
    """All of this file."""
    found = []
    for size in BATCHES:
        struct_piped = piped(
            lambda at_us, value: RECORD.pack(WIRE, at_us, value), RECORD.unpack, size
        )
        cbor_piped = piped(
            lambda at_us, value: cbor2.dumps([PATHS[0], at_us, value]), cbor2.loads, size
        )
        subjects = [Subject("struct, socketpair", struct_piped)]
        subjects.append(Subject("cbor2 lists, socketpair", cbor_piped))
        for hops, with_router in ((1, False), (2, True)):
            for name, chosen_codec in (("portable", codec), ("accel", accel)):
                subject = carried(chosen_codec, with_router, size)
                subjects.append(Subject(f"{name}, {hops} links", subject))
        units = {1: 2_000, 8: 10_000, 64: 40_000}[size]
        found.append(Bench(f"wire, batches of {size}", "readings", units, subjects))
    coders = [Subject("struct", struct_coding)]
    coders += [Subject("portable", coding(codec)), Subject("accel", coding(accel))]
    found.append(Bench("batch of 64 floats to bytes and back", "readings", 64_000, coders))
    routers = [Subject("splice alone", splicing), Subject("router", forwarding)]
    found.append(Bench("routing a frame of 64 readings", "frames", 5_000, routers))
    trees = [Subject("networkx", networkx_routing, warm_ups=1)]
    trees.append(Subject("no link failed", routing(()), warm_ups=1))
    trees.append(Subject("8 links failed", routing(tuple(range(1, 2401, 300))), warm_ups=1))
    found.append(Bench("routes of 1,000 routers and 3,000 links", "trees", 20, trees))
    return found
