"""The controller killed at each of its I/O points, one after the other, by a kill and by a loss of
power: readings go on as if nothing had been, nobody begins anew, and the next controller finishes.

One story, told once without a death to count its points: a roll-out, a board's reboot, a new map,
and a later controller that adopts what runs. Then it is told again for each point. Orders carry the
controller's proof, so that devices know one of a term that is over.
"""

import json
import re
from contextlib import ExitStack
from functools import partial
from random import Random
from unittest import mock

import pytest

from actors import Pipeline, Topology, controller
from actors.accel import codec
from actors.controller import Controller
from actors.delivery import reliable
from actors.plan import make_plan
from actors.sim.world import Sim
from actors.state import StateError, StateFile
from mp_actors.system import System
from tests.sim.diary import Diary, Note, Stage, Tally
from tests.sim.io_points import FILE, Inode, Killed, Points, SimDisk, fenced, met_by
from tests.sim.promises import Promises
from tests.sim.sites import site_of

DESK, BOARD, OTHERS = "d/desk", "d/board", ("d/hub", "d/right")
REPORT_MS = 500
AWAY_MS = 500
READY_MS = 20_000
REST_MS = 1100
POINTS_MIN = 150
CAME_MIN = 3
DEATHS = ("killed", "power lost", "power lost, torn")


def site():
    """The controller beside the data's ways, so that its death is no gateway's."""
    topology = Topology("killed")
    domain = topology.domain("d", mesh=False)
    desk = domain.device("desk")
    hub, right = domain.device("hub"), domain.device("right")
    board = domain.device("board", board="virtual")
    for one in (desk, right, board):
        topology.link(one, hub, latency_ms=1)
    topology.controller(at=desk)
    flow = Pipeline("flow")
    far, near = flow.add(Tally, at=board, name="far"), flow.add(Tally, at=hub, name="near")
    stage = flow.add(Stage, at=hub, name="stage", every=10**9)
    far >> stage >> flow.add(Note, at=right, name="note")
    near >> reliable(flow.add(Note, at=right, name="bill"))
    return site_of(topology, flow)


STEPS = (
    (600, lambda sim: sim.set_latency("d/hub", "d/right", 30)),
    (1000, lambda sim: sim.crash(BOARD, power_lost=True)),
    (1300, lambda sim: sim.restart(BOARD)),
    (4000, lambda sim: sim.crash(DESK)),
    (4300, lambda sim: sim.restart(DESK)),
)
END_MS = 5000
COSTS_MS = 200  # how often it looks at delays, so that the map changes soon


class Story(Promises):
    """The story, and what must hold in it beside what all wires promise."""

    def __init__(self, kills=(), death="killed"):
        self.points = Points(kills)
        self.disk = SimDisk(self.points)
        self.death = death
        self.died_dirty = False
        self._terms = {}  # which beginning: the term on the disk as it gave its first order
        diary = Diary()
        sim = Sim(
            site(), seed=1, stand_ins=diary.stand_ins(), state=FILE, disk=self.disk,
            report_ms=REPORT_MS,
        )
        sim.crash(DESK)  # it was there so that others could be told whom to serve
        sim.graveyard.clear()
        self.disk.__init__(self.points)
        super().__init__(sim, diary)
        self._starts = {path: sim.devices[path].node.incarnation for path in OTHERS}

    def _began(self, node):
        return node if node is None else super()._began(node)

    def tell(self):
        """Returns what is wrong, as sentences."""
        with met_by(self.points, self._ordered):
            self.points.is_armed = True
            self._go(partial(self.sim.restart, DESK))
            for at_ms, step in STEPS:
                self._run_to(at_ms)
                self._go(partial(step, self.sim))
            self._run_to(END_MS)
            self.points.is_armed = False
            is_there = self.sim.devices[DESK].node is not None
            return self.finish() if is_there else self.wrong

    def finish(self):
        sim = self.sim
        if not sim.run_until(lambda: sim.status["ready"], READY_MS):
            self._say(f"rollout: not done: {sim.status['waiting']} {sim.status['failures']}")
            return self.wrong
        self._remember_sinks()
        sim.run_ms(500)
        self._check_flow()
        sim.halt()
        sim.run_ms(REST_MS)
        for check in (self._check_rest, self._check_reports, self._check_sinks, self._check_nodes):
            check()
        self._check_unharmed()
        for sentence in self.diary.wrong:
            self._say(f"instances: {sentence}")
        return self.wrong

    # -- dying

    def _run_to(self, at_ms):
        while self.sim.now_us < at_ms * 1000:
            self._go(lambda: self.sim.run_ms(at_ms - self.sim.now_us / 1000))

    def _go(self, step):
        """Do something in which the controller may die; then it is away for a while."""
        try:
            step()
        except Killed:
            self.died_dirty = self.disk.is_dirty
            if self.death != "killed":
                self.disk.lose_power(is_torn="torn" in self.death)
            self.sim.crash(DESK, power_lost=self.death != "killed")
            self.sim.run_ms(AWAY_MS)
            self._go(partial(self.sim.restart, DESK))
        except StateError as error:
            self._say(f"state: it cannot begin again: {error}")

    # -- judging

    def _ordered(self, kind, arguments):
        """What a later controller has to know is on the disk before anybody is told of it."""
        for text in self.disk.outlasting():
            known = json.loads(text)["state"] if text else {"term": 0, "map_version": 0}
            first = self._terms.setdefault(self.disk.began, known["term"])
            if known["term"] < first or any(
                known["term"] <= term for number, term in self._terms.items()
                if number < self.disk.began
            ):
                self._say(f"disk: order {kind} under a term that is not, or another's")
            if kind == "wire":
                number, epoch = arguments[0]["wire"], arguments[0]["epoch"]
                if known.get("epochs", {}).get(str(number), 0) < epoch:
                    self._say(f"disk: wire {number} gets epoch {epoch}, which can be forgotten")
            if kind == "map" and known["map_version"] < codec.decode(arguments[0])["version"]:
                self._say("disk: a map goes out whose version can be forgotten")

    def _is_steady(self, _wire):
        return False  # the board's reboot is in no wire's account; see `_check_unharmed`

    def _may_rest(self, _sink, _source):
        return False  # nobody is slow here

    def _check_unharmed(self):
        """Nobody but the board began anew, and nothing was lost but with it."""
        sim, diary = self.sim, self.diary
        for path in OTHERS:
            if sim.devices[path].node.incarnation != self._starts[path]:
                self._say(f"restart: {path} began anew")
        for (path, start), born in diary.born.items():
            if born != 1:
                self._say(f"restart: {path} was made {born} times in start {start}")
        for row in sim.status["wires"]:
            wire = sim.plan.wires[row["wire"]]
            is_of_board = BOARD in wire.way
            if not is_of_board and row["accepted"] != row["delivered"]:
                self._say(f"lost: {row}")
            for _, origin in wire.origins or ((0, wire.source),):
                came = [number for number, _ in diary.seen[wire.target, origin]]
                missing = set(range(1, max(came, default=0) + 1)).difference(came)
                # What the board had sampled and not sent as its power was lost.
                if len(came) < CAME_MIN or len(missing) > is_of_board:
                    lost = f"{sorted(missing)[:9]} of wire {row['wire']}"
                    self._say(f"lost: {lost}; {len(came)} came")


    def _look(self):
        """The omniscient account is looked at elsewhere; here the readings themselves are."""


def told(kills=(), death=DEATHS[0]):
    """(what is wrong, the story), the controller being killed at these points."""
    devices = make_plan(site()).devices
    numbers = [one.number for one in devices.values()]
    with fenced(numbers, devices[DESK].number), (
            mock.patch.object(controller, "COSTS_MS", COSTS_MS)):
        story = Story(kills, death)
        return story.tell(), story


def deaths_at(point):
    """What is wrong after each way to die at a point; they differ where something is not forced."""
    # Where all is, only the others' connections tell a kill from a loss of power.
    first = DEATHS[point % 2]
    wrong, story = told([point], first)
    yield first, wrong
    if story.died_dirty:
        for death in DEATHS:
            if death != first:
                yield death, told([point], death)[0]


def test_a_controller_killed_at_each_of_its_io_points_is_noticed_by_nobody():
    wrong, story = told()
    assert wrong == []
    names = story.points.names
    assert len(names) >= POINTS_MIN
    assert set(names) == {
        "a term begins", "open", "write", "fsync", "rename", "fsync of the folder",
        *(f"{one} {kind}" for one in ("order", "answer to")
          for kind in ("version", "map", "watch", "spawn", "wire", "start")),
    }
    assert len([text for _, path, text in story.sim.lines if "a new map" in text]) == 2
    found = [
        f"{death} at point {point}, before {name}: {sentence}"
        for point, name in enumerate(names, 1)
        for death, wrong in deaths_at(point) for sentence in wrong
    ]
    assert found == []


@pytest.mark.parametrize("seed", range(20))
def test_one_that_dies_again_as_it_comes_back_is_noticed_by_nobody_either(seed):
    chance = Random(f"twice {seed}")
    kills = [chance.randint(1, POINTS_MIN), *(chance.randint(1, 40) for _ in range(3))]
    assert told(kills, chance.choice(DEATHS))[0] == []


# -- each law can fail


def _forces_nothing(disk, _what):
    disk.points.meet("a force that is none")


def _begins_as_before(state_file):
    state = right_load(state_file)
    state.term -= 1
    return state


def _saves_later(made):
    """What is to be known later is written when it has been said."""
    timers, now_ms = made._node.scheduler.timers, made._node.scheduler.now_ms
    timers.after(now_ms, 20, partial(right_save, made))


def _makes_all_anew(system, name, class_name, arguments):
    system.on_stop(name)
    right_spawn(system, name, class_name, arguments)


def _writes_in_place(disk, file):
    disk.points.meet("open")
    made = disk.files[str(file)] = disk.kept[str(file)] = Inode(str(file))
    return made


def _renames_what_is_there(disk, _name, _file):
    disk.points.meet("rename")


right_load, right_save, right_spawn = StateFile.load, Controller._save, System.on_spawn
# {what is wrong: (in what, what tells)}
WRONG = {
    "the file is not forced before it is renamed": (
        {(SimDisk, "sync"): _forces_nothing}, r"state: it cannot begin again: .*damaged"),
    "its new name is not forced": (
        {(SimDisk, "sync_folder"): _forces_nothing}, "disk: order .* term"),
    "the file is written in its place": (
        {(SimDisk, "new"): _writes_in_place, (SimDisk, "rename"): _renames_what_is_there},
        r"state: it cannot begin again: .*damaged"),
    "a term is not raised": ({(StateFile, "load"): _begins_as_before}, "disk: order .* term"),
    "a term is not raised, and devices know it": (
        {(StateFile, "load"): _begins_as_before}, "rollout: not done: .* was said before"),
    "the state is written after the order": ({(Controller, "_save"): _saves_later}, "disk: wire"),
    "what runs is made anew": ({(System, "on_spawn"): _makes_all_anew}, "restart: .* was made 2"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_controller_that_can_be_noticed_is(name):
    mistakes, law = WRONG[name]
    with ExitStack() as wrong_code:
        for (owner, attribute), wrong in mistakes.items():
            wrong_code.enter_context(mock.patch.object(owner, attribute, wrong))
        assert any(
            re.search(law, sentence) for point in range(1, POINTS_MIN)
            for _, wrong in deaths_at(point) for sentence in wrong
        )
