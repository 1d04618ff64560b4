"""Every driver on a virtual board: real MicroPython, its heap, register-level models of the parts.

The tests themselves are in `on_board/`: each file runs in a process of its own, with the kernel as
it is compiled for boards, in a board's flash.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from actors.boards import virtual
from tests.house import ROOT
from tests.portable import count_tests

FOLDER = Path(__file__).parent / "on_board"
FILES = sorted(FOLDER.glob("check_*.py"))
RUNNER = ROOT / "tests" / "run_portable.py"
DRIVERS = [
    f"{kind}.{path.stem}"
    for kind in ("sensors", "actuators")
    for path in sorted((ROOT / "mp_actors" / kind).glob("*.py"))
    if path.stem != "__init__"
]


@pytest.fixture(scope="module")
def flash(tmp_path_factory):
    """A board without a site: kernel and hardware."""
    folder = tmp_path_factory.mktemp("board")
    site = folder / "site"
    site.mkdir()
    virtual.prepare(folder / "flash", site, {}, seed=11)
    return folder / "flash"


def run(flash, *arguments):
    argv, environment = virtual.command(flash)
    return subprocess.run(
        [*argv[:-1], *map(str, arguments)],
        cwd=flash,
        # Nothing is in the runner's folder that would come before the board's; `.` is its flash.
        env={**environment, "MICROPYPATH": f".:{environment['MICROPYPATH']}"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_the_driver_keeps_its_datasheet_on_a_board(path, flash):
    done = run(flash, RUNNER, path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"{count_tests(path)} passed, 0 failed", done.stdout


@pytest.mark.parametrize("driver", DRIVERS)
def test_there_is_a_file_of_tests_for(driver):
    assert FOLDER / f"check_{driver.partition('.')[2]}.py" in FILES


@pytest.mark.parametrize("driver", DRIVERS)
def test_a_site_file_can_name_the_driver_where_there_is_no_hardware(driver):
    done = subprocess.run(
        [sys.executable, "-c", f"import mp_actors.{driver} as driver; print(driver.__doc__)"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert "*Source*: " in done.stdout
