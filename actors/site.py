"""Site: a person's site file, read into its topology and its pipelines.

From the command line to check and plan. The file is executed with its folder first on `sys.path`
and must leave a `site` (a Topology) and a `flow` (a Pipeline, or a list of them). Whatever goes
wrong while it runs becomes a problem at the person's line; a traceback of ours must never appear.
What its builders recorded is judged by `actors.check`, not here, unless the file stopped half-way.
"""

import ast
import builtins
import importlib
import os
import re
import sys
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from actors.pipeline import Pipeline, Stage, Wire
from actors.problems import (
    OWN_PACKAGES,
    Problem,
    Problems,
    SiteError,
    SourceLine,
    did_you_mean,
    is_own,
    shown_value,
)
from actors.topology import Device, Domain, Topology

HARDWARE_MODULES = ("machine", "esp32", "esp8266", "micropython", "network", "neopixel", "dht")
CANNOT_IMPORT = re.compile(r"cannot import name '(\w+)' from '([\w.]+)'")
UNEXPECTED_KEYWORD = re.compile(r"(\w+)\.(\w+)\(\) got an unexpected keyword argument '(\w+)'")

_former_modules: set[str] = set()  # of the last site; forgotten when the next one is loaded


@dataclass(frozen=True)
class Site:
    """A site file that could be read; whether it makes sense, `actors.check` says."""

    file: str
    topology: Topology
    flows: tuple[Pipeline, ...]
    stand_ins: Mapping[type, Any] = field(default_factory=dict)  # for the simulator, by class

    @property
    def folder(self) -> Path:
        """Where the modules of its actors are."""
        return Path(self.file).parent

    @property
    def module(self) -> str:
        """The name under which classes of the site file itself are known."""
        return Path(self.file).stem

    @property
    def stages(self) -> tuple[Stage, ...]:
        """Those of all pipelines, in the order of declaration."""
        return tuple(stage for flow in self.flows for stage in flow.stages)

    @property
    def wires(self) -> tuple[Wire, ...]:
        """Those of all pipelines, in the order of declaration."""
        return tuple(wire for flow in self.flows for wire in flow.wires)

    def device_of(self, stage: Stage) -> Device | None:
        """The device a stage is pinned to; None if the controller places it."""
        return self.topology.find(stage.at)


def load(file: str | os.PathLike[str]) -> Site:
    """Execute a site file. Can be repeated: modules of earlier sites are forgotten first.

    *Raises* SiteError with every problem that keeps the file from being read.
    """
    path = Path(os.path.abspath(file))
    problems = Problems()
    at_top = SourceLine(str(path), 1)
    if not path.is_file():
        problems.add(at_top, "there is no such site file", remedy=_other_file(path))
        raise SiteError(problems)
    source = path.read_bytes()
    module = ModuleType(path.stem)
    module.__file__ = str(path)
    try:
        code = compile(source, str(path), "exec", dont_inherit=True)
        with _modules_of(path.parent), _registered(module):
            exec(code, module.__dict__)
    except (Exception, SystemExit) as error:
        problems.extend(_recorded(module.__dict__.values()))
        in_order = problems.sorted(str(path))
        raise SiteError([*in_order, _problem_of(error, path, module.__dict__)]) from None
    names = module.__dict__
    lines = _assignment_lines(source)
    topology = names.get("site")
    if not isinstance(topology, Topology):
        _add_missing(problems, "site", Topology, names, lines, str(path))
    flow = names.get("flow")
    given = flow if isinstance(flow, list | tuple) else [flow]
    flows = tuple(one for one in given if isinstance(one, Pipeline))
    if len(flows) != len(given):
        _add_missing(problems, "flow", Pipeline, names, lines, str(path))
    if problems or not isinstance(topology, Topology):
        problems.extend(_recorded(names.values()))
        raise SiteError(problems.sorted(str(path)))
    stand_ins = names.get("stand_ins", {})
    if not isinstance(stand_ins, dict) or not all(isinstance(one, type) for one in stand_ins):
        at = SourceLine(str(path), lines.get("stand_ins", 1))
        expected = "{class of the site: what makes its replacement in a simulation}"
        problems.add_value(at, "stand_ins", expected, stand_ins)
        raise SiteError(problems.sorted(str(path)))
    return Site(str(path), topology, flows, stand_ins)


def is_importable(module: str) -> bool:
    """Whether a file of this name beside a site can be imported: Python's own names come first."""
    taken = module in sys.stdlib_module_names or module in OWN_PACKAGES
    return module.isidentifier() and not taken


@contextmanager
def _modules_of(folder: Path) -> Iterator[None]:
    """The folder is first on sys.path, and what earlier sites imported is forgotten."""
    names = {path.stem for path in folder.glob("*.py")}
    names.update(path.parent.name for path in folder.glob("*/__init__.py"))
    _forget(names | _former_modules)
    _former_modules.clear()
    _former_modules.update(names)
    importlib.invalidate_caches()
    sys.path.insert(0, str(folder))
    try:
        yield
    finally:
        sys.path.remove(str(folder))


@contextmanager
def _registered(module: ModuleType) -> Iterator[None]:
    """A site file of an importable name is imported as such, so that `hello:Class` is found."""
    if is_importable(module.__name__):
        sys.modules[module.__name__] = module
    try:
        yield
    except BaseException:
        if sys.modules.get(module.__name__) is module:
            del sys.modules[module.__name__]
        raise


def _forget(names: set[str]) -> None:
    """Drop modules by their first name; tests keep theirs, since somebody is running them."""
    for loaded in list(sys.modules):
        top = loaded.partition(".")[0]
        keeps = top.startswith("test") or top in ("conftest", "__main__")
        if top in names and is_importable(top) and not keeps:
            del sys.modules[loaded]


def _recorded(values: Iterable[object]) -> Iterator[Problem]:
    """What the builders among a module's values have recorded, each builder once."""
    owners: dict[int, Topology | Pipeline] = {}
    for value in values:
        for one in value if isinstance(value, list | tuple) else (value,):
            if isinstance(one, Domain):
                one = one.topology
            elif isinstance(one, Stage):
                one = one.pipeline
            if isinstance(one, Topology | Pipeline):
                owners[id(one)] = one
    for owner in owners.values():
        yield from owner.problems


def _add_missing(
    problems: Problems,
    name: str,
    kind: type,
    names: Mapping[str, Any],
    lines: Mapping[str, int],
    file: str,
) -> None:
    """Record that the site file leaves no usable `site` or `flow`."""
    wanted = f"{name} = {kind.__name__}(…)"
    if name == "flow":
        wanted += ", or a list of pipelines"
    if name in names:
        what = f"{name} is no {kind.__name__}"
        got, remedy = shown_value(names[name]), ""
    else:
        what = f"the site file defines no {name}"
        others = sorted(key for key, value in names.items() if isinstance(value, kind))
        got = f"a {kind.__name__} called {others[0]!r}" if others else ""
        remedy = f"call it {name!r}" if others else ""
        lines = {name: lines.get(others[0], 1)} if others else {}
    problems.add(
        SourceLine(file, lines.get(name, 1)), what, expected=wanted, got=got, remedy=remedy
    )


def _assignment_lines(source: bytes) -> dict[str, int]:
    """Where each name of the module is last assigned."""
    lines: dict[str, int] = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            lines[node.id] = max(node.lineno, lines.get(node.id, 0))
    return lines


def _problem_of(error: BaseException, path: Path, names: Mapping[str, Any]) -> Problem:
    """What stopped the site file, at the person's line."""
    if isinstance(error, SyntaxError) and error.filename is not None:
        place = (error.text or "").rstrip()
        got = f"{place.strip()!r}, column {error.offset}" if place else ""
        return Problem(error.filename, error.lineno or 1, f"syntax error: {error.msg}", got=got)
    at = _person_line(error, path)
    if isinstance(error, ModuleNotFoundError) and error.name:
        what = f"no module named {error.name!r} beside {path.name} or installed"
    elif isinstance(error, SystemExit):
        what = "the site file ends the program while it is read"
    else:
        what = f"{type(error).__name__}: {error}"
    return Problem(at.file, at.line, what, remedy=_remedy(error, path, names))


def _person_line(error: BaseException, path: Path) -> SourceLine:
    """The innermost line of the site's folder that led to an error."""
    at = SourceLine(str(path), 1)
    for frame, line in traceback.walk_tb(error.__traceback__):
        file = Path(frame.f_code.co_filename)
        beside = file.is_relative_to(path.parent) and "site-packages" not in file.parts
        if beside and not is_own(frame):
            at = SourceLine(str(file), line)
    return at


def _remedy(error: BaseException, path: Path, names: Mapping[str, Any]) -> str:
    """What to do about an error, as far as it says enough."""
    word = ""
    words: list[str] = []
    if isinstance(error, ModuleNotFoundError):
        if error.name in HARDWARE_MODULES:
            return "import hardware inside __init__ or sample: only boards have it"
        word, words = error.name or "", [one.stem for one in path.parent.glob("*.py")]
    elif isinstance(error, SystemExit):
        return "leave sys.exit() and exit() out"
    elif isinstance(error, NameError):
        word, words = error.name or "", [*names, *dir(builtins)]
    elif isinstance(error, AttributeError):
        word = error.name or ""
        words = [one for one in dir(error.obj) if not one.startswith("_")]
    elif isinstance(error, ImportError) and (found := CANNOT_IMPORT.search(str(error))):
        word, words = found[1], dir(sys.modules.get(found[2]))
    elif isinstance(error, TypeError) and (found := UNEXPECTED_KEYWORD.search(str(error))):
        builder = {one.__name__: one for one in (Topology, Domain, Pipeline)}.get(found[1])
        code = getattr(getattr(builder, found[2], None), "__code__", None)
        word, words = found[3], list(code.co_varnames) if code else []
    meant = did_you_mean(word, words)
    return f"did you mean {meant!r}?" if meant else ""


def _other_file(path: Path) -> str:
    """Which site file may have been meant by a path that is none."""
    if path.is_dir():
        return f"name the file in this folder: {path.name}/site.py"
    known = [one.name for one in path.parent.glob("*.py")] if path.parent.is_dir() else []
    meant = did_you_mean(path.name, known)
    return f"did you mean {meant!r}?" if meant else ""
