"""How the portable test files are run on each interpreter, each time in one fresh process.

"cpython"; "micropython", of 64 bits; "wasm", MicroPython's WebAssembly port under node, whose
integers and pointers are those of boards, of 32 bits. node is not everywhere; CI has it.
"""

import ast
import functools
import os
import shutil
import subprocess
import sys

from tests.house import ROOT, find_tool

FILES = sorted((ROOT / "tests" / "kernel").rglob("test_*.py"))
RUNNER = "tests/run_portable.py"
# Test files and kernel arrive as source, and compiling takes 2-3 times a file's size for a moment.
HEAP = "heapsize=2m"
SECONDS_MAX = 200

WASM = ROOT / "tests" / "wasm"
PORT = WASM / "node_modules" / "@micropython" / "micropython-webassembly-pyscript"


def run_portable(interpreter, files):
    """Run the files under "micropython", "wasm" or "cpython" in one fresh process."""
    environment = {"PATH": os.defpath, "PYTHONPATH": str(ROOT), "MICROPYPATH": f"{ROOT}:.frozen"}
    command = {
        "cpython": lambda: [sys.executable, RUNNER],
        "micropython": lambda: [find_tool("micropython", "MICROPYTHON"), "-X", HEAP, RUNNER],
        "wasm": lambda: [shutil.which("node"), WASM / "run.mjs"],
    }[interpreter]()
    return subprocess.run(
        [*map(str, command), *map(str, files)],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=SECONDS_MAX,
    )


@functools.cache
def why_not_32_bits():
    """What is missing here for the port of 32 bits, and the command that brings it; or None."""
    node = shutil.which("node")
    if node is None:
        return "no node here, so not tried on 32 bits: apt install nodejs npm, then make test"
    done = subprocess.run([node, "--version"], capture_output=True, text=True)
    version = done.stdout.strip()
    if [int(part) for part in version.lstrip("v").split(".")[:2] if part.isdigit()] < [18, 3]:
        return f"{node} is {version or 'broken'}; not tried on 32 bits, which needs 18.3 or later"
    if not (PORT / "micropython.wasm").exists():
        return "MicroPython's port is not here, so not tried on 32 bits: npm ci --prefix tests/wasm"
    return None


def count_tests(path):
    """Tests of a file, wherever they stand: one hidden behind an `if` must be missed."""
    nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8"), str(path)))
    functions = (node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return sum(function.name.startswith("test_") for function in functions)


def assert_passes(interpreter, path, without=()):
    """Run a file of the tests: all of it was run, without these (of "wasm" alone), and is well."""
    done = run_portable(interpreter, [path.relative_to(ROOT), *(f"-{name}" for name in without)])
    assert done.returncode == 0, done.stdout
    expected = f"{count_tests(path) - len(without)} passed, 0 failed"
    assert done.stdout.splitlines()[-1] == expected, done.stdout


def assert_tells_good_from_bad(interpreter, folder):
    """Run files with all that may be wrong: each is told, and the good ones are run."""
    files = {
        "test_mixed": "def test_good():\n    pass\ndef test_bad():\n    assert 1 == 2\n"
        "def test_leaving():\n    raise SystemExit(0)\ndef test_never_run():\n    yield\n",
        "test_empty": "def helper():\n    pass\n",
        "test_broken": "import no_such_module\n",
        "test_last": "from shared import one\ndef test_shared():\n    assert one == 1\n",
        "shared": "one = 1\n",
    }
    paths = [folder / f"{name}.py" for name in files]
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
