"""A reading's way over links: two nodes and a router between them, all in memory."""

from helpers import counter, give_map

from mp_actors import Filter, Sensor, Sink, codec, system
from mp_actors.leaf import Leaf
from mp_actors.links.memory import MemoryLink
from mp_actors.node import Limits, Node
from mp_actors.requests import Requests
from mp_actors.router import Router
from mp_actors.testing import ManualClock


class Counter(Sensor):
    period_ms = 10

    def __init__(self):
        self.value = 0

    def sample(self):
        self.value += 1
        return self.value


class Odd(Filter):
    def apply(self, value):
        return value if value % 2 else None


class Picky(Filter):
    def apply(self, value):
        if value == 3:
            raise ValueError("three")
        return value


class Store(Sink):
    kept = []

    def write(self, value):
        Store.kept.append((self.source, value))


class Site:
    """Nodes 1, 2, 3 in a row; 2 is the router, 1 and 3 are leaves."""

    def __init__(self):
        Store.kept = []
        self.clock = ManualClock()
        self.lines = []
        self.nodes = []
        for number, name, parents in ((1, "a/one", [2]), (2, "b/two", None), (3, "c/three", [2])):
            self.nodes.append(self.make(number, name, parents))
        self.links = [
            MemoryLink(self.nodes[0], self.nodes[1]),
            MemoryLink(self.nodes[1], self.nodes[2]),
        ]
        self.run()
        route_map = {
            "version": 1,
            "devices": [[1, "a/one"], [2, "b/two"], [3, "c/three"]],
            "links": [],
            "leaves": [[1, [[1, 2, 1000]]], [3, [[2, 2, 1000]]]],
        }
        give_map(self.nodes[1], route_map)

    def make(self, number, name, parents):
        def forwarder(node):
            return Router(node) if parents is None else Leaf(node, parents)

        def log(path, text):
            self.lines.append((path, text))

        node = Node(name, number, self.clock, codec, counter(7), Limits(False), forwarder, log)
        node.scheduler.spawn(name + "/node", lambda: system.System(node))
        return node

    def run(self, ms=0):
        for _ in range(ms + 1):
            busy = True
            while busy:
                busy = False
                for node in self.nodes:
                    busy = node.step(self.clock.ticks_ms()) == 0 or busy
                for link in self.links:
                    busy = link.pump() or busy
            self.clock.advance_ms(1)

    def wire(self, number, source, target):
        devices = [node.path for node in self.nodes]
        spec = {
            "wire": number,
            "epoch": 1,
            "source": source,
            "target": target,
            "source_device": devices.index(source[: source.rindex("/")]) + 1,
            "target_device": devices.index(target[: target.rindex("/")]) + 1,
            "first": 1,
            "origins": [],
            "limit": 1024,
            "items": 1024,
            "via": 0,
            "credit": 1024,
            "full": "drop-oldest",
            "reliable": False,
        }
        for node in self.nodes:
            if node.number in (spec["source_device"], spec["target_device"]):
                node.wires.connect(spec)


def test_a_reading_crosses_a_router_in_order_and_keeps_its_source():
    site = Site()
    one, _, three = site.nodes
    one.scheduler.spawn("a/one/counter", Counter)
    three.scheduler.spawn("c/three/odd", Odd)
    three.scheduler.spawn("c/three/store", Store)
    site.wire(1, "a/one/counter", "c/three/odd")
    site.wire(2, "c/three/odd", "c/three/store")
    one.scheduler.sample(True)
    site.run(100)
    assert [value for _, value in Store.kept] == [1, 3, 5, 7, 9]
    assert Store.kept[0][0] == "a/one/counter"
    inlet = three.wires.inlets[1]
    assert (inlet.delivered, inlet.missing, inlet.late) == (10, 0, 0)
    assert inlet.latency.percentile_us(50) is not None
    assert site.nodes[1].forwarder.forwarded >= 10


def test_a_handler_that_raises_costs_one_reading_and_names_the_line():
    site = Site()
    one = site.nodes[0]
    one.scheduler.spawn("a/one/counter", Counter)
    one.scheduler.spawn("a/one/picky", Picky)
    one.scheduler.spawn("a/one/store", Store)
    site.wire(1, "a/one/counter", "a/one/picky")
    site.wire(2, "a/one/picky", "a/one/store")
    one.scheduler.sample(True)
    site.run(60)
    assert [value for _, value in Store.kept] == [1, 2, 4, 5, 6]
    cell = one.scheduler.cells["a/one/picky"]
    assert (cell.failures, cell.restarts) == (1, 1)
    assert "ValueError: three (test_node.py:" in cell.last_error
    inlet = one.wires.inlets[1]
    assert inlet.accepted == inlet.delivered + 1 and inlet.dropped == {"poison": 1}


def test_readings_wait_for_a_way_and_the_oldest_make_room():
    site = Site()
    one, _, three = site.nodes
    one.scheduler.spawn("a/one/counter", Counter)
    three.scheduler.spawn("c/three/store", Store)
    site.wire(1, "a/one/counter", "c/three/store")
    one.scheduler.sample(True)
    site.run(30)
    site.links[0].cut()
    site.run(4000)
    outbox = one.wires.outboxes[1]
    assert outbox.accepted == outbox.sent + outbox.dropped["overflow"] + len(outbox.values)
    site.links[0] = MemoryLink(one, site.nodes[1])
    one.scheduler.sample(False)
    site.run(10)
    inlet = three.wires.inlets[1]
    assert outbox.accepted == outbox.sent + outbox.dropped["overflow"]
    # What had a number is in the session: nothing of it is lost.
    assert outbox.sent == inlet.delivered and inlet.missing == inlet.late == 0
    assert Store.kept[-1][1] == outbox.accepted


def test_a_question_is_answered_over_two_hops_and_carried_out_once():
    site = Site()
    requests = Requests(site.nodes[0])
    answers = []

    def then(error, value):
        answers.append((error, value))

    path = "c/three/node"
    requests.ask("a/one/node", path, "spawn", ["store", __name__ + ":Store", {}], then)
    requests.ask("a/one/node", path, "spawn", ["bad", "nothing:Here", {}], then)
    requests.ask("a/one/node", "x/y/z", "spawn", [], then)
    requests.ask("a/one/node", path, "dance", [], then)
    site.run(20)
    assert (None, None) in answers
    errors = sorted([error[1] for error, _ in answers if error])
    assert len(errors) == 3
    assert "no handler for 'dance'" in errors[0] and "nothing" in errors[1]
    assert "x/y/z: unreachable from b/two, no-route" in errors[2]
    assert "c/three/store" in site.nodes[2].scheduler.cells


def test_nobody_answers_and_the_question_ends_with_a_name():
    site = Site()
    requests = Requests(site.nodes[0])
    answers = []
    site.nodes.pop()  # it stands still, and nobody can know that yet

    def then(error, value):
        answers.append((error, value))

    requests.ask("a/one/node", "c/three/node", "start", [], then, 5000)
    site.run(4900)
    assert answers == []
    site.run(200)
    assert answers == [(("expired", "c/three/node: no answer in 5000 ms"), None)]


def test_a_silent_neighbour_is_given_up_after_three_missed_beats():
    site = Site()
    site.nodes.pop()  # it takes no step any more, and answers nothing
    site.links.pop()
    site.run(5990)
    assert 3 in site.nodes[1].neighbours
    site.run(600)
    assert 3 not in site.nodes[1].neighbours
    assert 1 in site.nodes[1].neighbours
