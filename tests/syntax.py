"""What the house rules need to know about a file's syntax: where it imports, and where it loops.

From a parsed module to imports resolved to modules and to loops without an order. Must never judge:
which import or loop is wrong is for `house.py` to say.
"""

import ast
from collections.abc import Iterator
from typing import NamedTuple

FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
UNORDERED_DISPLAYS = (ast.Set, ast.SetComp, ast.Dict, ast.DictComp)
UNORDERED_MAKERS = ("set", "frozenset", "dict")
VIEWS = ("items", "keys", "values")
# These hand on the order of what they are given; `sorted` is missing for good reason.
ORDER_KEEPERS = ("list", "tuple", "enumerate", "iter", "reversed")


class Import(NamedTuple):
    """One import, resolved to one module; lazy if loading the importer does not carry it out."""

    source: str
    target: str
    line: int
    lazy: bool

    @property
    def package(self) -> str:
        """The outermost package the import leads into."""
        return self.target.partition(".")[0]

    def __str__(self) -> str:
        return f"{self.source}:{self.line}: imports {self.target}"


# --- imports --------------------------------------------------------------------------------------


def find_imports(name: str, parsed: ast.AST, known: set[str]) -> Iterator[Import]:
    """Every import of the module `name`; known modules tell `from a import b` from `a.b`."""
    for node, lazy in _import_nodes(parsed, lazy=False):
        for target in sorted(_targets(node, name, known)):
            yield Import(name, target, node.lineno, lazy)


def _import_nodes(node: ast.AST, lazy: bool) -> Iterator[tuple[ast.expr | ast.stmt, bool]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom | ast.Call):
            yield child, lazy
        # An import for the type checker does not happen when the module is loaded.
        for_types = isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test)
        in_function = isinstance(child, (*FUNCTIONS, ast.Lambda))
        yield from _import_nodes(child, lazy or for_types or in_function)


def _targets(node: ast.expr | ast.stmt, importer: str, known: set[str]) -> set[str]:
    """The modules an import statement, or a call of `__import__` with a literal, leads to."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if isinstance(node, ast.ImportFrom):
        base = _base(node, importer, known)
        # `from mp_actors import path` means the module path, `… import Actor` the package itself.
        inner = {f"{base}.{alias.name}" for alias in node.names}
        return {full if full in known else base for full in inner}
    if isinstance(node, ast.Call) and _last_word(node.func) in ("__import__", "import_module"):
        return {str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant)}
    return set()


def _base(node: ast.ImportFrom, importer: str, known: set[str]) -> str:
    """The absolute module between `from` and `import`."""
    if not node.level:
        return node.module or ""
    is_package = any(name.startswith(importer + ".") for name in known)
    parents = importer.split(".")
    kept = parents[: len(parents) - node.level + is_package]
    return ".".join([*kept, *([node.module] if node.module else [])])


# --- loops ----------------------------------------------------------------------------------------


def find_loose_loops(parsed: ast.AST, verbs: tuple[str, ...]) -> Iterator[ast.expr]:
    """What the loops go over that have no order and call one of the verbs.

    A heuristic: it knows `.items()`, `.keys()`, `.values()`, displays, and names that are only ever
    assigned a dict or a set in the same file. `_send_all` counts as `send`.
    """
    unordered_names = _unordered_names(parsed)
    for iterable, body in _loops(parsed):
        if _is_unordered(iterable, unordered_names) and any(_calls(node, verbs) for node in body):
            yield iterable


def _loops(parsed: ast.AST) -> Iterator[tuple[ast.expr, list[ast.AST]]]:
    """What every loop and comprehension goes over, with what it does for each."""
    for node in ast.walk(parsed):
        if isinstance(node, ast.For):
            yield node.iter, list(node.body)
        elif isinstance(node, COMPREHENSIONS):
            for generator in node.generators:
                yield generator.iter, [node]


def _calls(body: ast.AST, verbs: tuple[str, ...]) -> bool:
    calls = (node for node in ast.walk(body) if isinstance(node, ast.Call))
    return any(_last_word(call.func).lstrip("_").split("_")[0] in verbs for call in calls)


def _is_unordered(iterable: ast.expr, unordered_names: set[str]) -> bool:
    if isinstance(iterable, ast.Call) and iterable.args:
        if _last_word(iterable.func) in ORDER_KEEPERS:
            return _is_unordered(iterable.args[0], unordered_names)
    elif isinstance(iterable, ast.Call) and isinstance(iterable.func, ast.Attribute):
        return iterable.func.attr in VIEWS
    return _makes_unordered(iterable) or ast.unparse(iterable) in unordered_names


def _makes_unordered(node: ast.expr) -> bool:
    called = isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id
    return isinstance(node, UNORDERED_DISPLAYS) or called in UNORDERED_MAKERS


def _unordered_names(parsed: ast.AST) -> set[str]:
    """Names and attributes that the file only ever assigns a dict or a set."""
    unordered: set[str] = set()
    other: set[str] = set()
    for node in ast.walk(parsed):
        if isinstance(node, ast.Assign):
            names = {ast.unparse(target) for target in node.targets}
            (unordered if _makes_unordered(node.value) else other).update(names)
    return unordered - other


def _last_word(function: ast.expr) -> str:
    """The last word of what is called: `send` of `self.link.send`."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""
