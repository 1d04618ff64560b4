"""Shortens names that only one function, class or module of the kernel can see.

MicroPython keeps every name of a program in tables that are never freed and that double when they
are full: of the kernel's 1,170 names, 370 are a parameter's or begin with an underscore and are
read nowhere else. Those share a few letters on a board, which gives back 8 KB of heap and, where
1,260 names would be passed, the 14 KB piece of the next table (64 bits, measured). What a person's
module can name stays: exported classes, bases, keywords, and the modules of a person themselves.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping

Function = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def shorten(sources: Mapping[str, bytes]) -> dict[str, bytes]:
    """The same modules, which must be all that import each other, with short private names."""
    trees = {target: ast.parse(source) for target, source in sources.items()}
    seen = _Seen(trees.values())
    for tree in trees.values():
        for node in tree.body:
            if not isinstance(node, ast.ClassDef):
                _shorten_parameters(node, seen.keywords)
            elif not node.bases and node.name not in seen.bases:
                for part in node.body:
                    _shorten_parameters(part, seen.keywords)
                _shorten_attributes(node, seen.outside)
        _shorten_globals(tree, seen.outside)
    return {target: ast.unparse(tree).encode() for target, tree in trees.items()}


class _Seen:
    """What the modules say of each other, and so cannot be another name in one of them."""

    def __init__(self, trees: Iterable[ast.Module]) -> None:
        self.keywords = {"self"}  # parameters that some call names
        self.outside: set[str] = set()  # names read through something else than `self`
        self.bases: set[str] = set()
        for tree in trees:
            for node in ast.walk(tree):
                self._look_at(node)

    def _look_at(self, node: ast.AST) -> None:
        if isinstance(node, ast.Call):
            self.keywords.update(word.arg for word in node.keywords if word.arg)
        elif isinstance(node, ast.ClassDef):
            self.bases.update(ast.unparse(base).split(".")[-1] for base in node.bases)
            assigned = (part.targets for part in node.body if isinstance(part, ast.Assign))
            self.outside.update(ast.unparse(target) for targets in assigned for target in targets)
        elif isinstance(node, ast.ImportFrom):
            self.outside.update(alias.name for alias in node.names)
        elif isinstance(node, ast.Attribute) and not _is_self(node.value):
            self.outside.add(node.attr)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            self.outside.add(node.value)  # `getattr` might ask for it


def _shorten_parameters(statement: ast.stmt, keywords: set[str]) -> None:
    for outer in _outermost(statement):
        _shorten_function(outer, keywords)


def _shorten_function(outer: Function, keywords: set[str]) -> None:
    """Parameters of it and of those within it; a name that several have stays one name."""
    positional, other = [], set(keywords)
    for node in ast.walk(outer):
        if isinstance(node, Function):
            positional += [one.arg for one in (*node.args.posonlyargs, *node.args.args)]
            other.update(one.arg for one in node.args.kwonlyargs)
        other.update(_bound(node))
    taken = {node.id for node in ast.walk(outer) if isinstance(node, ast.Name)} | {*positional}
    free = (letter for letter in LETTERS if letter not in taken)
    wanted = dict.fromkeys(name for name in positional if name not in other)
    _rename(outer, dict(zip(wanted, free, strict=False)))


def _shorten_attributes(cls: ast.ClassDef, outside: set[str]) -> None:
    own = {node.attr for node in ast.walk(cls) if isinstance(node, ast.Attribute)}
    own.update(name for node in cls.body for name in _bound(node))
    new = {name: f"_{place}" for place, name in enumerate(_private(own, outside))}
    for node in ast.walk(cls):
        if isinstance(node, ast.Attribute):
            node.attr = new.get(node.attr, node.attr)
    _rename_bound(cls.body, new)


def _shorten_globals(tree: ast.Module, outside: set[str]) -> None:
    # Functions and classes only: `_NAME = const(1)` is no name on a board.
    defined = {name for node in tree.body for name in _bound(node)}
    new = dict(zip(_private(defined, outside), (f"_{sign}" for sign in LETTERS), strict=False))
    _rename_bound(tree.body, new)
    _rename(tree, new)


def _private(names: set[str], outside: set[str]) -> list[str]:
    return sorted(
        name for name in names - outside if name.startswith("_") and not name.startswith("__")
    )


def _rename(tree: ast.AST, new: Mapping[str, str]) -> None:
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = new.get(node.id, node.id)
        elif isinstance(node, ast.arg):
            node.arg = new.get(node.arg, node.arg)


def _rename_bound(body: list[ast.stmt], new: Mapping[str, str]) -> None:
    for node in body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            node.name = new.get(node.name, node.name)


def _bound(node: ast.AST) -> Iterator[str]:
    """Names a node binds which are no `ast.Name` and no parameter."""
    if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.ExceptHandler):
        yield node.name or ""
    elif isinstance(node, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name for alias in node.names)
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names


def _outermost(node: ast.AST) -> Iterator[Function]:
    """Functions which are in no other and in no class."""
    if not isinstance(node, Function):
        for child in ast.iter_child_nodes(node):
            if not isinstance(child, ast.ClassDef):
                yield from _outermost(child)
    elif not any(isinstance(inner, ast.ClassDef) for inner in ast.walk(node)):
        yield node


def _is_self(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "self"
