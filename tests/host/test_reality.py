"""Experiments with real processes: lines that take their time, and the alarm on its boards."""

import shutil
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest
from processes import LIMIT_S, ROOT, finished, living_in, until

from actors.experiments.delayed import Lines
from actors.experiments.grid import ExperimentError
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


# -- the alarm


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    """What was measured with everything on the PC, and on the boards, by slow links."""
    folder = tmp_path_factory.mktemp("reality")
    found = read(ALARM)
    reality = Reality(found, Laboratory(found))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TMPDIR", str(folder))
        patch.setattr("tempfile.tempdir", str(folder))
        patch.setenv("PYTHONPATH", str(ROOT))
        rows = {
            placement: reality.run(
                replace(found.base, placement=placement, link_delay_ms=DELAY_MS), SECONDS
            )
            for placement in ("on-the-pc", "on-boards")
        }
    return rows, folder


def test_a_press_that_is_worked_out_on_the_pc_takes_both_ways(seen):
    rows, _ = seen
    assert rows["on-the-pc"]["p50_ms"] >= 2 * DELAY_MS


def test_a_press_that_is_worked_out_on_its_board_takes_no_way(seen):
    rows, _ = seen
    # 14 ms are the work that its actors are told to do.
    assert 0.97 * 14 <= rows["on-boards"]["p50_ms"] < 2 * DELAY_MS


def test_beside_what_is_real_stands_its_simulation(seen):
    rows, _ = seen
    for row in rows.values():
        assert row["simulated_p50_ms"] == pytest.approx(row["predicted_ms"], rel=0.02)
        assert row["readings_per_s"] == pytest.approx(row["simulated_readings_per_s"], rel=0.5)


def test_nothing_of_a_run_stays(seen):
    _, folder = seen
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
