"""Runs every file of `tests/kernel/` under real MicroPython, one process per file.

CPython's side of the same files is pytest's own collection: their tests are plain functions. Must
never skip: without MicroPython the kernel is not tested, and that is a failure.
"""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.house import ROOT, find_tool

FILES = sorted((ROOT / "tests" / "kernel").rglob("test_*.py"))
RUNNER = "tests/run_portable.py"
# Test files and kernel arrive as source, and compiling takes 2-3 times a file's size for a moment.
HEAP = "heapsize=2m"
SECONDS_MAX = 200

pytestmark = pytest.mark.portable


def run_portable(interpreter, files):
    """Run the files under "micropython" or "cpython" in one fresh process."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "MICROPYPATH": f"{ROOT}:.frozen"}
    command = [sys.executable]
    if interpreter == "micropython":
        command = [find_tool("micropython", "MICROPYTHON"), "-X", HEAP]
    return subprocess.run(
        [*command, RUNNER, *map(str, files)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
    )


def count_tests(path):
    """Tests of a file, wherever they stand: one hidden behind an `if` must be missed."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return sum(function.name.startswith("test_") for function in functions)


@pytest.mark.parametrize("path", FILES, ids=[path.stem for path in FILES])
def test_every_test_of_the_file_passes_under_micropython(path):
    done = run_portable("micropython", [path.relative_to(ROOT)])
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == f"{count_tests(path)} passed, 0 failed", done.stdout


def test_there_are_files_to_run():
    assert FILES != []


@pytest.mark.parametrize("interpreter", ["cpython", "micropython"])
def test_the_runner_tells_good_from_bad_on(interpreter, tmp_path):
    files = {
        "test_mixed": "def test_good():\n    pass\ndef test_bad():\n    assert 1 == 2\n"
        "def test_leaving():\n    raise SystemExit(0)\ndef test_never_run():\n    yield\n",
        "test_empty": "def helper():\n    pass\n",
        "test_broken": "import no_such_module\n",
        "test_last": "from shared import one\ndef test_shared():\n    assert one == 1\n",
        "shared": "one = 1\n",
    }
    paths = [tmp_path / f"{name}.py" for name in files]
    for path, text in zip(paths, files.values(), strict=True):
        path.write_text(text)
    done = run_portable(interpreter, paths[:4])
    verdicts = [line for line in done.stdout.splitlines() if line.startswith(("ok ", "FAIL "))]
    assert verdicts == [
        "FAIL test_bad",
        "ok test_good",
        "FAIL test_leaving",
        "FAIL test_never_run",
        f"FAIL {paths[1]}",
        f"FAIL {paths[2]}",
        "ok test_shared",
    ]
    assert "no_such_module" in done.stdout
    assert "holds no test" in done.stdout
    assert done.stdout.splitlines()[-1] == "2 passed, 5 failed"
    assert done.returncode == 1


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
