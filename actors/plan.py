"""The plan: a site with all choices made. Who runs what, who dials whom, which numbers things have.

From a checked site to commands, pure: the same file gives the same plan. `diff` says what brings a
site from one plan to another; the controller carries it out, and a first start is the difference to
nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

from actors.delivery import RELIABLE
from actors.durability import has_checkpoints, require_kept_wires
from actors.placement.sited import Place, Placement, place
from actors.routing import Routing
from actors.site import Site
from actors.topology import Device, Topology
from mp_actors.node import Limits
from mp_actors.seal import room

EPOCH = 1  # of every wire, until something moves
SEQUENCE_FIRST = 1
LENGTH_BYTES = 4  # before each frame of a record


@dataclass(frozen=True)
class ActorPlan:
    """One actor: what its device is told."""

    number: int
    path: str
    role: str
    device: int
    code: str
    arguments: dict[str, Any]
    why: str

    @property
    def name(self) -> str:
        """What the actor is called on its device."""
        return self.path.rsplit("/", 1)[1]


@dataclass(frozen=True)
class WirePlan:
    """One wire: its ends, the devices a reading passes, and whose readings pass."""

    number: int
    source: str
    target: str
    way: tuple[str, ...]  # device paths, both ends included; one if both are on one device
    source_device: int
    target_device: int
    origins: tuple[tuple[int, str], ...]
    limit_bytes: int
    items_max: int
    via: int  # number of the router that a leaf hands its readings to, 0 where it has no choice
    epoch: int = EPOCH
    delivery: str = "stream"
    full: str = "drop-oldest"
    credit: int = 1024
    durable: bool = False  # its source's numbers and readings outlast the device
    flash_bytes: int = 0  # of its source's board, for what cannot leave

    @property
    def hops(self) -> int:
        """Routers passed; 0 between neighbours and on one device."""
        return max(0, len(self.way) - 2)

    @property
    def spec(self) -> dict[str, Any]:
        """What both ends are told; see `Wires.connect`."""
        spec = {
            "wire": self.number,
            "epoch": self.epoch,
            "source": self.source,
            "target": self.target,
            "source_device": self.source_device,
            "target_device": self.target_device,
            "first": SEQUENCE_FIRST,
            "origins": [list(origin) for origin in self.origins],
            "limit": self.limit_bytes,
            "items": self.items_max,
            "via": self.via,
            "credit": self.credit,
            "full": self.full,
            "reliable": self.delivery == RELIABLE,
        }
        if self.durable:  # boards have no use for the word
            spec["durable"] = True
        if self.flash_bytes:
            spec["flash"] = self.flash_bytes
        return spec


@dataclass(frozen=True)
class Plan:
    """All of it.

    `ways`: the devices between the controller and each device, both included.
    """

    site: str
    controller: str  # path of the controller's device
    devices: dict[str, Device] = field(repr=False)
    actors: dict[str, ActorPlan]
    wires: dict[int, WirePlan]
    route_map: dict[str, Any] = field(repr=False)
    ways: dict[str, tuple[str, ...]] = field(repr=False)
    topology: Topology = field(repr=False, compare=False)
    placement: Placement = field(repr=False, compare=False)  # it took its time

    @cached_property
    def cut_sets(self) -> dict[str, tuple[str, ...]]:
        """Who is cut off from the controller when a device dies."""
        from actors.resilience import cut_sets  # its library takes as long to load as all the rest

        found = cut_sets(self.topology, self.devices[self.controller])
        return {device.path: tuple(one.path for one in lost) for device, lost in found.items()}


@dataclass(frozen=True)
class Command:
    """One step: tell `device`'s node (or router) to do something, once `after` is done."""

    key: tuple[Any, ...]
    device: str
    actor: str  # node or router
    kind: str
    arguments: tuple[Any, ...]
    after: tuple[tuple[Any, ...], ...]


def make_plan(site: Site, strategy: str = "search", profile: Path | None = None) -> Plan:
    """The plan of a site that `check` found no fault with.

    profile: else the file beside the site's, if there is one. *Raises* SiteError if where things
    were placed contradicts what they promise; and what `place` raises.
    """
    routing = Routing(site.topology)
    placement = place(site, routing, strategy, profile)
    places = placement.places
    require_kept_wires(site, lambda stage: places[stage].device)
    actors = _actors(places)
    controller = site.topology.controller_device
    assert controller is not None, "check() refuses a site without a controller"
    paths = {stage: stage.path_on(chosen.device) for stage, chosen in places.items()}
    return Plan(
        site=site.topology.name,
        controller=controller.path,
        devices={device.path: device for device in site.topology.devices},
        actors=actors,
        wires=_wires(site, routing, places, paths, actors),
        route_map=routing.plain_map,
        ways={
            device.path: tuple(one.path for one in routing.way(controller, device))
            for device in site.topology.devices
        },
        topology=site.topology,
        placement=placement,
    )


def diff(old: Plan | None, new: Plan) -> list[Command]:
    """The commands that bring a site from one plan to another, each with what must precede it.

    The map goes to one router, which tells its neighbours, and so on: it is at a router before
    anything that is to be forwarded by it. A wire's target end is made before its source end, both
    when the wires that leave its target are there, and a device's sensors start when every wire
    that their readings can take is there.
    """
    commands = [_removal(step) for step in _removals(old, new)]
    removed = tuple(command.key for command in commands)
    new_map = old is None or old.route_map != new.route_map
    if new_map:
        entry = next(one for one in _outward(new) if new.devices[one].is_router)
        commands.append(Command(("map",), entry, "router", "map", (new.route_map,), ()))
    for path in _outward(new):
        if old is None or path not in old.devices:
            commands.append(Command(("watch", path), path, "node", "watch", (), (("map",),)))
    for actor in new.actors.values():
        if _actor_goes_on(old, new, actor.path):
            continue
        device = actor.path.rsplit("/", 1)[0]
        arguments = (actor.name, actor.code, actor.arguments)
        after = (_ready(device), *removed)
        key = ("spawn", actor.path)
        commands.append(Command(key, device, "node", "spawn", arguments, after))
    onward = leaving(new)
    for wire in new.wires.values():
        if not _wire_goes_on(old, new, wire.number):
            commands += wire_commands(wire, (*removed, *onward.get(wire.target, ())))
    done = {command.key for command in commands}
    commands += [_start(new, path) for path in new.devices]
    return [without_unknown(command, done) for command in commands]


def _outward(plan: Plan) -> list[str]:
    """The devices' paths, the nearest to the controller first."""
    return sorted(plan.devices, key=lambda path: (len(plan.ways[path]), path))


def _removals(old: Plan | None, new: Plan) -> Iterable[tuple[str, str, Any]]:
    """(device, kind, argument) of what is in the old plan and not in the new one."""
    if old is None:
        return
    for number, wire in old.wires.items():
        if not _wire_goes_on(old, new, number):
            for device in sorted({end.rsplit("/", 1)[0] for end in (wire.source, wire.target)}):
                yield device, "unwire", number
    for path, actor in old.actors.items():
        if not _actor_goes_on(old, new, path):
            yield path.rsplit("/", 1)[0], "stop", actor.name


def _actor_goes_on(old: Plan | None, new: Plan, path: str) -> bool:
    """Whether the actor at path is the same in both: only what its device was told counts."""
    if old is None or path not in old.actors or path not in new.actors:
        return False
    before, after = old.actors[path], new.actors[path]
    return (before.code, before.arguments) == (after.code, after.arguments)


def _wire_goes_on(old: Plan | None, new: Plan, number: int) -> bool:
    """Whether a wire is the same in both. One at an actor that is made anew is not."""
    if old is None or number not in old.wires or number not in new.wires:
        return False
    before, after = old.wires[number], new.wires[number]
    ends = (after.source, after.target)
    return before.spec == after.spec and all(_actor_goes_on(old, new, end) for end in ends)


def _removal(step: tuple[str, str, Any]) -> Command:
    device, kind, argument = step
    return Command((kind, device, argument), device, "node", kind, (argument,), ())


def leaving(plan: Plan) -> dict[str, list[tuple[Any, ...]]]:
    """{actor: keys of what makes the source ends of its wires}: before them nothing is to come."""
    keys: dict[str, list[tuple[Any, ...]]] = {}
    for wire in plan.wires.values():
        keys.setdefault(wire.source, []).append(("source", wire.number))
    return keys


def wire_commands(wire: WirePlan, before: Iterable[tuple[Any, ...]]) -> list[Command]:
    """What makes both ends of a wire, the target's first."""
    source, target = wire.source.rsplit("/", 1)[0], wire.target.rsplit("/", 1)[0]
    first = Command(
        ("target", wire.number),
        target,
        "node",
        "wire",
        (wire.spec,),
        (("spawn", wire.target), _ready(target), *before),
    )
    if source == target:
        both = (*first.after, ("spawn", wire.source))
        return [Command(("source", wire.number), target, "node", "wire", (wire.spec,), both)]
    after = (("spawn", wire.source), ("target", wire.number), _ready(source), *before)
    second = Command(("source", wire.number), source, "node", "wire", (wire.spec,), after)
    return [first, second]


def _start(plan: Plan, path: str) -> Command:
    """Start a device's sensors and windows, once their readings have everywhere to go."""
    here = [actor for actor in plan.actors if actor.rsplit("/", 1)[0] == path]
    reached, found = set(here), list(here)
    needed: set[tuple[Any, ...]] = {("spawn", actor) for actor in here} | {_ready(path)}
    while found:
        actor = found.pop()
        for wire in plan.wires.values():
            if wire.source == actor:
                needed.add(("source", wire.number))
                if wire.target not in reached:
                    reached.add(wire.target)
                    found.append(wire.target)
    after = tuple(sorted(needed, key=repr))
    return Command(("start", path), path, "node", "start", (), after)


def _ready(path: str) -> tuple[str, str]:
    """The command after which a device can be told anything."""
    return ("watch", path)


def without_unknown(command: Command, known: set[tuple[Any, ...]]) -> Command:
    """Only what is done in the same difference can be waited for; the rest was done before."""
    after = tuple(key for key in command.after if key in known)
    return Command(
        command.key, command.device, command.actor, command.kind, command.arguments, after
    )


def _actors(places: Mapping[Any, Place]) -> dict[str, ActorPlan]:
    actors = {}
    for number, (stage, chosen) in enumerate(places.items(), 1):
        path = stage.path_on(chosen.device)
        actors[path] = ActorPlan(
            number=number,
            path=path,
            role=stage.role,
            device=chosen.device.number,
            code=stage.code,
            arguments=dict(stage.arguments),
            why=chosen.why,
        )
    return actors


def _wires(
    site: Site,
    routing: Routing,
    places: Mapping[Any, Place],
    paths: dict[Any, str],
    actors: dict[str, ActorPlan],
) -> dict[int, WirePlan]:
    wires = {}
    for number, wire in enumerate(site.wires, 1):
        source, target = places[wire.source].device, places[wire.target].device
        way = routing.way(source, target)
        origins = _origins(site, wire.source) - {wire.source}
        wires[number] = WirePlan(
            number=number,
            source=paths[wire.source],
            target=paths[wire.target],
            way=tuple(device.path for device in way),
            source_device=source.number,
            target_device=target.number,
            origins=tuple(sorted((actors[paths[one]].number, paths[one]) for one in origins)),
            limit_bytes=_limit_bytes(site, way),
            items_max=Limits(target.is_board).items,
            credit=Limits(target.is_board).credit_readings,
            delivery=wire.delivery,
            full=wire.full,
            via=way[1].number if len(way) > 1 and not source.is_router else 0,
            durable=wire.durable or (wire.delivery == RELIABLE and has_checkpoints(wire.source)),
            flash_bytes=wire.flash_kb * 1024,
        )
    return wires


def _limit_bytes(site: Site, way: Sequence[Device]) -> int:
    """The longest frame that passes a way: to a board it has to fit one record of the link."""
    seals = {(link.a, link.b): link.seal for link in site.topology.links}
    least = Limits(is_board=False).in_bytes
    for near, far in pairwise(way):
        if far.is_board:
            seal = seals.get((near, far)) or seals[far, near]
            in_bytes = Limits(is_board=True).in_bytes
            least = min(least, room(seal, in_bytes) - LENGTH_BYTES if seal != "plain" else in_bytes)
    return least


def _origins(site: Site, stage: Any) -> set[Any]:
    """The stages whose paths a reading that leaves `stage` can carry as its source."""
    if stage.role != "filter":
        return {stage}
    found: set[Any] = set()
    for wire in site.wires:
        if wire.target is stage:
            found |= _origins(site, wire.source)
    return found
