"""Experiments: what their files say, what is measured at each point, and what is made of it."""

import csv
import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from actors.experiments import plots
from actors.experiments.curves import Curve, crossings, real_curves
from actors.experiments.grid import ExperimentError
from actors.experiments.reader import read
from actors.experiments.trial import Laboratory
from actors.problems import SiteError
from tests.conftest import ROOT

ALARM = Path(ROOT) / "samples" / "experiments" / "alarm" / "alarm.toml"
SITE = '''
from parts import Clean, Show, Source
from actors import Pipeline, Topology

site = Topology("shed")
shed = site.domain("shed")
desk, probe = shed.device("desk"), shed.device("probe", board="virtual")
flow = Pipeline("shed")
flow.add(Source, at=probe, name="source") >> flow.add(Clean, name="clean") >> flow.add(
    Show, at=desk, name="show")
flow.stages[0] >> flow.add(Show, at=probe, name="lamp")
'''
PARTS = '''
from mp_actors import Filter, Sensor, Sink


class Source(Sensor):
    simulated = True
    period_ms = 100

    def sample(self):
        return 1.5


class Clean(Filter):
    pass


class Show(Sink):
    pass
'''
PROFILE = '''{
 "actors": {"source": {"work_us": 0}, "clean": {"work_us": 200}, "show": {"work_us": 10}},
 "devices": {"shed/probe": {"speed": 0.1, "memory_kb": 64}},
 "links": {"shed/desk - shed/probe": {"delay_ms": 3, "bandwidth_kbps": 100}}
}'''
GRID = '''
site = "site.py"
to = "show"
seconds = 3
one_at_a_time = true

[grid]
placement = ["here", "there"]
device_speed = [1, 10]
link_delay_ms = [1, 50]

[placements.here]
clean = "shed/desk"

[placements.there]
clean = "shed/probe"
'''


@pytest.fixture
def shed(tmp_path):
    """A site with an experiment; returns what writes another one in its place."""
    for name, text in (("site.py", SITE), ("parts.py", PARTS), ("site.profile.json", PROFILE)):
        (tmp_path / name).write_text(text)

    def written(text=GRID):
        (tmp_path / "shed.toml").write_text(text)
        return tmp_path / "shed.toml"

    return written


def experiment(file, *options, blocked=None):
    """The command's exit code and output; `blocked`: a module that is not to be had."""
    start = f"import sys; sys.modules[{blocked!r}] = None; " if blocked else "import sys; "
    start += "from actors.cli import main; sys.argv[0] = 'actors'; main()"
    done = subprocess.run(
        [sys.executable, "-c", start, "experiment", str(file), "--out", str(out(file)), *options],
        cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
    )
    return done.returncode, done.stdout + done.stderr


def out(file):
    return file.parent / "out"


def rows(file):
    """The results, as a person reads them."""
    with (out(file) / "results.csv").open(newline="") as table:
        return list(csv.DictReader(table))


# -- what a file says


def test_one_at_a_time_varies_each_factor_at_the_base_of_all_others(shed):
    found = read(shed())
    points = [(one.placement, one.device_speed, one.link_delay_ms) for one in found.points]
    assert points == [
        ("here", 1, 1), ("here", 10, 1), ("here", 1, 50),
        ("there", 1, 1), ("there", 10, 1), ("there", 1, 50),
    ]


def test_without_it_every_combination_is_a_point(shed):
    found = read(shed(GRID.replace("one_at_a_time = true", "")))
    assert len(found.points) == len(set(found.points)) == 2 * 2 * 2


def test_the_base_of_a_factor_can_be_said(shed):
    found = read(shed(GRID + "[base]\ndevice_speed = 3\n"))
    assert {one.device_speed for one in found.points if one.link_delay_ms == 50} == {3}


def test_real_runs_are_of_named_placements_the_base_and_one_factor_at_a_time(shed):
    found = read(shed(GRID + "[real]\ndevice_speed = [7]\nseconds = 4\n"))
    points = [(one.placement, one.device_speed, one.link_delay_ms) for one in found.real]
    assert points == [("here", 1, 1), ("here", 7, 1), ("there", 1, 1), ("there", 7, 1)]
    assert (found.real_seconds, found.real_runs) == (4, 1)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("device_speed = [1, 10]", "device_sped = [1, 10]",
         ["[grid] unknown key: 'device_sped'", "expected: one of placement, device_speed",
          "got: 'device_sped'", "did you mean 'device_speed'?"]),
        ("seconds = 3", "secs = 3", ["unknown key: 'secs'", "seconds"]),
        ("[1, 10]", "[0]", ["[grid] device_speed has a wrong value", "a number above 0", "int: 0"]),
        ("[1, 10]", "5", ["[grid] device_speed has a wrong value", "a list of values", "int: 5"]),
        ("[1, 10]", "[]", ["[grid] device_speed has a wrong value", "a list of values"]),
        ('"there"]', '"their"]', ["no such placement as 'their'", "did you mean 'there'?"]),
        ("device_speed = [1, 10]", "devices_used = [3]",
         ["3 devices are too many", "2 at the most"]),
        ('clean = "shed/desk"', 'clean = "shed/desc"',
         ["[placements.here] clean: the site has no device 'shed/desc'", "'shed/desk'"]),
        ('clean = "shed/desk"', 'source = "shed/desk"',
         ["[placements.here] the site has no such actor without at=: 'source'",
          "leaves actors out", "add clean"]),
        ("[placements.here]", "[placements.edge]", ["[placements.edge] is the name of a strategy"]),
        ('to = "show"', 'to = "shown"', ["to: the site has no sink 'shown'", "'show'"]),
        ('to = "show"', 'from = "clean"', ["from: the site has no sensor 'clean'", "source"]),
        ('to = "show"', 'devices = ["shed/prob"]', ["devices: the site has no 'shed/prob'"]),
        ("one_at_a_time = true", "[base]\nlink_delay_ms = 7",
         ["[base] link_delay_ms is not in the grid", "one_at_a_time = true"]),
        ('site = "site.py"', "", ["says of no site"]),
        ("[grid]", "[grid", ["is no TOML", "line"]),
        ("[placements.there]", "[real]\nrate = [1]\n[placements.there]",
         ["[real] unknown key: 'rate'"]),
        ("[placements.there]", "[real]\nruns = 0\n[placements.there]",
         ["[real] runs has a wrong value", "a whole number above 0", "int: 0"]),
    ],
)
def test_what_is_wrong_is_told_with_what_was_expected(shed, old, new, told):
    assert old in GRID
    file = shed(GRID.replace(old, new, 1))
    with pytest.raises(ExperimentError) as error:
        read(file)
    for words in ("shed.toml: error:", *told):
        assert words in str(error.value)


def test_a_site_without_free_actors_says_so(shed):
    file = shed()
    free = 'flow.add(Clean, name="clean")'
    file.with_name("site.py").write_text(SITE.replace(free, free.replace(")", ", at=desk)")))
    with pytest.raises(ExperimentError, match="none: all have one"):
        read(file)


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_measured(shed):
    file = shed(GRID.replace("seconds = 3", "secs = 3\nseeds = 0"))
    code, said = experiment(file)
    assert code == 2
    assert "'secs'" in said
    assert "seeds has a wrong value" in said
    assert not out(file).exists()


def test_a_file_that_is_not_there_and_a_site_that_is_not_are_told(shed, tmp_path):
    with pytest.raises(ExperimentError, match="cannot be read"):
        read(tmp_path / "none.toml")
    with pytest.raises(ExperimentError, match=r"is no TOML(.|\n)*says site = \"site.py\""):
        read(shed().with_name("site.py"))
    with pytest.raises(SiteError, match="no such site file"):
        read(shed(GRID.replace("site.py", "sight.py")))


def test_a_placement_that_cannot_be_is_told_before_anything_runs(shed, tmp_path):
    (tmp_path / "site.profile.json").unlink()
    code, said = experiment(shed())
    assert code == 2
    assert "clean may be nowhere" in said
    assert "speed and memory_kb" in said


# -- one point


def test_an_actor_is_where_the_placement_says(shed):
    found = read(shed())
    laboratory = Laboratory(found)
    for point in found.points:
        actors = laboratory.prepare(point).plan.actors
        assert ("shed/probe/clean" in actors) == (point.placement == "there")


def test_what_is_measured_without_load_is_what_the_planner_foresees(shed):
    found = read(shed())
    laboratory = Laboratory(found)
    for point in found.points:
        row = laboratory.run(point, 0)
        assert row["arrived_per_s"] == pytest.approx(10, abs=0.5)
        assert row["readings_per_s"] == pytest.approx(20, abs=1)
        # A frame has a head, too, which the planner does not know of.
        assert row["p50_ms"] == pytest.approx(row["predicted_ms"], abs=4.5)
        assert row["busy"] == pytest.approx(row["predicted_busy"], rel=0.1, abs=0.001)
        assert row["lost"] == 0
        assert row["exceeds"] == ""


def test_the_runtime_s_own_share_is_measured_as_the_planner_foresees_it(shed):
    file, profile = shed(), json.loads(PROFILE)
    plain = {point: Laboratory(read(file)).run(point, 0) for point in read(file).points}
    profile["devices"]["shed/probe"] |= {"message_us": 6000, "rest_percent": 7}
    profile["devices"]["shed/desk"] = {"message_us": 1500, "rest_percent": 2}
    file.with_name("site.profile.json").write_text(json.dumps(profile))
    found = read(file)
    for point in found.points:
        row = Laboratory(found).run(point, 0)
        for figure in ("p50_ms", "predicted_ms"):
            assert row[figure] - plain[point][figure] == pytest.approx(7.5, abs=0.6)
        assert row["busiest"] == "shed/probe"
        # Ten readings a second leave it by the link, whoever cleans them.
        probe = 0.07 + 10 * 0.006
        assert row["predicted_busy"] >= probe
        assert row["busy"] == pytest.approx(row["predicted_busy"], rel=0.02)


def test_what_a_window_gives_is_as_old_as_its_end(shed):
    file = shed()
    text = SITE.replace("import Clean,", "import").replace("Clean, ", "Mean, window_ms=500, ")
    file.with_name("site.py").write_text("from mp_actors.operators import Mean\n" + text)
    found = read(file)
    for placement, least_ms in (("here", 0), ("there", 50)):
        row = Laboratory(found).run(replace(found.base, placement=placement, link_delay_ms=50), 0)
        assert row["arrived_per_s"] == pytest.approx(2, abs=0.4)
        assert least_ms <= row["p50_ms"] == pytest.approx(row["predicted_ms"], abs=6)


def test_each_factor_does_what_it_is_called(shed):
    found = read(shed())
    laboratory = Laboratory(found)
    base = replace(found.base, placement="there", link_delay_ms=1)

    def row(**factors):
        return laboratory.run(replace(base, **factors), 0)

    plain = row()
    assert row(link_delay_ms=31)["p50_ms"] - plain["p50_ms"] == pytest.approx(30, abs=0.5)
    assert plain["p50_ms"] - row(device_speed=2)["p50_ms"] == pytest.approx(1, abs=0.2)
    assert row(rate=3)["readings_per_s"] == pytest.approx(3 * plain["readings_per_s"], rel=0.05)
    # 100 kilobits are 12.5 bytes a ms.
    longer = row(payload_bytes=258)["p50_ms"] - plain["p50_ms"]
    assert longer == pytest.approx(250 / 12.5, abs=0.5)
    assert row(devices_used=1)["devices"] == 1
    assert "shed/desk/clean" in laboratory.prepare(replace(base, devices_used=1)).plan.actors


def test_more_than_a_device_can_do_is_named_and_seen(shed):
    found = read(shed())
    point = replace(found.base, placement="there", device_speed=0.01)  # 200 ms for each of 10
    row = Laboratory(found).run(point, 0)
    assert "load of shed/probe" in row["exceeds"]
    assert row["busy"] > 0.9
    assert row["arrived_per_s"] < 6  # its sensor comes to sample half as often


def test_a_point_and_a_seed_give_the_same_figures_again(shed):
    found = read(shed())
    assert Laboratory(found).run(found.points[2], 5) == Laboratory(found).run(found.points[2], 5)


def test_a_pair_that_no_wires_join_is_told(shed):
    text = SITE.replace('flow.stages[0] >> flow.add(Show, at=probe, name="lamp")',
                        'flow.add(Source, at=desk, name="other") >> flow.add(Show, at=desk, '
                        'name="lamp")')
    file = shed(GRID.replace('to = "show"', 'to = "show"\nfrom = "other"'))
    file.with_name("site.py").write_text(text)
    found = read(file)
    with pytest.raises(ExperimentError, match="no wires lead from 'other' to 'show'"):
        Laboratory(found).run(found.points[0], 0)


# -- the command


def test_an_interrupted_experiment_goes_on_where_it_was(shed):
    file = shed()
    code, said = experiment(file)
    assert code == 0, said
    assert "6 points, 6 of them measured now" in said
    results = out(file) / "results.csv"
    whole = results.read_text()
    lines = whole.splitlines(keepends=True)
    results.write_text("".join(lines[:4]) + lines[4][:20])  # the fourth row half written
    code, said = experiment(file)
    assert code == 0, said
    assert "6 points, 3 of them measured now" in said
    assert results.read_text() == whole
    assert "6 points, 0 of them measured now" in experiment(file)[1]
    assert "6 points, 6 of them measured now" in experiment(file, "--again")[1]


def test_a_grid_that_grows_keeps_its_rows(shed):
    file = shed()
    experiment(file)
    shed(GRID.replace("[1, 50]", "[1, 7, 50]"))
    assert "8 points, 2 of them measured now" in experiment(file)[1]


def test_rows_of_another_site_are_not_mixed_in(shed):
    file = shed()
    experiment(file)
    before = rows(file)
    (file.parent / "parts.py").write_text(PARTS.replace("100", "50"))
    code, said = experiment(file)
    assert code == 2
    assert "its rows are of something else" in said
    assert "--again" in said
    assert rows(file) == before


def test_the_page_holds_everything_and_needs_no_network(shed):
    file = shed()
    code, said = experiment(file)
    assert code == 0, said
    page = (out(file) / "index.html").read_text()
    for words in ("http://", "https://", "<script", "<link", str(file.parent)):
        assert words not in page.replace(f"actors experiment {file}", "")
    assert page.count('src="data:image/png;base64,') == page.count("<img") == 2
    for row in rows(file):
        assert row["busiest"] in page
    assert "actors experiment" in page
    for name in ("device_speed", "link_delay_ms"):
        assert (out(file) / f"{name}.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_are_the_table_and_the_page_and_a_remedy(shed):
    file = shed()
    code, said = experiment(file, blocked="matplotlib")
    assert code == 0, said
    assert "matplotlib is not installed" in said
    assert "pip install 'mp-actors[experiments]'" in said
    assert len(rows(file)) == 6
    page = (out(file) / "index.html").read_text()
    assert "<img" not in page
    assert "matplotlib was not installed" in page


# -- crossings


def curve(placement, heights):
    rows = [{"p50_ms": height} for height in heights.values()]
    return Curve(placement, list(heights), rows)


def test_a_crossing_is_where_two_straight_lines_meet():
    flat, steep = curve("flat", {0: 10, 10: 10, 20: 10}), curve("steep", {0: 2, 10: 6, 20: 26})
    (mark,) = crossings("link_delay_ms", [flat, steep])
    assert (mark.at, mark.delay_ms) == pytest.approx((12, 10))
    assert (mark.below, mark.above, mark.is_best) == ("steep", "flat", True)


def test_work_goes_with_the_inverse_of_a_speed():
    flat = curve("flat", {1: 30, 10: 30})
    slowing = curve("work", {1: 100, 10: 10})
    (mark,) = crossings("device_speed", [flat, slowing])
    assert mark.at == pytest.approx(100 / 30)


def test_a_crossing_above_a_third_placement_is_not_where_the_best_changes():
    curves = [curve("a", {0: 5, 10: 15}), curve("b", {0: 15, 10: 5}), curve("c", {0: 1, 10: 1})]
    (mark,) = crossings("link_delay_ms", curves)
    assert not mark.is_best


def test_placements_that_do_the_same_do_not_cross():
    one, other = curve("a", {0: 10, 5: 10.01, 9: 20}), curve("b", {0: 10.01, 5: 10, 9: 20})
    assert crossings("link_delay_ms", [one, other]) == []


def test_what_real_processes_took_stands_by_the_curves_of_its_factor(shed):
    found = read(shed())
    rows = [{"placement": "here", "device_speed": speed, "link_delay_ms": delay_ms, "p50_ms": 1.0}
            for speed, delay_ms in ((1, 50), (1, 1), (10, 1))]
    (delays,), (speeds,) = (real_curves(found, one, rows) for one in
                            ("link_delay_ms", "device_speed"))
    assert delays.values == [1, 50]
    assert speeds.values == [1, 10]


def test_what_did_not_arrive_is_no_point_of_a_curve():
    one, other = curve("a", {0: 1, 5: None, 9: 20}), curve("b", {0: 10, 5: 10, 9: 10})
    (mark,) = crossings("link_delay_ms", [one, other])
    assert 0 < mark.at < 9


# -- the alarm


@pytest.fixture(scope="module")
def alarm():
    """The alarm's figures by (placement, link delay), and the devices of its actors."""
    found = read(ALARM)
    laboratory = Laboratory(found)
    seen = {}
    for placement in ("on-the-pc", "filters-on-boards", "on-boards", "search"):
        for delay_ms in (0.5, 50):
            point = replace(found.base, placement=placement, link_delay_ms=delay_ms)
            paths = [one.rpartition("/") for one in laboratory.prepare(point).plan.actors]
            places = {name: device for device, _, name in paths}
            seen[placement, delay_ms] = laboratory.run(point, 0), places
    return seen


def test_an_alarm_is_faster_on_the_pc_by_a_fast_link_and_on_boards_by_a_slow_one(alarm):
    fast = {one: alarm[one, 0.5][0]["p50_ms"] for one in ("on-the-pc", "on-boards")}
    slow = {one: alarm[one, 50][0]["p50_ms"] for one in ("on-the-pc", "on-boards")}
    assert fast["on-the-pc"] < 0.5 * fast["on-boards"]
    assert slow["on-boards"] < 0.5 * slow["on-the-pc"]


def test_filters_on_boards_spare_the_links_and_not_the_way(alarm):
    for delay_ms in (0.5, 50):
        central, half, all_of_it = (alarm[one, delay_ms][0]["over_links_per_s"] for one in
                                    ("on-the-pc", "filters-on-boards", "on-boards"))
        assert all_of_it < half < 0.5 * central
    assert alarm["filters-on-boards", 50][0]["p50_ms"] > alarm["on-the-pc", 50][0]["p50_ms"]


def test_a_filter_without_a_place_goes_to_the_board_when_links_are_slow(alarm):
    row, places = alarm["search", 0.5]
    assert places["press"] == places["panel"] == "lab/pc"
    assert row["p50_ms"] == alarm["on-the-pc", 0.5][0]["p50_ms"]
    row, places = alarm["search", 50]
    assert places["press"] == places["panel"] == "lab/button"
    assert row["p50_ms"] == pytest.approx(alarm["on-boards", 50][0]["p50_ms"], rel=0.01)


def test_a_filter_without_a_place_goes_to_the_pc_when_boards_are_slow():
    found = read(ALARM)
    laboratory = Laboratory(found)
    rows = {}
    for placement in ("search", "on-boards"):
        point = replace(found.base, placement=placement, device_speed=0.05)
        paths = [one.rpartition("/") for one in laboratory.prepare(point).plan.actors]
        rows[placement] = laboratory.run(point, 0), {name: device for device, _, name in paths}
    (found_row, places), (board_row, _) = rows["search"], rows["on-boards"]
    assert places["panel"] == "lab/pc"
    assert found_row["p50_ms"] < 0.7 * board_row["p50_ms"]


def test_the_planner_keeps_everything_off_boards_that_are_too_slow():
    found = read(ALARM)
    point = replace(found.base, placement="search", device_speed=0.001)
    laboratory = Laboratory(found)
    free = {"press", "choice", "panel", "near", "co2-high", "warm-high"}
    places = {path.rpartition("/") for path in laboratory.prepare(point).plan.actors}
    assert {device for device, _, name in places if name in free} == {"lab/pc"}


def test_plots_are_optional_only_in_the_sense_that_they_say_so(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(plots.PlotsMissingError, match="experiments"):
        plots.draw(Path(tmp_path) / "a.png", "rate", [], [])
