"""What a site loses with a device: who is cut off from the controller when it is gone.

Pure, from a topology. A device that nobody else can stand in for is an articulation point.
"""

from actors.topology import Device, Topology

Near = dict[Device, set[Device]]  # whom a router reaches directly


def cut_sets(topology: Topology, controller: Device) -> dict[Device, list[Device]]:
    """{device: who is cut off with it}, for devices whose end cuts off others.

    Leaves forward nothing, so only routers are in it; the controller's own device is left out.
    """
    routers: Near = {device: set() for device in topology.devices if device.is_router}
    parents: Near = {device: set() for device in topology.devices if not device.is_router}
    for link in topology.links:
        if link.a.is_router and link.b.is_router:
            routers[link.a].add(link.b)
            routers[link.b].add(link.a)
        else:
            leaf, parent = (link.b, link.a) if link.a.is_router else (link.a, link.b)
            parents[leaf].add(parent)
    before = _reached(routers, parents, controller, None)
    # Only these can cut anybody off: what joins parts of the backbone, a leaf's only parent, and
    # the parents of a leaf that holds the controller.
    suspects = _joints(routers) | parents.get(controller, set())
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
    routers: Near, parents: Near, controller: Device, gone: Device | None
) -> set[Device]:
    """Whom the controller's device reaches without one device."""
    found = {controller}
    edge = parents.get(controller, {controller}) - {gone}
    while edge:
        found |= edge
        edge = {near for one in edge for near in routers[one]} - found - {gone}
    return found | {leaf for leaf, ones in parents.items() if ones & found}


def _joints(routers: Near) -> set[Device]:
    """The routers without which others do not reach each other.

    `low`: the earliest router that somebody behind this one knows. *Source*: Hopcroft and Tarjan,
    Efficient algorithms for graph manipulation, 1973.
    """
    found: set[Device] = set()
    order: dict[Device, int] = {}
    low: dict[Device, int] = {}
    for root in routers:
        branches = 0
        way = [] if root in order else [(root, iter(routers[root]))]
        while way:
            at, nears = way[-1]
            if at not in order:
                order[at] = low[at] = len(order)
            fresh = next((near for near in nears if _is_fresh(at, near, order, low)), None)
            if fresh is not None:
                way.append((fresh, iter(routers[fresh])))
                continue
            way.pop()
            if way and (before := way[-1][0]) is root:
                branches += 1
            elif way:
                low[before] = min(low[before], low[at])
                if low[at] >= order[before]:
                    found.add(before)
        if branches > 1:
            found.add(root)
    return found


def _is_fresh(at: Device, near: Device, order: dict[Device, int], low: dict[Device, int]) -> bool:
    """Whether nobody was here yet; else take note of when somebody was."""
    if near not in order:
        return True
    low[at] = min(low[at], order[near])
    return False
