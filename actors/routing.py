"""Routing on a host: the map that routers get, and the way each reading will take by it.

From a checked topology to numbers and paths. The way is found by the very code routers run, so what
a plan shows is what happens; costs between all devices come from networkx.
"""

from functools import cached_property
from typing import Any

from actors.topology import Device, Link, Topology
from mp_actors.routes import RouteMap

COST_DEFAULT_US = 1000  # of a link whose latency nobody declared: a local network's


class Routing:
    """The routes of a topology."""

    def __init__(self, topology: Topology) -> None:
        self.topology = topology
        self._by_number = {device.number: device for device in topology.devices}
        self._hops: dict[int, dict[int, tuple[int, int]]] = {}

    def parents(self, leaf: Device) -> list[tuple[Link, Device]]:
        """The routers a leaf hands its frames to, the one to try first in front."""
        links = [link for link in self.topology.links if leaf in (link.a, link.b)]
        ordered = sorted(links, key=lambda link: (cost_us(link), link.number))
        return [(link, link.other(leaf)) for link in ordered]

    @cached_property
    def plain_map(self) -> dict[str, Any]:
        """The map as it travels; see `RouteMap`. The version is set by who issues it."""
        leaves = [device for device in self.topology.devices if not device.is_router]
        return {
            "version": 1,
            "devices": [[device.number, device.path] for device in self.topology.devices],
            "links": [
                [link.number, link.a.number, link.b.number, cost_us(link)]
                for link in self.topology.links
                if link.a.is_router and link.b.is_router
            ],
            "leaves": [
                [
                    leaf.number,
                    [
                        [link.number, parent.number, cost_us(link)]
                        for link, parent in self.parents(leaf)
                    ],
                ]
                for leaf in leaves
            ],
        }

    def way(self, source: Device, target: Device) -> list[Device]:
        """Source, the routers between, target; empty if there is no way."""
        way = [source]
        while way[-1] is not target:
            step = self._next(way[-1], target)
            if step is None:
                return []
            way.append(step)
        return way

    def cost_us(self, source: Device, target: Device) -> int | None:
        """Delay of the cheapest way in µs, None if there is none."""
        return self._costs.get(source, {}).get(target)

    def _next(self, at: Device, target: Device) -> Device | None:
        """Where a frame for target goes from here, by the rules of `Leaf` and `Router`."""
        if not at.is_router:
            return self._parent(at, target)
        hop = self._hops_from(at).get(target.number)
        return None if hop is None else self._by_number[hop[0]]

    def _parent(self, leaf: Device, target: Device) -> Device | None:
        """The parent a leaf is told to prefer for a target: the one by which it is cheapest."""
        best: tuple[int, int, Device] | None = None
        for place, (link, parent) in enumerate(self.parents(leaf)):
            hop = self._hops_from(parent).get(target.number)
            if hop is None and parent is not target:
                continue
            onward_us = 0 if hop is None else hop[1]
            offer = (cost_us(link) + onward_us, place, parent)
            if best is None or offer[:2] < best[:2]:
                best = offer
        return None if best is None else best[2]

    def _hops_from(self, router: Device) -> dict[int, tuple[int, int]]:
        if router.number not in self._hops:
            self._hops[router.number] = RouteMap(self.plain_map).next_hops(router.number)
        return self._hops[router.number]

    @cached_property
    def _costs(self) -> dict[Device, dict[Device, int]]:
        import networkx as nx  # as long to load as all the rest; no device has to

        graph = nx.DiGraph()
        graph.add_nodes_from(self.topology.devices)
        for link in self.topology.links:
            graph.add_edge(link.a, link.b, weight=cost_us(link))
            graph.add_edge(link.b, link.a, weight=cost_us(link))
        costs = {}
        for source in self.topology.devices:
            # A leaf passes nothing on: only the source itself may be one, and the ends.
            hidden = [(leaf, router) for leaf, router in graph.edges if not leaf.is_router]
            kept = [edge for edge in hidden if edge[0] is not source]
            transit = nx.restricted_view(graph, [], kept)
            costs[source] = nx.single_source_dijkstra_path_length(transit, source)
        return costs


def cost_us(link: Link) -> int:
    """What it costs to cross a link: its latency in whole µs, 1 or more."""
    if link.latency_ms is None:
        return COST_DEFAULT_US
    return max(1, round(link.latency_ms * 1000))
