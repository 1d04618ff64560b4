"""The plan and the difference of two plans: numbers, ways, origins, and what has to wait for what.

Commands are judged in two ways: by the graph of what each waits for, and by carrying them out on
real nodes in a random order that this graph allows.
"""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import networkx as nx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors.check import check, load_checked
from actors.difference import diff
from actors.pipeline import Pipeline
from actors.plan import make_plan
from actors.site import Site
from actors.topology import Topology
from mp_actors import frame
from mp_actors.operators import Deadband, Mean, Window
from tests.conftest import ROOT
from tests.host.memory_site import MemorySite
from tests.host.sites import SITES, Keep, Pulse, flows, whole_topologies

FIELD_SITE = '''
from parts import Pulse
from actors import Pipeline, Topology
from mp_actors.operators import Count, Deadband, Print
site = Topology("two")
field, office = site.domain("field"), site.domain("office")
probe = field.device("probe", board="virtual")
gate = field.device("gate", also_in=[office])
desk = office.device("desk")
flow = Pipeline("flow")
flow.add(Pulse, at=probe) >> flow.add(Deadband, width=1) >> flow.add(Count) >> flow.add(Print)
'''


def field():
    """probe - gate - backbone - office gate - desk and w1; the controller is on w1."""
    site = Topology("field")
    field, office, backbone = site.domain("field"), site.domain("office"), site.domain("backbone")
    field.device("probe", board="virtual")
    field.device("gate", also_in=[backbone])
    office.device("gate", also_in=[backbone])
    office.device("desk")
    office.device("w1")
    site.controller(at="office/w1")
    return site


def planned(*flows, topology=None):
    return make_plan(Site("site.py", topology or field(), flows))


def basic(step=1, mean_at="office/w1", keep="keep", extra=False):
    """pulse >> near >> far >> mean >> keep, and late >> far; changed a little by arguments."""
    flow = Pipeline("flow")
    pulse = flow.add(Pulse, at="field/probe", step=step)
    near = flow.add(Deadband, at="field/probe", name="near", width=1)
    far = flow.add(Deadband, at="office/desk", name="far", width=2)
    mean = flow.add(Mean, at=mean_at, name="mean")
    end = flow.add(Keep, at="office/desk", name=keep)
    late = flow.add(Pulse, at="field/gate", name="late")
    pulse >> near >> far >> mean >> end
    late >> far
    if extra:
        late >> flow.add(Window, at="office/w1", name="window", size=3)
    return planned(flow)


def changes(old, new):
    """What a difference does, starts aside: {(kind, device, what)}."""
    found = set()
    for command in diff(old, new):
        if command.kind == "wire":
            found.add(("wire", command.device, command.arguments[0]["wire"]))
        elif command.kind != "start":
            found.add((command.kind, command.device, command.arguments[0]))
    return found


def graph_of(commands):
    """Who waits for whom. Fails on an unknown or doubled key, and on a circle."""
    keys = [command.key for command in commands]
    assert len(keys) == len(set(keys))
    graph = nx.DiGraph()
    graph.add_nodes_from(keys)
    graph.add_edges_from((one, command.key) for command in commands for one in command.after)
    assert set(graph) == set(keys)
    assert nx.is_directed_acyclic_graph(graph)
    return graph


def assert_running(site, plan):
    """Just the actors and wires of a plan are there, and every wire joins two that live."""
    for path, system in site.systems.items():
        assert system.classes == {
            actor.path: (actor.code, actor.arguments)
            for actor in plan.actors.values()
            if actor.path.startswith(path + "/")
        }
    ends = {
        (number, path): (node.wires.inlets.get(number), node.wires.outboxes.get(number))
        for path, node in site.nodes.items()
        for number in {*node.wires.inlets, *node.wires.outboxes}
    }
    assert set(ends) == {
        (wire.number, path) for wire in plan.wires.values() for path in {wire.way[0], wire.way[-1]}
    }
    for wire in plan.wires.values():
        source, target = (site.node_of(end).scheduler.cells[end] for end in (
            wire.source, wire.target
        ))
        inlet = ends[wire.number, wire.way[-1]][0]
        outlet = inlet if len(wire.way) == 1 else ends[wire.number, wire.way[0]][1]
        assert inlet.cell is target
        assert inlet in target.inlets
        assert outlet in source.outlets
    cells = [cell for node in site.nodes.values() for cell in node.scheduler.cells.values()]
    assert sum(len(cell.outlets) for cell in cells) == len(plan.wires)
    assert sum(len(cell.inlets) for cell in cells) == len(plan.wires)


def test_the_same_file_gives_the_same_plan(tmp_path):
    (tmp_path / "site.py").write_text(FIELD_SITE)
    parts = "from mp_actors import Sensor\nclass Pulse(Sensor):\n    pass\n"
    (tmp_path / "parts.py").write_text(parts)
    plans = [make_plan(load_checked(tmp_path / "site.py")) for _ in range(2)]
    first, second = (replace(plan, devices={}) for plan in plans)  # devices know their topology
    assert first == second
    assert list(plans[0].devices) == list(plans[1].devices)
    assert [diff(None, plan) for plan in plans[:1]] == [diff(None, plan) for plan in plans[1:]]


def test_actors_and_wires_are_numbered_in_the_order_of_declaration():
    plan = basic()
    names = ["pulse", "near", "far", "mean", "keep", "late"]
    assert [(one.number, one.name) for one in plan.actors.values()] == list(enumerate(names, 1))
    ends = [(wire.source.split("/")[2], wire.target.split("/")[2]) for wire in plan.wires.values()]
    assert list(plan.wires) == [1, 2, 3, 4, 5]
    assert ends[0] == ("pulse", "near")
    assert ends[-1] == ("late", "far")


def test_ways_and_hops_are_those_of_the_devices_on_the_way():
    plan = basic()
    assert plan.wires[1].way == ("field/probe",)
    assert plan.wires[2].way == ("field/probe", "field/gate", "office/gate", "office/desk")
    assert [wire.hops for wire in plan.wires.values()] == [0, 2, 0, 0, 1]
    # Nobody on these ways takes less than a host; what a board can send it knows itself.
    assert {wire.limit_bytes for wire in plan.wires.values()} == {frame.HOST_LIMIT_BYTES}
    assert plan.ways["field/probe"] == ("office/w1", "office/gate", "field/gate", "field/probe")


@pytest.mark.parametrize(("seal", "overhead_bytes"), [("plain", 0), ("ccm", 12), ("fernet", 589)])
def test_a_frame_to_a_board_fits_one_record_of_its_link(seal, overhead_bytes):
    topology = Topology("field", seal=seal)
    field = topology.domain("field")
    probe, gate = field.device("probe", board="virtual"), field.device("gate")
    flow = Pipeline("flow")
    flow.add(Pulse, at=gate) >> flow.add(Keep, at=probe)
    (wire,) = planned(flow, topology=topology).wires.values()
    assert wire.limit_bytes == frame.BOARD_IN_LIMIT_BYTES - overhead_bytes


def test_origins_pass_through_filters_and_end_at_aggregators():
    plan = basic()
    pulse, late = (1, "field/probe/pulse"), (6, "field/gate/late")
    assert {number: wire.origins for number, wire in plan.wires.items()} == {
        1: (),  # the wire's own source needs no number
        2: (pulse,),
        3: (pulse, late),
        4: (),
        5: (),
    }


def test_nothing_changes_between_a_plan_and_itself_and_every_device_is_started():
    plan = basic()
    commands = diff(plan, plan)
    assert {command.kind for command in commands} == {"start"}
    assert sorted(command.device for command in commands) == sorted(plan.devices)
    assert all(command.after == () for command in commands)


def test_changed_arguments_make_the_actor_anew_with_its_wires():
    assert changes(basic(), basic(step=2)) == {
        ("unwire", "field/probe", 1),
        ("stop", "field/probe", "pulse"),
        ("spawn", "field/probe", "pulse"),
        ("wire", "field/probe", 1),
    }


def test_a_moved_actor_is_stopped_there_and_made_here_with_its_wires():
    assert changes(basic(), basic(mean_at="office/gate")) == {
        *(("unwire", device, 3) for device in ("office/desk", "office/w1")),
        *(("unwire", device, 4) for device in ("office/desk", "office/w1")),
        ("stop", "office/w1", "mean"),
        ("spawn", "office/gate", "mean"),
        *(("wire", device, 3) for device in ("office/desk", "office/gate")),
        *(("wire", device, 4) for device in ("office/desk", "office/gate")),
    }


def test_added_and_removed_things_touch_nothing_else():
    added = {("spawn", "office/w1", "window")}
    ends = ("field/gate", "office/w1")
    assert changes(basic(), basic(extra=True)) == added | {("wire", end, 6) for end in ends}
    removed = {("stop", "office/w1", "window")}
    assert changes(basic(extra=True), basic()) == removed | {("unwire", end, 6) for end in ends}


def test_an_actor_that_only_got_another_number_goes_on():
    flow = Pipeline("flow")
    flow.add(Pulse, at="office/desk", name="first")
    pulse = flow.add(Pulse, at="field/probe")
    keep = flow.add(Keep, at="office/desk")
    pulse >> keep
    shorter = Pipeline("flow")
    shorter.add(Pulse, at="field/probe") >> shorter.add(Keep, at="office/desk")
    assert changes(planned(shorter), planned(flow)) == {("spawn", "office/desk", "first")}


def test_removals_come_before_anything_new():
    commands = diff(basic(), basic(mean_at="office/gate"))
    graph = graph_of(commands)
    removals = {one.key for one in commands if one.kind in ("stop", "unwire")}
    assert len(removals) == 5
    for command in commands:
        if command.kind in ("spawn", "wire"):
            assert removals <= nx.ancestors(graph, command.key)


def test_a_new_map_is_given_once_to_the_controllers_device_and_spreads_from_there():
    old = basic()
    new = replace(old, route_map={**old.route_map, "version": 2})
    commands = [command for command in diff(old, new) if command.kind == "map"]
    (command,) = commands
    assert (command.key, command.actor) == (("map",), "router")
    assert old.devices[command.device].is_router
    passed = old.ways[command.device][:-1]
    assert not any(old.devices[path].is_router for path in passed)
    assert command.arguments == (new.route_map,)


def test_a_new_device_is_watched_and_the_old_ones_are_not_told_again():
    devices = basic().devices
    fewer = {path: device for path, device in devices.items() if path != "field/gate"}
    old = replace(basic(), devices=fewer)
    watched = [command.device for command in diff(old, basic()) if command.kind == "watch"]
    assert watched == ["field/gate"]


@st.composite
def plans(draw, count=1):
    """A topology and `count` plans of random pipelines on it."""
    topology = draw(whole_topologies())
    made = []
    for _ in range(count):
        site = Site("site.py", topology, (draw(flows(topology)),))
        # These classes lie beside no site file; nothing else may be wrong.
        assert all("cannot import" in problem.what for problem in check(site))
        made.append(make_plan(site))
    return topology, made


@settings(SITES, max_examples=100)
@given(plans())
def test_a_roll_out_begins_with_the_map_and_follows_the_flow(made):
    _, (plan,) = made
    commands = diff(None, plan)
    graph = graph_of(commands)
    flow = nx.DiGraph([(wire.source, wire.target) for wire in plan.wires.values()])
    flow.add_nodes_from(plan.actors)
    for command in commands:
        before = nx.ancestors(graph, command.key)
        if command.kind != "map":
            assert ("map",) in before, command.key
        if command.kind not in ("map", "watch"):
            assert ("watch", command.device) in before, command.key
        if command.key[0] == "source":
            wire = plan.wires[command.key[1]]
            assert {("spawn", wire.source), ("spawn", wire.target)} <= before
            assert len(wire.way) == 1 or ("target", wire.number) in before
        if command.kind == "wire":
            fed = plan.wires[command.key[1]].target
            leaving = [one.number for one in plan.wires.values() if one.source == fed]
            assert {("source", number) for number in leaving} <= before
        if command.kind == "start":
            here = [path for path in plan.actors if path.startswith(command.device + "/")]
            downstream = {*here}.union(*(nx.descendants(flow, path) for path in here))
            wires = [wire for wire in plan.wires.values() if wire.source in downstream]
            assert {("source", wire.number) for wire in wires} <= before
            assert {("spawn", path) for path in downstream} <= before


@settings(SITES, max_examples=60)
@given(plans(count=3), st.integers(0, 1 << 20))
def test_differences_carried_out_one_after_the_other_lead_to_each_plan(made, seed):
    topology, chain = made
    site = MemorySite(topology)
    for old, new in zip([None, *chain], [*chain, chain[0]], strict=True):
        site.carry_out(diff(old, new), seed)
        assert_running(site, new)
        site.carry_out(diff(new, new), seed)
        assert_running(site, new)


def drops_what_is_waited_for(commands, kind):
    return [replace(one, after=tuple(key for key in one.after if key[0] != kind))
            for one in commands]


@pytest.mark.parametrize("kind", ["spawn", "stop", "unwire"])
def test_what_is_waited_for_is_needed(kind):
    """Without one kind of dependency some order goes wrong."""
    old, new = basic(), basic(step=2, mean_at="office/gate")

    def in_many_orders():
        for seed in range(30):
            site = MemorySite(field())
            site.carry_out(diff(None, old), seed)
            site.carry_out(drops_what_is_waited_for(diff(old, new), kind), seed)
            assert_running(site, new)

    with pytest.raises(AssertionError):
        in_many_orders()


def test_a_good_site_is_planned_without_what_only_its_mistakes_need():
    site = Path(ROOT) / "samples" / "greenhouse" / "site.py"
    program = (
        "import sys; from actors.check import load_checked; from actors.plan import make_plan; "
        f"make_plan(load_checked({str(site)!r})); "
        "print([name for name in ('networkx', 'numpy', 'highspy') if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout == "[]\n"
