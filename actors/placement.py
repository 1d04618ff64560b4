"""Placement: which device each actor runs on. Pins first; the rest goes to the nearest worker.

Pure, from a checked site to an assignment with reasons. An operator nobody pinned goes where the
delay to what is already placed around it is least; ties go to the device declared first.
"""

from dataclasses import dataclass
from graphlib import TopologicalSorter

from actors.pipeline import Stage
from actors.routing import Routing
from actors.site import Site
from actors.topology import Device


@dataclass(frozen=True)
class Place:
    """Where an actor runs, and why there."""

    device: Device
    why: str


def place(site: Site, routing: Routing) -> dict[Stage, Place]:
    """An assignment of every stage, in the order of declaration."""
    places: dict[Stage, Place] = {}
    for stage in site.stages:
        device = site.device_of(stage)
        if device is not None:
            places[stage] = Place(device, "pinned")
    sources: dict[Stage, list[Stage]] = {stage: [] for stage in site.stages}
    for wire in site.wires:
        sources[wire.target].append(wire.source)
    for stage in TopologicalSorter(sources).static_order():
        if stage not in places:
            places[stage] = _nearest(stage, site, routing, places)
    return {stage: places[stage] for stage in site.stages}


def _nearest(
    stage: Stage, site: Site, routing: Routing, places: dict[Stage, Place]
) -> Place:
    around = [wire.source for wire in site.wires if wire.target is stage]
    around += [wire.target for wire in site.wires if wire.source is stage]
    ends = [places[one].device for one in around if one in places]
    best: tuple[int, int, Device] | None = None
    for device in site.topology.devices:
        costs = [routing.cost_us(device, end) for end in ends]
        if not device.is_worker or None in costs:
            continue
        offer = (sum(cost for cost in costs if cost is not None), device.number, device)
        if best is None or offer[:2] < best[:2]:
            best = offer
    assert best is not None, "check() refuses a site without a worker in reach"
    total_us, _, device = best
    return Place(device, f"nearest worker, {total_us / 1000:g} ms to its neighbours in the flow")
