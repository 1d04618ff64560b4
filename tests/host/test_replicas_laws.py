"""The laws of replicas, on random flows: each reading meets one replica of its source's, in order.

A flow is carried out in a model of it: every wire is a queue, and whose turn it is, is drawn. What
a reading has passed travels with it, replicas under the name they have in common, so the model can
tell what one operator in their place would have done. Each law is broken by a mistake, too.
"""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass, replace
from itertools import product
from random import Random
from unittest import mock

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st

from actors import Pipeline, pipeline, replicas
from mp_actors import Filter, Sensor, Sink
from mp_actors.operators import Mean, Window

READINGS = 4  # of each sensor
SEARCHING = settings(derandomize=True, deadline=None, max_examples=300, phases=[Phase.generate])


class Pulse(Sensor):
    def __init__(self, period_ms):
        pass


class Pass(Filter):
    pass


class Keep(Sink):
    pass


@dataclass(frozen=True)
class Reading:
    """What travels: the stage it comes from, its number there, the stages it has passed."""

    source: str
    number: int
    passed: tuple


@st.composite
def flows(draw):
    """Sensors, then operators that get what some of those before make; many of them replicas."""
    flow = Pipeline("flow")
    made = [
        flow.add(Pulse, name=f"pulse-{number}", period_ms=draw(st.sampled_from((10, 100, 1000))))
        for number in range(draw(st.integers(1, 8)))
    ]
    for number in range(draw(st.integers(1, 5))):
        cls, arguments = draw(
            st.sampled_from(((Pass, {}), (Pass, {}), (Mean, {}), (Window, {"size": 2})))
        )
        count = draw(st.sampled_from((1, 1, 2, 3, 4)))
        stage = flow.add(cls, name=f"o{number}", **split_by_source(count), **arguments)
        draw_inputs(draw, made, stage)
        made.append(stage)
    draw_inputs(draw, made, flow.add(Keep))
    assert not flow.problems
    return flow


def split_by_source(count):
    return {} if count == 1 else {"replicas": count, "by": "source"}


def draw_inputs(draw, made, stage):
    for one in draw(st.lists(st.sampled_from(made), min_size=1, max_size=6, unique=True)):
        one >> stage


def whole_of(stage):
    return (stage.whole or stage).name


def carried_out(flow, seed, to_all=True):
    """{stage: readings it got, in order}, and of each wire how many were put into it.

    to_all: a reading leaves by every wire, as it should; else by one to each target, in turn.
    """
    turn = Random(seed)
    leaving, queues = defaultdict(list), {wire: deque() for wire in flow.wires}
    for wire in flow.wires:
        leaving[wire.source].append(wire)
    got, made = {stage: [] for stage in flow.stages}, Counter()

    def emit(stage, reading):
        wires = leaving[stage]
        if not to_all:
            by_target = defaultdict(list)
            for wire in wires:
                by_target[whole_of(wire.target)].append(wire)
            wires = [some[reading.number % len(some)] for some in by_target.values()]
        for wire in wires:
            queues[wire].append(replace(reading, passed=(*reading.passed, whole_of(stage))))

    def emit_own(stage):
        made[stage] += 1
        emit(stage, Reading(stage.name, made[stage], ()))

    sensors = [stage for stage in flow.stages if stage.role == "sensor"] * READINGS
    turn.shuffle(sensors)
    while sensors or any(queues.values()):
        ready = [wire for wire, queue in queues.items() if queue]
        if sensors and (not ready or turn.random() < 0.5):
            emit_own(sensors.pop())
            continue
        wire = turn.choice(ready)
        reading, target = queues[wire].popleft(), wire.target
        got[target].append(reading)
        if target.role == "filter":
            emit(target, reading)
        elif target.role == "aggregator":
            emit_own(target)
    return got


def broken(flow, seed=0, **how):
    """The laws that do not hold in a flow."""
    got = carried_out(flow, seed, **how)
    found = set()
    for several in flow.replicas:
        homes = defaultdict(set)
        for stage in several:
            for reading in got[stage]:
                homes[reading.source].add(stage)
        if any(len(home) > 1 for home in homes.values()):
            found.add("one replica for each source")
    for readings in got.values():
        ways = defaultdict(list)
        for reading in readings:
            ways[reading.source, reading.passed].append(reading.number)
        if any(numbers != sorted(numbers) for numbers in ways.values()):
            found.add("in order")
    if not same_as_drawn(flow, got):
        found.add("once each")
    return found


def same_as_drawn(flow, got):
    """Whether what each stage that is drawn got is what those drawn before it have sent."""
    arrived = defaultdict(Counter)  # by what is drawn
    sent = defaultdict(Counter)
    drawn = {(whole_of(wire.source), whole_of(wire.target)) for wire in flow._wires}
    for stage, readings in got.items():
        arrived[whole_of(stage)].update(readings)
        if stage.role == "filter":
            sent[whole_of(stage)].update(onward(stage, reading) for reading in readings)
        elif stage.role == "aggregator":
            sent[whole_of(stage)].update(own(stage, len(readings)))
        elif stage.role == "sensor":
            sent[whole_of(stage)].update(own(stage, READINGS))
    expected = defaultdict(Counter)
    for source, target in drawn:
        expected[target].update(sent[source])
    return all(arrived[name] == expected[name] for name in {*arrived, *expected})


def onward(stage, reading):
    return replace(reading, passed=(*reading.passed, whole_of(stage)))


def own(stage, count):
    return [Reading(stage.name, number, (whole_of(stage),)) for number in range(1, count + 1)]


@given(flow=flows(), seed=st.integers(0, 2**16))
def test_a_source_has_one_replica_and_nothing_is_lost_doubled_or_out_of_order(flow, seed):
    assert broken(flow, seed) == set()


@given(flow=flows())
def test_every_replica_has_something_to_do_if_there_are_as_many_groups(flow):
    for several in flow.replicas:
        fed = {wire.target for wire in flow.wires} & set(several)
        assert len(fed) == min(len(flow.split.groups[several.whole]), len(several))


def loads(rates, count):
    """Readings a second that each of so many replicas gets of sources with these rates.

    Every other source is a window, which makes as many whatever it gets.
    """
    flow = Pipeline("flow")
    several = flow.add(Pass, replicas=count, by="source")
    load = dict.fromkeys(several, 0.0)
    rate_of = {}
    for number, rate in enumerate(rates):
        period_ms = 1000 / rate
        source = flow.add(Pulse, name=f"pulse-{number}", period_ms=1 if number % 2 else period_ms)
        if number % 2:
            source >> (source := flow.add(Mean, name=f"mean-{number}", window_ms=period_ms))
        source >> several
        rate_of[source] = rate
    for wire in flow.wires:
        if wire.target.whole is not None:
            load[wire.target] += rate_of[wire.source]
    return list(load.values())


RATES = st.lists(st.sampled_from((1, 2, 3, 10, 50)), min_size=1, max_size=6)


def is_uneven(rates, count):
    """Whether the busiest has to do by more than a third more than it need have."""
    ways = product(range(count), repeat=len(rates))
    least = min(
        max(sum(rate for rate, one in zip(rates, way, strict=True) if one == replica)
            for replica in range(count))
        for way in ways
    )
    return max(loads(rates, count)) > least * 4 / 3 + 1e-9


@given(rates=RATES, count=st.integers(1, 3))
def test_the_busiest_replica_has_hardly_more_to_do_than_it_need_have(rates, count):
    assert not is_uneven(rates, count)


def test_sources_of_unlike_rates_would_be_uneven_if_taken_in_turn():
    def in_turn(groups, stages, rates):
        return right_dealt(groups, stages, dict.fromkeys(rates, 1.0))

    with mock.patch.object(replicas, "_dealt", in_turn):
        assert find(RATES, lambda rates: is_uneven(rates, 2), settings=SEARCHING, random=Random(3))


def alone(wires, sources):
    """Each wire for itself, whoever's readings come by it."""
    return [replicas.Group([wire], dict(sources[wire.source])) for wire in wires]


def to_all_of_them(drawn, several):
    """A wire to every replica."""
    stages = {one.whole: one.stages for one in several}
    wires = [
        replace(wire, target=stage)
        for wire in drawn
        for stage in stages.get(wire.target, (wire.target,))
    ]
    return right_split(drawn, several)._replace(wires=tuple(wires))


def to_the_first(drawn, several):
    """All but one wire to each of several replicas is forgotten."""
    found, seen = right_split(drawn, several), set()
    wires = [
        wire
        for wire in found.wires
        if wire.target.whole is None or not (wire.target in seen or seen.add(wire.target))
    ]
    return found._replace(wires=tuple(wires))


right_split, right_dealt = replicas.split, replicas._dealt
WRONG = [
    ("one replica for each source", replicas, "_groups", alone, {}),
    ("once each", pipeline, "split", to_all_of_them, {}),
    ("once each", pipeline, "split", to_the_first, {}),
    ("in order", pipeline, "split", to_all_of_them, {"to_all": False}),
]


@pytest.mark.parametrize(("law", "module", "name", "wrong", "how"), WRONG)
def test_a_mistake_breaks_a_law(law, module, name, wrong, how):
    def is_broken(case):
        flow, seed = case
        flow._split = None
        return law in broken(flow, seed, **how)

    with mock.patch.object(module, name, wrong):
        find(st.tuples(flows(), st.integers(0, 99)), is_broken, settings=SEARCHING,
             random=Random(3))
