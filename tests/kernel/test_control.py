"""Control between devices: one answer per id, each question carried out once, named failures."""

import json

from helpers import Row, Stranger, give_map, new_node, part, refusal, settle

from mp_actors import Actor, codec, frame
from mp_actors.errors import PathError
from mp_actors.requests import Requests

TO = "lab/hub/counter"


class Counter(Actor):
    """Counts what it is asked; answers things that cannot be sent on request."""

    def __init__(self):
        self.calls = 0

    def on_add(self, number=1):
        self.calls += number
        return self.calls

    def on_fail(self):
        self.calls += 1
        raise ValueError("failed by request")

    def on_odd(self):
        self.calls += 1
        return {"a set": {1, 2}}

    def on_long(self, size):
        self.calls += 1
        return b"x" * size


class Hub:
    """A node with a counter and one neighbour, number 3, played by the test."""

    def __init__(self, is_board=False, limit_bytes=1 << 20):
        self.lines = []
        self.node = new_node("lab/hub", 2, lines=self.lines, is_board=is_board)
        self.cell = self.node.scheduler.spawn(TO, Counter)
        self.stranger = Stranger(self.node, 3, "lab/far", limit_bytes)

    @property
    def calls(self):
        return self.cell.actor.calls

    def ask(self, number, kind, args=(), incarnation=5, from_device=3):
        """Send a question, routed."""
        body = {"to": TO, "from": "lab/far/me", "inc": incarnation, "do": kind}
        body["id"], body["args"] = number, list(args)
        self.stranger.route(frame.CONTROL, 2, from_device, body)


def test_a_question_is_answered_once_and_to_its_sender():
    hub = Hub()
    hub.ask(1, "add", [5])
    answer = {"to": "lab/far/me", "from": TO, "re": 1, "ok": 5}
    payload = hub.stranger.heard()[0]
    head = frame.Head(payload)
    assert codec.decode(payload[head.body :]) == answer
    assert (head.to_device, head.from_device, head.flags) == (3, 2, frame.CONTROL)
    assert hub.stranger.heard() == []


def test_a_message_without_an_id_is_carried_out_and_not_answered():
    hub = Hub()
    for kind in ("add", "fail", "unknown"):
        body = {"to": TO, "from": "lab/far/me", "do": kind}
        hub.stranger.route(frame.CONTROL, 2, 3, body)
        assert hub.stranger.heard() == []
    assert len(hub.lines) >= 2


def test_a_repeated_question_is_carried_out_once_and_answered_each_time():
    hub = Hub()
    answers = []
    for _ in range(4):
        hub.ask(1, "add")
        answers += hub.stranger.answers()
    assert [answer["ok"] for answer in answers] == [1, 1, 1, 1]
    assert hub.calls == 1


def test_a_repeat_while_the_first_is_still_open_is_not_carried_out_and_gets_one_answer():
    hub = Hub()
    for _ in range(3):
        hub.ask(1, "add")
    assert hub.calls == 0
    assert [answer["ok"] for answer in hub.stranger.answers()] == [1]
    assert hub.calls == 1


def test_a_failure_is_remembered_like_any_answer():
    hub = Hub()
    hub.ask(1, "fail")
    hub.ask(1, "fail")
    first = hub.stranger.answers()
    hub.ask(1, "fail")
    again = hub.stranger.answers()
    assert first == again and len(first) == 1
    assert first[0]["error"][0] == "failed" and "failed by request" in first[0]["error"][1]
    assert hub.cell.failures == 1


def test_the_same_id_of_another_device_or_incarnation_is_another_question():
    hub = Hub()
    for incarnation, from_device in ((5, 3), (6, 3), (5, 4), (5, 3)):
        hub.ask(1, "add", incarnation=incarnation, from_device=from_device)
        settle([hub.node])
    assert hub.calls == 3


def test_answers_are_kept_for_a_while_and_not_for_ever():
    hub = Hub()
    kept = hub.node.limits.answers
    for number in range(kept + 1):
        hub.ask(number, "add")
        settle([hub.node])
    for number in (kept, 1):
        hub.ask(number, "add")
        settle([hub.node])
    assert hub.calls == kept + 1
    hub.ask(0, "add")
    settle([hub.node])
    assert hub.calls == kept + 2
    assert len(hub.node.control._answers) == kept


def test_a_full_queue_is_answered_busy_and_the_message_counted():
    hub = Hub(is_board=True)
    size = hub.node.limits.control_messages
    for number in range(size + 3):
        hub.ask(number, "add")
    answers = hub.stranger.answers()
    errors = [answer["error"] for answer in answers if "error" in answer]
    assert len(answers) == size + 3 and hub.calls == size
    assert errors == [["busy", "lab/hub is busy"]] * 3
    assert hub.node.control.lost == {"busy": 3}


def test_an_unknown_actor_and_an_unknown_kind_are_failures_with_names():
    hub = Hub()
    body = {"to": "lab/hub/nobody", "from": "lab/far/me", "inc": 5, "id": 1, "do": "add"}
    hub.stranger.route(frame.CONTROL, 2, 3, body)
    hub.ask(2, "dance")
    errors = [answer["error"] for answer in hub.stranger.answers()]
    assert [kind for kind, _ in errors] == ["failed", "failed"]
    assert "lab/hub/nobody: no such actor" in errors[0][1]
    assert "no handler for 'dance'" in errors[1][1]


def test_json_is_understood_routed_and_bare():
    hub = Hub()
    body = {"to": TO, "from": "lab/far/me", "inc": 5, "do": "add", "args": [2], "id": 9}
    hub.stranger.route(frame.CONTROL, 2, 3, json.dumps(body).encode())
    assert [answer["ok"] for answer in hub.stranger.answers()] == [2]
    body["id"] = 10
    hub.stranger.say(json.dumps(body).encode())
    payload = hub.stranger.heard()[0]
    assert payload[0] != frame.ROUTED and codec.decode(payload)["ok"] == 4


def test_a_console_is_answered_on_its_own_link_and_is_no_neighbour():
    node = new_node("lab/hub", 2)
    node.scheduler.spawn(TO, Counter)
    console = Stranger(node, 0, "console")
    assert node.neighbours == {}
    ask = {"to": TO, "from": "x", "inc": 1, "id": 1, "do": "add"}
    console.say(codec.encode(ask))
    assert console.answers() == [{"to": "x", "from": TO, "re": 1, "ok": 1}]


def test_an_answer_that_cannot_be_sent_is_answered_as_a_failure():
    for is_bare in (False, True):
        hub = Hub(is_board=True)
        for number, kind, args in ((1, "odd", []), (2, "long", [2000])):
            body = {"to": TO, "from": "lab/far/me", "inc": 5, "id": number, "do": kind}
            body["args"] = args
            if is_bare:
                hub.stranger.say(codec.encode(body))
            else:
                hub.stranger.route(frame.CONTROL, 2, 3, body)
            answers = hub.stranger.answers()
            assert [answer["re"] for answer in answers] == [number]
            assert answers[0]["error"][0] == "failed", kind
        assert hub.calls == 2


def test_an_answer_too_long_for_the_neighbour_is_answered_as_a_failure():
    for is_bare in (False, True):
        hub = Hub(limit_bytes=2048)
        body = {"to": TO, "from": "lab/far/me", "inc": 5, "id": 1, "do": "long", "args": [3000]}
        if is_bare:
            hub.stranger.say(codec.encode(body))
        else:
            hub.stranger.route(frame.CONTROL, 2, 3, body)
        assert [answer["error"][0] for answer in hub.stranger.answers()] == ["failed"]


def test_a_body_that_is_garbage_is_dropped_at_its_target_and_the_link_stays():
    hub = Hub()
    bodies = [b"", b"\xff", b"\x80", b"\xa0", b"{", b"{}", codec.encode({"to": TO}), b"\xa1\x01"]
    bodies += [codec.encode({"re": [1]}), codec.encode([1] * 1025), b"\x81" * 17 + b"\x01"]
    for body in bodies:
        hub.stranger.route(frame.CONTROL, 2, 3, body)
    assert not hub.stranger.connection.is_closed
    assert hub.node.control.lost == {"undecodable": len(bodies)}
    assert hub.node.links.link_errors == {} and hub.stranger.heard() == []
    assert "undecodable" in hub.lines[0][1] and "device 3" in hub.lines[0][1]
    hub.ask(1, "add")
    assert [answer["ok"] for answer in hub.stranger.answers()] == [1]


class Asking:
    """Questions of the first of three nodes in a row."""

    def __init__(self):
        self.row = Row()
        self.row.nodes[2].scheduler.spawn("c/three/counter", Counter)
        self.requests = Requests(self.row.nodes[0])
        self.answers = []

    def ask(self, path, kind, args=(), timeout_ms=10000):
        self.requests.ask("a/one/node", path, kind, list(args), self.note, timeout_ms)

    def note(self, error, value):
        self.answers.append((error, value))

    @property
    def calls(self):
        return self.row.nodes[2].scheduler.cells["c/three/counter"].actor.calls


def test_a_question_that_was_answered_is_not_sent_again():
    asking = Asking()
    asking.ask("c/three/counter", "add")
    asking.row.run()
    router = asking.row.nodes[1].forwarder
    assert router.forwarded == 2
    asking.row.run(9000)
    assert router.forwarded == 2


def test_questions_are_answered_over_two_hops_in_order():
    asking = Asking()
    for _ in range(3):
        asking.ask("c/three/counter", "add")
    asking.row.run()
    assert asking.answers == [(None, 1), (None, 2), (None, 3)]


def answered_but_not_heard():
    """The answer to a question stands before the last link of its way; nobody acknowledged."""
    asking = Asking()
    asking.ask("c/three/counter", "add")
    row = asking.row
    one, two, three = row.nodes
    for node, link in ((one, row.links[0]), (two, row.links[1])):
        node.step(0)
        link.pump()
    two.step(0)
    row.links[1].pump()
    three.step(0)
    assert asking.calls == 1
    return asking


def test_an_answer_that_is_cut_off_comes_when_the_link_is_back():
    asking = answered_but_not_heard()
    asking.row.links[1].cut()
    asking.row.join(1, 2)
    asking.row.run()
    assert asking.answers == [(None, 1)] and asking.calls == 1


def test_a_question_whose_answer_is_lost_is_sent_again_and_carried_out_once():
    asking = answered_but_not_heard()
    row = asking.row
    to_one = row.nodes[1].neighbours[1]
    to_one.limit_bytes = 10  # it takes no answer now
    row.run(499)
    assert row.nodes[1].control.lost == {"refused": 1} and asking.answers == []
    to_one.limit_bytes = 1 << 20
    row.run(600)
    assert asking.answers == [(None, 1)] and asking.calls == 1


def test_a_router_dies_with_an_answer_and_the_question_is_carried_out_once():
    asking = answered_but_not_heard()
    row = asking.row
    for link in row.links:
        link.cut()
    row.nodes[1] = new_node("b/two", 2, None, row.clock, row.lines)
    give_map(row.nodes[1], row.map)
    row.join(1, 2)
    row.join(0, 1)
    row.run(8000)
    assert asking.answers == [(None, 1)] and asking.calls == 1


def test_a_question_waits_for_one_that_stands_still_and_expires_if_it_stays_so():
    asking = Asking()
    three = asking.row.nodes.pop()
    asking.ask("c/three/counter", "add", timeout_ms=3000)
    asking.ask("c/three/counter", "add", timeout_ms=1000)
    asking.row.run(1001)
    assert asking.answers == [(("expired", "c/three/counter: no answer in 1000 ms"), None)]
    asking.row.nodes.append(three)
    asking.row.run(1999)
    assert asking.answers[1:] == [(None, 1)]


def test_a_question_without_a_way_is_answered_unreachable_at_once():
    asking = Asking()
    part(asking.row.links[0])
    asking.ask("c/three/counter", "add")
    unreachable = ("unreachable", "c/three/counter: unreachable from a/one")
    assert asking.answers == [(unreachable, None)]
    asking.row.join(0, 1)
    asking.row.run(3000)
    assert len(asking.answers) == 1 and asking.calls == 0


def test_a_question_that_a_router_has_no_way_for_is_answered_unreachable():
    asking = Asking()
    part(asking.row.links[1])
    asking.ask("c/three/counter", "add")
    asking.row.run()
    text = "c/three/counter: unreachable from b/two, no-route"
    assert asking.answers == [(("unreachable", text), None)]


def test_a_question_whose_way_goes_away_is_answered_unreachable_when_it_is_sent_again():
    asking = Asking()
    asking.row.nodes.pop()
    asking.ask("c/three/counter", "add")
    asking.row.run(100)
    part(asking.row.links[1])
    asking.row.run(350)
    assert asking.answers == []
    asking.row.run(100)
    assert [error[0] for error, _ in asking.answers] == ["unreachable"]


def test_a_late_answer_and_one_that_comes_twice_change_nothing():
    asking = Asking()
    asking.ask("c/three/counter", "add")
    asking.row.run()
    control = asking.row.nodes[0].control
    for number in (1, 1, 77):
        control.take(codec.encode({"to": "a/one/node", "re": number, "ok": 9}), 3, None, False)
    assert asking.answers == [(None, 1)]


def test_a_question_to_an_actor_of_this_device_takes_no_way():
    asking = Asking()
    asking.row.nodes[0].scheduler.spawn("a/one/counter", Counter)
    part(asking.row.links[0])
    asking.ask("a/one/counter", "add", [7])
    asking.ask("a/one/counter", "dance")
    asking.row.run()
    assert asking.answers[0] == (None, 7) and asking.answers[1][0][0] == "failed"


def test_a_path_that_is_none_is_refused_where_it_is_asked():
    asking = Asking()
    for path in ("counter", "a/b", "", "a/b/c/d"):
        refusal(PathError, asking.ask, path, "add")
        refusal(PathError, asking.row.nodes[0].control.tell, "a/one/node", path, "add", ())
    assert asking.answers == []


def test_a_tell_crosses_devices_and_one_that_cannot_is_counted():
    asking = Asking()
    one = asking.row.nodes[0]
    one.control.tell("a/one/node", "c/three/counter", "add", [3])
    asking.row.run()
    assert asking.calls == 3
    part(asking.row.links[0])
    one.control.tell("a/one/node", "c/three/counter", "add", [3])
    one.control.tell("a/one/node", "a/one/nobody", "add", [])
    assert one.control.lost == {"no-route": 1, "gone": 1}


def test_a_tell_with_an_argument_that_cannot_be_sent_is_said_and_counted():
    asking = Asking()
    one = asking.row.nodes[0]
    one.control.tell("a/one/node", "c/three/counter", "add", [{1, 2}])
    assert "not sent" in asking.row.lines[-1][1] and sum(one.control.lost.values()) == 1
