"""What a person gets of placement: profiles, constraints, `plan` and what it says.

A slow link draws an operator to the board, a slow board to a worker; nothing is put on a board
about which nothing is known.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from actors.check import load_checked
from actors.difference import diff
from actors.placement.profile import ProfileError
from actors.placement.sited import ContradictionError
from actors.plan import make_plan
from mp_actors.errors import ActorsError

ROOT = Path(__file__).parent.parent.parent
PARTS = """
from mp_actors import Sensor, Sink

class Pulse(Sensor):
    period_ms = 100

    def sample(self):
        return 1

class Keep(Sink):
    def write(self, value):
        pass
"""
SITE = """
from parts import Keep, Pulse
from actors import Pipeline, Topology
from mp_actors.operators import Mean, Window

site = Topology("two")
field, office = site.domain("field"), site.domain("office")
probe = field.device("probe", board="virtual")
gate = field.device("gate", also_in=[office])
desk, w1 = office.device("desk"), office.device("w1")
site.link(probe, gate, latency_ms={delay_ms})
flow = Pipeline("flow")
pulse, keep = flow.add(Pulse, at=probe), flow.add(Keep, at=desk)
mean = flow.add(Mean, window_ms=1000)
window = flow.add(Window, size=2)
pulse >> mean >> window >> keep
"""
KNOWN = {"devices": {"field/probe": {"speed": 0.02, "memory_kb": 64}},
         "actors": {"mean": {"work_us": 100, "memory_kb": 8}}}


@pytest.fixture
def write(tmp_path):
    """Writes a site and its profile; returns the site's file."""

    def write(profile=None, delay_ms=1):
        (tmp_path / "parts.py").write_text(PARTS)
        (tmp_path / "site.py").write_text(SITE.format(delay_ms=delay_ms))
        if profile is not None:
            (tmp_path / "site.profile.json").write_text(json.dumps(profile))
        return tmp_path / "site.py"

    return write


def places(file, **more):
    plan = make_plan(load_checked(file), **more)
    return {path.split("/")[2]: path.rsplit("/", 1)[0] for path in plan.actors}


def planned(file, *arguments):
    return subprocess.run(
        [sys.executable, "-m", "actors", "plan", str(file), *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60,
    )


def test_nothing_is_put_on_a_board_about_which_nothing_is_known(write):
    assert places(write(delay_ms=200))["mean"] == "field/gate"
    assert places(write({"devices": {"field/probe": {"speed": 1}}}, 200))["mean"] == "field/gate"


def test_an_operator_is_on_the_board_when_the_link_is_slow_and_on_a_worker_when_the_board_is(write):
    assert places(write(KNOWN, delay_ms=200))["mean"] == "field/probe"
    slow = {**KNOWN, "devices": {"field/probe": {"speed": 0.0005, "memory_kb": 64}}}
    assert places(write(slow, delay_ms=200))["mean"] == "field/gate"


def test_an_operator_is_on_the_board_when_messages_take_the_board_long_unless_it_is_busy(write):
    def placed(delay_ms, **taken):
        board = {**KNOWN["devices"]["field/probe"], **taken}
        return places(write({**KNOWN, "devices": {"field/probe": board}}, delay_ms))["mean"]

    assert placed(1) == "field/gate"
    assert placed(1, message_us=70_000) == "field/probe"
    assert placed(200) == "field/probe"
    # Its work there takes 5 % of the time.
    assert placed(200, rest_percent=76) == "field/gate"


def test_a_measured_delay_has_the_time_of_a_board_in_it_and_a_declared_one_has_not(write):
    def way_s(delay_ms):
        board = {**KNOWN["devices"]["field/probe"], "message_us": 5000}
        links = {"field/probe - field/gate": {"delay_ms": delay_ms}}
        file = write({**KNOWN, "devices": {"field/probe": board}, "links": links})
        instance = make_plan(load_checked(file)).placement.instance
        names = [machine.name for machine in instance.machines]
        return instance.delay_s[names.index("field/probe")][names.index("field/gate")]

    assert way_s(20) == pytest.approx(0.025)
    assert way_s({"value": 20, "from": "measured"}) == pytest.approx(0.020)
    assert way_s({"value": 3, "from": "measured"}) == pytest.approx(0.005)


def test_an_operator_that_does_not_fit_a_board_is_elsewhere(write):
    big = {**KNOWN, "actors": {"mean": {"work_us": 100, "memory_kb": 80}}}
    file = write(big, delay_ms=200)
    assert places(file)["mean"] == "field/gate"
    told = " ".join(planned(file, "--why", "mean").stdout.split())
    assert "memory of field/probe: 80 KB needed, 64 there, 16 too little" in told


@pytest.mark.parametrize(
    ("constraints", "expected"),
    [
        ({"never": {"mean": ["field/gate"]}}, {"mean": "office/desk"}),
        ({"domain": {"mean": "office", "window": "office"}}, {"mean": "field/gate"}),
        ({"never": {"window": ["field/gate", "office/desk"]}, "together": [["mean", "window"]]},
         {"mean": "office/w1", "window": "office/w1"}),
    ],
)
def test_constraints_are_kept(write, constraints, expected):
    found = places(write({"constraints": constraints}))
    assert {name: found[name] for name in expected} == expected


def test_constraints_that_contradict_each_other_name_the_actors_and_what_is_left_for_each(write):
    never = {"window": ["office/desk", "office/w1"], "mean": ["field/gate"]}
    file = write({"constraints": {"never": never, "together": [["mean", "window"]]}})
    with pytest.raises(ContradictionError) as raised:
        make_plan(load_checked(file))
    said = str(raised.value)
    assert "mean and window may be nowhere" in said
    assert "mean: office/desk, office/w1" in said
    assert "window: field/gate" in said


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"actor": {}}, "unknown key 'actor'\n    remedy: did you mean 'actors'?"),
        ({"actors": {"meen": {}}}, "the site has no 'meen'\n    remedy: did you mean 'mean'?"),
        ({"devices": {"field/prob": {}}}, "did you mean 'field/probe'?"),
        ({"actors": {"mean": {"work": 1}}}, "did you mean 'work_us'?"),
        ({"actors": {"mean": {"work_us": -1}}}, "expected: a number, 0 or more\n    got: int: -1"),
        ({"devices": {"field/probe": {"speed": 0}}}, "expected: a number above 0"),
        ({"devices": {"field/probe": {"rest_percent": 101}}},
         "expected: a number from 0 to 100\n    got: int: 101"),
        ({"devices": {"field/probe": {"message_us": -1}}}, "expected: a number, 0 or more"),
        ({"weights": {"speed": 1}}, "weights: unknown key 'speed'"),
        ({"constraints": {"together": ["mean"]}}, "a list of lists of actors"),
        ({"constraints": {"domain": {"mean": "offic"}}}, "did you mean 'office'?"),
        ([], "profile has a wrong value"),
    ],
)
def test_what_is_wrong_with_a_profile_is_said_with_a_remedy(write, profile, told):
    with pytest.raises(ProfileError) as raised:
        make_plan(load_checked(write(profile)))
    assert told in str(raised.value)


def test_a_profile_that_is_not_there_or_no_json_is_named(write, tmp_path):
    file = write()
    with pytest.raises(ProfileError, match=r"none\.json: error: cannot be read"):
        make_plan(load_checked(file), profile=tmp_path / "none.json")
    (tmp_path / "site.profile.json").write_text("{")
    with pytest.raises(ProfileError, match="is no JSON"):
        make_plan(load_checked(file))


def test_every_device_plans_the_same(write):
    file = write(KNOWN, delay_ms=20)
    first, second = (make_plan(load_checked(file)) for _ in range(2))
    spawned = [
        [command.arguments for command in diff(None, plan) if command.kind == "spawn"]
        for plan in (first, second)
    ]
    assert spawned[0] == spawned[1]
    assert [one.device.path for one in first.placement.places.values()] == [
        one.device.path for one in second.placement.places.values()
    ]


def test_what_exceeds_limits_is_placed_nevertheless_and_said(write):
    heavy = {"actors": {"pulse": {"work_us": 5000}}}
    done = planned(write(heavy))
    assert done.returncode == 0
    assert "no placement keeps all limits" in done.stdout
    assert "load of field/probe: 500 % needed, 80 there" in done.stdout


def test_plan_writes_the_placement_with_what_it_is_made_from(write, tmp_path):
    file = write(KNOWN, delay_ms=200)
    done = planned(file, "--json", str(tmp_path / "out.json"))
    assert "site.profile.json lacks window; placed by default figures" in done.stdout
    found = json.loads((tmp_path / "out.json").read_text())["placement"]
    assert found["gap"] == 0
    assert found["bound"] == found["cost"] > 0
    assert found["seconds"] >= 0
    assert found["operators"]["field/probe/mean"]["device"] == "field/probe"
    assert "next best" in found["operators"]["field/probe/mean"]["why"]
    assert found["operators"]["field/probe/pulse"]["why"] == "pinned"
    own = found["inputs"]["actors"]["mean"]
    assert own["work_us"] == {"value": 100, "from": "declared"}
    assert own["bytes"] == {"value": 32, "from": "default"}
    own = found["inputs"]["devices"]["field/probe"]
    assert own["speed"] == {"value": 0.02, "from": "declared"}
    assert own["message_us"] == own["rest_percent"] == {"value": 0, "from": "default"}
    link = found["inputs"]["links"]["field/probe - field/gate"]
    assert link["delay_ms"] == {"value": 200, "from": "declared"}


def test_plan_places_by_a_named_strategy_and_profile(write, tmp_path):
    file = write(delay_ms=200)
    (tmp_path / "other.json").write_text(json.dumps(KNOWN))
    more = ("--profile", str(tmp_path / "other.json"))
    assert "field/probe/mean" in planned(file, *more, "--placement", "exact").stdout
    assert "field/probe/mean" in planned(file, *more, "--placement", "bottom-up").stdout
    assert "office/desk/mean" in planned(file, "--placement", "top-down").stdout
    with pytest.raises(ActorsError, match="no such strategy; did you mean 'search'"):
        make_plan(load_checked(file), "serach")
    assert planned(file, "--placement", "serach").returncode == 2


def test_why_shows_every_place_for_an_actor_and_refuses_one_that_is_not_there(write):
    file = write(KNOWN, delay_ms=200)
    told = planned(file, "--why", "mean").stdout
    for device in ("field/probe", "field/gate", "office/desk", "office/w1"):
        assert device in told
    assert "work_us 100, " in told
    assert "(default)" in told
    unknown = planned(file, "--why", "meen")
    assert unknown.returncode == 2
    assert "did you mean 'mean'?" in unknown.stderr
