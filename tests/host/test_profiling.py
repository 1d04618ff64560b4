"""From what was measured to a profile, and back into a plan: each figure says where it is from."""

import json

import pytest
from test_placement_sites import PARTS, SITE

from actors.check import load_checked
from actors.observer import Observer
from actors.placement.profile import ACTOR, ProfileError
from actors.plan import make_plan
from actors.profiling import (
    SPEED_1,
    ActorFigures,
    DeviceFigures,
    Measured,
    WireFigures,
    figures,
    profile_with,
)

PROBE, GATE, DESK, W1 = "field/probe", "field/gate", "office/desk", "office/w1"
LINK = f"{PROBE} - {GATE}"


@pytest.fixture
def site(tmp_path):
    """The site `two`: pulse → mean (1 s) → window → keep, with a slow board and three workers."""
    (tmp_path / "parts.py").write_text(PARTS)
    (tmp_path / "site.py").write_text(SITE.format(delay_ms=40))
    return tmp_path / "site.py"


def measured(**more):
    """10 s of the site: mean and window on the gate."""
    found = Measured(10.0)
    found.actors = {
        f"{PROBE}/pulse": ActorFigures(100, 50_000, 0),
        f"{GATE}/mean": ActorFigures(110, 10_000, 12),
        f"{GATE}/window": ActorFigures(10, 1000, 0),
    }
    found.wires = {
        1: WireFigures(10.0, 100, 100, 40),
        2: WireFigures(10.0, 10, 10, 50),
        3: WireFigures(10.0, 0, 0, None),
    }
    found.devices = {
        PROBE: DeviceFigures(SPEED_1 // 10, 64 * 1024),
        GATE: DeviceFigures(SPEED_1 * 2, None),
        DESK: DeviceFigures(SPEED_1 * 3, None),
        W1: DeviceFigures(SPEED_1, None),
    }
    for name, value in more.items():
        setattr(found, name, value)
    return found


def found_in(file, **more):
    """The figures of the site, by section and name."""
    checked = load_checked(file)
    return figures(checked, make_plan(checked), measured(**more))


def value(figure):
    assert figure["from"] == "measured"
    return figure["value"]


def test_work_is_that_of_a_device_of_speed_1_with_what_the_runtime_takes(site):
    actors = found_in(site)["actors"]
    # 50 ms for 100 readings on a device of speed 0.1; windows that close are work, too.
    assert value(actors["pulse"]["work_us"]) == ACTOR["work_us"] + 500 * 0.1
    assert value(actors["mean"]["work_us"]) == ACTOR["work_us"] + 100 * 2
    assert value(actors["mean"]["state_bytes"]) == 12


def test_sources_have_rates_what_follows_has_a_selectivity_and_all_have_sizes(site):
    actors = found_in(site)["actors"]
    assert value(actors["pulse"]["rate_hz"]) == 10
    assert value(actors["pulse"]["bytes"]) == 40
    assert actors["pulse"]["selectivity"]["from"] == "default"
    assert actors["mean"]["rate_hz"]["from"] == "default"
    assert value(actors["mean"]["bytes"]) == 50
    assert actors["keep"]["bytes"]["from"] == "default"


def test_nothing_that_passed_is_taken_for_half_a_reading_and_nothing_that_came_for_nothing(site):
    actors = found_in(site)["actors"]
    assert value(actors["window"]["selectivity"]) == 0.5 / 10
    assert actors["keep"]["work_us"] == {"value": ACTOR["work_us"], "from": "default"}


def test_a_window_s_selectivity_follows_from_its_length_and_is_not_measured(site):
    assert found_in(site)["actors"]["mean"]["selectivity"]["from"] == "default"


def test_workers_of_one_machine_have_one_speed_and_a_board_its_own(site):
    devices = found_in(site)["devices"]
    assert [value(devices[path]["speed"]) for path in (PROBE, GATE, DESK, W1)] == [0.1, 2, 2, 2]
    assert value(devices[PROBE]["memory_kb"]) == 64
    assert devices[DESK]["memory_kb"] == {"value": None, "from": "default"}


def test_a_device_s_rest_is_what_is_left_of_its_work_without_verbs_and_messages(site):
    board = DeviceFigures(SPEED_1 // 10, None, 10.0, 700_000, 150_000, 50_000)
    desk = DeviceFigures(SPEED_1, None, 10.0, 30_000, 10_000, 6000)
    idle = DeviceFigures(SPEED_1, None, 10.0, 20_000, 20_500, 0)
    devices = {PROBE: board, DESK: desk, W1: idle, GATE: measured().devices[GATE]}
    # Ten windows leave the gate for the desk, of which the desk has seen eight.
    wires = {**measured().wires, 3: WireFigures(10.0, 10, 8, 40)}
    found = found_in(site, devices=devices, wires=wires)["devices"]
    assert value(found[PROBE]["rest_percent"]) == 5
    assert value(found[PROBE]["message_us"]) == 50_000 / 100
    assert value(found[DESK]["message_us"]) == 6000 / 8
    assert value(found[DESK]["rest_percent"]) == 0.14
    # Clocks are not that exact.
    assert value(found[W1]["rest_percent"]) == 0
    assert found[W1]["message_us"] == {"value": 0, "from": "default"}
    assert found[GATE]["rest_percent"] == {"value": 0, "from": "default"}


def test_workers_of_one_machine_share_its_memory(site):
    devices = {**measured().devices, DESK: DeviceFigures(SPEED_1, 3 << 30)}
    found = found_in(site, devices=devices)["devices"]
    assert value(found[DESK]["memory_kb"]) == pytest.approx(1 << 20, rel=0.01)


def test_a_delay_is_half_a_round_trip_and_a_beat_of_0_ms_some_of_it(site):
    trips = {frozenset((GATE, DESK)): 6, frozenset((GATE, W1)): 0}
    bytes_per_s = {frozenset((GATE, DESK)): 125_000}
    links = found_in(site, round_trips_ms=trips, bytes_per_s=bytes_per_s)["links"]
    assert value(links[f"{GATE} - {DESK}"]["delay_ms"]) == 3
    assert value(links[f"{GATE} - {DESK}"]["bandwidth_kbps"]) == 1000
    assert value(links[f"{GATE} - {W1}"]["delay_ms"]) == 0.25
    assert links[f"{DESK} - {W1}"]["delay_ms"]["from"] == "default"


def test_a_round_trip_is_the_least_that_the_ends_of_a_link_have_seen(site):
    plan = make_plan(load_checked(site))
    observer = Observer(plan, lambda: 0.0, print)
    number = {path: device.number for path, device in plan.devices.items()}

    def told(path, *trips):
        rows = [[number[other], rtt_ms, "tcp", "ccm", 0] for other, rtt_ms in trips]
        observer.take_device(path, {"inc": 1, "peers": rows})

    def trips():
        return {tuple(sorted(link["between"])): link["rtt_ms"] for link in observer.links()}

    told(GATE, (PROBE, 9), (DESK, None))
    told(PROBE, (GATE, 4))
    told(DESK, (GATE, None))
    assert trips() == {(PROBE, GATE)[::-1]: 4, (GATE, DESK): None}
    told(PROBE, (GATE, 12))
    assert trips()[GATE, PROBE] == 9


def test_what_the_site_or_a_profile_declares_stays_with_what_was_measured_beside_it(site):
    site.with_suffix(".profile.json").write_text(json.dumps({"actors": {"mean": {"work_us": 9}}}))
    found = found_in(site, round_trips_ms={frozenset((PROBE, GATE)): 2})
    delay = {"value": 40, "from": "declared", "measured": 1}
    assert found["links"][LINK]["delay_ms"] == delay
    assert found["actors"]["mean"]["work_us"] == {
        "value": 9, "from": "declared", "measured": 220
    }


def test_an_actor_is_known_by_its_name_where_another_plan_had_put_it(site):
    elsewhere = measured()
    elsewhere.actors[f"{W1}/mean"] = elsewhere.actors.pop(f"{GATE}/mean")
    assert found_in(site, actors=elsewhere.actors)["actors"]["mean"]["work_us"]["value"] == 220


def test_a_profile_that_was_measured_is_read_and_measuring_again_takes_its_place(site):
    constraints = {"constraints": {"never": {"mean": [W1]}}, "weights": {"network": 2}}
    before = site.with_suffix(".profile.json")
    before.write_text(json.dumps(constraints))
    before.write_text(json.dumps(profile_with(found_in(site), before)))
    assert {**json.loads(before.read_text()), **constraints} == json.loads(before.read_text())
    plan = make_plan(load_checked(site))
    assert plan.placement.values["actors"]["mean"]["work_us"] == (220, "measured")
    assert plan.placement.values["actors"]["mean"]["bytes"] == (50, "measured")
    assert plan.placement.values["actors"]["keep"]["bytes"] == (ACTOR["bytes"], "default")
    assert plan.placement.values["links"][LINK]["delay_ms"] == (40, "declared")
    assert plan.placement.defaulted == []
    slower = {**measured().actors, f"{GATE}/mean": ActorFigures(110, 20_000, 12)}
    again = found_in(site, actors=slower)
    assert again["actors"]["mean"]["work_us"] == {"value": 420, "from": "measured"}


def test_a_figure_that_is_marked_as_a_default_is_as_good_as_not_there(site):
    board = {"speed": {"value": 1, "from": "default"}, "memory_kb": 64}
    profile = {"devices": {PROBE: board}, "actors": {"mean": {}}}
    site.with_suffix(".profile.json").write_text(json.dumps(profile))
    plan = make_plan(load_checked(site))
    assert f"{GATE}/mean" in plan.actors
    assert plan.placement.defaulted == ["mean", "window"]
    board["speed"]["from"] = "measured"
    site.with_suffix(".profile.json").write_text(json.dumps(profile))
    assert f"{PROBE}/mean" in make_plan(load_checked(site)).actors


@pytest.mark.parametrize(
    ("figure", "told"),
    [
        ({"value": 1}, "work_us has a wrong value\n    expected: from: declared, measured or"),
        ({"value": 1, "from": "guessed"}, "got: str: 'guessed'"),
        ({"value": None, "from": "measured"}, "expected: a number, 0 or more"),
        ({"valeu": 1, "from": "measured"}, "unknown key 'valeu'\n    remedy: did you mean 'value'"),
    ],
)
def test_a_mark_that_is_none_is_refused_with_a_remedy(site, figure, told):
    profile = {"actors": {"mean": {"work_us": figure}}}
    site.with_suffix(".profile.json").write_text(json.dumps(profile))
    with pytest.raises(ProfileError) as raised:
        make_plan(load_checked(site))
    assert told in str(raised.value)
