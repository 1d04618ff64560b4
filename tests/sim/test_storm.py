"""A thousand boards lose their router in one moment; they come back, and not all at once.

Every board dials by the rules of every device, the hub's gate keeps its limits, and a greeting
takes each end as long as its arithmetic does. Links are plain here, so that time is all there is of
a handshake.
"""

from collections import Counter
from unittest import mock

import pytest

from actors.pipeline import Pipeline
from actors.sim.device import Dial
from actors.sim.world import Sim
from actors.topology import Topology
from mp_actors.errors import RemoteWireError
from mp_actors.redial import MAX_MS, Redial
from tests.sim.sites import Keep, Pulse, site_of

BOARDS = 1000
HUB = "field/hub"
HUB_US = 160  # a worker's end of a full handshake, as `make bench` has it
# A board's end, with and without a secret to resume by: 0.2 ms on a desktop, a hundred times that
# on an ESP32; and two products on the curve, of 0.8 s each there.
RESUMED_US, FULL_US = 20_000, 1_600_000
BACK_MS = 30_000
FULL_BACK_MS = 40_000  # 64 boards at a time, 1.6 s each, make 25 s of it
UNPROVEN_MAX = 64
WINDOW_US = 100_000
# With full jitter over a second or more, 100 of them at most fall into a tenth of a second, and by
# chance not many more. Left out is the first second: nobody has been told anything yet.
WINDOW_MAX = 150
# A board that is sent off waits 1 s and up to 3 s more: 400 tries a second, less and less of them.
SECOND_MAX = 450
right_answered, right_wait_ms = Dial._answered, Redial.wait_ms


class Storm:
    """What a hub sees from its restart until all are back, or so many ms have passed."""

    def __init__(self, sim, *, down_ms, board_us, limit_ms):
        self.sim, self.hub, self.limit_ms = sim, sim.devices[HUB], limit_ms
        self.tries_us = []  # since the restart
        self.early = 0
        self.unproven_max = 0
        self.lost_again = set()
        self.back_ms = None
        self._last = {}
        self._others = [device for path, device in sim.devices.items() if path != HUB]
        for device in self._others:
            device.greeting_us = board_us * device.speed
        self.hub.greeting_us = HUB_US
        sim.crash(HUB)
        sim.run_ms(down_ms)
        sim.restart(HUB)
        self._restart_us = sim.now_us
        with mock.patch.object(self.hub, "accept", self._accept):
            self._watch()

    def wrong(self):
        """What breaks a law, as sentences."""
        windows = Counter(us // WINDOW_US for us in self.tries_us if us >= 1_000_000)
        seconds = Counter(us // 1_000_000 for us in self.tries_us if us >= 2_000_000)
        wave, busiest = max(windows.values(), default=0), max(seconds.values(), default=0)
        laws = {
            f"not all are back after {self.limit_ms} ms": self.back_ms is None,
            f"a wave of {wave} in a tenth of a second": wave > WINDOW_MAX,
            f"{busiest} tries in one second": busiest > SECOND_MAX,
            f"{self.early} came before the time they were told": self.early,
            f"{self.unproven_max} greetings under way": self.unproven_max > UNPROVEN_MAX,
            f"{len(self.lost_again)} were lost again": self.lost_again,
        }
        return [text for text, is_broken in laws.items() if is_broken]

    def _watch(self):
        up = set()
        while self.sim.now_us < self._restart_us + self.limit_ms * 1000:
            self.sim.run_ms(20)
            links = self.hub.node.links
            self.lost_again |= up - set(links.up)
            up = set(links.up)
            unproven = sum(not one.is_open for one in links.connections)
            self.unproven_max = max(self.unproven_max, unproven)
            if len(up) == len(self._others):
                self.back_ms = (self.sim.now_us - self._restart_us) // 1000
                return

    def _accept(self, end):
        """Somebody has dialled the hub."""
        device = end.other
        self.tries_us.append(self.sim.now_us - self._restart_us)
        before = self._last.get(device.path)
        if before is not None and before.connection is not None:
            waited_ms = device.clock.ticks_ms() - before.connection.heard_ms
            self.early += waited_ms < before.connection.retry_ms
        self._last[device.path] = device.dials[0].end
        type(self.hub).accept(self.hub, end)


@pytest.fixture(scope="module")
def large_sim():
    """A hub with a thousand boards and a desk, where the controller is."""
    topology = Topology("storm")
    field, office = topology.domain("field"), topology.domain("office")
    field.device("hub", also_in=[office])
    boards = [field.device(f"b{number}", board="virtual") for number in range(BOARDS)]
    desk = office.device("desk")
    topology.controller(at=desk)
    flow = Pipeline("flow")
    flow.add(Pulse, at=boards[0], name="pulse") >> flow.add(Keep, at=desk, name="keep")
    return Sim(site_of(topology, flow), seed=1)


@pytest.fixture
def calm(large_sim):
    """The same with everybody there, and nothing going on."""
    for device in large_sim.devices.values():
        device.greeting_us = 0.0
    assert large_sim.run_until(lambda: len(large_sim.devices[HUB].node.neighbours) == BOARDS + 1)
    large_sim.run_ms(3000)
    large_sim.chance.seed(1)
    return large_sim


@pytest.mark.parametrize("down_ms", [0, 5000])
def test_after_a_restart_of_their_router_all_are_back_and_there_is_no_second_wave(calm, down_ms):
    storm = Storm(calm, down_ms=down_ms, board_us=RESUMED_US, limit_ms=BACK_MS)
    assert storm.wrong() == []
    assert storm.hub.node.links.link_errors == {}
    if down_ms == 0:
        # All come in the same tenth of a second, so most have to be sent off.
        assert storm.hub.node.links.refused[0, "busy"] > BOARDS // 2


def test_when_the_secrets_are_gone_boards_take_turns_at_their_arithmetic(calm):
    storm = Storm(calm, down_ms=5000, board_us=FULL_US, limit_ms=FULL_BACK_MS)
    assert storm.wrong() == []
    assert storm.unproven_max == UNPROVEN_MAX


def _without_jitter(redial, _chance, retry_ms=0):
    return right_wait_ms(redial, 4095, retry_ms)


def _reset_by_tcp(dial, node):
    dial._redial.connected()
    right_answered(dial, node)


def _deaf_to_retry(redial, chance, _retry_ms=0):
    return right_wait_ms(redial, chance)


def _soon_again(_redial, chance, retry_ms=0):
    return retry_ms + chance * MAX_MS // 4096


WRONG = {
    "no jitter": (Redial, "wait_ms", _without_jitter, 5000, RESUMED_US, "wave"),
    "who is sent off comes soon": (Redial, "wait_ms", _soon_again, 5000, FULL_US, "tries in"),
    "retry-after ignored": (Redial, "wait_ms", _deaf_to_retry, 0, RESUMED_US, "came before"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_the_laws_catch(calm, mistake):
    owner, name, wrong, down_ms, board_us, sentence = WRONG[mistake]
    with mock.patch.object(owner, name, wrong):
        storm = Storm(calm, down_ms=down_ms, board_us=board_us, limit_ms=12_000)
    assert any(sentence in text for text in storm.wrong())


@pytest.fixture
def refused_sim():
    """A desk that dials a hub which answers no greeting, and how often it has dialled."""
    topology = Topology("refused")
    office = topology.domain("office")
    hub, desk = office.device("hub"), office.device("desk")
    topology.controller(at=desk)
    flow = Pipeline("flow")
    flow.add(Pulse, at=hub, name="pulse") >> flow.add(Keep, at=desk, name="keep")
    return Sim(site_of(topology, flow), seed=1)


def _tries_a_minute(sim):
    tries = []

    def refuse(_connection, _hello):
        tries.append(sim.now_us)
        raise RemoteWireError("is not wanted")

    links = [device.node.links for device in sim.devices.values()]
    with mock.patch.object(type(links[0]), "peer_of", lambda _, *words: refuse(*words)):
        sim.run_ms(60_000)
    return len(tries)


def test_who_is_refused_comes_twice_a_second_and_no_oftener(refused_sim):
    assert 90 <= _tries_a_minute(refused_sim) <= 150


def test_a_backoff_that_tcp_resets_is_seen_in_its_tries(refused_sim):
    with mock.patch.object(Dial, "_answered", _reset_by_tcp):
        assert _tries_a_minute(refused_sim) > 150
