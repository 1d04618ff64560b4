"""Checks the `world.py` of a site: says at its line what no virtual board would ever ask for.

Before a board is laid out, so that a misspelt `temprature` is not silence. Never runs the file: it
is the board's.
"""

import ast
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from actors.boards.interpreter import BoardError

FILE = "world.py"
# What `peripherals/world.py` explains, name by name.
KNOWN = (
    *("temperature", "humidity", "co2", "distance", "acceleration", "rotation", "field"),
    *("voltage", "touched", "pressed", "turned", "damaged"),
    *("parts", "on_i2c", "on_uart", "networks"),
)


def has_world(site_folder: Path) -> bool:
    """Whether the site says what its virtual boards measure. *Raises* BoardError."""
    path = site_folder / FILE
    if not path.is_file():
        return False
    try:
        tree = ast.parse(path.read_bytes())
    except (SyntaxError, ValueError):
        return True  # which the build tells, with its line
    for name, line in _said(tree):
        if name not in KNOWN and not name.startswith("_") and not name.isupper():
            near = get_close_matches(name, KNOWN, 1)
            meant = f"did you mean {near[0]!r}? " if near else ""
            raise BoardError(
                f"{path}:{line}: nothing on a board asks the world for {name!r}; {meant}it can say "
                f"{', '.join(KNOWN)}; a helper's name begins with _, a constant's is in capitals"
            )
    return True


def _said(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Names the file binds at its top, imports left out, with their lines."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name, node.lineno
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (
                (part.id, node.lineno)
                for target in targets
                for part in ast.walk(target)
                if isinstance(part, ast.Name) and isinstance(part.ctx, ast.Store)
            )
