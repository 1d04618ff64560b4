"""What the kernel costs a board, slice by slice: `.mpy` bytes in flash and heap while it is loaded.

    python -m tests.size             slices: what comes with a seal, with a driver, with a router
    python -m tests.size --modules   each module by itself

The modules are built as for any board, so with short names and without those of constants. A fresh
MicroPython process for each slice loads the ones it needs, then the slice; what that adds to the
heap in use is what it costs: on 64 bits, as virtual boards have, and on a board's 32, by the
WebAssembly port, where that is to be had. Must never import the kernel itself: CPython's figures
say nothing about a board.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from actors.boards import virtual
from actors.boards.build import build
from actors.boards.interpreter import find
from tests.house import KERNEL, ROOT, find_tool
from tests.portable import WASM, why_not_32_bits
from tests.test_house import FLOORS

# Room for the whole kernel on 64 bits; the figures do not depend on it.
HEAP = "heapsize=2m"
SECONDS_MAX = 60
LOADS = ROOT / "tests" / "loads.py"
UNKNOWN = "?"  # where there is nothing to measure it by
# What loads before the roots named on top of it.
LEAF = "node leaf codec system clock serve board"
SEALED = LEAF + " crypto.portable guard seal"
SENSORS = "chip touch potentiometer hall mpu6050 dht mhz19b mhz19b_pulse hcsr04 encoder button"
ACTUATORS = "switch pwm ssd1306 pixels"


class Slice(NamedTuple):
    """A part of the kernel: what makes a board load it, on top of what. Each of `choices` is one by
    itself, and the cost a range.
    """

    name: str
    roots: str
    on: str = LEAF
    choices: bool = False


class Cost(NamedTuple):
    """Bytes in flash, and of the heap on 64 bits and on 32."""

    flash_bytes: int
    heap_bytes: int
    narrow_bytes: int | None


SLICES = (
    Slice("a leaf, in the clear", LEAF, ""),
    Slice("given back: to begin, dial, greet, be wired", "boot greeting wiring links.unix"),
    Slice("sealed links and proved orders", "crypto.portable guard seal"),
    Slice("given back: a handshake", "keyring handshake noise crypto.hkdf crypto.x25519", SEALED),
    Slice("wires that end on it", "arrivals"),
    Slice("reliable wires that leave it", "reliable"),
    Slice("`flash_kb`", "spill"),
    Slice("`mp_actors.operators`", "operators"),
    Slice("`ask` and `watch`", "requests watch"),
    Slice("lines and losses kept for `logs` and `trace`", "journal"),
    Slice("Wi-Fi", "wifi"),
    Slice("`watchdog_ms`", "safety", LEAF + " boot"),
    Slice("a serial line", "line"),
    Slice("a tap for readers", "tap listen"),
    Slice("a router, which `check` refuses yet", "router gate listen"),
    Slice("a sensor's driver", " ".join("sensors." + one for one in SENSORS.split()), LEAF, True),
    Slice(
        "an actuator's driver",
        " ".join("actuators." + one for one in ACTUATORS.split()),
        LEAF,
        True,
    ),
)


def build_kernel(folder: Path) -> dict[str, int]:
    """Build the kernel as for a board; returns the size of each module's file."""
    build(virtual.kernel_sources(), folder, find())
    lib = folder / "lib"
    return {_module(path.relative_to(lib)): path.stat().st_size for path in lib.rglob("*.mpy")}


def _module(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def load(folder: Path, *groups: str) -> list[tuple[int, list[str]]]:
    """What each group keeps of the heap, and which modules it has loaded, one after the other."""
    # An own environment: a person's MICROPYPATH or ~/.micropython/lib must not get in between.
    environment = {"PATH": os.defpath, "MICROPYPATH": f"{folder / 'lib'}:.frozen"}
    micropython = find_tool("micropython", "MICROPYTHON")
    return _loaded([micropython, "-X", HEAP, str(LOADS), *groups], environment)


def load_narrow(folder: Path, *groups: str) -> list[tuple[int, list[str]]]:
    """The same on 32 bits."""
    node = shutil.which("node") or "node"
    return _loaded([node, str(WASM / "size.mjs"), str(folder / "lib"), *groups], None)


def _loaded(command: list[str], env: dict[str, str] | None) -> list[tuple[int, list[str]]]:
    done = subprocess.run(
        command,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS_MAX,
    )
    lines = [line.split() for line in done.stdout.splitlines()]
    return [(int(kept), modules) for kept, *modules in lines]


def costs(folder: Path, sizes: dict[str, int], part: Slice) -> list[Cost]:
    """What a slice costs; the least and the most of its choices."""
    found = []
    for roots in part.roots.split() if part.choices else [part.roots]:
        kept, modules = load(folder, part.on, roots)[1]
        is_narrow = why_not_32_bits() is None
        narrow = load_narrow(folder, part.on, roots)[1][0] if is_narrow else None
        found.append(Cost(sum(sizes.get(module, 0) for module in modules), kept, narrow))
    return [min(found), max(found)] if part.choices else found


def measure() -> dict[str, list[Cost]]:
    """The cost of each slice, by its name."""
    with tempfile.TemporaryDirectory() as name:
        sizes = build_kernel(Path(name))
        return {part.name: costs(Path(name), sizes, part) for part in SLICES}


def kb(figures: Iterable[int | None]) -> str:
    """`"3.1"`, or `"0.8-3.1"` of two."""
    return "-".join(UNKNOWN if one is None else f"{one / 1024:.1f}" for one in figures)


def rows(found: dict[str, list[Cost]]) -> list[tuple[str, str, str, str]]:
    """(slice, KB in flash, KB of heap on 64 bits, KB of heap on 32)."""
    return [
        (
            name,
            kb(cost.flash_bytes for cost in some),
            kb(cost.heap_bytes for cost in some),
            kb(cost.narrow_bytes for cost in some),
        )
        for name, some in found.items()
    ]


HEADINGS = ("slice", "flash, KB", "heap, KB (64 bits)", "on a board (32 bits)")


def draw_slices(found: dict[str, list[Cost]]) -> Table:
    """The table of slices, as the README has it."""
    table = Table()
    for heading in HEADINGS:
        table.add_column(heading, justify="left" if heading == "slice" else "right")
    for row in rows(found):
        table.add_row(*row)
    return table


def draw_modules() -> Table:
    """Each module: its floor, its file, and its heap when all below it are there."""
    floors = [(floor, name) for floor, names in FLOORS[KERNEL].items() for name in names.split()]
    names = [name for _, name in floors if name != "__init__"]
    table = Table(caption="heap: bytes kept on 64 bits; a board of 32 keeps two thirds or more")
    for heading in ("floor", "module", ".mpy", "heap"):
        table.add_column(heading, justify="right" if heading in (".mpy", "heap") else "left")
    with tempfile.TemporaryDirectory() as folder:
        sizes = build_kernel(Path(folder))
        # Loading any module loads the package's, and that half the kernel: each pays for itself.
        (Path(folder) / "lib" / KERNEL / "__init__.mpy").unlink()
        kept = load(Path(folder), *names)
    for (floor, name), (heap_bytes, _) in zip(floors, kept, strict=False):
        table.add_row(str(floor), name, f"{sizes[KERNEL + '.' + name]:,}", f"{heap_bytes:,}")
    return table


def main() -> int:
    """Measure and print."""
    Console().print(draw_modules() if "--modules" in sys.argv else draw_slices(measure()))
    if why_not_32_bits() is not None:
        print(why_not_32_bits())
    return 0


if __name__ == "__main__":
    os.chdir(ROOT)
    sys.exit(main())
