"""Random sites: strategies for topologies and for what is sent over them, and who knows the ways.

Everything the declarations allow and `check` of the devices does not: sites that fall into parts,
devices nobody is linked to, boards and quiet workers with no, one or two routers, ties in cost.
The oracle of their ways is networkx, on a graph built here from the links alone.
"""

from dataclasses import dataclass
from itertools import combinations, pairwise

import networkx as nx
from hypothesis import Phase, settings
from hypothesis import strategies as st

from actors.mesh import PARENTS_MAX
from actors.pipeline import Pipeline
from actors.topology import Device, Topology
from mp_actors import Sensor, Sink
from mp_actors.operators import Throttle, Window

# The same sites each time. Shrinking one takes minutes; leave `phases` out to have it done.
SITES = settings(derandomize=True, deadline=None, phases=[Phase.generate])
DOMAINS_MAX = 8
DEVICES_MAX = 30
# Few different figures, so that ways of one cost are common; None costs as much as 1.0.
LATENCIES_MS = (None, 0.0004, 0.25, 0.5, 1.0, 1.0, 1.5, 2.0, 40.0)
MIDDLE = ((Throttle, {"period_ms": 150}), (Window, {"size": 3}))
KINDS = ("router", "router", "router", "quiet", "board")


class Pulse(Sensor):
    """Counts up."""

    period_ms = 100

    def __init__(self, step=1):
        self.step = step
        self.value = 0

    def sample(self):
        self.value += self.step
        return self.value


class Keep(Sink):
    """Keeps what it was given, as (its path, the source, the value), for a test to look at."""

    kept = []

    def write(self, value):
        Keep.kept.append((self.path, self.source, value))


@dataclass(frozen=True)
class Talk:
    """What one actor sends to one other: so many control messages and so many readings."""

    source: Device
    target: Device
    twin: int  # which of the target device's two receivers
    control: int
    readings: int


@st.composite
def topologies(draw, devices_max=DEVICES_MAX, domains_max=DOMAINS_MAX):
    """A topology of 1 to `devices_max` devices in which no declaration is a mistake."""
    site = Topology("random")
    domains = [
        site.domain(f"d{number}", mesh=draw(st.sampled_from((True, True, False))))
        for number in range(draw(st.integers(1, domains_max)))
    ]
    # Left to itself Hypothesis prefers small sites, where every way is short.
    count = draw(st.sampled_from((1, 2, 3, 5, 8, 12, 20)) | st.integers(20, DEVICES_MAX))
    count = min(count, devices_max)
    is_row = draw(st.booleans())  # each domain meets the next one only, so that ways are long
    anywhere = st.lists(st.sampled_from(domains), min_size=1, max_size=3, unique=True)
    for number in range(count):
        place = number * len(domains) // count
        home, *others = domains[place : place + 2] if is_row else draw(anywhere)
        kind = draw(st.sampled_from(KINDS))
        home.device(
            f"n{number + 1}",
            also_in=others,
            board="virtual" if kind == "board" else None,
            router=None if kind != "quiet" else False,
        )
    _draw_links(draw, site)
    assert not list(site.problems)
    return site


@st.composite
def whole_topologies(draw, domains_max=5):
    """A topology in which every device reaches every other: a gateway joins each domain."""
    site = Topology("whole")
    domains = [site.domain(f"d{number}") for number in range(draw(st.integers(1, domains_max)))]
    is_row = draw(st.booleans())
    backbone = [] if is_row else [site.domain("backbone")]
    for place, domain in enumerate(domains):
        others = domains[place + 1 : place + 2] if is_row else backbone
        domain.device("gate", also_in=others)
        for number in range(draw(st.integers(0, 3))):
            kind = draw(st.sampled_from(KINDS))
            domain.device(
                f"n{number}",
                board="virtual" if kind == "board" else None,
                router=None if kind != "quiet" else False,
            )
    site.controller(at=draw(st.sampled_from([one for one in site.devices if one.is_router])))
    return site


@st.composite
def flows(draw, topology, middle_max=5):
    """A pipeline of sensors, filters and aggregators, pinned or not, and sinks, on a topology."""
    flow = Pipeline("flow")
    device = st.sampled_from(topology.devices)
    sources = [
        flow.add(Pulse, at=draw(device), name=f"pulse-{number}", step=draw(st.integers(1, 2)))
        for number in range(draw(st.integers(1, 3)))
    ]
    for number in range(draw(st.integers(0, middle_max))):
        cls, arguments = draw(st.sampled_from(MIDDLE))
        place = draw(st.none() | device)
        stage = flow.add(cls, at=place, name=f"middle-{number}", **arguments)
        _draw_inputs(draw, sources, stage)
        sources.append(stage)
    for number in range(draw(st.integers(1, 2))):
        _draw_inputs(draw, sources, flow.add(Keep, at=draw(device), name=f"keep-{number}"))
    assert not list(flow.problems)
    return flow


@st.composite
def talks(draw, site, talks_max=8):
    """Some pairs of devices and what goes between them; a device may talk to itself.

    Few enough that no queue of a board is ever full: what is lost has to be the routes' fault.
    """
    third = len(site.devices) // 3
    anyone = st.sampled_from(site.devices)
    first, last = (st.sampled_from(part or site.devices) for part in (
        site.devices[:third], site.devices[-third:]
    ))
    pairs = [st.tuples(anyone, anyone), st.tuples(first, last), st.tuples(last, first)]
    if site.links:
        pairs += [st.sampled_from([(one.a, one.b) for one in site.links])]
        pairs += [st.sampled_from([(one.b, one.a) for one in site.links])]
    talk = st.builds(
        lambda ends, *rest: Talk(*ends, *rest),
        st.one_of(pairs),
        st.integers(0, 1),
        st.integers(0, 3),
        st.integers(0, 5),
    )
    return draw(st.lists(talk, min_size=1, max_size=talks_max))


class Oracle:
    """What networkx says about a topology, from its links alone."""

    def __init__(self, topology):
        self.graph = nx.Graph()
        self.graph.add_nodes_from(device.number for device in topology.devices)
        self.routers = {device.number for device in topology.devices if device.is_router}
        for link in topology.links:
            latency_ms = 1 if link.latency_ms is None else link.latency_ms
            cost_us = max(1, round(latency_ms * 1000))
            self.graph.add_edge(link.a.number, link.b.number, cost=cost_us, link=link.number)

    def connected(self, source, target):
        """Whether routers join the two at all."""
        return nx.has_path(self.graph.subgraph({*self.routers, source, target}), source, target)

    def cost_us(self, source, target):
        """What the cheapest allowed way costs, None without any."""
        transit = self.graph.subgraph({*self.routers, source, target})
        try:
            return nx.dijkstra_path_length(transit, source, target, "cost")
        except nx.NetworkXNoPath:
            return None

    def of_way(self, way):
        """What a way costs. Fails if two of its devices are no neighbours."""
        return sum(self.graph.edges[pair]["cost"] for pair in pairwise(way))


def shown(site):
    """A site in two lines, for the report of a failed example."""
    kinds = [
        f"{one.number} {one.path} {'router' if one.is_router else one.board or 'quiet'}"
        for one in site.devices
    ]
    links = [f"{one.a.number}-{one.b.number} {one.latency_ms}" for one in site.links]
    return "devices: " + ", ".join(kinds) + "\nlinks: " + ", ".join(links)


def linkable(site):
    """Every pair of devices that `link` takes, by number."""
    return [
        (a, b)
        for a, b in combinations(site.devices, 2)
        if (a.is_router or b.is_router) and set(a.domains) & set(b.domains)
    ]


def _draw_inputs(draw, sources, stage):
    inputs = st.lists(st.sampled_from(sources), min_size=1, max_size=3, unique=True)
    for source in draw(inputs):
        source >> stage


def _draw_links(draw, site):
    """Declare links: at most two to a leaf; in a mesh they give attributes to implied ones."""
    pairs = linkable(site)
    if not pairs:
        return
    spine = _spine(pairs) if draw(st.booleans()) else []
    drawn = draw(st.lists(st.sampled_from(pairs), max_size=len(site.devices), unique=True))
    parents = dict.fromkeys(site.devices, 0)
    for a, b in dict.fromkeys(spine + drawn):
        if any(not end.is_router and parents[end] == PARENTS_MAX for end in (a, b)):
            continue
        site.link(a, b, latency_ms=draw(st.sampled_from(LATENCIES_MS)))
        parents[a] += 1
        parents[b] += 1


def _spine(pairs):
    """A link from each device to the router declared last before it, where one can be."""
    before = {b: (a, b) for a, b in pairs if a.is_router}
    return list(before.values())
