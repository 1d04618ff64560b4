"""Runs every file of `tests/kernel/` under real MicroPython, one process per file.

CPython's side of the same files is pytest's own collection: their tests are plain functions. Must
never skip: without MicroPython the kernel is not tested, and that is a failure.
"""

from pathlib import Path

import pytest

from tests.house import find_tool
from tests.portable import (
    FILES,
    assert_passes,
    assert_tells_good_from_bad,
    count_tests,
    run_portable,
)

pytestmark = pytest.mark.portable


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_test_of_the_file_passes_under_micropython(path):
    assert_passes("micropython", path)


def test_there_are_files_to_run():
    assert FILES != []


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_the_runner_tells_good_from_bad_on(interpreter, tmp_path):
    assert_tells_good_from_bad(interpreter, tmp_path)


def test_the_runner_fails_when_it_is_given_no_file():
    done = run_portable("cpython", [])
    assert done.returncode == 1
    assert done.stdout.splitlines()[-1] == "0 passed, 0 failed"


def test_a_test_behind_a_condition_is_counted(tmp_path):
    path = Path(tmp_path / "test_x.py")
    path.write_text("if 0:\n    def test_hidden():\n        pass\ndef test_seen():\n    pass\n")
    assert count_tests(path) == 2


def test_a_missing_micropython_is_an_error_that_says_what_to_do(monkeypatch):
    monkeypatch.setenv("MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(FileNotFoundError, match="/nowhere/micropython is not a program"):
        find_tool("micropython", "MICROPYTHON")
