"""The plan: a site with all choices made. Who runs what, who dials whom, which numbers things have.

Pure: the same file gives the same plan. What brings a site from one to another, `difference` says.
"""

from collections.abc import Mapping, Sequence
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
