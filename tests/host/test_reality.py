"""Experiments with real processes: lines that take their time, and the alarm on its boards."""

import json
import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from processes import LIMIT_S, ROOT, finished, living_in, until

from actors.experiments import calibration
from actors.experiments.delayed import Lines
from actors.experiments.grid import ExperimentError, Share
from actors.experiments.reader import read
from actors.experiments.reality import Reality
from actors.experiments.trial import Laboratory

ALARM = ROOT / "samples" / "experiments" / "alarm" / "alarm.toml"
DELAY_MS = 120
SECONDS = 6.0


# -- lines


@pytest.fixture
def echo():
    """The address of a server that sends back what it gets, and then the end."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _ = listener.accept()
        with connection:
            while data := connection.recv(65536):
                connection.sendall(data)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()
    thread.join(LIMIT_S)
    listener.close()


def test_a_line_hands_on_every_byte_in_order_and_not_before_its_time(echo):
    sent = bytes(range(256)) * 2000
    with Lines() as lines, socket.create_connection(lines.line(echo, 80)) as end:
        begun_s = time.monotonic()
        end.sendall(b"!")
        assert end.recv(1) == b"!"
        assert time.monotonic() - begun_s >= 2 * 0.08
        threading.Thread(target=end.sendall, args=(sent,), daemon=True).start()
        found = b""
        while len(found) < len(sent):
            found += end.recv(65536)
        assert found == sent


def test_a_line_hands_on_the_end_of_a_connection_behind_its_bytes(echo):
    with Lines() as lines, socket.create_connection(lines.line(echo, 20)) as end:
        end.sendall(b"the last")
        end.shutdown(socket.SHUT_WR)
        found = b""
        while data := end.recv(100):
            found += data
    assert found == b"the last"


def test_a_line_to_nobody_closes():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = taken.getsockname()
    with Lines() as lines, socket.create_connection(lines.line(address, 0)) as end:
        end.settimeout(LIMIT_S)
        assert end.recv(1) == b""


# -- what the runtime takes


def mark(value, **more):
    return {"value": value, "from": "measured", **more}


def test_a_link_is_longer_than_its_line_by_what_its_beats_take_without_the_ends():
    found = {
        "actors": {},
        "devices": {
            "a/pc": {"speed": mark(1), "message_us": mark(200), "rest_percent": mark(1.5)},
            "a/slow": {"speed": mark(1), "message_us": mark(4000), "rest_percent": mark(0)},
            # What a person has declared of it is not what it takes here.
            "a/board": {"speed": mark(1), "message_us": mark(9, measured=800),
                        "rest_percent": {"value": 0, "from": "default"}},
        },
        "links": {name: {} for name in ("a/pc - a/board", "a/pc - a/slow", "a/slow - a/board")},
    }
    beats_ms = {
        frozenset(("a/pc", "a/board")): [3, 90, 5, 5],
        frozenset(("a/pc", "a/slow")): [5, 6, 7],
    }
    share = calibration.share(found, beats_ms)
    assert share.devices == {
        "a/pc": {"message_us": 200, "rest_percent": 1.5},
        "a/slow": {"message_us": 4000, "rest_percent": 0},
        "a/board": {"message_us": 800, "rest_percent": 0},
    }
    assert share.links_ms == {"a/pc - a/board": 1.5, "a/pc - a/slow": 0}


def test_a_point_is_foreseen_with_the_share_and_its_lines_are_as_they_were():
    found = read(ALARM)
    share = Share({"lab/pc": {"message_us": 500, "rest_percent": 3},
                   "lab/button": {"message_us": 2000, "rest_percent": 60}},
                  {"lab/pc - lab/button": 1.5, "lab/pc - lab/air": 70})
    plain, sharing = Laboratory(found), Laboratory(found, share)
    point = replace(found.base, placement="on-the-pc", link_delay_ms=20)
    before, row = plain.run(point, 0), sharing.run(point, 0)
    # There and back.
    more_ms = 2 * (0.5 + 2 + 1.5)
    assert row["predicted_ms"] - before["predicted_ms"] == pytest.approx(more_ms)
    assert row["p50_ms"] - before["p50_ms"] == pytest.approx(more_ms, abs=0.2)
    # Four readings a second leave the button's board; two and a third come to it.
    assert row["busiest"] == "lab/button"
    assert row["predicted_busy"] - before["predicted_busy"] == pytest.approx(
        0.6 + (4 + 2.335) * 0.002, abs=1e-4
    )
    assert row["busy"] == pytest.approx(row["predicted_busy"], rel=0.02)
    assert {sharing.delay_ms(link, point) for link in found.links} == {20}


# -- the alarm


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What was measured with everything on the PC, and on the boards, by slow links; the runtime's
    share, and in which folder.
    """
    folder = tmp_path_factory.mktemp("reality")
    found = read(ALARM)
    reality = Reality(found, Laboratory(found))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr("tempfile.tempdir", str(folder))
        patch.setenv("PYTHONPATH", str(ROOT))
        share = reality.calibrate(replace(found.base, placement="on-the-pc"), SECONDS)
        rows = {
            placement: reality.run(
                replace(found.base, placement=placement, link_delay_ms=DELAY_MS), SECONDS
            )
            for placement in ("on-the-pc", "on-boards")
        }
    return rows, share, folder


def test_a_press_that_is_worked_out_on_the_pc_takes_both_ways(seen):
    rows, _, _ = seen
    assert rows["on-the-pc"]["p50_ms"] >= 2 * DELAY_MS


def test_a_press_that_is_worked_out_on_its_board_takes_no_way(seen):
    rows, _, _ = seen
    # 14 ms are the work that its actors are told to do.
    assert 0.97 * 14 <= rows["on-boards"]["p50_ms"] < 2 * DELAY_MS


def test_what_the_runtime_takes_is_measured_without_delay_and_foreseen_at_each_point(seen):
    rows, share, _ = seen
    found = read(ALARM)
    assert sorted(share.devices) == sorted(found.spread)
    for taken in share.devices.values():
        assert 0 < taken["rest_percent"] < 50
    assert list(share.links_ms) == list(found.links)
    assert max(share.links_ms.values()) < DELAY_MS
    button, pc = (share.devices[path]["message_us"] for path in ("lab/button", "lab/pc"))
    assert button > 0
    assert pc > 0
    point = replace(found.base, placement="on-the-pc", link_delay_ms=DELAY_MS)
    more_ms = 2 * ((button + pc) / 1000 + share.links_ms["lab/pc - lab/button"])
    plain_ms = Laboratory(found).run(point, 0)["predicted_ms"]
    assert rows["on-the-pc"]["predicted_ms"] == pytest.approx(plain_ms + more_ms, abs=0.01)
    assert rows["on-boards"]["predicted_ms"] == pytest.approx(14, abs=0.1)


def test_beside_what_is_real_stands_its_simulation(seen):
    rows, _, _ = seen
    for row in rows.values():
        assert row["simulated_p50_ms"] == pytest.approx(row["predicted_ms"], rel=0.02)
        assert row["readings_per_s"] == pytest.approx(row["simulated_readings_per_s"], rel=0.5)


def test_nothing_of_a_run_stays(seen):
    _, _, folder = seen
    until(lambda: not living_in(folder), "all processes ended")
    assert list(Path(folder).glob("mp-actors-real-*")) == []


def test_the_command_prints_real_cases_and_the_page_keeps_them(tmp_path):
    folder = tmp_path / "alarm"
    shutil.copytree(ALARM.parent, folder, ignore=shutil.ignore_patterns("__pycache__"))
    text = ALARM.read_text()
    places = text[text.index("[placements.on-boards]") : text.index("[real]")]
    told = 'site = "site.py"\nfrom = "pressed"\nto = "lamp"\nseconds = 2\n[grid]\n'
    told += 'placement = ["on-boards"]\nlink_delay_ms = [5]\n'
    (folder / "one.toml").write_text(told + places + "[real]\nseconds = 2\n")
    done = finished(tmp_path, "experiment", folder / "one.toml", "--real")
    assert done.returncode == 0, done.stderr
    (line,) = [one for one in done.stdout.splitlines() if one.startswith("real: on-boards")]
    assert "5.0 ms a link" in line
    assert "simulated 14.0" in line
    page = (tmp_path / "runs" / "one" / "index.html").read_text()
    assert "With real processes" in page
    assert "measured before these points" in page
    for path in ("lab/pc", "lab/button"):
        assert f"<td>{path}</td>" in page
    share = json.loads((tmp_path / "runs" / "one" / "calibration.json").read_text())
    assert 0 < share["devices"]["lab/button"]["rest_percent"] < 50
    assert finished(tmp_path, "experiment", folder / "one.toml").returncode == 0
    assert (tmp_path / "runs" / "one" / "index.html").read_text() == page


def test_a_site_that_does_not_start_says_why():
    found = read(ALARM)
    laboratory = Laboratory(found)

    class Broken(Laboratory):
        """Whose profile no process can read."""

        def prepare(self, point):
            prepared = laboratory.prepare(point)
            return replace(prepared, profile={**prepared.profile, "devicez": {}})

    with pytest.raises(ExperimentError, match=r"lab/\w+ has ended: .*unknown key 'devicez'"):
        Reality(found, Broken(found)).run(found.base, SECONDS)
