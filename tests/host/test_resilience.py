"""Cut sets and link costs: what a device's end takes with it, and when a delay is believed."""

from itertools import combinations

import networkx as nx
from hypothesis import given

from actors.costs import CHANGE_US, LOOKS, Costs
from actors.resilience import cut_sets
from tests.host.sites import SITES, topologies

ROUTE_MAP = {
    "version": 1,
    "devices": [[1, "a/one"], [2, "a/two"], [3, "a/leaf"]],
    "links": [[1, 1, 2, 1000]],
    "leaves": [[3, [[2, 1, 20_000]]]],
}


@SITES
@given(topologies())
def test_who_is_cut_off_is_who_networkx_cannot_reach_any_more(topology):
    controller = topology.controller_device
    if controller is None:
        return
    found = cut_sets(topology, controller)
    before = reached(topology, controller, None)
    for device in topology.devices:
        if device is controller:
            assert device not in found
            continue
        lost = before - reached(topology, controller, device) - {device}
        assert set(found.get(device, ())) == lost, device.path


def reached(topology, start, gone):
    """Whom start reaches over devices that forward, by every simple pair of links."""
    graph = nx.Graph()
    graph.add_nodes_from(device for device in topology.devices if device is not gone)
    for link in topology.links:
        if gone not in (link.a, link.b):
            graph.add_edge(link.a, link.b)
    found = {start}
    edge = {start}
    while edge:
        step = {near for one in edge for near in graph.adj[one]} - found
        found |= step
        edge = {one for one in step if one.is_router}
    return found


def test_a_delay_is_believed_after_some_looks_and_only_if_it_is_far_off():
    costs = Costs(ROUTE_MAP)
    for _ in range(LOOKS - 1):
        assert costs.look({(1, 2): 40, (3, 1): 41}) == {}
    # 20 ms each way: far from the 1 ms of link 1, and what link 2 says anyway.
    assert costs.look({(1, 2): 40, (3, 1): 41}) == {1: 20_000}
    assert costs.applied_to(ROUTE_MAP)["links"] == [[1, 1, 2, 20_000]]
    assert costs.applied_to(ROUTE_MAP)["leaves"] == ROUTE_MAP["leaves"]
    assert costs.look({(1, 2): 40}) == {}


def test_neither_a_flutter_nor_noise_changes_a_map():
    costs = Costs(ROUTE_MAP)
    for rtt_ms in (40, 2, 2, 90, 2, 2) * 5:
        assert costs.look({(2, 1): rtt_ms}) == {}
    noise_ms = 2 * (1000 + CHANGE_US) / 1000
    calm = Costs(ROUTE_MAP)
    assert [calm.look({(1, 2): noise_ms}) for _ in range(20)] == [{}] * 20


def test_what_nobody_measures_keeps_its_cost():
    costs = Costs(ROUTE_MAP)
    assert [costs.look({}) for _ in range(10)] == [{}] * 10
    assert all(one != other for one, other in combinations(costs.costs_us, 2))
    assert costs.costs_us == {1: 1000, 2: 20_000}
