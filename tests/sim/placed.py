"""A site in virtual time with a filter that nobody has pinned, between a board and a desk.

board ── gate ── desk
"""

import json

from actors.check import load_checked
from actors.sim.world import Sim

PARTS = """
from mp_actors import Filter, Sensor, Sink

class Pulse(Sensor):
    simulated = True
    period_ms = 100
    count = 0

    def sample(self):
        self.count += 1
        return self.count

class Sieve(Filter):
    work_us = 2000

    def apply(self, value):
        return value if value % 4 == 0 else None

class Keep(Sink):
    def write(self, value):
        raise AssertionError("left the simulation")
"""
SITE = """
from parts import Keep, Pulse, Sieve
from actors import Pipeline, Topology

site = Topology("sieve")
d = site.domain("d", mesh=False)
gate, desk = d.device("gate"), d.device("desk")
board = d.device("board", board="virtual")
site.link(board, gate, latency_ms={delay_ms})
site.link(desk, gate, latency_ms=1)
flow = Pipeline("sieve")
pulse, sieve, keep = flow.add(Pulse, at=board), flow.add(Sieve{at}), flow.add(Keep, at=desk)
pulse >> sieve >> keep
"""
BOARD, GATE = "d/board", "d/gate"
RUN_MS = 20_000
CASES = {  # ms from the board to the gate, and the board's speed
    "slow link": (100, 0.2),
    "slow link, slow board": (100, 0.012),
    "quick link": (2, 0.2),
}


class Placed:
    """The site in a folder; the link and the board are as given."""

    def __init__(self, folder, delay_ms, speed):
        self._folder, self._delay_ms, self._speed = folder, delay_ms, speed
        (folder / "parts.py").write_text(PARTS)
        board = {"speed": speed, "memory_kb": 64}
        actors = {"sieve": {"work_us": 2000, "selectivity": 0.25}}
        profile = {"devices": {BOARD: board}, "actors": actors}
        (folder / "site.profile.json").write_text(json.dumps(profile))

    def run(self, pinned=None):
        """Where the filter is, readings under way on the board's link, and ms that one takes."""
        file = self._folder / "site.py"
        at = "" if pinned is None else f", at={pinned.rpartition('/')[2]}"
        file.write_text(SITE.format(delay_ms=self._delay_ms, at=at))
        sim = Sim(load_checked(file), seed=1)
        sim.set_speed(BOARD, self._speed)
        sim.run_ms(RUN_MS)
        sim.finish()
        self._placement = sim.plan.placement
        (path,) = [path for path in sim.plan.actors if path.endswith("/sieve")]
        before, behind = sim.status["wires"]
        crossing = behind if path.startswith(BOARD) else before
        under_way = crossing["delivered"] * self._delay_ms / RUN_MS
        return path.rpartition("/")[0], under_way, behind["p50_us"] / 1000

    def cost_on_board(self):
        """What the filter costs on the board. On the gate it is 2: readings under way and the time
        a reading takes, each as a multiple of what it is there.
        """
        _, far, far_ms = self.run(pinned=GATE)
        _, near, near_ms = self.run(pinned=BOARD)
        return near / far + near_ms / far_ms

    def planned(self):
        """Where the filter goes, and how long a reading takes: by the plan, and when it runs."""
        ran, _, taken_ms = self.run()
        found = self._placement
        expected_ms = 1000 * found.instance.parts(found.answer.places).response
        (place,) = [one.device.path for stage, one in found.places.items() if stage.name == "sieve"]
        return {"planned": place, "expected_ms": expected_ms, "ran": ran, "taken_ms": taken_ms}
