"""`flow.add(…, replicas=4, by="source")`: one operator as several, each for some of the sources."""

import json

import pytest
from processes import Process

from actors import Pipeline, Topology, latest, plan_view
from actors.check import load_checked
from actors.plan import make_plan
from actors.problems import SiteError
from actors.sim.world import Sim
from mp_actors.operators import Count, Deadband, Mean, Print
from mp_actors.sensors.chip import ChipTemperature

SITE = """
from parts import Gather, Keep, Pulse
from actors import Pipeline, Topology
from mp_actors.operators import Deadband, Mean

site = Topology("many")
field, office = site.domain("field"), site.domain("office")
gate = field.device("gate", also_in=[office])
w1, w2 = office.device("w1"), office.device("w2")
desk = office.device("desk")
flow = Pipeline("many")
keep = flow.add(Keep, at=desk)
pulses = [
    flow.add(Pulse, at=gate, name=f"pulse-{number}", step=1 + number % 3, period_ms=period_ms)
    for number, period_ms in enumerate((20, 50, 50, 50, 100, 100))
]
"""
SPLIT = """
calm = flow.add(Deadband, at=[w1, w2], width=3, replicas=3, by="source")
for pulse in pulses:
    pulse >> calm
calm >> keep
"""
WHOLE = SPLIT.replace(', replicas=3, by="source"', "").replace("[w1, w2]", "w1")
PARTS = """
from mp_actors import Filter, Sensor, Sink

class Pulse(Sensor):
    simulated = True

    def __init__(self, step, period_ms):
        self.step, self.period_ms, self.count = step, period_ms, 0

    def sample(self):
        self.count += self.step
        return self.count

class Gather(Filter):
    pass

class Tally(Filter):
    checkpoint_ms = 50

    def __init__(self):
        self.counts = {}

    def apply(self, value):
        self.counts[self.source] = self.counts.get(self.source, 0) + 1
        return self.counts[self.source]

    def state(self):
        return self.counts

    def restore(self, state):
        self.counts = state

class Keep(Sink):
    def started(self):
        self.file = open("kept", "w", buffering=1)

    def write(self, value):
        self.file.write(self.source + " " + str(value) + chr(10))
"""
SOURCES = [f"field/gate/pulse-{number}" for number in range(6)]


@pytest.fixture
def write(tmp_path):
    """Writes the site with some lines more, and its profile; returns its file."""

    def write(lines=SPLIT, profile=None):
        (tmp_path / "parts.py").write_text(PARTS)
        (tmp_path / "site.py").write_text(SITE + lines)
        if profile is not None:
            (tmp_path / "site.profile.json").write_text(json.dumps(profile))
        return tmp_path / "site.py"

    return write


def wires(file):
    return [(wire.source, wire.target) for wire in make_plan(load_checked(file)).wires.values()]


def by_source(pairs):
    """{source: its values, in the order in which they came}."""
    came = {}
    for source, value in pairs:
        came.setdefault(source, []).append(value)
    return came


def kept(file, ms=6000):
    """What arrives at the sink of a site in virtual time, by source."""
    sim = Sim(load_checked(file), seed=3)
    sim.run_ms(ms)
    sim.finish()
    assert sim.summary()["ok"]
    return by_source((source, value) for _, source, value in sim.sink("office/desk/keep"))


def test_replicas_are_actors_of_their_own_which_take_the_devices_in_turn(write):
    plan = make_plan(load_checked(write()))
    calm = {path: one for path, one in plan.actors.items() if one.name.startswith("deadband")}
    assert list(calm) == [
        "office/w1/deadband-1", "office/w2/deadband-2", "office/w1/deadband-3"
    ]
    assert all(one.arguments == {"width": 3} for one in calm.values())


def test_each_source_has_one_replica_and_each_replica_about_the_same_to_do(write):
    into = {source: end for source, end in wires(write()) if "/pulse-" in source}
    assert into == {  # 50 a second; 20, 10 and 10; 20 and 20
        SOURCES[0]: "office/w1/deadband-1",
        SOURCES[1]: "office/w2/deadband-2",
        SOURCES[2]: "office/w1/deadband-3",
        SOURCES[3]: "office/w2/deadband-2",
        SOURCES[4]: "office/w1/deadband-3",
        SOURCES[5]: "office/w1/deadband-3",
    }


def test_what_arrives_of_each_source_is_what_one_operator_would_have_passed(write):
    split, whole = kept(write()), kept(write(WHOLE))
    assert split == whole
    assert sorted(split) == SOURCES
    assert all(len(values) > 20 and values == sorted(values) for values in split.values())


def test_replicas_with_checkpoints_count_each_reading_of_their_sources_once(write):
    lines = """
from actors import reliable
from parts import Tally
tally = flow.add(Tally, at=[w1, w2], replicas=2, by="source")
for pulse in pulses:
    pulse >> reliable(tally)
tally >> reliable(keep)
"""
    came = kept(write(lines))
    assert sorted(came) == SOURCES
    assert all(counts == list(range(1, len(counts) + 1)) for counts in came.values())
    assert all(wire.durable for wire in make_plan(load_checked(write(lines))).wires.values()
               if "/tally-" in wire.source)


def test_a_replica_whose_device_dies_costs_no_other_source_anything(write):
    sim, calm = Sim(load_checked(write()), seed=5), kept(write(), ms=12_000)
    sim.run_ms(4000)
    sim.crash("office/w2")
    sim.run_ms(4000)
    sim.restart("office/w2")
    sim.run_ms(4000)
    sim.finish()
    came = by_source((source, value) for _, source, value in sim.sink("office/desk/keep"))
    hurt = {SOURCES[1], SOURCES[3]}
    assert {source for source in SOURCES if came[source] != calm[source]} == hurt
    for source in hurt:
        assert came[source] == sorted(came[source])
        assert max(came[source]) > 0.9 * max(calm[source])  # and it goes on


def test_wires_may_be_drawn_in_any_order_since_they_are_split_when_all_are_there(write):
    forward = wires(write())
    lines = SPLIT.splitlines()
    calm, loop, draw, onward = lines[1:]
    assert sorted(wires(write("\n".join([calm, onward, loop, draw])))) == sorted(forward)


def test_processes_deliver_the_readings_of_each_source_in_order(write, tmp_path):
    file = write()
    with Process(tmp_path, "run", file, "--seconds", 3, "--json", "out.json") as run:
        assert run.wait(60) == 0, run.output
    summary = json.loads((tmp_path / "out.json").read_text())
    assert summary["ok"]
    lines = (tmp_path / "kept").read_text().splitlines()
    came = by_source((source, int(value)) for source, value in map(str.split, lines))
    assert sorted(came) == SOURCES
    for number, source in enumerate(SOURCES):
        step = 1 + number % 3
        stride = step * -(-3 // step)  # between those that a band of 3 lets pass
        values = came[source]
        assert values == [step + stride * place for place in range(len(values))]
        assert len(values) >= 5


def test_replicas_without_a_place_are_placed_one_by_one_as_there_is_room(write):
    lines = SPLIT.replace("at=[w1, w2], ", "")
    heavy = {"deadband": {"work_us": 15_000}}  # which are 60 to 75 % of a device
    plan = make_plan(load_checked(write(lines, {"actors": heavy})))
    devices = [one.device for one in plan.actors.values() if one.name.startswith("deadband")]
    assert len(set(devices)) == 3
    operators = {one.name: one for one in plan.placement.instance.operators}
    taken = dict(zip(operators, plan.placement.instance.rates[0], strict=True))
    assert [taken[f"deadband-{number}"] for number in (1, 2, 3)] == [50, 40, 40]


def test_what_a_profile_says_of_all_is_said_of_each_unless_that_has_words_of_its_own(write):
    lines = SPLIT.replace("at=[w1, w2], ", "")
    rest = ("field/gate", "office/desk")
    profile = {
        "actors": {"deadband": {"work_us": 50, "bytes": {"value": 9, "from": "measured"}},
                   "deadband-2": {"work_us": 70}},
        "constraints": {"never": {"deadband": rest, "deadband-3": ["office/w1", *rest]},
                        "together": [["deadband"]]},
        "present": {"deadband": "office/w2"},
    }
    plan = make_plan(load_checked(write(lines, profile)))
    assert [path for path in plan.actors if "deadband" in path] == [
        f"office/w2/deadband-{number}" for number in (1, 2, 3)
    ]
    known = plan.placement.values["actors"]
    assert [known[f"deadband-{number}"]["work_us"] for number in (1, 2, 3)] == [
        (50, "declared"), (70, "declared"), (50, "declared")
    ]
    assert known["deadband-1"]["bytes"] == (9, "measured")
    assert known["deadband-2"]["bytes"][1] == "default"
    assert len(plan.placement.instance.present) == 3


def test_plan_shows_each_replica_with_its_sources_and_names_them_if_asked_for_all(write, tmp_path):
    with Process(tmp_path, "plan", write()) as shown:
        assert shown.wait(30) == 0
    calm = ["office/w1/deadband-1", "office/w2/deadband-2", "office/w1/deadband-3"]
    rows = [line.split() for line in shown.lines]
    assert [row[:2] for row in rows if row[0] in calm] == [[path, "filter"] for path in calm]
    pairs = [tuple(row[1:3]) for row in rows if row[0].isdigit()]
    ends = [calm[number] for number in (0, 1, 2, 1, 2, 2)]
    assert [pair for pair in pairs if pair[1] in calm] == list(zip(SOURCES, ends, strict=True))
    assert plan_view.why(make_plan(load_checked(write())), "deadband") == (
        f"deadband: several actors are called so; name one: {', '.join(calm)}"
    )


def test_sources_that_come_together_stay_together_and_one_upstream_keeps_them_apart(write):
    gathered = """
ears = [flow.add(Gather, at=gate, name=f"gather-{number}") for number in range(3)]
for number, pulse in enumerate(pulses):
    pulse >> ears[number // 2]
calm = flow.add(Deadband, at=w1, width=3, replicas=3, by="source")
for ear in ears:
    ear >> calm
calm >> flow.add(Mean, at=w2, replicas=3, by="source") >> keep
"""
    drawn = wires(write(gathered))
    for number in (1, 2, 3):
        calm = f"office/w1/deadband-{number}"
        assert [pair for pair in drawn if calm in pair] == [
            (f"field/gate/gather-{number - 1}", calm), (calm, f"office/w2/mean-{number}")
        ]


def test_wires_with_a_source_in_common_lead_to_one_replica(write):
    crossed = SPLIT + """
ear = flow.add(Gather, at=gate)
pulses[1] >> ear
pulses[0] >> ear >> calm
"""
    into = [end for source, end in wires(write(crossed))
            if source in (SOURCES[0], SOURCES[1], "field/gate/gather")
            and "deadband" in end]
    assert len(into) == 3
    assert len(set(into)) == 1


def drawn():
    """A pipeline, two of its sensors, and replicas of an operator."""
    field = Topology("t").domain("field")
    field.device("gate")
    flow = Pipeline("flow")
    sensors = [
        flow.add(ChipTemperature, at="field/gate", name=f"warm-{number}") for number in (1, 2)
    ]
    return flow, sensors, flow.add(Deadband, width=1, replicas=2, by="source")


def ends(flow):
    return [(wire.source.name, wire.target.name) for wire in flow.wires]


def test_a_line_goes_on_behind_replicas_with_the_delivery_it_names():
    flow, (one, other), calm = drawn()
    mean, show = flow.add(Mean, replicas=2, by="source"), flow.add(Print)
    assert (one >> latest(calm)) is calm
    assert (other >> calm >> mean >> latest(show)) is show
    assert ends(flow) == [
        ("warm-1", "deadband-1"), ("warm-2", "deadband-2"),
        ("deadband-1", "mean-1"), ("deadband-2", "mean-2"),
        ("mean-1", "print"), ("mean-2", "print"),
    ]
    assert [wire.full == "replace" for wire in flow.wires] == [True, *[False] * 3, True, True]
    assert [stage.name for stage in calm] == ["deadband-1", "deadband-2"]
    assert len(calm) == 2
    assert not flow.problems


def test_each_of_several_devices_is_wired_to_its_replica_and_all_replicas_to_each():
    field = Topology("t").domain("field")
    for number in range(2):
        field.device(f"b{number}", board="virtual")
    flow = Pipeline("flow")
    warm, show = flow.each(field.boards, ChipTemperature), flow.each(field.boards, Print)
    assert (warm >> flow.add(Count, replicas=2, by="source") >> show) is show
    assert [(wire.source.name, wire.target.name, wire.target.at) for wire in flow.wires] == [
        ("chip-temperature", "count-1", None), ("chip-temperature", "count-2", None),
        *((f"count-{one}", "print", board) for one in (1, 2) for board in field.boards),
    ]


def test_as_many_sources_as_replicas_are_taken_in_the_order_in_which_they_are_drawn():
    flow, (one, other), calm = drawn()
    slow = flow.add(Mean, name="slow", window_ms=60_000)
    fast = flow.add(Mean, name="fast", window_ms=100)
    one >> slow >> calm
    one >> fast >> calm  # which shares nothing with slow: a mean is a source of its own
    other >> flow.add(Print)
    assert ends(flow)[1::2] == [("slow", "deadband-1"), ("fast", "deadband-2")]


def told(file):
    with pytest.raises(SiteError) as raised:
        load_checked(file)
    return str(raised.value)


def added(arguments, cls="Deadband, width=1"):
    return f"calm = flow.add({cls}, {arguments})\nfor one in pulses: one >> calm\ncalm >> keep"


TWO = "replicas=2, by='source'"
COUNT = "replicas has a wrong value\n    expected: a whole number, 1 to 1000\n    got: "
TOGETHER = (
    "replicas= needs to know what is to stay together\n    expected: by='source': readings that "
    "came into being at one path meet one replica\n    got: "
)
SPLIT_AMONG_2 = (
    "mean cannot be split among 2 replicas\n"
    "    expected: 2 wires or more that have no source in common\n    got: "
)
NOTHING = "leave replicas= and by= out: there is nothing to split"
DEVICES = (
    "at= has a wrong number of devices\n"
    "    expected: one device, or a list of 1 to as many as there are replicas\n    got: "
)
WRONG = {
    "none": (added("replicas=0, by='source'"), f"{COUNT}int: 0"),
    "half a one": (added("replicas=2.0, by='source'"), f"{COUNT}float: 2.0"),
    "true": (added("replicas=True, by='source'"), f"{COUNT}bool: True"),
    "too many": (added("replicas=10**9, by='source'"), f"{COUNT}int: 1000000000"),
    "by alone": (
        added("by='source'"),
        "by= is said of replicas\n    expected: replicas=4, by='source', say\n"
        "    got: by= str: 'source', and no replicas=\n    remedy: add replicas=, or leave by= out",
    ),
    "no by": (added("replicas=2"), f"{TOGETHER}no by=\n    remedy: write by='source'"),
    "by what": (added("replicas=2, by='value'"), f"{TOGETHER}str: 'value'\n    remedy: write"),
    "a sensor": (
        f"flow.add(Pulse, step=1, period_ms=9, at=gate, {TWO}) >> keep",
        "Pulse is a sensor, and its readings have one source\n    expected: a filter, ",
    ),
    "no class": (added(TWO, "'Deadband'"), "add() needs the class of an actor"),
    "no wires": (
        f"flow.add(Mean, {TWO}) >> keep",
        "nothing is wired to mean, which has replicas\n    remedy: draw wires: … >> mean, or",
    ),
    "one source": (
        f"pulses[0] >> flow.add(Mean, {TWO}) >> keep",
        f"{SPLIT_AMONG_2}1: 1 source by 1 wire\n    remedy: {NOTHING}",
    ),
    "more than sources": (
        added("replicas=7, by='source'"),
        "got: 6: 6 sources by 6 wires\n    remedy: replicas=6 at the most",
    ),
    "mixed before": (
        "mixed = flow.add(Gather)\nfor one in pulses: one >> mixed\n"
        f"mixed >> flow.add(Mean, {TWO}) >> keep",
        f"{SPLIT_AMONG_2}1: 6 sources by 1 wire\n"
        f"    remedy: sources are mixed by gather: say {TWO} there, too; or {NOTHING}",
    ),
    "no device": (added(f"{TWO}, at='office/w3'"), "there is no device 'office/w3'"),
    "no devices": (added(f"{TWO}, at=[]"), f"{DEVICES}0 for replicas=2"),
    "three devices": (added(f"{TWO}, at=[w1, w2, desk]"), f"{DEVICES}3 for replicas=2"),
    "a long name": (added(f"{TWO}, name='{'n' * 31}'"), "cannot be called"),
    "a circle": (
        added(TWO) + "\ncalm >> flow.add(Gather) >> calm",
        "the flow runs in a circle: deadband-",
    ),
    "no argument": (added(f"{TWO}, widht=1", "Deadband"), "did you mean 'width'"),
    "a list": (f"{SPLIT}pulses >> calm", "a wire joins two stages"),
}


@pytest.mark.parametrize(("lines", "words"), WRONG.values(), ids=WRONG)
def test_a_mistake_is_told_once_with_its_line_and_remedy(write, lines, words):
    said = told(write(lines))
    assert words in said
    assert said.count("site.py:") == 1
