"""Faults: those of a file are judged before anything runs, those of chance are undone again."""

import json
from random import Random

import pytest

from actors.sim import faults
from actors.sim.world import Sim, SimError
from tests.sim.sites import random_site, ring_site


@pytest.fixture
def sim():
    return Sim(ring_site(1))


def read(sim, tmp_path, steps):
    """What a file with these steps is read as."""
    file = tmp_path / "faults.json"
    file.write_text(steps if isinstance(steps, str) else json.dumps(steps), encoding="utf-8")
    return faults.from_file(file, sim)


def problems(sim, tmp_path, *steps):
    """What is said of a file with these steps, a line for each."""
    with pytest.raises(SimError) as caught:
        read(sim, tmp_path, list(steps))
    assert sim.now_us == 0
    file = str(tmp_path / "faults.json")
    lines = str(caught.value).splitlines()
    assert all(line.startswith(file) for line in lines)
    return [line.removeprefix(f"{file}: ") for line in lines]


def state_of(sim):
    """Everything that a fault changes and its end changes back."""
    links = [
        (one.number, tuple(one.cut), tuple(one.held), one.latency_us, one.jitter_us,
         one.bytes_per_ms)
        for one in sim.links
    ]
    devices = [(path, one.node is None, one.frozen) for path, one in sim.devices.items()]
    return links, devices


# -- from a file


def test_steps_of_a_file_happen_at_their_times(sim, tmp_path):
    steps = [
        {"at_ms": 3000, "do": "freeze", "device": "ring/r1"},
        {"at_ms": 3500.5, "do": "thaw", "device": "ring/r1"},
        {"at_ms": 4000, "do": "cut", "a": "ring/r0", "b": "ring/r1", "one_way": True},
    ]
    plan = read(sim, tmp_path, steps)
    assert [(one.at_ms, one.verb) for one in plan] == [
        (3000, "freeze"), (3500.5, "thaw"), (4000, "cut")]
    faults.schedule(sim, plan)
    sim.run_ms(3200)
    assert sim.devices["ring/r1"].frozen
    sim.run_ms(400)
    assert not sim.devices["ring/r1"].frozen
    sim.run_ms(1000)
    (link,) = [one for one in sim.links if {one.a.path, one.b.path} == {"ring/r0", "ring/r1"}]
    assert link.cut == [True, False]


def test_times_count_from_when_the_faults_are_scheduled(sim, tmp_path):
    sim.run_ms(5000)
    plan = read(sim, tmp_path, [{"at_ms": 1000, "do": "freeze", "device": "ring/r1"}])
    faults.schedule(sim, plan)
    sim.run_ms(900)
    assert not sim.devices["ring/r1"].frozen
    sim.run_ms(200)
    assert sim.devices["ring/r1"].frozen


@pytest.mark.parametrize(
    ("step", "told"),
    [
        ({"at_ms": 1, "do": "crash", "device": "ring/r99"}, "no device 'ring/r99'"),
        ({"at_ms": 1, "do": "cut", "a": "ring/r0", "b": "ring"}, "no device 'ring'"),
        ({"at_ms": 1, "do": "cut", "a": "ring/r0", "b": "ring/r0"}, "no link between"),
        ({"at_ms": 1, "do": "cut", "a": "ring/r0", "b": "ring/r2z"}, "did you mean 'ring/r2'"),
        ({"at_ms": 1, "do": "crsh", "device": "ring/r1"}, "no such verb 'crsh'"),
        ({"at_ms": 1, "device": "ring/r1"}, "no such verb None"),
        ({"at_ms": 1, "do": ["crash"], "device": "ring/r1"}, "no such verb ['crash']"),
        ({"at_ms": 1, "do": "crash"}, "crash needs 'device'"),
        ({"at_ms": 1, "do": "crash", "device": ["ring/r1"]}, "no device ['ring/r1']"),
        ({"at_ms": 1, "do": "crash", "device": "ring/r1", "hard": 1}, "crash takes no 'hard'"),
        ({"at_ms": 1, "do": "run_ms", "duration_ms": 5}, "no such verb 'run_ms'"),
        ({"at_ms": 1, "do": "set_speed", "device": "ring/r1", "speed": "fast"}, "speed"),
        ({"at_ms": 1, "do": "set_speed", "device": "ring/r1", "speed": 0}, "speed"),
        ({"at_ms": 1, "do": "cut", "a": "ring/r0", "b": "ring/r1", "one_way": 1}, "one_way"),
        ({"at_ms": 1, "do": "set_latency", "a": "ring/r0", "b": "ring/r1", "latency_ms": -5},
         "latency_ms"),
        ({"do": "freeze", "device": "ring/r1"}, "expected a time in ms, got None"),
        ({"at_ms": -1, "do": "freeze", "device": "ring/r1"}, "expected a time in ms, got -1"),
        ({"at_ms": True, "do": "freeze", "device": "ring/r1"}, "expected a time in ms, got True"),
        ({"at_ms": float("nan"), "do": "freeze", "device": "ring/r1"}, "expected a time in ms"),
        ({"at_ms": float("inf"), "do": "freeze", "device": "ring/r1"}, "expected a time in ms"),
        ("crash", "expected an object, got 'crash'"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_mistake_is_one_clear_error(sim, tmp_path, step, told):
    (said,) = problems(sim, tmp_path, step)
    assert said.startswith("step 1: ")
    assert told in said


def test_time_that_runs_backwards_is_an_error(sim, tmp_path):
    (said,) = problems(
        sim, tmp_path,
        {"at_ms": 5000, "do": "freeze", "device": "ring/r1"},
        {"at_ms": 4000, "do": "thaw", "device": "ring/r1"},
    )
    assert said.startswith("step 2: at_ms: 4000 is before the step above, at 5000")


def test_a_wrong_step_does_not_hide_that_time_ran_backwards_after_it(sim, tmp_path):
    said = problems(
        sim, tmp_path,
        {"at_ms": 5000, "do": "freeze", "device": "ring/r99"},
        {"at_ms": 4000, "do": "thaw", "device": "ring/r1"},
    )
    assert [one[:7] for one in said] == ["step 1:", "step 2:"]


def test_all_mistakes_are_told_at_once(sim, tmp_path):
    said = problems(
        sim, tmp_path,
        {"at_ms": -1, "do": "cut", "a": "ring/r0", "c": "ring/r1"},
        {"at_ms": 10, "do": "freeze", "device": "ring/r1"},
        {"at_ms": 20, "do": "nap", "device": "ring/r1"},
    )
    assert [one.split(":")[0] for one in said] == ["step 1"] * 3 + ["step 3"]


@pytest.mark.parametrize(
    ("text", "told"), [("{", "Expecting property name"), ('{"a": 1}', "expected a list of steps")]
)
def test_a_file_that_is_no_list_of_steps_is_an_error(sim, tmp_path, text, told):
    with pytest.raises(SimError, match=told):
        read(sim, tmp_path, text)


def test_a_missing_file_is_an_error(sim, tmp_path):
    with pytest.raises(SimError, match="No such file"):
        faults.from_file(tmp_path / "none.json", sim)


# -- by chance


@pytest.mark.parametrize("level", faults.LEVELS)
def test_faults_by_chance_are_the_same_for_the_same_chance(level):
    def plan(seed):
        return faults.by_chance(Sim(random_site(4)), level, 60_000, Random(seed))

    assert plan(1) == plan(1)
    assert plan(1) != plan(2)


@pytest.mark.parametrize("level", faults.LEVELS)
@pytest.mark.parametrize("seed", range(12))
def test_faults_by_chance_undo_what_they_do(level, seed):
    sim = Sim(random_site(seed))
    before = state_of(sim)
    plan = faults.by_chance(sim, level, 60_000, Random(seed))
    assert plan == sorted(plan, key=lambda one: one.at_ms)
    assert plan[-1].at_ms <= 60_000
    faults.schedule(sim, plan)
    sim.run_ms(60_000)
    assert state_of(sim) == before


def test_heavy_faults_are_of_every_kind_and_light_ones_crash_nobody():
    kinds = {}
    for level in faults.LEVELS:
        plans = [
            fault for seed in range(12)
            for fault in faults.by_chance(Sim(random_site(seed)), level, 60_000, Random(seed))
        ]
        kinds[level] = {one.verb for one in plans}
        lossy = [one for one in plans if one.arguments.get("power_lost")]
        assert bool(lossy) == (level == "heavy")
    assert kinds["light"] == {"cut", "repair", "reset", "hold", "release", "set_latency"}
    assert kinds["heavy"] > kinds["light"] | {"freeze", "thaw", "crash", "restart"}


def test_a_device_with_an_actor_of_a_person_or_the_controller_is_never_crashed():
    for seed in range(12):
        sim = Sim(random_site(seed))
        busy = {path.rsplit("/", 1)[0] for path in sim.plan.actors} | {sim.plan.controller}
        plan = faults.by_chance(sim, "heavy", 120_000, Random(seed))
        assert not busy & {one.arguments["device"] for one in plan if one.verb == "crash"}
