"""The same site on two machines, here two loopback addresses: `up` here, `node` there.

Who starts first does not matter; what goes wrong on the other machine is told by the controller.
"""

from itertools import pairwise

import pytest
from processes import SITES, Arrivals, Desk, Process, free_ports, until, with_keys

from actors.client import UnreachableError

SITE = SITES / "two_machines" / "site.py"
HERE, THERE = "127.0.0.1", "127.0.0.2"
DESK, GATE, PROBE = "home/desk/pulse", "far/gate/pulse", "far/probe/pulse"


class Machines:
    """The processes of the site, and what its sink here has written."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_ports(1, (HERE, THERE))
        self.file = with_keys(folder, SITE)
        self.desk = Desk(self.file, self.port)
        self.arrivals = Arrivals(folder / "arrivals.csv")
        self.processes = {}

    def start(self, *command):
        """`up`, or `node` with a device."""
        name, *device = command
        process = Process(self.folder, name, self.file, *device, FIRST_PORT=str(self.port))
        self.processes[command] = process
        return process

    def status(self):
        """What the controller knows."""

        def asked():
            try:
                return self.desk.status()
            except UnreachableError:
                return None

        return until(asked, "an answer of the controller")

    def output(self):
        """What all of them have said."""
        return "\n".join(process.output for process in self.processes.values())


@pytest.fixture
def machines(tmp_path):
    made = Machines(tmp_path)
    yield made
    for process in made.processes.values():
        process.end()


GATE_HERE = ("node", "far/gate")
ALL = [("up",), GATE_HERE, ("node", "far/probe")]


@pytest.mark.parametrize("order", [ALL, ALL[::-1]], ids=["here first", "there first"])
def test_readings_flow_between_two_machines_with(order, machines):
    for place, command in enumerate(order):
        machines.start(*command)
        if place == 0 and command == ("up",):
            # Here first: the controller waits for devices that are not there yet.
            until(lambda: not machines.status()["ready"], "a controller")
    machines.arrivals.wait_for_more(DESK, GATE, PROBE)
    for source in (DESK, GATE, PROBE):
        values = machines.arrivals.values(source)
        assert values == list(range(1, len(values) + 1))

    status = until(lambda: all_alive(machines.status()), "all devices alive")
    assert status["ready"]
    assert status["failures"] == status["waiting"] == []
    assert status["devices"]["far/probe"]["interpreter"] == "micropython"
    assert status["devices"]["far/gate"]["interpreter"] == "cpython"

    for process in machines.processes.values():
        process.interrupt()
    assert [process.wait() for process in machines.processes.values()] == [0, 0, 0]
    assert "Traceback" not in machines.output()


def test_a_gate_that_is_killed_and_comes_back_bare_is_told_honestly(machines):
    for command in ALL:
        machines.start(*command)
    machines.arrivals.wait_for_more(DESK, GATE, PROBE)
    until(lambda: all_alive(machines.status()), "all devices alive")

    machines.processes[GATE_HERE].kill()
    until(lambda: not machines.status()["devices"]["far/gate"]["alive"], "the gate told as dead")
    assert machines.status()["devices"]["home/desk"]["alive"]
    machines.processes[("up",)].wait_for("link to far/gate closed")
    machines.arrivals.wait_for_more(DESK)

    # It has lost its actors, so it is told everything once more.
    before = machines.arrivals.values(GATE)
    machines.start(*GATE_HERE)
    machines.processes[("up",)].wait_for("far/gate has begun anew and is configured again")
    machines.arrivals.wait_for_more(GATE, PROBE, DESK, count=20)
    status = until(lambda: all_alive(machines.status()), "all devices alive")
    assert status["devices"]["far/gate"]["pid"] == machines.processes[GATE_HERE].pid
    restarts = {path: one["restarts"] for path, one in status["devices"].items()}
    assert restarts == {"home/desk": 0, "far/gate": 1, "far/probe": 0}

    status = machines.desk.rested_status()
    assert_is_true(status, machines)
    after = machines.arrivals.values(GATE)
    assert after[: len(before)] == before
    assert after[len(before) :] == list(range(1, len(after) - len(before) + 1))
    probe, desk = machines.arrivals.values(PROBE), machines.arrivals.values(DESK)
    assert all(one < following for one, following in pairwise(probe))
    assert desk == list(range(1, len(desk) + 1))


def assert_is_true(status, machines):
    """What has come is what is claimed, and the rest of what was taken is not claimed to have."""
    rows = {row["wire"]: row for row in status["wires"]}
    for number, source in enumerate((PROBE, GATE, DESK), 1):
        wire, values = rows[number], machines.arrivals.values(source)
        lost = sum(wire["dropped"].values()) + wire["unexplained"]
        assert wire["delivered"] == len(values), source
        assert wire["in_flight"] == 0
        assert wire["accepted"] == wire["delivered"] + lost
        if source != GATE:  # these still live, and number what they read
            assert wire["accepted"] == values[-1], source


def all_alive(status):
    """The status if every device is heard, else nothing."""
    return all(one["alive"] for one in status["devices"].values()) and status
