"""Writes the constants of the kernel where they are read, so that a board keeps no names for them.

A module's `HELLO = 0x01` costs a board a place in two tables, and each `frame.HELLO` looks both up.
Here every name in capitals that a module sets once, to a number or a text, becomes that value in
all modules, and its line goes. What a person's module names stays, as does what is asked for only
when a module runs.
"""

import ast
import re
from collections.abc import Collection, Iterable, Iterator, Mapping

Value = int | str
# What stands in the code itself: anything larger is an object, and would be one for each reader.
INTEGER_MAX = (1 << 30) - 1
TEXT_LENGTH_MAX = 10
CAPITALS = re.compile(r"_?[A-Z][A-Z0-9_]*")
WORDS = re.compile(r"\b_?[A-Z][A-Z0-9_]*\b")


def names_in(sources: Iterable[bytes]) -> frozenset[str]:
    """The names in capitals that stand anywhere in these sources."""
    return frozenset(
        word for source in sources for word in WORDS.findall(source.decode("utf-8", "replace"))
    )


def inline(sources: Mapping[str, bytes], kept: Collection[str]) -> dict[str, bytes]:
    """The same modules, which must be all that import each other, without constants but those
    `kept`. `sources` maps `lib/mp_actors/node` to its text.
    """
    trees = {_module(target): ast.parse(source) for target, source in sources.items()}
    asked = {name for module in trees for name in _asked(module, trees)}
    constants = _constants(trees, asked | set(kept))
    for module, tree in trees.items():
        _Inliner(module, tree, constants).visit(tree)
    return {
        target: ast.unparse(ast.fix_missing_locations(trees[_module(target)])).encode()
        for target in sources
    }


def _module(target: str) -> str:
    return target.removeprefix("lib/").replace("/", ".").removesuffix(".__init__")


def _asked(module: str, trees: Mapping[str, ast.Module]) -> Iterator[str]:
    """Names that a module asks something for when it runs: in quotes, or of what is not known to be
    a module, such as a codec that was handed in.
    """
    tree = trees[module]
    modules = _Inliner(module, tree, {one: {} for one in trees}).modules
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value
        elif isinstance(node, ast.Attribute) and not _is_one_of(modules, node.value):
            yield node.attr


def _is_one_of(modules: Collection[str], node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id in modules


def _constants(trees: Mapping[str, ast.Module], kept: set[str]) -> dict[str, dict[str, Value]]:
    """{module: {name: value}}; one may be made of others, so it is looked until none is new."""
    found: dict[str, dict[str, Value]] = {module: {} for module in trees}
    count = -1
    while count != sum(map(len, found.values())):
        count = sum(map(len, found.values()))
        for module, tree in trees.items():
            reader = _Inliner(module, tree, found)
            for name, value in _assigned(tree):
                if name not in kept and name not in found[module]:
                    known = _value(reader.visit(ast.parse(ast.unparse(value), mode="eval").body))
                    if known is not None:
                        found[module][name] = known
    return found


def _assigned(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Names in capitals that are set at the top of a module and nowhere else in it."""
    stored = [
        node.id
        for node in ast.walk(tree)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
    ]
    for statement in tree.body:
        for name, value in _pairs(statement):
            if CAPITALS.fullmatch(name) and stored.count(name) == 1:
                yield name, value


def _pairs(statement: ast.stmt) -> Iterator[tuple[str, ast.expr]]:
    """(name, value) of an assignment; `A, B = 1, 2` gives two."""
    if not isinstance(statement, ast.Assign) or len(statement.targets) != 1:
        return
    target, value = statement.targets[0], statement.value
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, of_one in zip(target.elts, value.elts, strict=True):
            if isinstance(one, ast.Name):
                yield one.id, of_one


def _value(node: ast.expr) -> Value | None:
    """What an expression of literals is worth, None if it is no number and no text."""
    allowed = (ast.Constant, ast.UnaryOp, ast.BinOp, ast.operator, ast.unaryop)
    if not all(isinstance(part, allowed) for part in ast.walk(node)):
        return None
    value = eval(ast.unparse(node), {"__builtins__": {}})
    is_small = len(value) <= TEXT_LENGTH_MAX if type(value) is str else type(value) is int
    return value if is_small and (type(value) is str or abs(value) <= INTEGER_MAX) else None


class _Inliner(ast.NodeTransformer):
    """Puts values for names in one module."""

    def __init__(
        self, module: str, tree: ast.Module, constants: Mapping[str, Mapping[str, Value]]
    ) -> None:
        self._constants = constants
        self._own = constants[module]
        self._names: dict[str, Value] = dict(self._own)
        self.modules: dict[str, str] = {}  # as they are called here
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                self._look_at(node)

    def _look_at(self, node: ast.ImportFrom) -> None:
        for alias in node.names:
            name = alias.asname or alias.name
            if alias.name in self._constants.get(node.module or "", ()):
                self._names[name] = self._constants[node.module or ""][alias.name]
            elif f"{node.module}.{alias.name}" in self._constants:
                self.modules[name] = f"{node.module}.{alias.name}"

    def visit_ImportFrom(self, node: ast.ImportFrom) -> ast.stmt:
        known = self._constants.get(node.module or "", {})
        node.names = [alias for alias in node.names if alias.name not in known]
        return node if node.names else ast.Pass()

    def visit_Module(self, node: ast.Module) -> ast.Module:
        for statement in node.body:
            pairs = [pair for pair in _pairs(statement) if pair[0] in self._own]
            if pairs and len(pairs) == len(list(_pairs(statement))):
                node.body[node.body.index(statement)] = ast.Pass()
        self.generic_visit(node)
        return node

    def visit_Name(self, node: ast.Name) -> ast.expr:
        if isinstance(node.ctx, ast.Load) and node.id in self._names:
            return ast.Constant(self._names[node.id])
        return node

    def visit_Attribute(self, node: ast.Attribute) -> ast.expr:
        if isinstance(node.value, ast.Name) and node.value.id in self.modules:
            known = self._constants[self.modules[node.value.id]]
            if node.attr in known:
                return ast.Constant(known[node.attr])
        self.generic_visit(node)
        return node
