"""A leaf between its parents: what one hands back goes by the other, once (rules L1 and L2)."""

from helpers import Stranger, new_node
from test_failures import framed, heads

from mp_actors import frame
from mp_actors.requests import Requests
from mp_actors.testing import ManualClock


class Eight:
    """Leaf 8 between its parents 1 and 3, the first asked first."""

    def __init__(self, parents=(1, 3)):
        self.clock = ManualClock()
        self.node = new_node("d/n8", 8, parents=list(parents), clock=self.clock)
        self.parents = [Stranger(self.node, number, "d/n%d" % number) for number in parents]
        self.node.forwarder.learn("d/n4", 4, 0)
        self.requests = Requests(self.node)
        self.errors = []

    def ask(self, path="d/n4/node"):
        """Ask, and return what each parent heard."""
        self.requests.ask("d/n8/node", path, "start", [], self.note, 60000)
        return [parent.heard() for parent in self.parents]

    def note(self, error, _value):
        self.errors.append(error)


def test_a_leafs_frame_is_stamped_by_its_parent_and_names_no_failed_link():
    first, second = Eight().ask()
    assert heads(first) == [(0, (), False)] and second == []


def test_a_frame_handed_back_goes_by_the_other_parent_once_and_is_marked():
    eight = Eight()
    (payload,), _ = eight.ask()
    one, three = eight.parents
    one.say(payload)
    (again,) = three.heard()
    assert again == frame.bounced(payload, frame.Head(payload))
    assert heads([again]) == [(0, (), True)] and one.heard() == []
    three.say(again)
    assert one.heard() == [] and three.heard() == []
    assert eight.node.control.lost == {"no-route": 1}
    assert [error[0] for error in eight.errors] == ["unreachable"]


def test_a_parent_that_hands_a_frame_back_is_not_asked_for_that_target_for_five_seconds():
    eight = Eight()
    eight.node.forwarder.learn("d/n7", 7, 0)
    (payload,), _ = eight.ask()
    eight.parents[0].say(payload)
    eight.parents[1].heard()
    way = eight.node.forwarder.way
    one, three = [parent.peer for parent in eight.parents]
    assert way(4)[0] is three and way(7)[0] is one
    eight.clock.advance_ms(4999)
    assert way(4)[0] is three
    eight.clock.advance_ms(1)
    assert way(4)[0] is one


def test_a_parent_that_greets_again_is_asked_again_at_once():
    eight = Eight()
    (payload,), _ = eight.ask()
    eight.parents[0].say(payload)
    way = eight.node.forwarder.way
    assert way(4)[0] is eight.parents[1].peer
    eight.parents[0].leave()
    assert way(4)[0] is eight.parents[1].peer
    again = Stranger(eight.node, 1, "d/n1")
    assert way(4)[0] is again.peer


def test_a_leaf_with_one_parent_that_hands_back_says_unreachable():
    eight = Eight(parents=(3,))
    ((payload,),) = eight.ask()
    eight.parents[0].say(payload)
    assert [error[0] for error in eight.errors] == ["unreachable"]
    assert eight.node.control.lost == {"no-route": 1}


def test_a_leaf_passes_on_nothing_that_is_not_its_own():
    eight = Eight()
    eight.parents[0].say(framed(1, (), 3, 1))
    eight.parents[0].say(framed(1, (), 9, 1))
    assert eight.parents[1].heard() == []
    answers = eight.parents[0].answers()
    assert [answer["error"][0] for answer in answers] == ["unreachable", "unreachable"]
    assert eight.node.control.lost == {"no-route": 2}
