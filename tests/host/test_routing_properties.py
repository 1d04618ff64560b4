"""Routing as a whole: whatever the site looks like, what is sent arrives as the laws below say.

A random site of up to 30 devices comes up over memory links whose reads are cut at random; random
pairs of actors exchange control messages and readings; then nothing moves any more and each law is
held against what arrived, what crossed the links and what the devices report. The oracle is
networkx, on a graph built here from the links alone. At the end wrong routers show that each law
can be broken.

A leaf has no map: a wire tells it which neighbour is the cheapest for its target, and what else it
sends to that device goes the same way.
"""

import random
from collections import Counter
from dataclasses import dataclass

import pytest
from hypothesis import find, given, settings
from hypothesis import strategies as st

from actors.ledger import account
from actors.plan import WirePlan
from actors.topology import Topology
from mp_actors import Actor, Sink, batch, frame, ticks
from mp_actors.connection import LOOK_MS
from mp_actors.node import Limits
from mp_actors.router import Router
from tests.host import wrong_routers
from tests.host.memory_site import MemorySite
from tests.host.sites import SITES, Oracle, Talk, shown, talks, topologies


@dataclass(frozen=True, repr=False)
class Case:
    """A site, what is sent over it, and the seed of everything that is up to chance."""

    topology: Topology
    talks: list[Talk]
    seed: int

    def __repr__(self):
        return f"\n{shown(self.topology)}\ntalks: {self.talks}\nseed: {self.seed}"


@st.composite
def cases(draw):
    topology = draw(topologies())
    return Case(topology, draw(talks(topology)), draw(st.integers(0, 1 << 30)))


class Sender(Actor):
    def on_say(self, path, text):
        self.tell(path, "hear", text)

    def on_measure(self, value):
        self.emit(value)


class Receiver(Sink):
    def __init__(self, heard):
        self.heard = heard

    def on_hear(self, text):
        self.heard.append((self.path, self.sender, "control", text))

    def write(self, value):
        self.heard.append((self.path, self.source, "reading", value))


class Run:
    """One case, carried out until nothing moves."""

    def __init__(self, case, **classes):
        self.case = case
        self.oracle = Oracle(case.topology)
        self.heard = []
        # Half of all runs pass the moment at which the counter of milliseconds wraps.
        ticks_ms = ticks.WRAP_MS - 3 if case.seed % 2 else 0
        self.site = MemorySite(case.topology, case.seed, ticks_ms=ticks_ms, **classes)
        self.site.give_maps()
        self.wires = []
        self._make_actors()
        self._send_all()
        # A frame is its sender's until it is acknowledged, also one that a router has dropped.
        self.site.run_ms(LOOK_MS)

    def _make_actors(self):
        for device in self.case.topology.devices:
            for twin in range(2):
                self.site.spawn(f"{device.path}/in{twin}", lambda: Receiver(self.heard))
        for number, talk in enumerate(self.case.talks, 1):
            source = f"{talk.source.path}/out{number}"
            self.site.spawn(source, Sender)
            wire = self._wire(number, source, talk)
            self.wires.append(wire)
            for device in {talk.source.path, talk.target.path}:
                self.site.nodes[device].wires.connect(wire.spec)

    def _wire(self, number, source, talk):
        way = self.site.routing.way(talk.source, talk.target)
        if not way:  # its readings end at the source or at one of its parents
            way = [talk.source, talk.target]
            way += [parent for _, parent in self.site.routing.parents(talk.source)]
        return WirePlan(
            number=number,
            source=source,
            target=f"{talk.target.path}/in{talk.twin}",
            way=tuple(device.path for device in way),
            source_device=talk.source.number,
            target_device=talk.target.number,
            origins=(),
            limit_bytes=frame.BOARD_IN_LIMIT_BYTES,
            items_max=Limits(True).items,
            via=way[1].number if len(way) > 1 else 0,
        )

    def _send_all(self):
        """Everything in the order of each talk, the talks mixed, some rounds in between."""
        rest = [
            [("say", wire.target, f"{wire.number}.{n}") for n in range(talk.control)]
            + [("measure", 100 * wire.number + n) for n in range(talk.readings)]
            for wire, talk in zip(self.wires, self.case.talks, strict=True)
        ]
        chance = random.Random(self.case.seed)
        while open_talks := [number for number, left in enumerate(rest) if left]:
            number = chance.choice(open_talks)
            self.site.post(self.wires[number].source, *rest[number].pop(0))
            for _ in range(chance.randrange(3)):
                self.site.round()

    def pairs(self):
        """(wire, talk, whether the oracle knows a way)."""
        for wire, talk in zip(self.wires, self.case.talks, strict=True):
            cost_us = self.oracle.cost_us(talk.source.number, talk.target.number)
            yield wire, talk, cost_us is not None

    def bodies(self, wire):
        """{body: its crossings} of all frames that carry something of this wire's talk."""
        found = {}
        for one in self.site.trace:
            if one.head.flags & frame.CLASS_BITS == frame.CONTROL:
                owner = self.site.node_of(wire.source).codec.decode(one.body)["from"]
            else:
                owner = self.wires[batch.head(one.body)[0] - 1].source
            if owner == wire.source:
                found.setdefault(one.body, []).append(one)
        return found


def sent(wire, talk):
    """What a talk says: (its receiver, its sender, which lane, what) in order."""
    said = [("control", f"{wire.number}.{n}") for n in range(talk.control)]
    measured = [("reading", 100 * wire.number + n) for n in range(talk.readings)]
    return [(wire.target, wire.source, lane, what) for lane, what in said + measured]


def law_it_arrives_at_the_right_actor_only_if_a_way_exists(run):
    expected = {one for wire, talk, there in run.pairs() if there for one in sent(wire, talk)}
    assert set(run.heard) == expected


def law_it_arrives_once(run):
    assert [one for one, times in Counter(run.heard).items() if times > 1] == []


def law_what_one_actor_sends_another_arrives_in_order(run):
    for wire, talk, there in run.pairs():
        for lane in ("control", "reading") if there else ():
            wanted = [one for one in sent(wire, talk) if one[2] == lane]
            got = [one for one in run.heard if one[1:3] == (wire.source, lane)]
            assert got == wanted, wire


def law_it_takes_the_planned_way_and_that_is_a_shortest_one(run):
    for wire, talk, there in run.pairs():
        planned = run.site.routing.way(talk.source, talk.target)
        assert bool(planned) == there
        if not there or talk.source is talk.target:
            continue
        ends = talk.source.number, talk.target.number
        for crossings in run.bodies(wire).values():
            way = [crossings[0].sender] + [one.receiver for one in crossings]
            assert way == [device.number for device in planned], wire
            assert way[:-1] == [one.sender for one in crossings], wire
            assert crossings[-1].head.hops == len(planned) - 2 == wire.hops
            assert run.oracle.of_way(way) == run.oracle.cost_us(*ends), wire


def law_every_reading_is_accounted_for(run):
    reports = run.site.reports()
    for wire, talk, there in run.pairs():
        made = account(wire, reports)
        arrived = [one for one in run.heard if one[1:3] == (wire.source, "reading")]
        assert made.is_exact, (wire, made)
        assert made.unexplained == 0, (wire, made)
        assert (made.accepted, made.delivered) == (talk.readings, len(arrived)), (wire, made)
        assert not there or (made.dropped == {} and made.in_flight == 0), (wire, made)
        lost = [row[2] for one in reports.values() for row in one.figures["lost"]
                if row[0] == wire.number]
        assert sum(lost) == sum(made.dropped.values()), (wire, made)


def law_every_control_message_is_accounted_for(run):
    lost = Counter()
    for report in run.site.reports().values():
        lost.update(report.figures["control"])
        assert report.figures["link_errors"] == {}
    cut_off = sum(talk.control for _, talk, there in run.pairs() if not there)
    assert +lost == +Counter({"no-route": cut_off})


LAWS = [value for name, value in list(globals().items()) if name.startswith("law_")]


def broken_laws(case, **classes):
    """The laws that do not hold in a run with these classes."""
    run = Run(case, **classes)
    broken = []
    for law in LAWS:
        try:
            law(run)
        except AssertionError:
            broken.append(law)
    return broken


@settings(SITES, max_examples=200)
@given(cases())
def test_the_laws_of_routing_hold_on_random_sites(case):
    run = Run(case)
    for law in LAWS:
        law(run)


WRONG = [
    (wrong_routers.ThroughLeaves, law_it_arrives_at_the_right_actor_only_if_a_way_exists),
    (wrong_routers.NextDoor, law_it_arrives_at_the_right_actor_only_if_a_way_exists),
    (wrong_routers.WholeReads, law_it_arrives_at_the_right_actor_only_if_a_way_exists),
    (wrong_routers.WrongTwin, law_it_arrives_at_the_right_actor_only_if_a_way_exists),
    (wrong_routers.TwiceForSafety, law_it_arrives_once),
    (wrong_routers.Overtaken, law_what_one_actor_sends_another_arrives_in_order),
    (wrong_routers.FewestHops, law_it_takes_the_planned_way_and_that_is_a_shortest_one),
    (wrong_routers.HigherNumberWins, law_it_takes_the_planned_way_and_that_is_a_shortest_one),
    (wrong_routers.Leaky, law_every_reading_is_accounted_for),
    (wrong_routers.Secretive, law_every_reading_is_accounted_for),
    (wrong_routers.CountsTwice, law_every_reading_is_accounted_for),
    (wrong_routers.Leaky, law_every_control_message_is_accounted_for),
    (wrong_routers.Secretive, law_every_control_message_is_accounted_for),
    (wrong_routers.CountsTwice, law_every_control_message_is_accounted_for),
]


@pytest.mark.parametrize(("wrong", "law"), WRONG, ids=lambda one: one.__name__)
def test_a_wrong_one_is_found_out(wrong, law):
    classes = {"router" if issubclass(wrong, Router) else "node": wrong}
    searching = settings(SITES, max_examples=1000, database=None)

    def is_broken(case):
        return law in broken_laws(case, **classes)

    # A seed of its own: else what is found depends on which tests ran before.
    find(cases(), is_broken, settings=searching, random=random.Random(3))


def test_every_law_is_broken_by_something_wrong():
    assert {law for _, law in WRONG} == set(LAWS)
