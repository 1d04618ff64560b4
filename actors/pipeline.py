"""Pipeline: which actors a site runs and which wires join them, as a person draws them.

From the site file to check and plan. `add` names a class and where it runs, `>>` draws a wire in
the direction data moves; each line is one path through the graph, so fan-in and fan-out are further
lines. Declaring never raises: mistakes are recorded with the person's line in `problems`. No actor
is ever made here; its constructor runs on its device.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Protocol

from actors.arguments import ArgumentError, Reference, misfits, reference_to, travelling
from actors.delivery import STREAM, Delivery
from actors.each import Each
from actors.problems import Problems, SourceLine, here, shown_value
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

    def __repr__(self) -> str:
        return f"<stage {self.name}>"

    def __rshift__(self, target: "Stage | Each | Delivery") -> "Stage | Each":
        """Draw a wire and return its target, so that a line can go on."""
        at = here()
        delivery = target if isinstance(target, Delivery) else Delivery(target)
        if isinstance(delivery.target, Each):
            return delivery.target.from_one(self, delivery)
        if not isinstance(delivery.target, Stage):
            self.pipeline._add_no_stage(at, delivery.target)
            return self
        delivery.check(self.pipeline.problems, at)
        wire = Wire(
            self,
            delivery.target,
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
        self._wires: list[Wire] = []
        self.problems.check_name(self.declared_at, "pipeline", name)

    def __repr__(self) -> str:
        return f"<pipeline {self.name}>"

    def add(
        self,
        cls: type,
        /,
        *,
        at: Place | str | None = None,
        name: str | None = None,
        **arguments: object,
    ) -> Stage:
        """Declare an actor of this class; further keywords go to its constructor, on its device.

        at: the device it is pinned to. name: how it is called there, by default after its class.
        """
        line = here()
        if not self._is_actor_class(cls, line):
            return Stage(self, Filter, name or "unknown", at, {}, (), line)  # takes any wire
        references: list[Reference] = []
        values = self._travelling_arguments(cls, arguments, references, line)
        try:
            references.append(reference_to(cls, f"class {cls.__name__}"))
        except ArgumentError as misfit:
            self._add_misfit(line, misfit)
        name = self._checked_name(cls, name, line)
        stage = Stage(self, cls, name, at, values, tuple(references), line)
        self._stages.append(stage)
        return stage

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
        first = self.add(cls, at=places[0], name=name, **arguments)
        others = [replace(first, at=place) for place in places[1:]]
        self._stages += others
        return Each(self.problems, [first, *others])

    @property
    def stages(self) -> tuple[Stage, ...]:
        """In the order of declaration."""
        return tuple(self._stages)

    @property
    def wires(self) -> tuple[Wire, ...]:
        """In the order of declaration."""
        return tuple(self._wires)

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

    def _checked_name(self, cls: type, name: str | None, line: SourceLine) -> str:
        """The name of a stage; what is wrong with it is recorded."""
        chosen = kebab(cls.__name__) if name is None else name
        self.problems.check_name(line, "stage", chosen)
        if chosen in RESERVED_NAMES:
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
