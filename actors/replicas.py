"""Replicas: one operator as several, each for its share of the sources; drawn as one.

    soil = flow.each(field.boards, SoilMoisture, pin=32)
    calm = flow.add(Deadband, width=0.5, replicas=4, by="source")
    soil >> calm >> store

From `Pipeline.add` to wires, and to check. A wire that is drawn to them leads to one of them. Which
is settled when all wires are there, since it takes all of them to know whose readings come by each;
nothing is looked up while readings pass. Wires that bring readings of a source in common lead to
one replica. Otherwise each gets about the same number of readings, as far as periods and windows
tell.

So all readings of a source meet one replica, by the wires that would lead to the operator if it
were one, and what that makes of them leaves by one wire to each target. Every wire keeps its order:
readings of one source are in order at the target, as if there were one operator. Between sources
there is no order, since they come by several wires. Another source, or another rate, may change
which replica a source has: state that is kept under one name is not carried over to another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from actors.arguments import setting
from actors.problems import Problems, SourceLine, shown_value
from actors.several import Several

REPLICAS_MAX = 1000
BY = "source"


class Replicas(Several):
    """The stages, and `whole`, which stands for all where wires are drawn."""

    def __init__(self, whole: Any, places: Sequence[Any]) -> None:
        self.whole = whole
        stages = [
            replace(whole, name=replica_name(whole.name, number), at=place, whole=whole)
            for number, place in enumerate(places, 1)
        ]
        super().__init__(whole.pipeline.problems, stages)

    def __repr__(self) -> str:
        return f"<{len(self)} replicas of {self.whole.name}>"

    def __rrshift__(self, source: object) -> "Replicas":
        """Record what stands on the left and is no stage."""
        source >> self.whole
        return self


def replica_name(name: object, number: int) -> str:
    """What one of the replicas is called; they are counted from 1."""
    return f"{name}-{number}"


def checked_places(
    problems: Problems, line: SourceLine, cls: Any, count: object, by: object, at: Any
) -> list[Any]:
    """The device of each replica, None for one that is placed; empty if they cannot be."""
    before = len(problems)
    if count is None:
        problems.add(
            line,
            "by= is said of replicas",
            expected=f"replicas=4, by={BY!r}, say",
            got=f"by= {shown_value(by)}, and no replicas=",
            remedy="add replicas=, or leave by= out",
        )
    elif type(count) is not int or not 1 <= count <= REPLICAS_MAX:
        problems.add_value(line, "replicas", f"a whole number, 1 to {REPLICAS_MAX}", count)
    elif by != BY:
        problems.add(
            line,
            "replicas= needs to know what is to stay together",
            expected=f"by={BY!r}: readings that came into being at one path meet one replica",
            got="no by=" if by is None else shown_value(by),
            remedy=f"write by={BY!r}",
        )
    if getattr(cls, "role", "") == "sensor":
        problems.add(
            line,
            f"{cls.__name__} is a sensor, and its readings have one source",
            expected="a filter, aggregator, sink or actor, which gets the readings of several",
            got="replicas of it" if count is not None else "",
            remedy="for one on each of several devices: flow.each(devices, …)",
        )
    places = list(at) if isinstance(at, list | tuple) else [at]
    if type(count) is int and not 1 <= len(places) <= max(count, 1):
        problems.add(
            line,
            "at= has a wrong number of devices",
            expected="one device, or a list of 1 to as many as there are replicas",
            got=f"{len(places)} for replicas={count}",
        )
    if len(problems) > before or type(count) is not int:
        return []
    return [places[number % len(places)] for number in range(count)]


@dataclass(frozen=True, eq=False)
class Group:
    """Wires that bring readings of a source in common; `sources`: the stages they come from."""

    wires: list[Any]
    sources: dict[Any, None]


class Split(NamedTuple):
    """Wires as they lead; and, by `whole`, the groups of those that were drawn to replicas."""

    wires: tuple[Any, ...]
    groups: Mapping[Any, Sequence[Group]]
    sources: Mapping[Any, Mapping[Any, None]]  # of what leaves a stage


def split(drawn: Sequence[Any], replicas: Sequence[Replicas]) -> Split:
    """Let each wire that is drawn to replicas lead to one of them.

    Where the flow runs in a circle there are no groups: that is a mistake which check finds.
    """
    if not replicas:
        return Split(tuple(drawn), {}, {})
    several = {one.whole: one.stages for one in replicas}
    into: dict[Any, list[Any]] = {}
    for wire in drawn:
        into.setdefault(wire.target, []).append(wire)
    chosen = {wire: several[wire.target][0] for wire in drawn if wire.target in several}
    groups: dict[Any, Sequence[Group]] = {}
    sources: dict[Any, dict[Any, None]] = {}
    rates: dict[Any, float] = {}  # of what leaves a stage
    for stage in _downstream(drawn, replicas):
        inputs = into.get(stage, [])
        if stage in several:
            groups[stage] = _groups(inputs, sources)
            chosen.update(_dealt(groups[stage], several[stage], rates))
            for wire in inputs:
                into.setdefault(chosen[wire], []).append(wire)
            continue
        passed = {one: None for wire in inputs for one in sources[wire.source]}
        sources[stage] = passed if passed and stage.role == "filter" else {stage: None}
        every_ms = setting(stage, "period_ms" if stage.role == "sensor" else "window_ms")
        taken = sum(rates[wire.source] for wire in inputs) or 1.0
        rates[stage] = 1000 / every_ms if every_ms else taken
    wires = [replace(wire, target=chosen[wire]) if wire in chosen else wire for wire in drawn]
    return Split(tuple(wires), groups, sources)


def _downstream(drawn: Sequence[Any], replicas: Sequence[Replicas]) -> Sequence[Any]:
    """The stages, each behind those whose readings it gets; none if there is a circle."""
    flow: TopologicalSorter[Any] = TopologicalSorter()
    for one in replicas:
        for stage in one.stages:
            flow.add(stage, one.whole)
    for wire in drawn:
        flow.add(wire.target, wire.source)
    try:
        return list(flow.static_order())
    except CycleError:
        return []


def _groups(wires: Sequence[Any], sources: Mapping[Any, Mapping[Any, None]]) -> list[Group]:
    """The wires in groups, by their first ones in the order of declaration."""
    group_of: dict[Any, Group] = {}  # by source
    for wire in wires:
        group = Group([], {})
        for source in sources[wire.source]:
            known = group_of.get(source)
            if known is not None and known is not group:
                group.wires.extend(known.wires)
                group.sources.update(known.sources)
                group_of.update(dict.fromkeys(known.sources, group))
        group.wires.append(wire)
        group.sources.update(sources[wire.source])
        group_of.update(dict.fromkeys(sources[wire.source], group))
    return list(dict.fromkeys(group_of[next(iter(sources[wire.source]))] for wire in wires))


def _dealt(
    groups: Sequence[Group], stages: Sequence[Any], rates: Mapping[Any, float]
) -> dict[Any, Any]:
    """A replica for each wire: the busiest group first, to the replica with least to do so far."""
    load = [0.0] * len(stages)
    chosen = {}
    rate_of = {group: sum(rates[wire.source] for wire in group.wires) for group in groups}
    if len(groups) > len(stages):  # else each has one of its own, and the order is the person's
        groups = sorted(groups, key=lambda group: -rate_of[group])
    for group in groups:
        least = load.index(min(load))
        load[least] += rate_of[group]
        chosen.update(dict.fromkeys(group.wires, stages[least]))
    return chosen


def check_replicas(replicas: Sequence[Replicas], found: Split, problems: Problems) -> None:
    """There are as many groups as replicas: else some had nothing to do."""
    for one in replicas:
        groups = found.groups.get(one.whole)
        if groups is None or len(groups) >= len(one):
            continue
        at, name = one.whole.declared_at, one.whole.name
        if not groups:
            remedy = f"draw wires: … >> {name}, or leave it out"
            problems.add(at, f"nothing is wired to {name}, which has replicas", remedy=remedy)
            continue
        brought = [wire for group in groups for wire in group.wires]
        sources = sum(len(group.sources) for group in groups)
        least = f"replicas={len(groups)} at the most"
        if len(groups) == 1:
            least = "leave replicas= and by= out: there is nothing to split"
        mixing = dict.fromkeys(
            (wire.source.whole or wire.source).name
            for wire in brought
            if len(found.sources[wire.source]) > 1
        )
        remedy = (
            f"sources are mixed by {', '.join(mixing)}: say replicas={len(one)}, by={BY!r} there, "
            f"too; or {least}"
        )
        problems.add(
            at,
            f"{name} cannot be split among {len(one)} replicas",
            expected=f"{_counted(len(one), 'wire')} or more that have no source in common",
            got=f"{len(groups)}: {_counted(sources, 'source')} by {_counted(len(brought), 'wire')}",
            remedy=remedy if sources >= len(one) else least,
        )


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"
