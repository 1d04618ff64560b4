"""What an instance that failed leaves to the one that takes its place."""

from helpers import Row

from mp_actors import Actor

PATH = "a/one/counter"


class Counter(Actor):
    """Counts what it is given; of all instances, `begun` has what each began with."""

    begun = []
    refuses = False

    def __init__(self):
        self.count = 0

    def started(self):
        Counter.begun.append(self.count)

    def on_value(self, value):
        self.count += 1
        if value == "bad":
            raise ValueError("bad")

    def on_count(self):
        if self.count > 5:
            raise ValueError("too many")
        self.count += 1

    def state(self):
        return {"count": self.count}

    def restore(self, state):
        if Counter.refuses:
            raise KeyError("of another version")
        assert self.path == PATH
        self.count = state["count"]


class Forgetful(Actor):
    begun = []

    def started(self):
        Forgetful.begun.append(self)

    def on_fail(self):
        raise ValueError("asked to")


def run(make, kinds):
    """An actor of a node that was told these things; its cell."""
    Counter.begun, Counter.refuses, Forgetful.begun = [], False, []
    row = Row()
    cell = row.nodes[0].scheduler.spawn(PATH, make)
    for kind in kinds:
        row.nodes[0].scheduler.post(PATH, kind, [], PATH, None)
        row.run(300)
    return row, cell


def test_the_next_instance_begins_with_the_state_of_the_one_that_failed():
    _, cell = run(Counter, ["count"] * 8)
    assert cell.failures == 2 and cell.restarts == 2
    assert Counter.begun == [0, 6, 6]
    assert cell.actor.count == 6 and not cell.down


def test_a_state_that_cannot_be_restored_is_given_once():
    row, cell = run(Counter, ["count"] * 6)
    Counter.refuses = True
    row.nodes[0].scheduler.post(PATH, "count", [], PATH, None)
    row.run(6000)
    assert cell.failures == 2 and "of another version" in cell.last_error
    assert not cell.down and Counter.begun == [0, 0] and cell.actor.count == 0


def test_an_instance_that_never_began_leaves_nothing():
    class Late(Counter):
        tries = 0

        def started(self):
            Late.tries += 1
            self.count = 100
            if Late.tries == 1:
                raise OSError("not yet")
            Counter.started(self)

        def restore(self, state):
            raise AssertionError(state)

    row, cell = run(Late, [])
    row.run(1000)
    assert not cell.down and cell.failures == 1


def test_an_actor_without_a_state_begins_with_nothing():
    _, cell = run(Forgetful, ["fail", "fail"])
    assert cell.failures == 2 and len(Forgetful.begun) >= 2
    assert Forgetful.begun[0] is not Forgetful.begun[1]


def test_an_instance_that_resumes_is_asked_for_no_state():
    class Resuming(Counter):
        supervision = "resume"

        def state(self):
            raise AssertionError("nobody takes its place")

    _, cell = run(Resuming, ["count"] * 8)
    assert cell.failures == 2 and cell.restarts == 0 and cell.actor.count == 6
