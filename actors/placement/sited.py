"""A site's placement: from its declarations and profile to an instance, an answer, and places.

Pure but for the profile, which is read here: `NAME.profile.json` beside `NAME.py`, or another one.
The same files give the same places on every device: nothing here is cut short by a clock unless it
is told a time.
"""

import inspect
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import inf, isfinite
from pathlib import Path
from typing import Any

from actors.arguments import setting
from actors.durability import has_checkpoints
from actors.pipeline import Stage
from actors.placement import explain, profile
from actors.placement.model import Instance, Link, Machine, Objective, Operator
from actors.placement.strategies import STRATEGIES, Answer, Budget, answer
from actors.problems import suggestion
from actors.routing import Routing
from actors.site import Site
from actors.topology import Device
from mp_actors.errors import ActorsError

ROUNDS = 2  # of the search: every device of a site plans for itself, and does not wait for a clock
EXACT_S = 60.0
ORDER_COST = 1e-7  # beside costs of about 1: ties go to the device declared first
PORTABLE = ("mp_actors.operators", "builtins", "math")
MAY_WAIT = ("apply", "add", "result")
MOVABLE = ("filter", "aggregator")  # what needs nothing but its messages may be on a board


class ContradictionError(ActorsError):
    """Constraints leave an actor no device."""


@dataclass(frozen=True)
class Place:
    """Where an actor runs, and why there."""

    device: Device
    why: str


@dataclass(frozen=True)
class Placement:
    """All places, by stage; how they were found, and from which figures.

    values: {"actors": {name: {figure: (value, declared, measured or default)}}, …}. `defaulted`:
    actors that are placed and of which the profile says nothing.
    """

    places: Mapping[Stage, Place]
    instance: Instance
    answer: Answer
    values: Mapping[str, Mapping[str, Mapping[str, tuple[float | None, str]]]]
    defaulted: Sequence[str]
    profile: str

    def offers(self, stage: Stage) -> list[explain.Offer]:
        """What each device would cost for one stage, the best first."""
        return explain.offers(self.instance, self.answer, list(self.places).index(stage))


def place(site: Site, routing: Routing, strategy: str = "search",
          file: Path | None = None) -> Placement:
    """An assignment of every stage, in the order of declaration.

    *Raises* ProfileError, ContradictionError, SolverMissingError.
    """
    if strategy not in STRATEGIES:
        raise ActorsError(
            f"--placement {strategy}: no such strategy; {suggestion(strategy, STRATEGIES)}"
        )
    beside = Path(site.file).with_suffix(".profile.json")
    if file is None and beside.is_file():
        file = beside
    groups = _groups(site)
    known = profile.Profile()
    if file is not None:
        known = profile.for_each(profile.read(file, _names(site, groups)), groups)
    builder = _Builder(site, routing, known)
    instance = builder.instance()
    budget = Budget(EXACT_S if strategy == "exact" else inf, ROUNDS)
    found = answer(strategy, instance, budget)
    places = {}
    for one, stage in enumerate(site.stages):
        is_pinned = site.device_of(stage) is not None
        why = "pinned" if is_pinned else explain.why(instance, found, one)
        places[stage] = Place(site.topology.devices[found.places[one]], why)
    unpinned = [stage for stage in site.stages if site.device_of(stage) is None]
    defaulted = [stage.name for stage in unpinned if not known.actors.get(builder.key_of(stage))]
    return Placement(places, instance, found, builder.values, defaulted, known.file)


def _groups(site: Site) -> dict[str, list[str]]:
    """What replicas are called in common, where that is no name of an actor; and each."""
    names = {stage.name for stage in site.stages}
    groups: dict[str, list[str]] = {}
    for stage in site.stages:
        if stage.whole is not None and stage.whole.name not in names:
            groups.setdefault(stage.whole.name, []).append(stage.name)
    return groups


def _names(site: Site, groups: Collection[str]) -> profile.Names:
    topology = site.topology
    pinned = [(stage, site.device_of(stage)) for stage in site.stages]
    paths = [stage.path_on(device) for stage, device in pinned if device is not None]
    return profile.Names(
        actors=[*dict.fromkeys(stage.name for stage in site.stages), *paths, *groups],
        devices=[device.path for device in topology.devices],
        links=[f"{link.a.path} - {link.b.path}" for link in topology.links],
        domains=[domain.name for domain in topology.domains],
    )


class _Builder:
    """Makes the instance of a site, and keeps where its figures come from."""

    def __init__(self, site: Site, routing: Routing, known: profile.Profile) -> None:
        self.site, self.routing, self.known = site, routing, known
        self.stages = site.stages
        self.values: dict[str, dict[str, dict[str, tuple[float | None, str]]]] = {
            "actors": {}, "devices": {}, "links": {},
        }
        self.index = {device: u for u, device in enumerate(site.topology.devices)}
        on_boards = [stage for stage in self.stages if self._is_on_board(stage)]
        self.portable = {*PORTABLE, *(one.module for stage in on_boards
                                      for one in stage.references)}
        durable = [wire.source for wire in site.wires if wire.durable]
        self.kept = {*durable, *(stage for stage in self.stages if has_checkpoints(stage))}

    def instance(self) -> Instance:
        """The problem as the model has it."""
        place_of = {stage: one for one, stage in enumerate(self.stages)}
        edges = [(place_of[wire.source], place_of[wire.target]) for wire in self.site.wires]
        self.links = {link: self._link(link) for link in self.site.topology.links}
        machines, links, routes = self._network()
        weights = self.known.weights or Objective().weights
        by_key: dict[str, list[int]] = {}
        for stage, one in place_of.items():
            by_key.setdefault(stage.name, []).append(one)
            by_key.setdefault(self.key_of(stage), [one])
        together = [
            tuple(sorted(one for name in group for one in by_key[name]))
            for group in self.known.together
        ]
        devices = {device.path: u for device, u in self.index.items()}
        instance = Instance(
            operators=self._operators(edges),
            edges=edges,
            machines=machines,
            links=links,
            routes=routes,
            objective=Objective(weights, self.known.bounds),
            together=together,
            present={by_key[name][0]: devices[path] for name, path in self.known.present.items()},
            order_cost=ORDER_COST,
        )
        self._require_places(instance)
        return instance

    def key_of(self, stage: Stage) -> str:
        """The name by which the profile has a stage: its path if that is pinned and there."""
        device = self.site.device_of(stage)
        path = stage.path_on(device) if device is not None else ""
        return path if path in self.known.actors else stage.name

    def _operators(self, edges: Sequence[tuple[int, int]]) -> list[Operator]:
        """With the selectivities that windows come to, given what reaches them."""
        operators = []
        for stage in self.stages:
            own = self._figures("actors", self.key_of(stage), self._actor_defaults(stage),
                                self.known.actors.get(self.key_of(stage), {}))
            operators.append(
                Operator(
                    stage.name, own["work_us"] / 1e6, own["selectivity"], own["rate_hz"],
                    own["bytes"], own["memory_kb"] * 1024, own["state_bytes"],
                    self._allowed(stage),
                )
            )
        windowed = Instance(operators, edges, [], [], [])
        # A window's rate does not depend on what it gets, so it is set with its inputs known.
        for one in windowed.order:
            window_ms = setting(self.stages[one], "window_ms")
            declared = self.known.actors.get(self.key_of(self.stages[one]), {})
            if window_ms and windowed.inputs[one] and "selectivity" not in declared:
                taken = windowed.rates[0][one]
                selectivity = min(1.0, 1000 / window_ms / taken) if taken else 1.0
                old = operators[one]
                operators[one] = Operator(**{**old.__dict__, "selectivity": selectivity})
                key = self.key_of(self.stages[one])
                self.values["actors"][key]["selectivity"] = (selectivity, profile.DEFAULT)
                windowed = Instance(operators, edges, [], [], [])
        return operators

    def _actor_defaults(self, stage: Stage) -> dict[str, float]:
        period_ms = setting(stage, "period_ms") if stage.role == "sensor" else None
        return {**profile.ACTOR, **({"rate_hz": 1000 / period_ms} if period_ms else {})}

    def _allowed(self, stage: Stage) -> tuple[int, ...]:
        pinned = self.site.device_of(stage)
        never, domain = self.known.never, self.known.domain
        key = self.key_of(stage)
        allowed = []
        for device, u in self.index.items():
            may = device is pinned if pinned else device.is_worker or self._may_board(stage, device)
            home = domain.get(key)
            inside = home is None or home in [one.name for one in device.domains]
            if may and inside and device.path not in never.get(key, ()):
                allowed.append(u)
        return tuple(allowed)

    def _may_board(self, stage: Stage, device: Device) -> bool:
        """Whether an actor may be put on a board: its figures are known, its code runs there."""
        figures = self.known.devices.get(device.path, {})
        waits = any(inspect.iscoroutinefunction(getattr(stage.cls, verb, None))
                    for verb in MAY_WAIT)
        return (
            {"speed", "memory_kb"} <= set(figures)
            and stage.role in MOVABLE
            and stage not in self.kept
            and not waits
            and all(one.module in self.portable for one in stage.references)
        )

    def _is_on_board(self, stage: Stage) -> bool:
        device = self.site.device_of(stage)
        return device is not None and device.is_board

    def _network(self) -> tuple[list[Machine], list[Link], list[list[tuple[int, ...]]]]:
        """A leaf of one router has an access link; all others are points themselves."""
        parents = {device: self.routing.parents(device) for device in self.index}
        ends = {
            device: found[0]
            for device, found in parents.items()
            if not device.is_router and len(found) == 1
        }
        points = [device for device in self.index if device not in ends]
        point_of = {device: number for number, device in enumerate(points)}
        machines = []
        for device in self.index:
            link, parent = ends.get(device, (None, device))
            machines.append(self._machine(device, point_of[parent],
                                          None if link is None else self.links[link]))
        used = [link for link in self.site.topology.links
                if link.a in point_of and link.b in point_of]
        number_of = {frozenset((link.a, link.b)): number for number, link in enumerate(used)}
        routes: list[list[tuple[int, ...]]] = [[()] * len(points) for _ in points]
        for a, source in enumerate(points):
            for b, target in enumerate(points[:a]):
                way = self.routing.way(source, target)
                routes[a][b] = tuple(number_of[frozenset(step)] for step in pairwise(way))
                routes[b][a] = routes[a][b][::-1]
        return machines, [self.links[link] for link in used], routes

    def _machine(self, device: Device, point: int, access: Link | None) -> Machine:
        defaults = dict(profile.DEVICE)
        if device.is_board:
            defaults["speed"] = profile.BOARD_SPEED
        own = self._figures("devices", device.path, defaults,
                            self.known.devices.get(device.path, {}))
        return Machine(device.path, own["speed"], own["memory_kb"] * 1024, point, access,
                       own["watts"], message_s=own["message_us"] / 1e6,
                       rest=own["rest_percent"] / 100)

    def _link(self, link: Any) -> Link:
        name = f"{link.a.path} - {link.b.path}"
        site = {"delay_ms": link.latency_ms, "bandwidth_kbps": link.bandwidth_kbps}
        declared = {key: value for key, value in site.items() if value is not None}
        given = {**declared, **self.known.links.get(name, {})}
        own = self._figures("links", name, profile.LINK, given)
        delay_s = own["delay_ms"] / 1000
        if self._source("links", name, "delay_ms", given) == profile.MEASURED:
            delay_s = max(0.0, delay_s - self._ends_s(link))
        return Link(name, delay_s, own["bandwidth_kbps"] * 125,
                    own["uj_per_byte"] / 1e6)

    def _ends_s(self, link: Any) -> float:
        """What a beat's time has in it that the model adds for a message itself: the ends' own.

        A router may only forward one, for which it is not charged; its part, a short one, stays.
        """
        told = [self.known.devices.get(end.path, {}) for end in (link.a, link.b)
                if not end.is_router]
        return sum(one.get("message_us", 0.0) for one in told) / 1e6

    def _figures(
        self, label: str, name: str, defaults: Mapping[str, float], given: Mapping[str, float]
    ) -> dict[str, float]:
        """All figures of one thing; what is declared comes first."""
        figures = {**defaults, **given}
        self.values[label][name] = {
            key: (value if isfinite(value) else None, self._source(label, name, key, given))
            for key, value in figures.items()
        }
        return figures

    def _source(self, label: str, name: str, key: str, given: Mapping[str, float]) -> str:
        if key not in given:
            return profile.DEFAULT
        is_measured = (label, name, key) in self.known.measured
        return profile.MEASURED if is_measured else profile.DECLARED

    def _require_places(self, instance: Instance) -> None:
        """*Raises* ContradictionError if constraints leave somebody no device."""
        for unit, allowed in zip(instance.units, instance.allowed, strict=True):
            if allowed:
                continue
            lines = []
            for one in unit:
                may = [instance.machines[u].name for u in instance.operators[one].allowed]
                lines.append(f"    {self.stages[one].name}: {', '.join(may) or 'no device'}")
            raise ContradictionError(
                f"{self.known.file}: error: constraints contradict each other: "
                f"{' and '.join(self.stages[one].name for one in unit)} may be nowhere\n"
                + "\n".join(lines)
                + "\n    remedy: take one of at=, together, never and domain back for them"
            )
