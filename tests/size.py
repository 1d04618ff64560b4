"""What the kernel costs a board: `.mpy` bytes and heap kept, module by module, floor by floor.

    python -m tests.size

From the floors of `test_house.py` to a table. Every module is compiled by mpy-cross into a
temporary folder, and one fresh MicroPython process imports them from the lowest floor up; what a
module adds to the heap in use is what it keeps. MicroPython's table of names grows in steps, so one
module's figure may carry a neighbour's names; the sums are right. Must never import the kernel
itself: CPython's figures say nothing about a board.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from tests.house import KERNEL, ROOT, find_tool, read_tree
from tests.test_house import FLOORS

# Room for the whole kernel on 64 bits; the figures do not depend on it.
HEAP = "heapsize=2m"
SECONDS_MAX = 60
# Objects are made of machine words, so they take about half on a board (research: 32-bit build).
BOARD_SHARE = 0.5
# Loading any module loads the package's __init__, and that loads half the kernel: it is measured
# under another name, at the top, so that each module is charged for itself alone.
DOOR = "_door"
# Sorts after every floor: what these modules cost is charged to the first that imports them.
NO_FLOOR = 99

MEASURE = """
import gc, sys
for name in sys.argv[1:]:
    gc.collect()
    before = gc.mem_alloc()
    try:
        __import__(name)
    except Exception as error:
        print(name, "-", type(error).__name__, error)
        continue
    gc.collect()
    print(name, gc.mem_alloc() - before)
"""


class Room(NamedTuple):
    """One kernel module: its floor, and its name in the table of floors."""

    floor: int
    name: str

    @property
    def import_name(self) -> str:
        """The name it is measured under."""
        return f"{KERNEL}.{DOOR if self.name == '__init__' else self.name}"

    @property
    def path(self) -> Path:
        """Its source, relative to the repository."""
        path = Path(KERNEL, *self.name.split("."))
        return path / "__init__.py" if (ROOT / path).is_dir() else path.with_suffix(".py")


def find_rooms() -> list[Room]:
    """The kernel modules that exist, lowest floor first and those on no floor last."""
    rooms = [Room(floor, name) for floor, names in FLOORS[KERNEL].items() for name in names.split()]
    placed = {room.name for room in rooms}
    names = [name.partition(".")[2] or "__init__" for name in read_tree(packages=(KERNEL,))]
    rooms += [Room(NO_FLOOR, name) for name in names if name not in placed]
    return sorted((room for room in rooms if (ROOT / room.path).exists()), key=lambda r: r.floor)


def compile_rooms(rooms: list[Room], folder: Path) -> dict[str, int]:
    """Compile every room into the folder; return the size in bytes of each `.mpy`.

    *Raises* CalledProcessError, after mpy-cross has said which line it refuses.
    """
    compiler = find_tool("mpy-cross", "MPY_CROSS")
    sizes = {}
    for room in rooms:
        target = folder.joinpath(*room.import_name.split("."))
        if room.path.name == "__init__.py" and room.name != "__init__":
            target /= "__init__"
        target = target.with_suffix(".mpy")
        target.parent.mkdir(parents=True, exist_ok=True)
        # The file stores the name of its source, so a long path here would count as size.
        command = [compiler, "-o", str(target), "-s", str(room.path), str(ROOT / room.path)]
        subprocess.run(command, check=True, timeout=SECONDS_MAX)
        sizes[room.name] = target.stat().st_size
    return sizes


def measure_heap(rooms: list[Room], folder: Path) -> dict[str, int | str]:
    """Heap bytes each room keeps once those before it are loaded, or why it cannot be loaded."""
    script = folder / "measure.py"
    script.write_text(MEASURE)
    names = [room.import_name for room in rooms]
    # An own environment: a person's MICROPYPATH or ~/.micropython/lib must not get in between.
    done = subprocess.run(
        [find_tool("micropython", "MICROPYTHON"), "-X", HEAP, str(script), *names],
        env={"PATH": os.defpath, "MICROPYPATH": f"{folder}:.frozen"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS_MAX,
    )
    kept: dict[str, int | str] = {}
    for room, line in zip(rooms, done.stdout.splitlines(), strict=True):
        figure = line.split(" ", 1)[1]
        kept[room.name] = figure.removeprefix("- ") if figure.startswith("- ") else int(figure)
    return kept


def draw(rooms: list[Room], sizes: dict[str, int], kept: dict[str, int | str]) -> Table:
    """The table: a line per module, one per floor with its sum, and the running total."""
    table = Table(caption="heap: bytes kept on 64 bits; a 32-bit board keeps about half")
    for heading in ("floor", "module"):
        table.add_column(heading)
    for heading in (".mpy", "heap", "≈ on a board", "board so far"):
        table.add_column(heading, justify="right", no_wrap=True)
    so_far = 0
    for floor in sorted({room.floor for room in rooms}):
        names = [room.name for room in rooms if room.floor == floor]
        label = "none" if floor == NO_FLOOR else str(floor)
        for name in names:
            table.add_row(label, name, f"{sizes[name]:,}", *_heap_cells(kept[name]), "")
        floor_kept = _sum(kept[name] for name in names)
        so_far += floor_kept
        size_sum = f"{sum(sizes[name] for name in names):,}"
        cells = (label, "together", size_sum, *_heap_cells(floor_kept), _heap_cells(so_far)[1])
        table.add_row(*cells, style="bold", end_section=True)
    table.add_row("all", "", f"{sum(sizes.values()):,}", *_heap_cells(so_far), "", style="bold")
    return table


def _heap_cells(kept: int | str) -> tuple[str, str]:
    if isinstance(kept, str):
        return "not loaded", "-"
    return f"{kept:,}", f"{round(kept * BOARD_SHARE):,}"


def _sum(figures: Iterable[int | str]) -> int:
    return sum(figure for figure in figures if isinstance(figure, int))


def main() -> int:
    """Measure and print; return the exit code, 1 if a module could not be loaded."""
    rooms = find_rooms()
    with tempfile.TemporaryDirectory() as name:
        sizes = compile_rooms(rooms, Path(name))
        kept = measure_heap(rooms, Path(name))
    Console().print(draw(rooms, sizes, kept))
    failures = {name: reason for name, reason in kept.items() if isinstance(reason, str)}
    for name, reason in failures.items():
        print(f"{name}: not loaded, so the sums leave it out: {reason}", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
