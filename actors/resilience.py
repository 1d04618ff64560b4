"""What a site loses with a device: who is cut off from the controller when it is gone.

Pure, from a topology. A device that nobody else can stand in for is an articulation point.
"""

from collections.abc import Iterable

import networkx as nx

from actors.topology import Device, Topology


def cut_sets(topology: Topology, controller: Device) -> dict[Device, list[Device]]:
    """{device: who is cut off with it}, for devices whose end cuts off others.

    Leaves forward nothing, so only routers are in it; the controller's own device is left out.
    """
    routers = nx.Graph()
    routers.add_nodes_from(device for device in topology.devices if device.is_router)
    parents: dict[Device, set[Device]] = {
        device: set() for device in topology.devices if not device.is_router
    }
    for link in topology.links:
        if link.a.is_router and link.b.is_router:
            routers.add_edge(link.a, link.b)
        else:
            leaf, parent = (link.b, link.a) if link.a.is_router else (link.a, link.b)
            parents[leaf].add(parent)
    before = _reached(routers, parents, controller, None)
    # Only these can cut anybody off: what joins parts of the backbone, a leaf's only parent, and
    # the parents of a leaf that holds the controller.
    suspects = set(nx.articulation_points(routers)) | parents.get(controller, set())
    for ones in parents.values():
        if len(ones & before) == 1:
            suspects |= ones & before
    found = {}
    for device in sorted(suspects - {controller}, key=lambda one: one.number):
        lost = before - _reached(routers, parents, controller, device) - {device}
        if lost:
            found[device] = sorted(lost, key=lambda one: one.number)
    return found


def _reached(
    routers: nx.Graph,
    parents: dict[Device, set[Device]],
    controller: Device,
    gone: Device | None,
) -> set[Device]:
    """Whom the controller's device reaches without one device."""
    view = nx.restricted_view(routers, [] if gone is None else [gone], [])
    starts: Iterable[Device] = parents.get(controller, {controller})
    found = {controller}
    for start in starts:
        if start is not gone:
            found |= nx.node_connected_component(view, start)
    return found | {leaf for leaf, ones in parents.items() if ones & found}
