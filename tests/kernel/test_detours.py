"""Small sites of real nodes in memory, whose links are cut while frames are under way.

No controller: what one router finds out, frames and news carry on.
"""

from helpers import give_map, new_node, part, settle
from test_failures import LEAVES, RING, plain

from mp_actors import Actor
from mp_actors.links.memory import MemoryLink
from mp_actors.requests import Requests
from mp_actors.testing import ManualClock


class Hearer(Actor):
    """Keeps what it is told."""

    def __init__(self):
        self.heard = []

    def on_hear(self, what):
        self.heard.append(what)


class Mesh:
    """All devices of a map, in memory, each with an actor that keeps what it is told."""

    def __init__(self, links=RING, leaves=LEAVES, version=1):
        self.clock = ManualClock()
        self.map = plain(version, links, leaves)
        self.ends = {}
        for link, a, b, _ in links:
            self.ends[link] = (a, b)
        parents_of = {}
        for leaf, parents in leaves:
            parents_of[leaf] = [parent for _, parent, _ in parents]
            for link, parent, _ in parents:
                self.ends[link] = (leaf, parent)
        self.parents_of = parents_of
        self.nodes = {}
        self.links = {}
        self.hearers = {}
        self.requests = {}
        self.answers = []
        for number, _ in self.map["devices"]:
            self.start(number)
        for link in sorted(self.ends):
            self.join(link)
        if version:
            give_map(self.nodes[min(self.routers())], self.map)
        self.settle()

    def routers(self):
        return [number for number in sorted(self.nodes) if number not in self.parents_of]

    def start(self, number):
        """Make the node anew; its links are cut before."""
        path = "d/n%d" % number
        node = new_node(path, number, self.parents_of.get(number), self.clock)
        self.nodes[number] = node
        self.hearers[number] = node.scheduler.spawn(path + "/hearer", Hearer)

    def join(self, link):
        one, other = self.ends[link]
        self.links[link] = MemoryLink(self.nodes[one], self.nodes[other])

    def cut(self, *links):
        """Both ends know it at once."""
        for link in links:
            part(self.links.pop(link))

    def snap(self, link):
        """Both ends hope that it is back within a second."""
        self.drop(self.links.pop(link))

    def drop(self, link):
        link.cut()

    def settle(self):
        links = [self.links[link] for link in sorted(self.links)]
        settle([self.nodes[number] for number in sorted(self.nodes)], links)

    def run(self, ms):
        """Let time pass."""
        for _ in range(ms // 50):
            self.clock.advance_ms(50)
            self.settle()

    def ask(self, source, target, value):
        """Like `say`, and it is answered."""
        if source not in self.requests:
            self.requests[source] = Requests(self.nodes[source])
        path = "d/n%d/hearer" % target
        self.requests[source].ask(
            "d/n%d/me" % source, path, "hear", [value], lambda *it: self.answers.append(it), 30000
        )
        return True

    def say(self, source, target, value):
        """Tell the hearer of a device something; returns whether it left."""
        body = {"to": "d/n%d/hearer" % target, "from": "d/n%d/me" % source, "do": "hear"}
        body["inc"], body["args"] = 1, [value]
        return self.nodes[source].control.send(target, body)

    def heard(self, number):
        return self.hearers[number].actor.heard

    def lost(self):
        return [(n, self.nodes[n].control.lost) for n in self.nodes if self.nodes[n].control.lost]

    def versions(self):
        return [self.nodes[number].forwarder.version for number in self.routers()]

    def down(self):
        """The links that all routers agree to be down."""
        found = [self.nodes[number].forwarder.state.down for number in self.routers()]
        assert found.count(found[0]) == len(found), found
        return found[0]


def test_a_map_given_to_one_router_reaches_all_and_whoever_comes_later():
    mesh = Mesh()
    assert mesh.versions() == [1, 1, 1, 1] and mesh.down() == set()
    mesh.cut(12, 41, 81)
    mesh.settle()
    give_map(mesh.nodes[3], plain(2))
    mesh.settle()
    assert mesh.versions() == [1, 2, 2, 2]
    mesh.join(41)
    mesh.settle()
    assert mesh.versions() == [2, 2, 2, 2] and mesh.down() == {12, 81}


def test_a_cut_is_known_everywhere_and_so_is_its_end():
    mesh = Mesh()
    for link in (12, 34, 93):
        mesh.cut(link)
        mesh.settle()
        assert mesh.down() == {link}
        mesh.join(link)
        mesh.settle()
        assert mesh.down() == set()


def test_frames_go_around_a_cut_that_their_sender_has_not_heard_of():
    mesh = Mesh()
    mesh.say(1, 9, "before")
    mesh.settle()
    mesh.run(1000)
    forwarded = mesh.nodes[4].forwarder.forwarded
    mesh.cut(23)
    assert mesh.nodes[1].forwarder.state.down == set()
    mesh.say(1, 9, "during")
    mesh.settle()
    mesh.say(1, 9, "after")
    mesh.settle()
    assert mesh.heard(9) == ["before", "during", "after"] and mesh.lost() == []
    assert mesh.nodes[4].forwarder.forwarded == forwarded + 2


def test_a_router_dies_and_the_leaf_with_two_parents_is_reached_and_heard_over_the_other():
    mesh = Mesh()
    mesh.cut(12, 41, 81)
    del mesh.nodes[1]
    mesh.settle()
    assert mesh.say(4, 8, "to the leaf") and mesh.say(8, 4, "from the leaf")
    mesh.settle()
    assert mesh.heard(8) == ["to the leaf"] and mesh.heard(4) == ["from the leaf"]
    assert mesh.lost() == []


def test_a_leafs_frame_finds_the_other_parent_when_the_first_is_cut_off():
    mesh = Mesh()
    mesh.nodes[8].forwarder.learn("d/n9", 9, 0)
    mesh.cut(12, 41)
    # 1 and 8 are together, the rest reaches 8 over 3; 1 hands back what is for 4.
    mesh.say(8, 4, "first")
    mesh.settle()
    mesh.say(8, 4, "second")
    mesh.settle()
    assert mesh.heard(4) == ["first", "second"] and mesh.lost() == []


def test_a_leafs_frame_leaves_a_parent_that_started_again_alone_and_has_no_map():
    mesh = Mesh()
    mesh.cut(12, 41, 81)
    mesh.start(1)
    mesh.join(81)
    mesh.settle()
    assert mesh.versions() == [0, 1, 1, 1]
    mesh.say(8, 4, "by the other")
    mesh.settle()
    assert mesh.heard(4) == ["by the other"] and mesh.lost() == []


def test_a_router_that_starts_again_is_heard_over_what_was_known_of_it():
    mesh = Mesh()
    for _ in range(5):
        mesh.cut(12)
        mesh.settle()
        mesh.join(12)
        mesh.settle()
    mesh.cut(12, 41, 81)
    mesh.settle()
    mesh.start(1)
    for link in (12, 41, 81):
        mesh.join(link)
    mesh.settle()
    assert mesh.versions() == [1, 1, 1, 1] and mesh.down() == set()
    mesh.say(1, 9, "here again")
    mesh.say(9, 1, "welcome")
    mesh.settle()
    assert mesh.heard(9) == ["here again"] and mesh.heard(1) == ["welcome"]


def test_a_question_into_a_part_that_is_cut_off_is_answered_unreachable_at_once():
    mesh = Mesh()
    requests = Requests(mesh.nodes[1])
    errors = []
    mesh.cut(23)
    mesh.cut(34)
    requests.ask("d/n1/me", "d/n9/node", "start", [], lambda error, _: errors.append(error))
    mesh.settle()
    requests.ask("d/n1/me", "d/n9/node", "start", [], lambda error, _: errors.append(error))
    assert [error[0] for error in errors] == ["unreachable", "unreachable"]
    assert "from d/n1" in errors[1][1]


def test_parts_with_an_old_and_a_new_map_understand_each_other_while_it_spreads():
    mesh = Mesh()
    give_map(mesh.nodes[1], plain(2, RING[:3] + [(41, 4, 1, 1)]))
    for value in range(20):
        for source, target in ((1, 9), (9, 1), (3, 1), (4, 2)):
            mesh.say(source, target, (source, value))
        if value == 10:
            mesh.cut(34)
        for number in sorted(mesh.nodes):
            mesh.nodes[number].step(0)
        mesh.links[sorted(mesh.links)[value % len(mesh.links)]].pump()
    mesh.settle()
    assert mesh.versions() == [2, 2, 2, 2] and mesh.lost() == []
    assert [value for _, value in mesh.heard(2)] == list(range(20))
    assert len(mesh.heard(1)) == 40 and len(mesh.heard(9)) == 20
