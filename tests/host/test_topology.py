"""Topology: numbers, implied links and what is recorded with the person's line."""

import inspect
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.mesh import PARENTS_MAX, ROUTERS_MAX
from actors.topology import Device, Topology, parse_address


def pairs(site: Topology) -> list[tuple[str, str]]:
    """All links as pairs of device names, by number."""
    return [(link.a.name, link.b.name) for link in site.links]


def said(site: Topology) -> list[str]:
    return [problem.what for problem in site.problems]


def test_devices_are_numbered_in_the_order_of_declaration():
    site = Topology("s")
    field, office = site.domain("field"), site.domain("office")
    for domain, name in ((office, "a"), (field, "b"), (office, "c")):
        domain.device(name)
    assert [(d.path, d.number) for d in site.devices] == [
        ("office/a", 1),
        ("field/b", 2),
        ("office/c", 3),
    ]
    assert [domain.name for domain in site.domains] == ["field", "office"]


def test_workers_route_and_boards_do_not_unless_told_otherwise():
    field = Topology("s").domain("field")
    assert field.device("worker").is_router
    assert not field.device("quiet", router=False).is_router
    probe = field.device("probe", board="virtual")
    assert probe.is_board
    assert not probe.is_worker
    assert not probe.is_router


def test_a_gateway_is_addressed_by_its_home_and_belongs_to_both_domains():
    site = Topology("s")
    field, backbone = site.domain("field"), site.domain("backbone")
    gate = field.device("gate", also_in=[backbone, backbone, field])
    assert gate.path == "field/gate"
    assert gate.domains == (field, backbone)
    assert backbone.devices == (gate,)


def test_up_to_eight_routers_of_a_domain_all_link_to_each_other():
    site = Topology("s")
    field = site.domain("field")
    names = [f"r{n}" for n in range(ROUTERS_MAX)]
    for name in names:
        field.device(name)
    assert pairs(site) == list(combinations(names, 2))


def test_with_a_ninth_router_the_hubs_link_to_all_and_the_rest_to_two_hubs():
    site = Topology("s")
    field, backbone = site.domain("field"), site.domain("backbone")
    for name in ("a", "b", "c"):
        field.device(name)
    for name in ("hub-1", "hub-2", "hub-3"):
        field.device(name, also_in=[backbone])
    for name in ("d", "e", "f"):
        field.device(name)
    found = {frozenset(pair) for pair in pairs(site)}
    hubs = {frozenset(pair) for pair in combinations(("hub-1", "hub-2", "hub-3"), 2)}
    spokes = {frozenset((one, hub)) for one in "abcdef" for hub in ("hub-1", "hub-2")}
    assert found == hubs | spokes


def test_without_a_gateway_the_first_router_is_the_hub_of_a_large_domain():
    site = Topology("s")
    field = site.domain("field")
    for n in range(ROUTERS_MAX + 1):
        field.device(f"r{n}")
    assert pairs(site) == [("r0", f"r{n}") for n in range(1, ROUTERS_MAX + 1)]


def test_a_leaf_links_to_two_routers_hubs_first_and_never_to_a_leaf():
    site = Topology("s")
    field, backbone = site.domain("field"), site.domain("backbone")
    field.device("probe", board="virtual")
    field.device("meter", board="virtual")
    for name in ("a", "b"):
        field.device(name)
    field.device("gate", also_in=[backbone])
    of_probe = [pair for pair in pairs(site) if "probe" in pair]
    assert of_probe == [("probe", "a"), ("probe", "gate")]
    assert ("probe", "meter") not in pairs(site)


def test_a_declared_link_gives_its_attributes_to_the_implied_one():
    site = Topology("s")
    field = site.domain("field")
    gate, probe = field.device("gate"), field.device("probe", board="virtual")
    site.link(probe, gate, latency_ms=2, bandwidth_kbps=115)
    [link] = site.links
    assert (link.number, link.a, link.b) == (1, gate, probe)
    assert (link.latency_ms, link.bandwidth_kbps) == (2, 115)
    assert link.declared_at is not None
    assert link.other(gate) is probe
    assert link.other(probe) is gate


def test_a_declared_link_of_a_leaf_counts_among_its_two_parents():
    site = Topology("s")
    field = site.domain("field")
    routers = [field.device(name) for name in "abc"]
    probe = field.device("probe", board="virtual")
    site.link(probe, routers[2])
    assert [pair for pair in pairs(site) if "probe" in pair] == [("a", "probe"), ("c", "probe")]


def test_a_domain_without_mesh_has_only_declared_links():
    site = Topology("s")
    field = site.domain("field", mesh=False)
    a, b, _c = (field.device(name) for name in "abc")
    assert site.links == ()
    site.link(b, a)
    assert pairs(site) == [("a", "b")]


def test_a_device_declared_later_is_in_the_links():
    site = Topology("s")
    field = site.domain("field")
    field.device("a")
    assert site.links == ()
    field.device("b")
    assert pairs(site) == [("a", "b")]


def test_a_device_is_found_by_its_path_and_by_itself_only_in_its_own_site():
    site, other = Topology("s"), Topology("t")
    desk = site.domain("office").device("desk")
    assert site.find("office/desk") is desk
    assert site.find(desk) is desk
    assert site.find("desk") is None
    assert site.find(None) is None
    assert site.find(other.domain("office").device("desk")) is None


def test_the_controller_is_on_the_first_worker_unless_placed():
    site = Topology("s")
    field = site.domain("field")
    assert site.controller_device is None
    field.device("probe", board="virtual")
    gate, desk = field.device("gate"), field.device("desk")
    assert site.controller_device is gate
    site.controller(at="field/desk")
    assert site.controller_device is desk


def test_a_device_without_an_address_listens_at_its_number():
    field = Topology("s").domain("field")
    assert field.device("a").endpoint == ("127.0.0.1", 7401)
    assert field.device("b", host="pi.local").endpoint == ("pi.local", 7402)
    assert field.device("c", address="10.0.0.2:9000").endpoint == ("10.0.0.2", 9000)


@pytest.mark.parametrize(
    ("address", "endpoint"),
    [
        ("127.0.0.1:1", ("127.0.0.1", 1)),
        ("pi.local:65535", ("pi.local", 65535)),
        ("[::1]:7400", ("::1", 7400)),
    ],
)
def test_an_address_is_read(address, endpoint):
    assert parse_address(address) == endpoint


@pytest.mark.parametrize(
    "address",
    ["", ":", "host", "host:", ":80", "host:0", "host:65536", "host:-1", "host:8o", "a b:80",
     "::1:80", "[]:80", "host:²"],
)  # fmt: skip
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(ValueError, match=r"port|host"):
        parse_address(address)


def test_a_mistake_is_recorded_with_the_line_of_the_person_and_declaring_goes_on():
    site = Topology("s")
    line = inspect.currentframe().f_lineno + 1
    desk = site.domain("the office").device("desk")
    [problem] = site.problems
    assert (problem.file, problem.line) == (__file__, line)
    assert desk.path == "the office/desk"


def test_names_that_are_no_text_are_recorded():
    site = Topology(None)
    site.domain(["a"]).device(3)
    assert said(site) == [
        "a site cannot be called None",
        "a domain cannot be called ['a']",
        "a device cannot be called 3",
    ]


SHAPES = st.lists(
    st.tuples(
        st.integers(0, 3), st.sets(st.integers(0, 3)), st.booleans(), st.booleans()
    ),
    max_size=30,
)


def build(shape) -> Topology:
    """A site of four domains; a device is home, further domains, board?, router?"""
    site = Topology("s")
    domains = [site.domain(f"d{n}") for n in range(4)]
    for number, (home, others, is_board, is_router) in enumerate(shape):
        domains[home].device(
            f"n{number}",
            also_in=[domains[other] for other in sorted(others)],
            board="virtual" if is_board else None,
            router=None if is_board else is_router,
        )
    return site


@given(SHAPES)
def test_implied_links_keep_the_rules_whatever_the_site(shape):
    site = build(shape)
    seen: set[tuple[Device, Device]] = set()
    for place, link in enumerate(site.links, 1):
        assert link.number == place
        assert link.a.number < link.b.number
        assert set(link.a.domains) & set(link.b.domains)
        assert link.a.is_router or link.b.is_router
        seen.add((link.a, link.b))
    assert len(seen) == len(site.links)
    for device, near in site.neighbours().items():
        routers = {
            one for domain in device.domains for one in domain.devices if one.is_router
        } - {device}
        if not device.is_router:
            assert len(near) == min(PARENTS_MAX, len(routers))


@given(SHAPES)
def test_the_same_declarations_always_give_the_same_numbers(shape):
    one, two = build(shape), build(shape)
    assert [(d.number, d.path) for d in one.devices] == [(d.number, d.path) for d in two.devices]
    assert pairs(one) == pairs(two)


@given(SHAPES)
def test_the_routers_of_a_domain_always_hang_together(shape):
    site = build(shape)
    near = site.neighbours()
    for domain in site.domains:
        routers = {device for device in domain.devices if device.is_router}
        waiting = [min(routers, key=lambda one: one.number)] if routers else []
        reached = set(waiting)
        while waiting:
            fresh = routers & set(near[waiting.pop()]) - reached
            reached |= fresh
            waiting.extend(fresh)
        assert reached == routers
