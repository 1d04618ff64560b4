"""Finding a MicroPython: the order of places, what is refused, and what the person is told."""

import subprocess
import sys

import pytest

from actors.boards import interpreter
from actors.boards.interpreter import WHEEL_MODULE, BoardError, find
from mp_actors.errors import ActorsError

MARK = "mp-actors-probe"


@pytest.fixture(autouse=True)
def _without_choice(monkeypatch):
    monkeypatch.delenv("MICROPYTHON", raising=False)


def program(folder, answer, name="micropython"):
    """An executable that prints answer whatever it is asked."""
    path = folder / name
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n")
    path.chmod(0o755)
    return path


def answering(version, name="micropython", mpy=2822):
    return f"{MARK} {name} {version} {mpy}"


def without_wheel(monkeypatch):
    monkeypatch.setattr(interpreter, "find_spec", lambda _: None)


def test_the_interpreter_found_here_is_a_micropython_that_loads_mpy_files():
    found = find()
    assert found.version >= interpreter.VERSION_MIN
    assert found.mpy_version[0] >= 6
    assert found.text == ".".join(map(str, found.version))
    assert found.source


def test_the_interpreter_found_here_passes_arguments_heap_size_and_exit_status(tmp_path):
    asked = "import gc, sys; print(sys.argv[1:], gc.mem_free() + gc.mem_alloc()); sys.exit(7)"
    done = subprocess.run(
        [*find().command, "-X", "heapsize=224k", "-c", asked, "one", "--two"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    arguments, heap_bytes = done.stdout.rsplit(" ", 1)
    assert arguments == "['one', '--two']"
    assert 200 * 1024 < int(heap_bytes) <= 224 * 1024
    assert done.returncode == 7


@pytest.mark.parametrize("environment", [{}, {"PYTHONPATH": ".", "PYTHONHOME": "/nowhere"}])
def test_modules_in_the_current_folder_do_not_disturb_the_start(tmp_path, environment):
    for name in ("re", "types", "runpy", "sitecustomize", WHEEL_MODULE):
        (tmp_path / f"{name}.py").write_text("raise SystemExit(99)\n")
    done = subprocess.run(
        [*find().command, "-c", "print('up')"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.stdout, done.returncode) == ("up\n", 0)


def test_a_named_interpreter_comes_before_all_others(tmp_path, monkeypatch):
    path = program(tmp_path, answering("1 24 1", mpy=6 | 2 << 8), "mine")
    monkeypatch.setenv("MICROPYTHON", str(path))
    found = find()
    assert found.command == [str(path)]
    assert found.version == (1, 24, 1)
    assert found.mpy_version == (6, 2)
    assert "$MICROPYTHON" in found.source


def test_the_wheel_comes_before_the_path(tmp_path, monkeypatch):
    pytest.importorskip(WHEEL_MODULE)
    program(tmp_path, answering("1 24 1"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    found = find()
    assert found.command[0] == sys.executable
    assert "wheel" in found.source


def test_without_a_wheel_the_path_is_searched(tmp_path, monkeypatch):
    without_wheel(monkeypatch)
    path = program(tmp_path, answering("1 23 0"))
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    assert find().command == [str(path)]
    assert find().version == (1, 23, 0)


def test_a_named_interpreter_that_is_missing_is_an_error_and_nothing_else_is_taken(monkeypatch):
    monkeypatch.setenv("MICROPYTHON", "/nowhere/micropython")
    with pytest.raises(BoardError) as caught:
        find()
    message = str(caught.value)
    assert "/nowhere/micropython: no such program" in message
    assert "pip install 'mp-actors[board]'" in message


def test_a_file_that_is_not_executable_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "micropython"
    path.write_text("no program\n")
    monkeypatch.setenv("MICROPYTHON", str(path))
    with pytest.raises(BoardError, match="cannot be run"):
        find()


@pytest.mark.parametrize("version", ["1 19 1", "1 22 2", "0 99 0"])
def test_a_version_that_is_too_old_is_refused_with_both_versions(tmp_path, monkeypatch, version):
    monkeypatch.setenv("MICROPYTHON", str(program(tmp_path, answering(version))))
    with pytest.raises(BoardError) as caught:
        find()
    assert f"is {version.replace(' ', '.')}, needs 1.23.0 or later" in str(caught.value)


@pytest.mark.parametrize(
    "answer",
    ["", "hello", MARK, f"{MARK} micropython one two three 6 x", f"{MARK} micropython 1 24"],
)
def test_garbage_is_refused_and_shown(tmp_path, monkeypatch, answer):
    monkeypatch.setenv("MICROPYTHON", str(program(tmp_path, answer)))
    with pytest.raises(BoardError, match="expected a MicroPython, it answered") as caught:
        find()
    assert answer in str(caught.value)


def test_a_long_answer_is_not_shown_whole(tmp_path, monkeypatch):
    monkeypatch.setenv("MICROPYTHON", str(program(tmp_path, "x" * 5000)))
    with pytest.raises(BoardError) as caught:
        find()
    assert len(str(caught.value)) < 500


def test_cpython_is_not_taken_for_micropython(monkeypatch):
    monkeypatch.setenv("MICROPYTHON", sys.executable)
    with pytest.raises(BoardError, match="it is cpython"):
        find()


def test_an_interpreter_that_hangs_is_given_up(tmp_path, monkeypatch):
    path = tmp_path / "micropython"
    path.write_text("#!/bin/sh\nexec sleep 60\n")
    path.chmod(0o755)
    monkeypatch.setattr(interpreter, "PROBE_TIMEOUT_S", 0.2)
    monkeypatch.setenv("MICROPYTHON", str(path))
    with pytest.raises(BoardError, match="no answer within"):
        find()


def test_with_nothing_usable_every_place_is_named(tmp_path, monkeypatch):
    without_wheel(monkeypatch)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BoardError) as caught:
        find()
    message = str(caught.value)
    for part in ("$MICROPYTHON", interpreter.WHEEL_NAME, "on PATH: none", "mp-actors[board]"):
        assert part in message


def test_one_on_the_path_that_is_too_old_is_reported_as_such(tmp_path, monkeypatch):
    without_wheel(monkeypatch)
    program(tmp_path, answering("1 19 1"))
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(BoardError, match=r"on PATH: is 1\.19\.1, needs"):
        find()


def test_a_board_error_is_one_of_the_runtimes_errors():
    assert issubclass(BoardError, ActorsError)
