"""What must hold in every simulation, whatever goes wrong: laws, held against a `Sim`.

From a simulation to what is wrong with it, as sentences; nothing here changes a node.
"""

import gc
from collections import Counter
from contextlib import contextmanager
from functools import partial
from random import Random

import networkx as nx

from actors import plan
from actors.accel import codec
from actors.sim import faults as plans
from actors.sim.world import HEAL_MS, Sim
from mp_actors import frame
from mp_actors.credit import QUESTION
from mp_actors.news import digest
from mp_actors.path import join
from mp_actors.requests import Requests
from mp_actors.ticks import WRAP_MS

FLOW_MS = 3000  # after healing, every sink hears from every source within this
LOOK_MS = 100  # how often the omniscient account is looked at
SETTLE_MS = 14_000  # a silent neighbour is given up, a connection times out, news spread
ASK_MS = 9000
BELOW_MS = 5000  # before the wrap: so much later it is met by the first clock
BELOW = 50  # readings of each wire before its numbers wrap
COSTS_US = (500, 1000, 1000, 2000, 5000, 20_000)
COLLECTED_AFTER = 100_000  # objects
# A device that holds an end of a wire never crashes here, so nothing may end for these reasons.
NEVER = ("denied", "gone", "undecodable")


class Watch:
    """Looks at a simulation every 100 ms of its time, and judges it at its end."""

    def __init__(self, sim):
        self.sim = sim
        self.wrong = []
        self._said = set()
        self._sources = _sources(sim.plan)
        self._passed = Counter()
        self._doubts = Counter()  # body -> how often it was sent again
        self._happened = -1
        for device in sim.devices.values():
            make = device._make
            device._make = lambda device, make=make: self._began(make(device))
            self._began(device.node)
        self._look()

    def finish(self):
        """Heal, rest, and judge everything. Returns what is wrong, as sentences."""
        sim = self.sim
        before_ms = HEAL_MS - FLOW_MS
        sim.at(sim.now_us + before_ms * 1000, self._remember_sinks)
        sim.at(sim.now_us + (HEAL_MS - 1) * 1000, self._check_flow)
        sim.finish()
        self._drain()
        self._check_rest()
        self._check_reports()
        self._check_sinks()
        self._check_nodes()
        return self.wrong

    def probe(self, pairs):
        """Ask between pairs of devices; an answer must come if and only if a way exists."""
        sim, answers = self.sim, {}
        for pair in pairs:
            _ask(sim, *pair, lambda error, _value, pair=pair: answers.setdefault(pair, error))
        sim.run_ms(ASK_MS + 100)
        for a, b in pairs:
            there = has_way(sim, a, b)
            answered = (a, b) in answers and answers[a, b] is None
            if there != answered:
                told = answers.get((a, b), "silence")
                self._say(f"probe {a} -> {b}: a way {'exists' if there else 'is missing'}: {told}")
        return self.wrong

    def _say(self, sentence):
        if sentence not in self._said:
            self._said.add(sentence)
            self.wrong.append(f"{self.sim.now_us / 1e6:.1f} s: {sentence}")

    def _look(self):
        sim = self.sim
        # How many events there were, of which this look is one, and crashes: if it was alone, all
        # is as it was.
        happened = sim._scheduled - len(sim._events) + len(sim.graveyard)
        if not self.wrong and happened != self._happened + 1:
            self._judge()
        self._happened = happened
        sim.at(sim.now_us + LOOK_MS * 1000, self._look)

    def _judge(self):
        """What has to hold at any moment."""
        for wire, account in self.sim.whereabouts().items():
            if not account.is_exact and self._is_steady(wire):
                self._say(f"account of wire {wire} not exact: {account}")

    def _drain(self):
        """Nothing here is slow enough for more than the rest that `Sim.finish` gives."""

    def _began(self, node):
        """A device has begun, or begins anew."""
        return self._trace(node)

    def _is_steady(self, _wire):
        """Whether both ends of a wire were there all the time: only then its numbers tell all."""
        return True

    def _is_never(self, _node, _wire, reason):
        """Whether nothing of a wire may end for this reason there."""
        return reason in NEVER

    def _is_asked_again(self, body):
        """Whether a frame can come again without a loop: a question for credit."""
        return body[:1] in QUESTION

    def _trace(self, node):
        """No reading may come to a router twice with one map and one list: that is a loop (R6).

        Unless a session was given up whose frames nobody knew to have arrived.
        """
        forward, again = node.forwarder.forward, node.send_again

        def traced_again(doubts):
            for payload in doubts:
                if payload[0] == frame.ROUTED:
                    self._doubts[payload[frame.Head(payload).body :]] += 1
            again(doubts)

        def traced(payload, head, peer):
            if not head.is_control and node.forwarder.is_router:
                self._pass(node, payload, head)
            forward(payload, head, peer)

        node.send_again = traced_again
        node.forwarder.forward = traced
        return node

    def _pass(self, node, payload, head):
        """A router is about to send data on."""
        body = payload[head.body :]
        if self._is_asked_again(body):
            return
        met = tuple(sorted(head.failed_links(payload)))
        passage = node.number, node.forwarder.version, met, head.flags, body
        self._passed[passage] = times = self._passed.get(passage, 0) + 1
        if times > 1 and times > 1 + self._doubts[body]:
            self._say(f"loop: {node.path} had a frame twice that knew of links {met}")

    def _check_rest(self):
        for wire, account in self.sim.whereabouts().items():
            if account.under_way and self._is_steady(wire):
                self._say(f"rest: {account.under_way} readings of wire {wire} under way")

    def _check_reports(self):
        """What the controller was told against what the simulator saw."""
        seen = self.sim.whereabouts()
        for row in self.sim.summary()["wires"]:
            if row["accepted"] != row["delivered"] + sum(row["dropped"].values()):
                self._say(f"report: not exact at rest: {row}")
        for row in self.sim.status["wires"]:
            if not self._is_steady(row["wire"]):
                continue
            account = seen.get(row["wire"])
            if account is None:
                self._say(f"report: nobody made wire {row['wire']}")
                continue
            told = row["accepted"], row["delivered"]
            if told != (account.accepted, account.delivered):
                self._say(f"report: wire {row['wire']} says {told}, not {account}")
            lost = sum(row["dropped"].values()) + row["unexplained"]
            gone = account.dropped + account.lost
            if lost != gone:
                self._say(f"report: wire {row['wire']} lost {gone}, {row['dropped']}, "
                          f"unexplained {row['unexplained']}")
            # What a device counted with a reason has to be reported with it.
            unreported = self._lost(row, [one for one in self._nodes() if self._is_unheard(one)])
            if row["unexplained"] > account.destroyed + unreported:
                self._say(f"report: wire {row['wire']}: {row['unexplained']} without a reason, "
                          f"though only {account.destroyed} were destroyed")

    def _nodes(self):
        return [*self.sim.graveyard, *(device.node for device in self.sim.devices.values())]

    def _is_unheard(self, node):
        """Whether nobody was told what a node counted: it crashed, or is watched by nobody."""
        return node in self.sim.graveyard or not _is_watched(node)

    def _lost(self, row, nodes):
        """Readings of a wire that these nodes counted as lost."""
        counts = [node.wires.lost for node in nodes]
        return sum(n for one in counts for (wire, _), n in one.items() if wire == row["wire"])

    def _check_sinks(self):
        """In order, once, and only what was meant for it."""
        for path, sources in self._sources.items():
            last = {}
            for _, source, value in self.sim.sink(path):
                if source not in sources:
                    self._say(f"sink {path} was given something of {source}")
                if value <= last.get(source, 0):
                    self._say(f"sink {path}: {value} of {source} after {last[source]}")
                last[source] = value

    def _check_nodes(self):
        sim = self.sim
        for _, path, text in sim.lines:
            if "looped" in text or "came before that map" in text or "undecodable" in text:
                self._say(f"{path} said: {text}")
        for node in self._nodes():
            for (wire, reason), readings in sorted(node.wires.lost.items()):
                if self._is_never(node, wire, reason) and self._is_steady(wire):
                    self._say(f"{node.path}: {readings} of wire {wire} ended as {reason}")
            for text in sorted(node.links.link_errors):
                self._say(f"{node.path}: a neighbour broke the protocol: {text}")
            for text in sorted(getattr(node.forwarder, "refused_maps", {})):
                if "this router has" not in text:
                    self._say(f"{node.path}: {text}")

    def _remember_sinks(self):
        self._before = self._heard()

    def _check_flow(self):
        status = self.sim.status
        if not status["ready"] or status["failures"]:
            self._say(f"rollout: not done: {status['waiting']} {status['failures']}")
            return
        now = self._heard()
        for key, last in self._before.items():
            if now[key] == last and not self._may_rest(*key):
                self._say(f"flow: {key[0]} hears nothing of {key[1]} once all is healed")

    def _may_rest(self, _sink, _source):
        """Whether a sink may hear nothing of a source for longer."""
        return False

    def _heard(self):
        """{(sink, source): the last value}."""
        found = {}
        for path, sources in self._sources.items():
            for source in sources:
                values = [value for _, one, value in self.sim.sink(path)[-500:] if one == source]
                found[path, source] = values[-1] if values else 0
        return found


def has_way(sim, a, b):
    """Whether links that carry both ways join two devices, by routers alone."""
    graph = nx.Graph()
    graph.add_nodes_from(sim.devices)
    graph.add_edges_from((one.a.path, one.b.path) for one in sim.links if one.is_whole)
    routers = {path for path in sim.devices if sim.plan.devices[path].is_router}
    return nx.has_path(graph.subgraph({*routers, a, b}), a, b)


def all_pairs(sim):
    """Each ordered pair of devices."""
    return [(a, b) for a in sim.devices for b in sim.devices if a != b]


def new_map(sim, chance):
    """Give one router a newer map in which links cost something else."""
    at = chance.choice([path for path in sim.devices if sim.plan.devices[path].is_router])
    node = sim.devices[at].node
    if node is None or not sim.status["ready"]:
        return  # two who number maps at once would give one number twice
    plain = sim.plan.route_map
    newest = max(getattr(one.node.forwarder, "version", 0) for one in sim.devices.values()
                 if one.node is not None)
    links = [[*link[:3], chance.choice(COSTS_US)] for link in plain["links"]]
    leaves = [
        [leaf, [[link, parent, chance.choice(COSTS_US)] for link, parent, _ in parents]]
        for leaf, parents in plain["leaves"]
    ]
    # The controller would number it above all it ever gave; dead routers may have known more. It is
    # told of it: measured delays may have it give a map of its own, to whom this one has not come.
    sim.map_version = max(newest, getattr(sim, "map_version", 0)) + 1
    sim._controller._maps.version = max(sim._controller._maps.version, sim.map_version)
    encoded = codec.encode(
        {**plain, "version": sim.map_version, "links": links, "leaves": leaves}
    )
    arguments = [encoded, digest(encoded)]
    node.scheduler.post(join(at, "router"), "map", arguments, "sim/sim/sim", None)
    sim.devices[at].wake(sim.now_us)


def faults_of(site, seed, level="heavy", seconds=30):
    """The faults that `run_seed` lets happen."""
    return plans.by_chance(Sim(site), level, seconds * 1000, Random(f"faults {seed}"))


@contextmanager
def collecting_less():
    """Look for garbage less often: most of what a seed makes lives until its end."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


@contextmanager
def numbers_about_to_wrap():
    """Let the numbers of every wire begin just below their wrap."""
    former, plan.SEQUENCE_FIRST = plan.SEQUENCE_FIRST, WRAP_MS - BELOW
    try:
        yield
    finally:
        plan.SEQUENCE_FIRST = former


def set_clocks_below_wrap(sim):
    """Start each device again, with a clock of its own that is about to wrap."""
    for place, device in enumerate(sim.devices.values()):
        # The timers of a node start with it: so it starts again.
        device.crash(False)
        device.clock.offset_ms = WRAP_MS - BELOW_MS - 700 * place
        device.start()


def run_wrapping_seed(site, seed, **options):
    """`run_seed` while all clocks and all numbers wrap."""
    with numbers_about_to_wrap():
        return run_seed(site, seed, begin=set_clocks_below_wrap, **options)


@collecting_less()
def run_seed(site, seed, level="heavy", seconds=30, begin=lambda _sim: None, **options):
    """One seed: faults and maps, healing, judgement, then lasting cuts and probes.

    `begin(sim)` is called before anything happens. Returns what was wrong, and the simulation.
    """
    sim = Sim(site, seed=seed, **options)
    begin(sim)
    watch = Watch(sim)
    chance = Random(f"faults {seed}")
    plans.schedule(sim, plans.by_chance(sim, level, seconds * 1000, chance))
    for _ in range(chance.randint(0, 3)):
        sim.at(chance.randrange(2000, seconds * 1000) * 1000, partial(new_map, sim, chance))
    sim.run_ms(seconds * 1000)
    watch.finish()
    for link in _lasting_cuts(sim, chance):
        sim.cut(link.a.path, link.b.path)
    sim.run_ms(SETTLE_MS)
    pairs = all_pairs(sim)
    watch.probe(chance.sample(pairs, min(len(pairs), 20)))
    return watch.wrong, sim


def _lasting_cuts(sim, chance):
    """Any two links; or all between one router and the others, so that only leaves have it."""
    routers = {path for path in sim.devices if sim.plan.devices[path].is_router}
    if chance.random() < 0.5:
        return chance.sample(sim.links, min(2, len(sim.links)))
    lonely = chance.choice(sorted(routers))
    return [one for one in sim.links
            if lonely in (one.a.path, one.b.path) and {one.a.path, one.b.path} <= routers]


def _ask(sim, a, b, then):
    """Let device a ask device b something that changes nothing at rest."""
    node = sim.devices[a].node
    if node.control.on_answer is None:
        Requests(node)
    requests = node.control.on_answer.__self__
    requests.ask(join(a, "node"), join(b, "node"), "halt", [], then, ASK_MS)
    sim.devices[a].wake(sim.now_us)


def _is_watched(node):
    return node.scheduler.cells[join(node.path, "node")].actor.watcher is not None


def _sources(plan):
    """{sink: sources whose readings it is meant to get}, by the wires of the plan."""
    def origins(path):
        if plan.actors[path].role != "filter":
            return {path}
        return {
            one for wire in plan.wires.values() if wire.target == path
            for one in origins(wire.source)
        }

    return {
        path: {one for wire in plan.wires.values() if wire.target == path
               for one in origins(wire.source)}
        for path, actor in plan.actors.items() if actor.role == "sink"
    }
