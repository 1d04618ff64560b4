"""A virtual board: a real MicroPython process with a folder as its flash and a board's heap.

From a site's folder and a device's configuration to an argv that runs it. `peripherals/` in the
flash stands for the hardware: modules that hide or add to MicroPython's built-in ones, and the
world their sensors measure. Nothing here starts a process except `exec_board`, which becomes one.
"""

import hashlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NoReturn

import mp_actors
from actors.boards.build import build, write_whole
from actors.boards.interpreter import BoardError, Interpreter, find
from actors.boards.world_file import FILE as WORLD_FILE

# Twice the 112 KB heap of an ESP32. Objects are twice as big on 64 bits, code is not: on 32 a whole
# leaf takes seven tenths of what it takes here (measured).
HEAP_KB = 224
# Heap for the model of the hardware, which a board has outside its own: see `peripherals/whole`.
MODEL_KB = 64
# `machine.reset` and `soft_reset` end the process with it: whoever started it starts it again.
RESET_STATUS = 75

# The folder of main.py always comes first, then the hardware, which hides built-in modules.
# Relative, since MicroPython splits this at colons and a folder's name may hold one.
MODULE_PATH = "peripherals:lib:.frozen"

# Collecting early while modules are loaded leaves the heap in one piece.
# What begins the board is over, and its memory free, when it serves. It can be told to end before.
MAIN = """import gc
gc.threshold(4096)
try:
    import whole
    import mp_actors.{0}
    from mp_actors.board import serve
    serve(mp_actors.{0}.begun())
except KeyboardInterrupt:
    pass
"""
WORLD = "peripherals/world.json"
MODULES = "peripherals/modules.json"

# A site module of such a name would hide a part of the board, or be hidden by it.
TAKEN_NAMES = (
    *("boot", "dht", "esp32", "lib", "machine", "main", "mp_actors", "neopixel", "network"),
    "peripherals",
)
SKIPPED_FILES = ("site.py", "conftest.py")
SKIPPED_FOLDERS = ("tests",)


def prepare(
    folder: Path,
    site_folder: Path,
    config: Mapping[str, object],
    *,
    seed: int = 0,
    interpreter: Interpreter | None = None,
) -> list[str]:
    """Lay out folder as the flash of a board and return notes for the person, mostly none.

    Modules of an earlier layout that are gone from the site go too; every other file stays, and
    so does the time in the board's world. Give each board its own seed.

    *Raises* BoardError for a site that cannot be built or when there is no MicroPython.
    """
    folder = Path(folder)
    sources = {
        **kernel_sources(),
        **site_sources(Path(site_folder)),
        **_peripheral_sources(),
    }
    built = build(sources, folder, interpreter or find())
    _remove_stale(folder, built.files)
    around = _around(Path(site_folder), config)
    write_whole(folder / WORLD, _json(_world(folder, seed) | around))
    main = "boot"
    if config.get("watchdog_ms"):
        main = "safety"  # which blames a reset on the code that ran
        config = {**config, "code": digest(site_sources(Path(site_folder)))}
    write_whole(folder / "config.json", _json(config))
    write_whole(folder / "main.py", MAIN.format(main).encode())
    return [built.note] if built.note else []


def compile_ahead(site_folder: Path) -> None:
    """Compile what boards of a site need, so that those which start together find it done.

    *Raises* BoardError as `prepare` does.
    """
    sources = {**kernel_sources(), **site_sources(site_folder), **_peripheral_sources()}
    with tempfile.TemporaryDirectory(prefix="mp-actors-build-") as folder:
        build(sources, Path(folder), find())


def make_blank(folder: Path, *, seed: int = 0, interpreter: Interpreter | None = None) -> None:
    """Lay out folder as a board fresh from the factory: hardware, and nothing in its flash.

    What is in it already stays. *Raises* BoardError when there is no MicroPython.
    """
    folder.mkdir(parents=True, exist_ok=True)
    build(_peripheral_sources(), folder, interpreter or find())
    write_whole(folder / WORLD, _json(_world(folder, seed)))


def command(
    folder: Path, *, heap_kb: int = HEAP_KB, interpreter: Interpreter | None = None
) -> tuple[list[str], dict[str, str]]:
    """The argv and the environment that start a prepared board; run it with folder as cwd.

    *Raises* BoardError if folder is not laid out or there is no MicroPython.
    """
    if not (Path(folder) / "main.py").is_file():
        raise BoardError(f"{folder}: no main.py, so no flash of a board; prepare it first")
    interpreter = interpreter or find()
    environment = {**os.environ, "MICROPYPATH": MODULE_PATH, "MODEL_KB": str(MODEL_KB)}
    # It would leave a prompt waiting on standard input where a board would have ended.
    environment.pop("MICROPYINSPECT", None)
    return [*interpreter.command, "-X", f"heapsize={heap_kb + MODEL_KB}k", "main.py"], environment


def exec_board(
    folder: Path, *, heap_kb: int = HEAP_KB, interpreter: Interpreter | None = None
) -> NoReturn:
    """Become the board: this process, with its pid and its open files, is replaced."""
    argv, environment = command(folder, heap_kb=heap_kb, interpreter=interpreter)
    os.chdir(folder)
    os.execvpe(argv[0], argv, environment)


def kernel_sources() -> dict[str, Path]:
    """The whole kernel as it is installed."""
    root = Path(next(iter(mp_actors.__path__)))
    return {
        f"lib/mp_actors/{_target(path, root)}": path
        for path in sorted(root.rglob("*.py"))
        if "__pycache__" not in path.parts
    }


def _peripheral_sources() -> dict[str, Path]:
    root = Path(__file__).parent / "peripherals"
    return {f"peripherals/{path.stem}": path for path in sorted(root.glob("*.py"))}


def site_sources(site_folder: Path) -> dict[str, Path]:
    """A site's own modules and packages, without its declaration and its tests.

    *Raises* BoardError for a folder that is none and for a name that a board needs itself.
    """
    if not site_folder.is_dir():
        raise BoardError(f"{site_folder}: expected the folder of a site, it is none")
    sources = {}
    for path in _modules(site_folder):
        target = _target(path, site_folder)
        name = target.split("/")[0]
        if name in TAKEN_NAMES:
            raise BoardError(f"{path}: a board has its own {name!r}; rename this one")
        sources[target] = path
    return sources


def digest(sources: Mapping[str, Path]) -> str:
    """What tells one set of modules from another."""
    found = hashlib.sha256()
    for target, path in sorted(sources.items()):
        found.update(f"{target}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()[:12]


def _modules(folder: Path) -> Iterator[Path]:
    """Every file that `import` could reach from folder, tests left out."""
    for path in sorted(folder.iterdir()):
        if not path.stem.isidentifier():
            continue
        if path.is_dir():
            if (path / "__init__.py").is_file() and path.name not in SKIPPED_FOLDERS:
                yield from _modules(path)
        elif path.suffix == ".py" and not (
            path.name in SKIPPED_FILES or path.name.startswith("test_")
        ):
            yield path


def _target(path: Path, root: Path) -> str:
    return path.relative_to(root).with_suffix("").as_posix()


def _remove_stale(folder: Path, files: list[str]) -> None:
    """Delete the modules an earlier layout wrote and this one did not."""
    for file in _read_json(folder / MODULES, []):
        if file not in files:
            (folder / file).unlink(missing_ok=True)
    write_whole(folder / MODULES, _json(files))


def _world(folder: Path, seed: int) -> dict[str, object]:
    """What the hardware side is told: its seed, when its world began and the chip's number.

    The beginning is kept while the seed is, so that sensors go on where they were after a restart.
    """
    before = _read_json(folder / WORLD, {})
    goes_on = before.get("seed") == seed and "started_s" in before
    started_s = before["started_s"] if goes_on else time.time()
    number = hashlib.sha256(f"{seed}:{folder.resolve()}".encode()).digest()[:5]
    # A first byte of 2 marks a locally given address, so it is nobody's real chip.
    return {"seed": seed, "started_s": started_s, "unique_id": "02" + number.hex()}


def _around(site_folder: Path, config: Mapping[str, object]) -> dict[str, object]:
    """Where a site's own world is, if it has one, and which board asks it.

    The world is not in the flash: files it replays stay where they are.
    """
    if not (site_folder / WORLD_FILE).is_file():
        return {}
    return {"own": True, "beside": str(site_folder.resolve()), "board": config.get("path", "")}


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


def _read_json(path: Path, default: Any) -> Any:
    """The value of a file written by an earlier layout, the default if there is none to use."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return default
    return value if isinstance(value, type(default)) else default
