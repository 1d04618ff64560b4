"""The image of a board: every file that its flash is to hold, by name and content.

From a site's folder and a configuration to bytes, compiled for the board at hand. Of the kernel a
board gets only what its own modules can come to import. Nothing here talks to a board.
"""

import ast
import json
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from actors.boards import virtual
from actors.boards.build import build
from actors.boards.interpreter import Interpreter
from actors.boards.onboard import FLASHED, MAIN
from actors.boards.world_file import FILE as WORLD_FILE

KERNEL = "mp_actors"
WIFI = "wifi.json"
FIRST_MODULES = ("boot", "board", "operators")


def image(
    site_folder: Path,
    config: Mapping[str, object],
    interpreter: Interpreter,
    classes: Iterable[str],
    wifi: Mapping[str, str] | None,
    has_wifi: bool,
) -> tuple[dict[str, bytes], str]:
    """The files of a board, `main.py` last, and a note for the person, mostly empty.

    `classes`: of its actors, `"module:Class"`, which their orders will name. `wifi`: name and
    password, None to leave what is there; `has_wifi`: whether it is to use any.
    *Raises* BoardError for a site that cannot be built.
    """
    begin = "safety" if config.get("watchdog_ms") else "boot"
    kernel = virtual.kernel_sources()
    site = virtual.site_sources(site_folder)
    site.pop(Path(WORLD_FILE).stem, None)  # a real board has one
    first = [f"{KERNEL}.{name}" for name in (*FIRST_MODULES, begin)]
    first += [one.partition(":")[0] for one in classes]
    first += [name for file in site.values() for name in _imports(file)]
    first += [f"{KERNEL}.wifi"] if has_wifi else []
    sources = {**{target: kernel[target] for target in kernel_slice(kernel, first)}, **site}
    with tempfile.TemporaryDirectory() as folder:
        built = build(sources, Path(folder), interpreter)
        files = {name: (Path(folder) / name).read_bytes() for name in built.files}
    if begin == "safety":
        config = {**config, "code": virtual.digest(site)}
    files["config.json"] = _json(config)
    files[FLASHED] = _json(sorted([*files, "main.py"]))
    if wifi is not None:
        files[WIFI] = _json(wifi)
    files["main.py"] = MAIN.format(begin).encode()
    return files, built.note


def kernel_slice(kernel: Mapping[str, Path], first: Iterable[str]) -> list[str]:
    """Of `kernel`, the targets that these modules, or what they import, can come to import."""
    targets = {_module(target): target for target in kernel}
    found: set[str] = set()
    waiting = list(first)
    while waiting:
        module = waiting.pop()
        if module in found or module not in targets:
            continue
        found.add(module)
        waiting += _imports(kernel[targets[module]])
        waiting.append(module.rpartition(".")[0])  # the package around it
    return sorted(targets[module] for module in found)


def _imports(file: Path) -> list[str]:
    """What a file's import statements may mean, wherever they stand; some are no modules."""
    names = []
    try:
        tree = ast.parse(file.read_bytes(), str(file))
    except (OSError, SyntaxError, ValueError):
        return []  # which `build` tells, with its line
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            names += [node.module, *(f"{node.module}.{one.name}" for one in node.names)]
    return names


def _module(target: str) -> str:
    """`lib/mp_actors/links/__init__` → `mp_actors.links`."""
    return target.removeprefix("lib/").removesuffix("/__init__").replace("/", ".")


def _json(value: object) -> bytes:
    """The same bytes for the same value, so that what has not changed is not sent."""
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
