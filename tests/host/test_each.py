"""`flow.each`: one actor on every device of a group, drawn as one."""

import pytest

from actors import Pipeline, Topology, latest, stream
from actors.check import load_checked
from actors.plan import make_plan
from actors.problems import SiteError
from actors.sim.world import Sim
from mp_actors.operators import Count, Deadband, Print
from mp_actors.sensors.chip import ChipTemperature

SITE = """
from parts import Pulse, Sum
from actors import Pipeline, Topology
from mp_actors.operators import Deadband, Print

site = Topology("many")
field, office = site.domain("field"), site.domain("office")
gate = field.device("gate", also_in=[office])
for number in range(3):
    field.device(f"probe-{number}", board="virtual")
desk = office.device("desk")
flow = Pipeline("many")
pulse = flow.each(field.boards, Pulse, step=2)
calm = flow.each(field.boards, Deadband, width=1)
pulse >> calm >> flow.add(Sum, at=desk) >> flow.add(Print, at=desk)
"""
PARTS = """
from mp_actors import Filter, Sensor

class Pulse(Sensor):
    simulated = True
    period_ms = 100

    def __init__(self, step):
        self.step, self.count = step, 0

    def sample(self):
        self.count += self.step
        return self.count

class Sum(Filter):
    pass
"""
PROBES = [f"field/probe-{number}" for number in range(3)]


@pytest.fixture
def write(tmp_path):
    """Writes the site, with a line more; returns its file."""

    def write(line=""):
        (tmp_path / "parts.py").write_text(PARTS)
        (tmp_path / "site.py").write_text(SITE + line)
        return tmp_path / "site.py"

    return write


def wires(file):
    return [(wire.source, wire.target) for wire in make_plan(load_checked(file)).wires.values()]


def told(file):
    with pytest.raises(SiteError) as raised:
        load_checked(file)
    return str(raised.value)


def field_of(boards=2):
    """A domain with boards and a gate, and a pipeline."""
    field = Topology("t").domain("field")
    field.device("gate")
    for number in range(boards):
        field.device(f"b{number}", board="virtual")
    return field, Pipeline("flow")


def test_there_is_one_actor_on_every_device_and_each_hands_on_to_its_own_follower(write):
    plan = make_plan(load_checked(write()))
    assert [actor.path for actor in plan.actors.values() if actor.name == "pulse"] == [
        f"{probe}/pulse" for probe in PROBES
    ]
    assert all(plan.actors[f"{probe}/pulse"].arguments == {"step": 2} for probe in PROBES)
    assert wires(write()) == [
        *((f"{probe}/pulse", f"{probe}/deadband") for probe in PROBES),
        *((f"{probe}/deadband", "office/desk/sum") for probe in PROBES),
        ("office/desk/sum", "office/desk/print"),
    ]


def test_readings_of_all_of_them_arrive_under_their_sources(write):
    sim = Sim(load_checked(write()), seed=1)
    sim.run_ms(5000)
    sim.finish()
    assert sim.summary()["ok"]
    came = [source for _, source, _ in sim.sink("office/desk/print")]
    assert set(came) == {f"{probe}/pulse" for probe in PROBES}
    assert all(came.count(source) > 10 for source in set(came))


def test_one_stage_reaches_all_and_the_line_goes_on_behind_them():
    field, flow = field_of()
    source, end = flow.add(ChipTemperature, at="field/gate"), flow.add(Print, at="field/gate")
    middle = flow.each(field.boards, Deadband, width=1)
    assert (source >> middle >> end) is end
    assert [(wire.source, wire.target) for wire in flow.wires] == [
        (source, middle.stages[0]), (source, middle.stages[1]),
        (middle.stages[0], end), (middle.stages[1], end),
    ]
    assert len(middle) == 2
    assert not flow.problems


def test_delivery_that_is_declared_once_is_that_of_each():
    field, flow = field_of()
    source, end = flow.each(field.boards, ChipTemperature), flow.each(field.boards, Print)
    source >> stream(end, when_full="hold")
    flow.add(Count, at="field/gate") >> latest(end)
    assert [wire.full for wire in flow.wires] == ["hold", "hold", "replace", "replace"]


def test_boards_and_workers_of_a_domain_are_its_devices_of_that_kind():
    field, _ = field_of()
    assert [one.path for one in field.boards] == ["field/b0", "field/b1"]
    assert [one.path for one in field.workers] == ["field/gate"]


NEEDS = (
    "each() needs devices\n    expected: one device or more, say field.boards, or a list\n    got: "
)
FOR_ONE = "remedy: for one: add("


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("flow.each([], Pulse, step=1)", f"{NEEDS}none\n    remedy: declare them first"),
        ("flow.each(gate, Pulse, step=1)", f"{NEEDS}Device: <device field/gate>\n    {FOR_ONE}"),
        ("flow.each('field/gate', Pulse, step=1)", f"{NEEDS}str: 'field/gate'\n    {FOR_ONE}"),
        ("flow.each(field.workers, Sum) >> calm", "joins the actors of one device\n    expected: "
         "the devices of the left one: field/gate\n    got: field/probe-0, field/probe-1"),
        ("flow.each(['field/gat'], Pulse, step=1)", "did you mean 'field/gate'"),
        ("flow.each(field.boards, Pulse, stepp=1) >> desk", "did you mean 'step'"),
        ("flow.each(field.boards, 'Pulse')", "add() needs the class of an actor"),
        ("pulse >> stream(calm, when_full='wait')", "when_full has a wrong value"),
        ("pulse >> [calm]", "a wire joins two stages"),
    ],
)
def test_a_mistake_is_told_once_with_its_line_and_remedy(write, line, words):
    file = write(f"from actors import stream\n{line}\n")
    said = told(file)
    assert words in said
    number = len(file.read_text().splitlines())
    assert f"site.py:{number}: error" in said
    assert said.count(words.splitlines()[0]) == 1
