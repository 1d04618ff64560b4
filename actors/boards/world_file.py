"""Checks the `world.py` of a site: says at its line what no virtual board would ever ask for.

For `actors.check`, so that a misspelt `temprature` is not silence. Never runs the file: it is the
boards'.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

from actors.problems import Problems, SourceLine, suggestion

FILE = "world.py"
# What `peripherals/world.py` explains, name by name.
KNOWN = (
    *("temperature", "humidity", "co2", "distance", "acceleration", "rotation", "field"),
    *("voltage", "touched", "pressed", "turned", "damaged"),
    *("parts", "on_i2c", "on_uart", "networks"),
)


def check_world(site_folder: Path, problems: Problems) -> None:
    """Record what is wrong with the site's world, if it has one."""
    path = site_folder / FILE
    if not path.is_file():
        return
    try:
        tree = ast.parse(path.read_bytes())
    except SyntaxError as error:
        at = SourceLine(str(path), error.lineno or 1)
        problems.add(at, f"{FILE} is not Python", got=f"SyntaxError: {error.msg}")
        return
    for name, line in _said(tree):
        if name not in KNOWN and not name.startswith("_") and not name.isupper():
            problems.add(
                SourceLine(str(path), line),
                f"nothing on a virtual board asks its world for {name!r}",
                expected="a name a board asks for; _name for a helper, NAME for a constant",
                remedy=suggestion(name, KNOWN),
            )


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
