"""Routes against an oracle: `RouteMap.next_hops` and networkx on 2,000 random maps.

Maps of up to 60 routers and 40 leaves with one to three parents, few different costs so that ties
are common, parts that are not connected, two links between one pair. Whoever follows the next hops
from router to router must arrive, without a loop, for exactly the cost that was promised.
"""

import random

import networkx as nx
import pytest

from mp_actors.routes import RouteMap

MAPS, GROUPS = 2000, 20
COSTS = (1, 1, 1, 2, 3, 1000, 1000, 1 << 40)


def random_map(seed):
    """A plain map, as it travels. Numbers are in no order, as those of real sites are not."""
    chance = random.Random(seed)
    numbers = chance.sample(range(1, 65536), 100)
    routers = numbers[: chance.choice((1, 2, 3, 5, 8, 13, 20, 30, 45, 60))]
    leaves = numbers[60 : 60 + chance.randrange(41)]
    links = []
    for number in range(chance.randrange(3 * len(routers) + 1)):
        # Near ones are linked more often than far ones, or every way would be short.
        place = chance.randrange(len(routers))
        a, b = routers[place], routers[(place + chance.choice((1, 1, 2, 7))) % len(routers)]
        if a != b:
            links.append([number, a, b, chance.choice(COSTS)])
    hanging = []
    for leaf in leaves:
        parents = chance.sample(routers, min(len(routers), chance.randrange(4)))
        hanging.append([leaf, [[1000 + leaf, one, chance.choice(COSTS)] for one in parents]])
    devices = [[number, f"d/n{number}"] for number in routers + leaves]
    return {"version": 1, "devices": devices, "links": links, "leaves": hanging}


def shuffled(plain, chance):
    """The same map with everything listed in another order and links turned round."""
    links = [[number, *chance.sample([a, b], 2), cost] for number, a, b, cost in plain["links"]]
    leaves = [[leaf, chance.sample(parents, len(parents))] for leaf, parents in plain["leaves"]]
    devices = list(plain["devices"])
    for listed in (links, leaves, devices):
        chance.shuffle(listed)
    return {"version": 1, "devices": devices, "links": links, "leaves": leaves}


def graph_of(plain):
    """Directed, so that nothing leads through a leaf; the cheapest of several links."""
    graph = nx.DiGraph()
    leaves = {leaf for leaf, _ in plain["leaves"]}
    graph.add_nodes_from(number for number, _ in plain["devices"])
    edges = [(a, b, cost) for _, a, b, cost in plain["links"]]
    edges += [(b, a, cost) for a, b, cost in edges]
    edges += [(at, leaf, cost) for leaf, parents in plain["leaves"] for _, at, cost in parents]
    for a, b, cost in edges:
        if cost < graph.get_edge_data(a, b, {"cost": cost + 1})["cost"]:
            graph.add_edge(a, b, cost=cost)
    return graph, sorted(set(graph) - leaves)


def check_map(plain, next_hops_of=RouteMap.next_hops):
    """Hold every next hop of every router against networkx."""
    graph, routers = graph_of(plain)
    made = RouteMap(plain)
    hops = {router: next_hops_of(made, router) for router in routers}
    for router in routers:
        costs = nx.single_source_dijkstra_path_length(graph, router, weight="cost")
        del costs[router]
        assert {end: cost for end, (_, cost) in hops[router].items()} == costs
        for end, (hop, cost) in hops[router].items():
            # What is left from the next device must be just what this step does not cost: then
            # every step comes nearer, so the whole way is as long as promised and has no loop.
            left = 0 if hop == end else hops[hop][end][1]
            assert graph.edges[router, hop]["cost"] + left == cost
            assert left < cost


@pytest.mark.parametrize("group", range(GROUPS))
def test_next_hops_agree_with_networkx(group):
    for seed in range(group, MAPS, GROUPS):
        try:
            check_map(random_map(seed))
        except Exception as error:
            raise AssertionError(f"seed {seed}") from error


@pytest.mark.parametrize("group", range(4))
def test_ties_do_not_depend_on_the_order_in_which_things_are_listed(group):
    for seed in range(group, MAPS // 4, 4):
        plain = random_map(seed)
        other = shuffled(plain, random.Random(seed))
        _, routers = graph_of(plain)
        for router in routers[:6]:
            assert RouteMap(plain).next_hops(router) == RouteMap(other).next_hops(router), seed


def test_a_list_of_failed_links_is_the_same_as_a_map_without_them():
    for seed in range(200):
        plain = random_map(seed)
        chance = random.Random(seed + 1)
        made = RouteMap(plain)
        numbers = sorted(made.link_numbers())
        failed = tuple(chance.sample(numbers, min(len(numbers), chance.randint(1, 6))))
        left = {**plain, "links": [row for row in plain["links"] if row[0] not in failed]}
        left["leaves"] = [
            [leaf, [row for row in parents if row[0] not in failed]]
            for leaf, parents in plain["leaves"]
        ]
        rest = RouteMap(left)
        for number, _ in plain["devices"][:10]:
            assert made.next_hops(number, failed) == rest.next_hops(number), (seed, failed)


def test_the_random_maps_have_what_they_are_meant_to_have():
    """Ties, unreachable devices, long ways: a family without them would show little."""
    tied = cut_off = longest = biggest = 0
    for seed in range(0, MAPS, 20):
        graph, routers = graph_of(random_map(seed))
        for router in routers[:3]:
            found, _ = nx.dijkstra_predecessor_and_distance(graph, router, weight="cost")
            tied += sum(len(before) > 1 for before in found.values())
            cut_off += len(graph) - len(found)
            biggest = max(biggest, len(routers))
            ways = nx.single_source_dijkstra_path(graph, router, weight="cost").values()
            longest = max(longest, *(len(way) - 1 for way in ways))
    assert tied > 100
    assert cut_off > 100
    assert longest > 10
    assert biggest == 60


# -- wrong on purpose


def through_leaves(made, me):
    bridges = [(0, leaf, at, cost) for leaf in made.leaves for _, at, cost in made.leaves[leaf]]
    plain = {"version": 1, "devices": [], "links": made.links + bridges, "leaves": []}
    return RouteMap(plain).next_hops(me)


def first_listed_parent(made, me):
    leaves = [(leaf, parents[:1]) for leaf, parents in made.leaves.items()]
    plain = {"version": 1, "devices": [], "links": made.links, "leaves": leaves}
    return RouteMap(plain).next_hops(me)


def every_link_alike(made, me):
    links = [(number, a, b, 1) for number, a, b, _ in made.links]
    plain = {"version": 1, "devices": [], "links": links, "leaves": made.leaves.items()}
    return RouteMap(plain).next_hops(me)


@pytest.mark.parametrize("wrong", [through_leaves, first_listed_parent, every_link_alike])
def test_wrong_routes_are_found_out(wrong):
    with pytest.raises((AssertionError, KeyError)):
        [check_map(random_map(seed), wrong) for seed in range(100)]
