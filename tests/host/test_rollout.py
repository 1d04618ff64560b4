"""Roll-out: the controller brings a site up over the very routers it has yet to tell the ways.

Real nodes over memory links, in virtual time: from a plan to flowing readings, with devices that
come late, answers that take another way than their questions, and a halt after which the ledger is
exact. Nothing but control messages reaches a device.
"""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from actors import controller as controlling
from actors.ledger import account
from actors.orders import Orders
from actors.pipeline import Pipeline
from actors.plan import make_plan
from actors.site import Site
from actors.topology import Topology
from mp_actors import Sensor
from mp_actors.operators import Deadband, Window
from tests.host.memory_site import ROOMS, MemorySite
from tests.host.sites import SITES, Keep, Pulse, flows, whole_topologies

READY_MS = 20000  # a command is repeated after 4 s at the latest


class Broken(Sensor):
    """Cannot be made."""

    def __init__(self, part):
        raise ValueError(f"no {part}")


def row_of_domains():
    """w1 - office/gate - field/gate - probe, the next domain reached by the gate before it."""
    site = Topology("row")
    office, backbone, field = site.domain("office"), site.domain("backbone"), site.domain("field")
    office.device("w1")
    office.device("gate", also_in=[backbone])
    field.device("gate", also_in=[backbone])
    field.device("probe", board="virtual")
    return site


def ring():
    """Two ways of one cost: from `a` to `z` by q alone, back by s3, s2 and s1.

    From either side a tie goes to the lower number next to the end.
    """
    site = Topology("ring")
    one = site.domain("one", mesh=False)
    a, s1, q, s2, s3, z = (one.device(name) for name in ("a", "s1", "q", "s2", "s3", "z"))
    for pair in ((a, q), (q, z)):
        site.link(*pair, latency_ms=2)
    for pair in ((a, s1), (s1, s2), (s2, s3), (s3, z)):
        site.link(*pair, latency_ms=1)
    return site


def pulse_to_keep(source, target, cls=Pulse, **arguments):
    flow = Pipeline("flow")
    pulse = flow.add(cls, at=source, name="pulse", **arguments)
    pulse >> flow.add(Deadband, at=source, name="near", width=2) >> flow.add(
        Window, name="window", size=2
    ) >> flow.add(Keep, at=target)
    return flow


class Run:
    """A site with its controller at work."""

    def __init__(self, topology, flow, seed=0, late=(), rooms=ROOMS):
        Keep.kept = []
        self.plan = make_plan(Site("site.py", topology, (flow,)))
        self.site = MemorySite(topology, seed, late, rooms=rooms)
        self.controller = self.site.control_by(self.plan)

    @property
    def status(self):
        return self.controller.on_status()

    def until_ready(self):
        self.site.run_until(lambda: self.status["ready"], READY_MS)

    def halt(self):
        """Halt, and wait until every device has obeyed and reported since."""
        self.site.post(self.plan.controller + "/controller", "halt")
        self.site.round()  # until it takes this, the last reports are those of before
        everybody = self.plan.devices
        self.site.run_until(
            lambda: all(self.status["devices"][path]["rested"] for path in everybody), READY_MS
        )

    def assert_exact(self):
        """Each account is closed, and says what sensors made and sinks kept."""
        rows = {row["wire"]: row for row in self.status["wires"]}
        kept = dict.fromkeys(self.plan.actors, 0)
        for path, _, _ in Keep.kept:
            kept[path] += 1
        into = dict.fromkeys(self.plan.actors, 0)
        for number, wire in self.plan.wires.items():
            row = rows[number]
            assert row["accepted"] == row["delivered"], row
            assert (row["dropped"], row["in_flight"], row["unexplained"]) == ({}, 0, 0), row
            into[wire.target] += row["delivered"]
            source = self.site.node_of(wire.source).scheduler.cells[wire.source]
            if source.actor.role == "sensor":
                # Also what it made first: no sensor starts before its wires are there.
                assert row["accepted"] == source.handled > 0
        sinks = [path for path, actor in self.plan.actors.items() if actor.role == "sink"]
        assert {path: kept[path] for path in sinks} == {path: into[path] for path in sinks}

    def control_lost(self):
        lost = [node.control.lost for node in self.site.nodes.values()]
        return [one for one in lost if one]


def test_a_site_is_rolled_out_over_three_hops_through_routers_without_a_map():
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1"))
    routers = ["office/w1", "office/gate", "field/gate"]
    assert [run.site.nodes[path].forwarder.map for path in routers] == [None] * 3
    run.until_ready()
    assert [run.site.nodes[path].forwarder.version for path in routers] == [1] * 3
    assert run.plan.ways["field/probe"] == ("office/w1", "office/gate", "field/gate", "field/probe")
    assert run.control_lost() == []  # breadth first: nobody was spoken to too early
    assert run.status["failures"] == run.status["waiting"] == []


def test_readings_flow_and_after_a_halt_the_ledger_is_exact():
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1", step=1))
    run.until_ready()
    run.site.run_ms(5000)
    assert run.status["seconds"] >= 5
    assert all(device["alive"] for device in run.status["devices"].values())
    run.halt()
    run.assert_exact()
    values = [value for _, _, value in Keep.kept]
    assert values == [[4 * n + 1, 4 * n + 3] for n in range(len(values))]
    assert len(values) >= 12
    assert {row["p50_us"] for row in run.status["wires"]} != {None}
    before = len(Keep.kept)
    run.site.run_ms(3000)
    assert len(Keep.kept) == before  # it rests


def test_what_waits_for_a_link_and_what_is_on_it_is_in_flight_as_long_as_somebody_holds_it():
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1"), rooms=[60])
    run.until_ready()
    run.site.run_ms(1000)
    number = next(one.number for one in run.site.topology.links if one.b.path == "field/gate")
    jammed = run.site.links.pop(number)  # nobody carries its bytes
    run.site.run_ms(3000)
    (wire,) = (one for one in run.plan.wires.values() if one.hops == 2)
    reports = run.site.reports()
    made = account(wire, reports)
    assert made.in_flight > 0
    assert made.is_exact
    assert made.unexplained == 0  # the gate keeps what is not acknowledged
    del reports["field/gate"]
    unheard = account(wire, reports)
    assert unheard.accepted == unheard.delivered + unheard.in_flight + unheard.unexplained
    assert unheard.unexplained > 0
    assert not unheard.is_exact
    run.site.links[number] = jammed
    run.site.run_ms(1000)
    run.halt()
    run.assert_exact()


@pytest.mark.parametrize("late", [["field/probe"], ["field/gate"], ["office/gate", "field/gate"]])
def test_a_device_that_comes_late_is_configured_when_it_comes(late):
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1"), late=late)
    for path in late:
        run.site.run_ms(12000)
        status = run.status
        assert not status["ready"]
        assert any(path in text for text in status["waiting"]), status["waiting"]
        assert not status["devices"][path]["alive"]
        assert Keep.kept == []
        run.site.bring_up(path)
    run.until_ready()
    assert run.status["waiting"] == run.status["failures"] == []
    run.site.run_ms(3000)
    run.halt()
    run.assert_exact()


def test_an_answer_by_another_way_finds_the_map_on_it_already():
    run = Run(ring(), pulse_to_keep("one/z", "one/a"))
    z, a = (run.site.topology.find(path) for path in ("one/z", "one/a"))
    back = [device.name for device in run.site.routing.way(z, a)]
    assert run.plan.ways["one/z"] == ("one/a", "one/q", "one/z")
    assert back == ["z", "s3", "s2", "s1", "a"]
    run.site.run_ms(100)
    # Whoever has a map tells it to its neighbours before anything else, so s3 has it in time.
    assert run.control_lost() == []
    assert run.status["ready"]
    run.site.run_ms(1000)
    run.halt()
    run.assert_exact()


def test_windows_of_windows_of_windows_arrive_as_they_were_made():
    flow = Pipeline("flow")
    last = flow.add(Pulse, at="field/probe", name="pulse")
    for number in range(3):
        window = flow.add(Window, at="field/probe", name=f"window-{number}", size=2)
        last >> window
        last = window
    last >> flow.add(Keep, at="office/w1")
    run = Run(row_of_domains(), flow)
    run.until_ready()
    run.site.run_ms(2000)
    run.halt()
    run.assert_exact()
    assert Keep.kept[0][2] == [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]


def test_an_actor_that_cannot_be_made_is_named_and_the_others_do_their_work():
    flow = pulse_to_keep("field/probe", "office/w1")
    keep = flow.stages[-1]
    flow.add(Broken, at="field/gate", name="lamp", part="filament") >> keep
    run = Run(row_of_domains(), flow)
    run.until_ready()
    run.site.run_ms(5000)
    lamp = run.status["actors"]["field/gate/lamp"]
    assert lamp["down"]
    assert lamp["last_error"].startswith("ValueError: no filament (test_rollout.py:")
    assert len(Keep.kept) > 5


def test_a_class_that_is_not_there_is_a_failure_that_is_told():
    gone = type("Gone", (Pulse,), {"__module__": "nowhere"})
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1", gone))
    run.site.run_ms(8000)
    (failure,) = run.status["failures"]
    assert failure.startswith("field/probe: spawn: nowhere:Gone")
    assert not run.status["ready"]


@settings(SITES, max_examples=40)
@given(st.data())
def test_any_site_is_rolled_out_flows_and_comes_to_rest(data):
    topology = data.draw(whole_topologies())
    flow = data.draw(flows(topology))
    others = [one.path for one in topology.devices if one is not topology.controller_device]
    late = data.draw(st.lists(st.sampled_from(others), max_size=3, unique=True) if others else
                     st.just([]))
    run = Run(topology, flow, data.draw(st.integers(0, 1 << 20)), late)
    for path in late:
        run.site.run_ms(1500)
        run.site.bring_up(path)
    run.until_ready()
    assert run.status["failures"] == []
    run.site.run_ms(1000)
    run.halt()
    run.assert_exact()


# -- wrong on purpose


class Hasty(Orders):
    """Waits for nothing, and begins at the end."""

    def carry_out(self):
        for key, command in reversed(list(self.open.items())):
            if key not in self._sent:
                self._send(command)


class SaidOnce(Orders):
    """Says everything once."""

    def _again(self, command):
        pass


def test_a_controller_that_waits_for_nothing_is_found_out(monkeypatch):
    monkeypatch.setattr(controlling, "Orders", Hasty)
    run = Run(row_of_domains(), pulse_to_keep("field/probe", "office/w1"))
    run.site.run_ms(2000)
    assert any("no such actor" in text for text in run.status["failures"])


def test_a_controller_that_does_not_ask_again_is_found_out(monkeypatch):
    monkeypatch.setattr(controlling, "Orders", SaidOnce)
    flow = pulse_to_keep("field/probe", "office/w1")
    run = Run(row_of_domains(), flow, late=["field/gate"])
    run.site.run_ms(12000)
    run.site.bring_up("field/gate")
    run.site.run_ms(READY_MS)
    assert not run.status["ready"]
