"""`profile` measures a site that runs, and what it writes moves a filter that nobody has pinned: to
the board when the link is slow, to a worker when the board is slow.

Real processes: the board is MicroPython, its link a cable that takes its time, and it is slow when
it is stopped most of the time.
"""

import json

import pytest
from processes import finished, free_ports, living_in
from sieved import BOARD, LINK, NARROW_KBPS, SITE, SLOW_S, Sieve, figure
from started import DESK, GATE, Started


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    """The site, and its profiles: see `Sieve.measured`."""
    with Sieve(tmp_path_factory.mktemp("sieve")) as site:
        site.begin()
        yield site, site.measured()


def test_a_filter_is_on_the_board_if_the_link_is_slow_and_on_a_worker_if_the_board_is(measured):
    site, profiles = measured
    assert site.place(profiles["slow link"]) == BOARD
    assert site.place(profiles["slow link, slow board"]) in (GATE, DESK)
    assert site.place(profiles["quick link"]) in (GATE, DESK)


def test_what_was_measured_is_what_is_there(measured):
    _, profiles = measured
    link, board, quick = profiles.values()
    # What takes its time takes no less of it, whatever else the machine does.
    assert figure(link, "links", LINK, "delay_ms") >= 1000 * SLOW_S
    assert figure(quick, "links", LINK, "delay_ms") < 1000 * SLOW_S
    assert figure(link, "links", LINK, "bandwidth_kbps") <= 1.2 * NARROW_KBPS
    assert figure(link, "links", "d/gate - d/desk", "bandwidth_kbps") > 10 * NARROW_KBPS
    for profile in (quick, board):
        marks = json.loads(profile.read_text())["links"][LINK]
        assert marks["bandwidth_kbps"] == {"value": None, "from": "default"}
    for profile in (link, board, quick):
        assert 0 < figure(profile, "actors", "sieve", "selectivity") < 0.8
        assert 0 < figure(profile, "actors", "pulse", "rate_hz") < 5
        assert 30 <= figure(profile, "actors", "pulse", "bytes") <= 60
        assert 10 < figure(profile, "devices", BOARD, "memory_kb") < 224
        assert figure(profile, "actors", "sieve", "work_us") > figure(
            profile, "actors", "pulse", "work_us"
        )
        # The sieve is on another device than the pulse or the sink, so something leaves the board.
        assert 0 < figure(profile, "devices", BOARD, "message_us") < 1_000_000
        assert 0 < figure(profile, "devices", BOARD, "rest_percent") < 100
        assert 0 < figure(profile, "devices", DESK, "rest_percent") < 50
    assert figure(board, "devices", BOARD, "speed") < figure(link, "devices", BOARD, "speed") / 5
    assert figure(link, "devices", BOARD, "speed") < figure(link, "devices", DESK, "speed")


def test_a_site_that_begins_anew_with_its_profile_has_the_filter_where_it_was_planned(measured):
    site, profiles = measured
    assert site.begin_by(profiles["slow link"]) == BOARD
    assert site.begin_by(profiles["slow link, slow board"]) in (GATE, DESK)


def test_a_site_that_nobody_runs_is_run_for_that_long(tmp_path):
    site = Started(tmp_path, SITE)
    out = tmp_path / "out.json"
    done = finished(tmp_path, "profile", site.file, "--seconds", "1", "--out", out,
                    **site.environment)
    assert done.returncode == 0, done.stdout + done.stderr
    assert figure(out, "actors", "sieve", "work_us") > 0
    assert living_in(tmp_path) == []


def test_what_is_declared_stays_so_with_what_was_measured_beside_it(measured):
    site, profiles = measured
    profile = json.loads(profiles["slow link"].read_text())
    profile["actors"]["sieve"]["work_us"] = 7
    profile["constraints"] = {"never": {"sieve": ["d/gate"]}}
    (site.file.parent / "site.profile.json").write_text(json.dumps(profile))
    out = site.measure("again.json", seconds=1)
    found = json.loads(out.read_text())
    work_us = found["actors"]["sieve"]["work_us"]
    assert (work_us["value"], work_us["from"]) == (7, "declared")
    assert work_us["measured"] > 7
    assert found["constraints"] == profile["constraints"]
    why = site.command("plan", "--profile", out, "--why", "sieve")
    assert all(words in why for words in ("work_us 7, ", "rate_hz 1 (default)", "(measured)"))


def test_a_site_that_runs_elsewhere_and_does_not_answer_is_not_run_here(tmp_path):
    (tmp_path / "site.py").write_text(
        SITE.read_text().replace('"desk", address', '"desk", host="127.0.0.9", address')
    )
    (tmp_path / "parts.py").write_text((SITE.parent / "parts.py").read_text())
    done = finished(tmp_path, "profile", tmp_path / "site.py", FIRST_PORT=str(free_ports(3)))
    assert done.returncode == 3, done.stdout + done.stderr
    assert "nothing runs" in done.stderr


def test_a_folder_that_is_not_there_is_named_before_anything_is_measured(tmp_path):
    done = finished(tmp_path, "profile", SITE, "--out", tmp_path / "no" / "out.json")
    assert done.returncode == 2
    assert "there is no folder" in done.stderr
