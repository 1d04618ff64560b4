"""Pipeline: which actors a site runs and which wires join them, as a person draws them.

From the site file to check and plan. `add` names a class and where it runs, `>>` draws a wire in
the direction data moves; each line is one path through the graph, so fan-in and fan-out are further
lines. Declaring never raises: mistakes are recorded with the person's line in `problems`. No actor
is ever made here; its constructor runs on its device.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol, overload

from actors.arguments import ArgumentError, Reference, misfits, reference_to, travelling
from actors.delivery import STREAM, Delivery
from actors.each import Each
from actors.problems import Problems, SourceLine, here, shown_value
from actors.replicas import Replicas, Split, checked_places, replica_name, split
from mp_actors.actor import Actor
from mp_actors.full import DROP_OLDEST
from mp_actors.path import join
from mp_actors.roles import Aggregator, Filter, Sensor, Sink

ROLES = (Sensor, Filter, Aggregator, Sink, Actor)
RESERVED_NAMES = ("node", "router", "controller")  # actors the runtime itself has on a device


class Place(Protocol):
    """What a stage has to know of the device it runs on."""

    @property
    def path(self) -> str: ...


@dataclass(frozen=True, eq=False, repr=False)
class Stage:
    """One actor of a pipeline: its class, its arguments and where the person wants it."""

    pipeline: "Pipeline"
    cls: type
    name: str
    at: Place | str | None  # a device or its path; None: placed by the controller
    arguments: Mapping[str, Any]
    references: tuple[Reference, ...]  # what its device has to import
    declared_at: SourceLine
    whole: "Stage | None" = None  # of what it is a replica

    def __repr__(self) -> str:
        return f"<stage {self.name}>"

    def __rshift__(self, target: "Stage | Each | Replicas | Delivery") -> "Stage | Each | Replicas":
        """Draw a wire and return its target, so that a line can go on."""
        at = here()
        delivery = target if isinstance(target, Delivery) else Delivery(target)
        if isinstance(delivery.target, Each):
            return delivery.target.from_one(self, delivery)
        end = delivery.target.whole if isinstance(delivery.target, Replicas) else delivery.target
        if not isinstance(end, Stage):
            self.pipeline._add_no_stage(at, end)
            return self
        delivery.check(self.pipeline.problems, at)
        wire = Wire(
            self,
            end,
            at,
            delivery.kind,
            delivery.when_full,
            delivery.durable,
            delivery.flash_kb,
        )
        self.pipeline._add_wire(wire)
        return delivery.target

    def __rrshift__(self, source: object) -> "Stage":
        """Record what stands on the left and is no stage."""
        self.pipeline._add_no_stage(here(), source)
        return self

    @property
    def role(self) -> str:
        """sensor, filter, aggregator, sink or actor."""
        return next(role.role for role in ROLES if issubclass(self.cls, role))

    @property
    def code(self) -> str:
        """`"module:Class"`, by which a device imports it."""
        return f"{self.cls.__module__}:{self.cls.__name__}"

    def path_on(self, device: Place) -> str:
        """The path of this actor on a device."""
        return join(device.path, self.name)


@dataclass(frozen=True, eq=False, repr=False)
class Wire:
    """One edge of the pipeline: an ordered stream from one actor to another."""

    source: Stage
    target: Stage
    declared_at: SourceLine
    delivery: str = STREAM
    full: str = DROP_OLDEST
    durable: bool = False
    flash_kb: int = 0

    def __str__(self) -> str:
        return f"{self.source.name} >> {self.target.name}"

    def __repr__(self) -> str:
        return f"<wire {self}>"


class Pipeline:
    """Stages and the wires between them."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems = Problems()
        self.declared_at = here()
        self._stages: list[Stage] = []
        self._wires: list[Wire] = []  # as they are drawn
        self._replicas: list[Replicas] = []
        self._split: Split | None = None  # of the wires, until another is drawn
        self.problems.check_name(self.declared_at, "pipeline", name)

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"

    @overload
    def add(
        self,
        cls: type,
        /,
        *,
        at: Place | str | None = None,
        name: str | None = None,
        replicas: None = None,
        by: None = None,
        **arguments: object,
    ) -> Stage: ...

    @overload
    def add(
        self,
        cls: type,
        /,
        *,
        at: Place | str | Sequence[Place | str] | None = None,
        name: str | None = None,
        replicas: int,
        by: str,
        **arguments: object,
    ) -> Replicas: ...

    def add(
        self,
        cls: type,
        /,
        *,
        at: Place | str | Sequence[Place | str] | None = None,
        name: str | None = None,
        replicas: int | None = None,
        by: str | None = None,
        **arguments: object,
    ) -> Stage | Replicas:
        """Declare an actor of this class; further keywords go to its constructor, on its device.

        at: the device it is pinned to. name: how it is called there, by default after its class.
        replicas: that many of it, `NAME-1` and so on, each for a share of the sources and with a
        place of its own; `at` may be a list, which they take in turn. by="source": all readings
        that came into being at one path meet one replica, and are in order behind it; between
        sources there is no order. So what knows of each source by itself, like `Deadband`, gives
        what one would give; `Mean` gives one of each share.
        """
        if replicas is None and by is None:
            return self._take([self._declared(cls, at, name, arguments)])[0]
        places = checked_places(self.problems, here(), cls, replicas, by, at)
        if not places:
            first = next(iter(at), None) if isinstance(at, list | tuple) else at
            return self._take([self._declared(cls, first, name, arguments)])[0]
        whole = self._declared(cls, None, name, arguments, len(places))
        if whole.cls in ROLES:  # no actor, and one has said so
            return whole
        several = Replicas(whole, places)
        self._replicas.append(several)
        self._take(several.stages)
        return several

    def each(
        self,
        devices: Iterable[Place | str],
        cls: type,
        /,
        *,
        name: str | None = None,
        **arguments: object,
    ) -> Each:
        """Declare an actor of this class on every one of these devices; see `add`.

        devices: say `field.boards`, `field.workers` or a list. Those declared later are not in it.
        """
        is_text = isinstance(devices, str)
        is_several = isinstance(devices, Iterable) and not is_text
        places = list(devices) if is_several else []
        if not places:
            self.problems.add(
                here(),
                "each() needs devices",
                expected="one device or more, say field.boards, or a list",
                got="none" if is_several else shown_value(devices),
                remedy="declare them first" if is_several else "for one: add(…, at=…)",
            )
            return Each(self.problems, [])
        first = self._declared(cls, places[0], name, arguments)
        others = [replace(first, at=place) for place in places[1:]]
        return Each(self.problems, self._take([first, *others]))

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order of declaration."""
        return tuple(self._stages)

    @property
    def wires(self) -> tuple[Wire, ...]:
        """In the order of declaration; one that is drawn to replicas leads to one of them."""
        return self.split.wires

    @property
    def replicas(self) -> tuple[Replicas, ...]:
        """In the order of declaration."""
        return tuple(self._replicas)

    @property
    def split(self) -> Split:
        """The wires that are drawn so far, shared out among replicas."""
        if self._split is None:
            self._split = split(self._wires, self._replicas)
        return self._split

    def _declared(
        self,
        cls: type,
        at: Any,
        name: str | None,
        arguments: Mapping[str, object],
        replicas: int | None = None,
    ) -> Stage:
        """A stage of these declarations; what is wrong with them is recorded."""
        line = here()
        if not self._is_actor_class(cls, line):
            return Stage(self, Filter, name or "unknown", at, {}, (), line)  # takes any wire
        references: list[Reference] = []
        values = self._travelling_arguments(cls, arguments, references, line)
        try:
            references.append(reference_to(cls, f"class {cls.__name__}"))
        except ArgumentError as misfit:
            self._add_misfit(line, misfit)
        name = self._checked_name(cls, name, replicas, line)
        return Stage(self, cls, name, at, values, tuple(references), line)

    def _take(self, stages: Sequence[Stage]) -> Sequence[Stage]:
        """Let stages be part of the pipeline, but for those that only stand for a mistake."""
        self._stages += [stage for stage in stages if stage.cls not in ROLES]
        return stages

    def _is_actor_class(self, cls: object, line: SourceLine) -> bool:
        if isinstance(cls, type) and issubclass(cls, Actor) and cls not in ROLES:
            return True
        if isinstance(cls, Actor):
            got = f"an object of {type(cls).__name__}"
            remedy = f"give the class: add({type(cls).__name__}, …); its device makes the object"
        elif isinstance(cls, type) and cls in ROLES:
            got = f"the role {cls.__name__} itself"
            remedy = f"write a class of your own: class Mine({cls.__name__})"
        else:
            got = shown_value(cls)
            remedy = "give a class of a module beside the site file, without quotes or call"
        self.problems.add(
            line,
            "add() needs the class of an actor",
            expected="a subclass of Sensor, Filter, Aggregator, Sink or Actor",
            got=got,
            remedy=remedy,
        )
        return False

    def _checked_name(
        self, cls: type, name: str | None, replicas: int | None, line: SourceLine
    ) -> str:
        """The name of a stage, or of so many in common; what is wrong with it is recorded."""
        chosen = kebab(cls.__name__) if name is None else name
        longest = chosen if replicas is None else replica_name(chosen, replicas)
        self.problems.check_name(line, "stage", longest)
        if longest in RESERVED_NAMES:
            self.problems.add(
                line,
                f"the name {chosen!r} is reserved for the runtime's own actor",
                remedy=f"choose another: name='my-{chosen}'",
            )
        return str(chosen)

    def _travelling_arguments(
        self,
        cls: type,
        arguments: Mapping[str, object],
        references: list[Reference],
        line: SourceLine,
    ) -> dict[str, Any]:
        """The arguments as they are sent; those that cannot be are recorded and left out."""
        values = {}
        for misfit in misfits(cls, arguments):
            self._add_misfit(line, misfit)
        for key, value in arguments.items():
            try:
                values[key] = travelling(value, key, references)
            except ArgumentError as misfit:
                self._add_misfit(line, misfit)
        return values

    def _add_misfit(self, line: SourceLine, misfit: ArgumentError) -> None:
        self.problems.add(
            line, misfit.what, expected=misfit.expected, got=misfit.got, remedy=misfit.remedy
        )

    def _add_wire(self, wire: Wire) -> None:
        if wire.target.pipeline is not self:
            self.problems.add(
                wire.declared_at,
                f"the wire {wire} joins two pipelines",
                got=f"{self.name!r} and {wire.target.pipeline.name!r}",
                remedy="add both stages to one pipeline",
            )
            return
        self._wires.append(wire)
        self._split = None

    def _add_no_stage(self, line: SourceLine, found: object) -> None:
        several = isinstance(found, list | tuple | set)
        self.problems.add(
            line,
            "a wire joins two stages",
            expected="stage >> stage, each returned by add()",
            got=shown_value(found),
            remedy="write one line for each wire" if several else "",
        )


def kebab(class_name: str) -> str:
    """`SoilMoisture` → `soil-moisture`: what an actor of this class is called by default."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", class_name)
    return words.lower().strip("_")
