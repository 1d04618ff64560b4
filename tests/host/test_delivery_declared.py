"""Delivery and supervision as a person declares them: the plan has it, mistakes have a line."""

import pytest

from actors.check import check, load_checked
from actors.delivery import latest, reliable, stream
from actors.ledger import DeviceReport, account
from actors.pipeline import Pipeline
from actors.plan import make_plan
from actors.problems import SiteError
from actors.site import load
from mp_actors.node import Limits
from mp_actors.system import SOURCE, TARGET

PARTS = """
from mp_actors import Filter, Sensor, Sink

class Soil(Sensor):
    pass

class Smooth(Filter):
    pass

class Store(Sink):
    pass
"""

SITE = """
from actors import Pipeline, Topology, latest, reliable, stream
from parts import *
site = Topology("s")
home = site.domain("home")
a, b = home.device("a"), home.device("b")
probe = home.device("probe", board="virtual")
flow = Pipeline("f")
soil = flow.add(Soil, at=a)
smooth = flow.add(Smooth, at=probe)
store = flow.add(Store, at=b)
"""


def site_file(tmp_path, lines, parts=PARTS, head=SITE):
    """A site file with these lines at its end; returns the file and the number of the first."""
    (tmp_path / "parts.py").write_text(parts)
    file = tmp_path / "garden.py"
    file.write_text(head + lines)
    return file, len(head.splitlines()) + 1


def problems_of(tmp_path, lines, **more):
    """[(line after the head, the problem)]."""
    file, first = site_file(tmp_path, lines, **more)
    return [(problem.line - first, problem) for problem in check(load(file))]


def wires_of(tmp_path, lines):
    """{(source's name, target's name): its WirePlan}."""
    file, _ = site_file(tmp_path, lines)
    plan = make_plan(load_checked(file))
    return {
        (one.source.rsplit("/", 1)[1], one.target.rsplit("/", 1)[1]): one
        for one in plan.wires.values()
    }


def test_a_wire_without_a_word_is_a_stream_that_drops_its_oldest(tmp_path):
    wire = wires_of(tmp_path, "soil >> smooth >> store\n")["soil", "smooth"]
    assert (wire.delivery, wire.full) == ("stream", "drop-oldest")
    assert wire.spec["full"] == "drop-oldest"
    assert wire.spec["reliable"] is False


@pytest.mark.parametrize(
    ("said", "delivery", "full"),
    [
        ("stream({})", "stream", "drop-oldest"),
        ("stream({}, when_full='drop-oldest')", "stream", "drop-oldest"),
        ("stream({}, when_full='drop-newest')", "stream", "drop-newest"),
        ("stream({}, when_full='hold')", "stream", "hold"),
        ("stream({}, when_full='refuse')", "stream", "refuse"),
        ("latest({})", "latest", "replace"),
        ("reliable({})", "reliable", "refuse"),
    ],
)
def test_each_wire_has_what_its_line_says_and_its_neighbours_have_not(
    tmp_path, said, delivery, full
):
    lines = f"soil >> {said.format('smooth')} >> store\nsoil >> store\n"
    wires = wires_of(tmp_path, lines)
    chosen = wires["soil", "smooth"]
    assert (chosen.delivery, chosen.full) == (delivery, full)
    assert chosen.spec["full"] == full
    assert chosen.spec["reliable"] is (delivery == "reliable")
    for pair in (("smooth", "store"), ("soil", "store")):
        assert (wires[pair].delivery, wires[pair].full) == ("stream", "drop-oldest")


def test_credit_is_what_the_target_has_room_for(tmp_path):
    wires = wires_of(tmp_path, "soil >> smooth >> store\n")
    assert wires["soil", "smooth"].spec["credit"] == Limits(is_board=True).credit_readings
    assert wires["smooth", "store"].spec["credit"] == Limits(is_board=False).credit_readings


@pytest.mark.parametrize("wrong", ["'drop-eldest'", "'replace'", "None", "7", "''", "['hold']"])
def test_a_policy_that_is_none_is_told_with_its_line(tmp_path, wrong):
    lines = f"soil >> smooth\nsmooth >> stream(\n    store, when_full={wrong})\n"
    ((line, problem),) = problems_of(tmp_path, lines)
    assert line in (1, 2)
    assert problem.what == "when_full has a wrong value"
    for policy in ("drop-oldest", "drop-newest", "hold", "refuse"):
        assert policy in problem.expected
    assert wrong.strip("[]'") in problem.got


@pytest.mark.parametrize("promise", ["stream", "latest", "reliable"])
@pytest.mark.parametrize("wrong", ["None", "'store'", "[smooth, store]", "Store", "7"])
def test_what_is_no_stage_is_told_with_its_line(tmp_path, promise, wrong):
    lines = f"soil >> smooth >> store\nsoil >> {promise}({wrong})\n"
    found = problems_of(tmp_path, lines)
    assert [(line, problem.what) for line, problem in found] == [(1, "a wire joins two stages")]


def test_a_promise_of_a_promise_and_one_on_the_left_are_told(tmp_path):
    lines = "soil >> smooth >> store\nsoil >> reliable(latest(store))\nreliable(soil) >> store\n"
    found = problems_of(tmp_path, lines)
    assert [(line, problem.what) for line, problem in found] == [
        (1, "a wire joins two stages"),
        (2, "a wire joins two stages"),
    ]


def test_a_promise_can_be_used_for_several_wires(tmp_path):
    wires = wires_of(
        tmp_path, "sure = reliable(store)\nsoil >> smooth >> sure\nsoil >> sure\n"
    )
    assert wires["soil", "store"].delivery == wires["smooth", "store"].delivery == "reliable"


def test_two_pipelines_are_not_joined_by_a_promise_either(tmp_path):
    lines = (
        "soil >> smooth >> store\nother = Pipeline('o')\nfar = other.add(Store, at=b, name='far')\n"
        "soil >> reliable(far)\n"
    )
    assert any(line == 3 and "joins two pipelines" in problem.what
               for line, problem in problems_of(tmp_path, lines))


def test_the_words_are_keywords(tmp_path):
    for call in (stream, latest, reliable):
        with pytest.raises(TypeError):
            call(None, "hold")
    flow = Pipeline("f")
    assert not list(flow.problems)
    with pytest.raises(SiteError, match=r"garden\.py:12"):
        load_checked(site_file(tmp_path, "soil >> reliable(store, when_full='hold')\n")[0])


# -- supervision


def parts_with(line):
    """The parts, with a line in the class Smooth."""
    return PARTS.replace("class Smooth(Filter):\n    pass", f"class Smooth(Filter):\n    {line}")


@pytest.mark.parametrize("policy", ["restart", "resume", "stop", "escalate"])
def test_each_policy_of_supervision_is_fine(tmp_path, policy):
    lines = "soil >> smooth >> store\n"
    assert problems_of(tmp_path, lines, parts=parts_with(f"supervision = {policy!r}")) == []


@pytest.mark.parametrize("limit", ["0", "3", "None", "10**6"])
def test_each_number_of_restarts_is_fine(tmp_path, limit):
    lines = "soil >> smooth >> store\n"
    assert problems_of(tmp_path, lines, parts=parts_with(f"restarts_max = {limit}")) == []


@pytest.mark.parametrize("wrong", ["'retry'", "'Restart'", "None", "7", "[]", "('stop',)"])
def test_a_supervision_that_is_none_is_told_at_the_line_of_the_stage(tmp_path, wrong):
    parts = parts_with(f"supervision = {wrong}")
    ((line, problem),) = problems_of(tmp_path, "soil >> smooth >> store\n", parts=parts)
    assert line == -2  # smooth = flow.add(…)
    assert problem.what == "Smooth.supervision has a wrong value"
    assert problem.expected == "one of restart, resume, stop, escalate"
    if wrong == "'Restart'":
        assert problem.remedy == "did you mean 'restart'?"


@pytest.mark.parametrize("wrong", ["'3'", "2.5", "-1", "True", "[]", "float('inf')"])
def test_a_number_of_restarts_that_is_none_is_told_at_the_line_of_the_stage(tmp_path, wrong):
    parts = parts_with(f"restarts_max = {wrong}")
    ((line, problem),) = problems_of(tmp_path, "soil >> smooth >> store\n", parts=parts)
    assert line == -2
    assert problem.what == "Smooth.restarts_max has a wrong value"
    assert "restarts in a minute" in problem.expected


def test_a_class_that_is_used_twice_is_told_at_both_lines(tmp_path):
    parts = parts_with("supervision = 'never'")
    lines = "two = flow.add(Smooth, at=b, name='two')\nsoil >> smooth >> store\n"
    lines += "soil >> two >> store\n"
    assert [line for line, _ in problems_of(tmp_path, lines, parts=parts)] == [-2, 0]


# -- the account of a reliable wire


def account_of(tmp_path, source_row, *target_rows):
    """The account of soil >> reliable(store): a row of the source, one of each start of b."""
    wire = wires_of(tmp_path, "soil >> smooth >> store\nsoil >> reliable(store)\n")["soil", "store"]
    source, target = DeviceReport(), DeviceReport()
    source.ends[wire.number, SOURCE] = [wire.number, SOURCE, *source_row, None, None]
    for place, row in enumerate(target_rows):
        if place:
            target.begin_anew()
        target.ends[wire.number, TARGET] = [wire.number, TARGET, *row, None, None]
    made = account(wire, {"home/a": source, "home/b": target})
    assert made.is_exact
    return made


def test_what_waited_in_a_target_that_died_was_sent_again_and_is_no_loss(tmp_path):
    made = account_of(
        tmp_path,
        (100, 100, 0, {}, 100, 20),
        (95, 90, 5, {}, 0, 0),
        (20, 20, 0, {}, 0, 0),
    )
    assert (made.accepted, made.delivered, made.in_flight) == (100, 100, 0)
    assert made.dropped == {}
    assert made.doubled == 20


def test_what_is_not_acknowledged_is_under_way_wherever_it_is(tmp_path):
    made = account_of(tmp_path, (100, 80, 13, {"refused": 7}, 60, 0), (75, 70, 5, {}, 0, 0))
    assert (made.accepted, made.delivered, made.in_flight) == (100, 60, 33)
    assert made.dropped == {"refused": 7}
    assert made.unexplained == 0


def test_what_a_reliable_target_could_not_handle_is_no_delivery(tmp_path):
    made = account_of(tmp_path, (10, 10, 0, {}, 8, 0), (10, 6, 0, {"poison": 4}, 0, 0))
    assert (made.delivered, made.in_flight, made.dropped) == (4, 2, {"poison": 4})
    made = account_of(tmp_path, (10, 10, 0, {}, 2, 0), (10, 6, 0, {"poison": 4}, 0, 0))
    assert (made.delivered, made.in_flight, made.dropped) == (0, 8, {"poison": 2})
