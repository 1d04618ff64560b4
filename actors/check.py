"""Check: every mistake of a site at once, each with its line and what to do.

From a loaded site to the command line, which prints, or to the plan, which may then assume that
names are unique, wires make sense and devices reach each other. It reads the declarations and
nothing else: no device is contacted and no actor made.
"""

import graphlib
import inspect
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from actors.arguments import Reference
from actors.boards.world_file import check_world
from actors.device_check import (
    COUNT_MAX,
    add_unknown_device,
    check_devices,
)
from actors.durability import check_checkpoints, check_kept_wires
from actors.pipeline import Pipeline, Stage, Wire
from actors.problems import Problem, Problems, SiteError, SourceLine, shown_value, suggestion
from actors.replicas import check_replicas
from actors.site import Site, is_importable, load
from actors.topology import Device
from mp_actors.actor import Actor
from mp_actors.supervise import POLICIES

LIBRARY = "mp_actors.operators"  # beside the site's own modules, what every device can import
DRIVERS = ("mp_actors.sensors.", "mp_actors.actuators.")  # the same, and they need a board
BUILT_IN = ("builtins", "math")  # functions of these exist on both interpreters
NEEDS_INPUT = ("filter", "aggregator", "sink")
MAY_WAIT = ("sample", "apply", "add", "result", "write")  # and on_…, on a worker


def load_checked(file: str | os.PathLike[str]) -> Site:
    """Load a site that has no mistakes. *Raises* SiteError with every problem."""
    site = load(file)
    problems = check(site)
    if problems:
        raise SiteError(problems)
    return site


def check(site: Site) -> list[Problem]:
    """Every mistake of a site, by file and line; what was recorded while declaring included."""
    problems = Problems()
    problems.extend(site.topology.problems)
    _check_pipeline_names(site.flows, problems)
    _check_counts(site, problems)
    check_devices(site.topology, problems)
    if any(device.is_board for device in site.topology.devices):
        check_world(Path(site.folder), problems)
    for flow in site.flows:
        problems.extend(flow.problems)
        _check_wires(flow, problems)
        check_replicas(flow.replicas, flow.split, problems)
    for stage in _judged(site.stages):
        _check_place(site, stage, problems)
        _check_importable(site, stage, problems)
        _check_hardware(site, stage, problems)
        _check_supervision(stage, problems)
        _check_waiting(site, stage, problems)
        check_checkpoints(stage, site.device_of(stage), problems)
    check_kept_wires(site.wires, site.device_of, problems)
    _check_stage_names(site, problems)
    return problems.sorted(site.file)


def _judged(stages: Iterable[Stage]) -> Iterable[Stage]:
    """Of replicas with one place, the first: what is wrong with it is wrong with all."""
    seen = set()
    for stage in stages:
        key = (stage.whole, id(stage.at))
        if stage.whole is None or key not in seen:
            seen.add(key)
            yield stage


def _check_pipeline_names(flows: Iterable[Pipeline], problems: Problems) -> None:
    first: dict[str, Pipeline] = {}
    for flow in flows:
        if first.setdefault(flow.name, flow) is not flow:
            problems.add(
                flow.declared_at,
                f"two pipelines are called {flow.name!r}",
                got=f"the other is declared in line {first[flow.name].declared_at.line}",
                remedy="give each its own name",
            )


def _check_counts(site: Site, problems: Problems) -> None:
    """Numbers on the wire are 16 bits."""
    things: tuple[tuple[str, Sequence[Device | Wire]], ...] = (
        ("devices", site.topology.devices),
        ("wires", site.wires),
    )
    for label, counted in things:
        if len(counted) > COUNT_MAX:
            _add_count(problems, counted[COUNT_MAX].declared_at, label, len(counted))
            return  # the links of too many devices need not be worked out
    if len(site.topology.links) > COUNT_MAX:
        at = site.topology.declared_at
        _add_count(problems, at, "links", len(site.topology.links))


def _add_count(problems: Problems, at: SourceLine, label: str, count: int) -> None:
    problems.add(
        at,
        f"the site has too many {label}",
        expected=f"at most {COUNT_MAX}",
        got=str(count),
        remedy="make several sites of it",
    )


def _check_wires(flow: Pipeline, problems: Problems) -> None:
    """Each wire fits the roles at its ends, is drawn once, and no way leads in a circle."""
    first: dict[tuple[Stage, Stage], Wire] = {}
    for wire in flow.wires:
        source, target, at = wire.source, wire.target, wire.declared_at
        if first.setdefault((source, target), wire) is not wire:
            problems.add(
                at,
                f"the wire {wire} is drawn twice",
                got=f"line {first[source, target].declared_at.line} draws it too",
                remedy="keep one of the two",
            )
        if source.role == "sink":
            problems.add(
                at,
                f"{source.name} is a sink and has no output: {wire}",
                remedy=f"wire what comes before {source.name} to {target.name}, "
                "or make it a filter",
            )
        if target.role == "sensor":
            problems.add(
                at,
                f"{target.name} is a sensor and takes no input: {wire}",
                remedy="turn the wire round, or make it a filter",
            )
        elif not _takes_values(target.cls):
            problems.add(
                at,
                f"{target.name} takes no input: {wire}",
                expected=f"{target.cls.__name__}.on_value(self, value)",
                remedy="define it, or make the class a Filter, Aggregator or Sink",
            )
    fed = {wire.target for wire in flow.wires}
    for stage in flow.stages:
        if stage.role in NEEDS_INPUT and stage not in fed and stage.whole is None:
            problems.add(
                stage.declared_at,
                f"nothing is wired to {stage.name}, which is {_with_article(stage.role)}",
                remedy=f"draw a wire: … >> {stage.name}, or leave it out",
            )
    _check_cycles(first, problems)


def _check_cycles(wires: dict[tuple[Stage, Stage], Wire], problems: Problems) -> None:
    """One problem for each knot of circles, at the wire that closes the one shown."""
    flow: graphlib.TopologicalSorter[Stage] = graphlib.TopologicalSorter()
    for source, target in wires:
        flow.add(target, source)
    try:
        flow.prepare()
        return
    except graphlib.CycleError:
        import networkx  # as long to load as all the rest; most sites do without
    order = {wire: place for place, wire in enumerate(wires.values())}
    for knot in networkx.strongly_connected_components(networkx.DiGraph(wires.keys())):
        # A graph of its own, since views of networkx walk in the order of a set.
        part = networkx.DiGraph(edge for edge in wires if knot.issuperset(edge))
        if not part.edges:
            continue
        circle = [wires[edge] for edge in networkx.find_cycle(part)]
        closing = max(circle, key=order.__getitem__)
        turn = circle.index(closing) + 1
        around = [wire.source.name for wire in circle[turn:] + circle[:turn]]
        problems.add(
            closing.declared_at,
            "the flow runs in a circle: " + " >> ".join([*around, around[0]]),
            expected="wires that lead from sensors to sinks",
            remedy=f"leave the wire {closing} out",
        )


def _check_place(site: Site, stage: Stage, problems: Problems) -> None:
    """The device exists; without one there is a worker that could take the stage."""
    if stage.at is None:
        if not any(device.is_worker for device in site.topology.devices):
            problems.add(
                stage.declared_at,
                f"no worker could take {stage.name}",
                expected="at=… or at least one device without board=",
                remedy="declare a worker: domain.device('desk')",
            )
    elif site.device_of(stage) is None:
        add_unknown_device(problems, stage.declared_at, site.topology, stage.at, stage.name)


def _check_importable(site: Site, stage: Stage, problems: Problems) -> None:
    """What a device has to import lies where every device can import it."""
    for reference in stage.references:
        if reference.module in (LIBRARY, *BUILT_IN) or reference.module.startswith(DRIVERS):
            continue
        if reference.module == site.module:
            _check_own_file(site, stage, reference, problems)
            continue
        top = reference.module.partition(".")[0]
        file = getattr(sys.modules.get(reference.module), "__file__", None) or ""
        if not Path(file).is_relative_to(site.folder) or not is_importable(top):
            problems.add(
                stage.declared_at,
                f"{stage.name}: devices cannot import {reference}",
                expected=f"a module beside {Path(site.file).name}, or {LIBRARY}",
                got=file or reference.module,
                remedy="rename the module: Python has one of this name"
                if Path(file).is_relative_to(site.folder)
                else f"put a module with {reference.name} beside {Path(site.file).name}",
            )


def _check_hardware(site: Site, stage: Stage, problems: Problems) -> None:
    """A driver has pins to drive."""
    device = site.device_of(stage)
    is_placed_wrong = stage.at is None or (device is not None and not device.is_board)
    if is_placed_wrong and any(base.__module__.startswith(DRIVERS) for base in stage.cls.__mro__):
        problems.add(
            stage.declared_at,
            f"{stage.name}: {stage.cls.__name__} drives pins, which only a board has",
            expected="at= a board",
            got=f"at={device.path}" if device is not None else "no at=, so it goes to a worker",
            remedy="declare a board: domain.device('probe', board='virtual')",
        )


def _check_supervision(stage: Stage, problems: Problems) -> None:
    """What is to be done when its handler raises is one of what the runtime can do."""
    cls: Any = stage.cls
    name, policy, limit = cls.__name__, cls.supervision, cls.restarts_max
    if policy not in POLICIES:
        problems.add(
            stage.declared_at,
            f"{name}.supervision has a wrong value",
            expected="one of " + ", ".join(POLICIES),
            got=shown_value(policy),
            remedy=suggestion(policy, POLICIES) if isinstance(policy, str) else "",
        )
    if limit is not None and (type(limit) is not int or limit < 0):
        problems.add(
            stage.declared_at,
            f"{name}.restarts_max has a wrong value",
            expected="how many restarts in a minute there may be, or None for any number",
            got=shown_value(limit),
        )


def _check_waiting(site: Site, stage: Stage, problems: Problems) -> None:
    """Only verbs and handlers may be `async def`, and only where asyncio is: on workers."""
    device = site.device_of(stage)
    for name in dir(stage.cls):
        verb = inspect.getattr_static(stage.cls, name)
        if not (inspect.iscoroutinefunction(verb) or inspect.isasyncgenfunction(verb)):
            continue
        code = verb.__code__
        got = f"async def {name} in {Path(code.co_filename).name}:{code.co_firstlineno}"
        what = f"{stage.name}: {stage.cls.__name__}.{name} cannot wait"
        is_handler = name in MAY_WAIT or name.startswith("on_")
        if device is not None and device.is_board and (is_handler or hasattr(Actor, name)):
            problems.add(
                stage.declared_at,
                f"{what} on {device.path}, which is a board",
                expected="def: on a board handlers run to completion",
                got=got,
                remedy="place it on a worker, or make two phases of it with self.after(…)",
            )
        elif hasattr(Actor, name) and not is_handler:
            remedy = f"let def {name} call self.after(0, …), and wait in that async def on_…"
            problems.add(stage.declared_at, what, expected="def", got=got, remedy=remedy)
        elif is_handler and inspect.isasyncgenfunction(verb):
            problems.add(
                stage.declared_at,
                what,
                expected="an async def that returns once",
                got=f"{got}, which yields",
                remedy="call self.emit(…) for each value instead of yield",
            )


def _check_own_file(site: Site, stage: Stage, reference: Reference, problems: Problems) -> None:
    """What the site file itself defines serves only workers, and only under a name of its own.

    A site file imports `actors`, which no board has; and a module called `site` is Python's own.
    So `hello.py` may hold its actors as long as no device is a board, and `site.py` never.
    """
    has_boards = any(device.is_board for device in site.topology.devices)
    if is_importable(site.module) and not has_boards:
        return
    name = Path(site.file).name
    reason = "boards cannot import" if has_boards else "devices cannot import a file called"
    problems.add(
        stage.declared_at,
        f"{stage.name}: {reference.name} is defined in {name} itself",
        expected="a module beside it",
        got=f"{reason} {name}",
        remedy=f"move {reference.name} to a module beside {name}, as in parts.py",
    )


def _check_stage_names(site: Site, problems: Problems) -> None:
    """Two actors never get one path, wherever those without at= are placed."""
    pinned: dict[tuple[Device, str], Stage] = {}
    by_name: dict[str, list[Stage]] = {}
    for stage in site.stages:
        device = site.device_of(stage)
        earlier = by_name.setdefault(stage.name, [])
        if device is not None and pinned.setdefault((device, stage.name), stage) is not stage:
            other = pinned[device, stage.name]
            what = f"two actors have the path {stage.path_on(device)}"
        elif earlier and (stage.at is None or earlier[0].at is None):
            other = earlier[0]
            what = f"two actors called {stage.name} could be placed on one device"
        else:
            other = None
        # A stage without at= is kept in front: it meets every other one of its name.
        earlier.insert(0 if stage.at is None else len(earlier), stage)
        if other is not None:
            problems.add(
                stage.declared_at,
                what,
                got=f"the other is declared in line {other.declared_at.line}",
                remedy=f"give one of them another name: name='{stage.name}-2'",
            )


def _takes_values(cls: type) -> bool:
    """Whether a class does something with what comes by a wire; a bare Actor does not."""
    return any(getattr(cls, verb) is not getattr(Actor, verb) for verb in ("verb_for", "on_value"))


def _with_article(role: str) -> str:
    return ("an " if role[0] in "aeiou" else "a ") + role
