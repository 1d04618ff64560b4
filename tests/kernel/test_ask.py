"""Asking: one answer or one named failure, whatever happens to the other, the way, or the asker."""

from helpers import Row, refusal

from mp_actors import Actor
from mp_actors.errors import PathError
from mp_actors.requests import Requests

ASKER, HERE, FAR = "a/one/asker", "a/one/answerer", "c/three/answerer"


class Asker(Actor):
    """Asks what it is told to ask; one list of answers of all instances."""

    answers = []

    def __init__(self):
        self.mine = []

    def on_go(self, path, kind, args, timeout_ms):
        self.ask(path, kind, *args, then="answer", timeout_ms=timeout_ms)

    def on_go_default(self, path):
        self.ask(path, "add", 1, 2, then="answer")

    def on_answer(self, error, value):
        Asker.answers.append((error, value))
        self.mine.append((error, value, self.sender))

    def on_fail(self):
        raise OSError("asked to")


class Answerer(Actor):
    """Answers."""

    asked = 0

    def on_add(self, one, other):
        Answerer.asked += 1
        return one + other

    def on_nothing(self):
        pass

    def on_fail(self):
        raise ValueError("no answer from me")

    def on_big(self, size):
        return "x" * size


class Site:
    """An asker on device 1; answerers there and on device 3."""

    def __init__(self, is_board=False):
        Asker.answers = []
        Answerer.asked = 0
        self.row = Row(is_board)
        self.one, self.two, self.three = self.row.nodes
        self.asker = self.one.scheduler.spawn(ASKER, Asker)
        for node, path in ((self.one, HERE), (self.three, FAR)):
            node.scheduler.spawn(path, Answerer)

    def go(self, path, kind="add", args=(1, 2), timeout_ms=2000):
        message = (path, kind, list(args), timeout_ms)
        assert self.one.scheduler.post(ASKER, "go", message, ASKER, None)
        self.row.run()

    def error(self):
        """The kind of the only answer, which is an error."""
        assert len(Asker.answers) == 1, Asker.answers
        error, value = Asker.answers[0]
        assert value is None and isinstance(error[1], str) and error[1]
        return error[0]


def test_an_answer_comes_from_here_and_from_afar_alike():
    for is_board in (False, True):
        for path in (HERE, FAR):
            site = Site(is_board)
            site.go(path)
            assert Asker.answers == [(None, 3)]
            assert site.asker.actor.mine[0][2] == path  # who answers is the sender
            site.row.run(5000)
            assert len(Asker.answers) == 1 and Answerer.asked == 1


def test_without_a_time_there_is_one():
    site = Site()
    site.one.scheduler.post(ASKER, "go_default", (FAR,), ASKER, None)
    site.row.run()
    assert Asker.answers == [(None, 3)]


def test_an_answer_of_nothing_is_an_answer():
    for path in (HERE, FAR):
        site = Site()
        site.go(path, "nothing", ())
        assert Asker.answers == [(None, None)]


def test_a_handler_that_raises_or_is_not_there_is_a_failure_with_its_text():
    for path in (HERE, FAR):
        for kind, args, text in (
            ("fail", (), "no answer from me"),
            ("unknown", (), "on_unknown"),
            ("add", (1,), "on_add"),
        ):
            site = Site()
            site.go(path, kind, args)
            assert site.error() == "failed" and text in Asker.answers[0][0][1], Asker.answers


def test_an_actor_that_is_not_there_is_a_failure_at_once_here_and_afar():
    for path in ("a/one/nobody", "c/three/nobody"):
        site = Site()
        site.go(path)
        assert site.error() == "failed" and path in Asker.answers[0][0][1]


def test_a_device_that_is_not_there_is_unreachable():
    site = Site()
    site.go("x/nowhere/actor")
    site.row.run(2100)
    assert site.error() in ("unreachable", "expired")


def test_without_a_way_it_is_unreachable_once_the_neighbour_is_given_up():
    for place in (0, 1):
        site = Site()
        site.row.cut(place)
        site.row.run(1500)
        site.go(FAR, timeout_ms=9000)
        site.row.run(10)
        assert site.error() == "unreachable"


def test_a_way_that_breaks_under_a_question_is_unreachable_before_its_time_is_over():
    for place in (0, 1):
        site = Site()
        site.row.cut(place)
        site.go(FAR, timeout_ms=9000)
        site.row.run(4000)
        assert site.error() == "unreachable"


def test_silence_ends_as_expired_and_a_late_answer_is_nobodys():
    site = Site()
    step, site.three.step = site.three.step, lambda _now_ms: 1000  # frozen
    site.go(FAR, timeout_ms=1500)
    site.row.run(1400)
    assert Asker.answers == []
    site.row.run(101)
    assert site.error() == "expired"
    site.three.step = step
    site.row.run(3000)
    assert len(Asker.answers) == 1


def test_a_question_that_is_sent_again_is_carried_out_once():
    site = Site()
    step, site.three.step = site.three.step, lambda _now_ms: 1000
    site.go(FAR, timeout_ms=9000)
    site.row.run(4000)  # sent four times
    site.three.step = step
    site.row.run(100)
    assert Asker.answers == [(None, 3)] and Answerer.asked == 1


def test_a_full_control_queue_is_busy():
    for path in (HERE, FAR):
        site = Site()
        site.three.scheduler.control_bound = 0
        message = (path, "add", [1, 2], 2000)
        site.one.scheduler.post(ASKER, "go", message, ASKER, None)
        if path == HERE:
            take = site.one.scheduler.post

            def full(target, *rest, take=take):
                return target != HERE and take(target, *rest)

            site.one.scheduler.post = full
        site.row.run(10)
        assert site.error() == "busy"


def test_an_answer_that_finds_no_room_comes_later():
    site = Site()
    scheduler = site.one.scheduler
    site.go(FAR)
    Asker.answers = []
    step, site.three.step = site.three.step, lambda _now_ms: 1000
    site.go(FAR, timeout_ms=1000)
    bound, scheduler.control_bound = scheduler.control_bound, 0
    site.row.run(1500)
    assert Asker.answers == []
    scheduler.control_bound = bound
    site.row.run(50)
    assert site.error() == "expired"
    site.three.step = step


def test_what_cannot_be_sent_is_a_failure_that_says_why():
    class Odd:
        pass

    for is_board in (False, True):
        site = Site(is_board)
        site.go(FAR, args=(Odd(), 1))
        assert site.error() == "failed"
    site.row.run(3000)
    Asker.answers = []
    site.go(FAR, args=("x" * 5000, "y"))  # of a board
    assert site.error() == "failed" and "bytes" in Asker.answers[0][0][1]
    Asker.answers = []
    site.go(FAR, "big", (5000,))
    assert site.error() == "failed" and "answer" in Asker.answers[0][0][1]


def test_the_answer_to_an_instance_that_failed_meanwhile_is_dropped():
    site = Site()
    step, site.three.step = site.three.step, lambda _now_ms: 1000
    site.go(FAR, timeout_ms=5000)
    site.one.scheduler.post(ASKER, "fail", (), ASKER, None)
    site.row.run(1000)
    assert site.asker.restarts == 1
    site.three.step = step
    site.row.run(5000)
    assert Asker.answers == []


def test_a_path_that_is_none_fails_in_the_line_that_asks():
    site = Site()
    refusal(PathError, site.one.requests.ask, ASKER, "nonsense", "add", [], None)
    site.go("nonsense")
    assert site.asker.failures == 1 and "nonsense" in site.asker.last_error
    assert Asker.answers == []


def test_hundreds_of_questions_each_get_their_own_answer():
    site = Site()
    for number in range(200):
        site.go(FAR if number % 2 else HERE, args=(number, 0))
    site.row.run(50)
    assert sorted([value for _, value in Asker.answers]) == list(range(200))
    assert site.one.requests._open == {}


def test_a_router_asks_and_answers_like_a_leaf():
    site = Site()
    answers = []

    def then(error, value):
        answers.append((error, value))

    requests = Requests(site.two)
    for path in (HERE, FAR, "b/two/nobody"):
        requests.ask("b/two/node", path, "add", [2, 3], then)
    site.row.run(10)
    assert sorted([value for error, value in answers if error is None]) == [5, 5]
    assert [error[0] for error, _ in answers if error is not None] == ["failed"]


def test_an_answer_to_an_earlier_start_of_the_asker_is_not_taken_for_one_to_this():
    row, told = Row(), []
    node = row.nodes[0]
    row.cut(1)
    node.ask(ASKER, "c/three/node", "alive", ["x"], lambda *told_now: told.append(told_now), 9000)
    for number in range(1, 5):  # what an earlier start may have asked
        late = {"to": ASKER, "from": "c/three/node", "re": number, "ok": 7}
        node.control.take(node.codec.encode(late), 3, None, False)
    assert told == []
