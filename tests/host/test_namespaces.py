"""Three networks that have no route to each other, as network namespaces of this machine.

Every device lives in a namespace of its own, as on a machine of its own. A cable (a pair of virtual
interfaces) stands for each link of the site, and no kernel forwards anything: what comes from one
network to another was carried there by the routers of the site.
"""

import errno
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from itertools import pairwise, permutations
from pathlib import Path

import pytest
from processes import (
    LIMIT_S,
    ROOT,
    SITES,
    Arrivals,
    Inside,
    environment_of,
    rested_status,
    until,
    with_keys,
)
from test_survival import PROMISE_S, SILENT_S_MIN

from actors.check import load_checked
from actors.plan import make_plan

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may make network namespaces")

FILE = SITES / "three_spaces" / "site.py"
PROBE, METER, SLOW = "field/probe/pulse", "plant/meter/pulse", "plant/meter/slow"
CUT_S = 20.0  # what a board's only cable may be out
ENDS = ("field/probe", "plant/meter", "office/desk")  # a device in each of the three networks
PATHS = f"{ROOT}:{Path(__file__).parent}"
ESTABLISHED = "01"
CONNECT = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 2).close()
except OSError as error:
    sys.exit(error.errno)
"""
ASK = """
import json, sys
from processes import Desk
print(json.dumps(Desk(sys.argv[1], int(sys.argv[3]), sys.argv[2]).ask(sys.argv[4])))
"""


def ip(*words):
    """Run iproute2."""
    subprocess.run(["ip", *map(str, words)], check=True)


class Spaces:
    """The site's machines and cables, with a process on each machine."""

    def __init__(self, folder):
        self.folder = folder
        self.file = with_keys(folder, FILE)
        site = load_checked(self.file)
        self.plan = make_plan(site)
        self.devices = {device.path: device for device in site.topology.devices}
        self.links = [(link.a.path, link.b.path) for link in site.topology.links]
        self.arrivals = Arrivals(folder / "arrivals.csv")
        self.processes = {}
        self._made = []

    def __enter__(self):
        assert shutil.which("ip"), "there is no `ip` here: install iproute2"
        try:
            for path in self.devices:
                self._make_machine(path)
            for a, b in self.links:
                self._make_cable(a, b)
            for path in self.devices:
                is_first = path == self.plan.controller
                command = ("up", self.file) if is_first else ("node", self.file, path)
                self.processes[path] = Inside(self.name(path), self.folder, *command)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.end()
        # With a namespace go its cables. One that cannot be deleted keeps no other from it.
        ended = [subprocess.run(["ip", "netns", "delete", name]) for name in self._made]
        assert not any(one.returncode for one in ended)

    def name(self, path):
        """The namespace of a device, of this run alone."""
        return f"actors-{os.getpid()}-{path.replace('/', '-')}"

    def host(self, path):
        """The one address of a device."""
        return self.devices[path].endpoint[0]

    def set_cable(self, a, b, state):
        """Pull the cable between two devices out, or put it back: `down`, `up`."""
        ip("-n", self.name(a), "link", "set", self._interface(b), state)

    def run_in(self, path, *command, **environment):
        """A command on a device's machine that ends by itself."""
        return subprocess.run(
            ["ip", "netns", "exec", self.name(path), *map(str, command)],
            env=environment_of(self.folder, **environment),
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    def connect(self, source, target):
        """Try to connect from one device's machine to another's address: 0 or an error number."""
        return self.run_in(
            source, sys.executable, "-c", CONNECT, *self.devices[target].endpoint
        ).returncode

    def ask(self, kind):
        """What the controller says, asked on its own machine."""
        desk = self.devices[self.plan.controller]
        words = ("-c", ASK, self.file, *desk.endpoint, kind)
        asked = self.run_in(desk.path, sys.executable, *words, PYTHONPATH=PATHS)
        assert asked.returncode == 0, asked.stderr
        return json.loads(asked.stdout)

    def link(self, *between):
        """What the controller knows of the link between two devices."""
        links = self.ask("status")["links"]
        return next(one for one in links if set(one["between"]) == set(between))

    def connections(self):
        """The pairs of devices between whose machines there are connections."""
        owners = {self.host(path): path for path in self.devices}
        found = set()
        for process in self.processes.values():
            table = Path(f"/proc/{process.pid}/net/tcp").read_text().splitlines()[1:]
            for row in table:
                _, local, remote, state = row.split()[:4]
                if state == ESTABLISHED:
                    ends = (owners.get(_address(end), end) for end in (local, remote))
                    found.add(tuple(sorted(ends)))
        return found

    def _make_machine(self, path):
        name = self.name(path)
        ip("netns", "add", name)
        self._made.append(name)
        ip("-n", name, "link", "set", "lo", "up")
        ip("-n", name, "address", "add", f"{self.host(path)}/32", "dev", "lo")
        forwarding = "/proc/sys/net/ipv4/ip_forward"
        set_to_0 = f"grep -qx 0 {forwarding} || echo 0 > {forwarding}"
        assert self.run_in(path, "sh", "-c", set_to_0).returncode == 0

    def _make_cable(self, a, b):
        first = ("name", self._interface(b), "netns", self.name(a))
        second = ("name", self._interface(a), "netns", self.name(b))
        ip("link", "add", *first, "type", "veth", "peer", *second)
        for here, there in ((a, b), (b, a)):
            # The neighbour's address is all that is reached by this cable.
            ends = (f"{self.host(here)}/32", "peer", f"{self.host(there)}/32")
            interface = ("dev", self._interface(there))
            ip("-n", self.name(here), "address", "add", *ends, *interface)
            ip("-n", self.name(here), "link", "set", *interface, "up")

    def _interface(self, neighbour):
        return f"to-{self.devices[neighbour].number}"


def _address(shown):
    """`0100007F:1CE8`, as in /proc/net/tcp, → 127.0.0.1"""
    return ".".join(map(str, reversed(bytes.fromhex(shown.partition(":")[0]))))


@pytest.fixture(scope="module")
def spaces(tmp_path_factory):
    """The site, with readings flowing from both fields."""
    with Spaces(tmp_path_factory.mktemp("spaces")) as made:
        try:
            made.arrivals.wait_for_more(PROBE, METER)
        except AssertionError as error:
            error.add_note("\n".join(process.output for process in made.processes.values()))
            raise
        yield made


@pytest.mark.parametrize(("source", "target"), list(permutations(ENDS, 2)))
def test_a_device_in_one_network_has_no_route_to_one_in_another(source, target, spaces):
    asked = spaces.run_in(source, "ip", "route", "get", spaces.host(target))
    assert asked.returncode != 0
    assert "unreachable" in asked.stderr
    assert spaces.connect(source, target) == errno.ENETUNREACH


@pytest.mark.parametrize("source", ENDS)
def test_a_device_in_one_network_reaches_its_own_gateway_and_no_other(source, spaces):
    own = source.split("/")[0] + "/gate"
    reached = {path for path in spaces.devices if spaces.connect(source, path) == 0}
    assert reached - {source} == {own}


def test_readings_come_from_network_to_network_by_the_routers_of_the_plan_alone(spaces):
    for wire in spaces.plan.wires.values():
        network = wire.source.split("/")[0]
        assert wire.way[1:-1] == (f"{network}/gate", "office/gate")
    # A connection for each link of the site, and no other: there is no other way to come.
    links = {tuple(sorted(link)) for link in spaces.links}
    until(lambda: spaces.connections() >= links, "a connection for each link")
    assert spaces.connections() == links


def test_every_link_between_machines_is_tcp_sealed_and_measured(spaces):
    def links():
        found = spaces.ask("status")["links"]
        measured = [one for one in found if one["rtt_ms"] is not None]
        return len(measured) == len(spaces.links) and measured

    for link in until(links, "a round trip of each link"):
        assert tuple(link["between"]) in spaces.links
        assert (link["transport"], link["seal"], link["refused"]) == ("tcp", "ccm", {})


@dataclass
class Cut:
    """Two cables were pulled, and put back: when, and what was seen meanwhile."""

    pulled_s: float
    back_s: float
    connections: set
    rows: dict


BACKBONE, ONLY_WAY = ("field/gate", "office/gate"), ("plant/gate", "plant/meter")


@pytest.fixture(scope="module")
def cut(spaces):
    """A cable of the backbone pulled until the probe was heard, the only one of the meter longer.
    """
    pulled_s = time.monotonic()
    spaces.set_cable(*BACKBONE, "down")
    spaces.set_cable(*ONLY_WAY, "down")
    spaces.arrivals.wait_for_more(PROBE, count=40)
    # One end sees it before the other, and what had waited there comes all at once.
    until(lambda: not {BACKBONE, ONLY_WAY} & spaces.connections(), "both cables given up")
    back_s = time.monotonic()
    connections = spaces.connections()
    rows = {source: spaces.arrivals.rows(source) for source in (PROBE, METER)}
    spaces.set_cable(*BACKBONE, "up")
    time.sleep(max(0.0, pulled_s + CUT_S - time.monotonic()))
    spaces.set_cable(*ONLY_WAY, "up")
    spaces.arrivals.wait_for_more(PROBE, METER, count=20)
    return Cut(pulled_s, back_s, connections, rows)


def test_readings_go_another_way_as_promised_when_a_cable_of_the_backbone_is_pulled(spaces, cut):
    silence_s = spaces.arrivals.silence_s(PROBE, cut.pulled_s)
    # Had it been shorter, the readings would not have gone by that cable.
    assert SILENT_S_MIN <= silence_s <= PROMISE_S, f"{silence_s:.1f} s"
    assert BACKBONE not in cut.connections
    assert {("field/gate", "plant/gate"), ("office/gate", "plant/gate")} <= cut.connections


def test_readings_stop_with_the_only_cable_of_their_device_and_come_again_with_it(spaces, cut):
    before_s = [row[0] for row in cut.rows[METER]]
    assert before_s[-1] < cut.pulled_s + 1.0 < cut.back_s - SILENT_S_MIN + 1.0
    assert spaces.arrivals.rows(METER)[-1][0] > cut.back_s


def test_a_cable_that_was_put_back_has_its_connection_again(spaces, cut):
    assert cut.connections < {tuple(sorted(link)) for link in spaces.links}
    for link in (BACKBONE, ONLY_WAY):
        until(lambda link=link: link in spaces.connections(), f"a connection of {link}")


@pytest.mark.usefixtures("cut")
def test_what_a_cut_cost_is_counted_exactly_and_no_reading_comes_twice(spaces):
    assert spaces.link(*ONLY_WAY)["resumed"] >= 1
    status = rested_status(spaces.ask)
    rows = {spaces.plan.wires[row["wire"]].source: row for row in status["wires"]}
    assert set(rows) == {PROBE, METER, SLOW}
    for source, row in rows.items():
        values = spaces.arrivals.values(source)
        assert all(one < following for one, following in pairwise(values))
        assert row["delivered"] == len(values)
        missing = set(range(1, row["accepted"] + 1)) - set(values)
        assert sum(row["dropped"].values()) == len(missing)
        assert (row["in_flight"], row["unexplained"]) == (0, 0)
    # Machines hold what is under way, a board few readings: those of its slow sensor all came.
    assert rows[PROBE]["dropped"] == rows[SLOW]["dropped"] == {}
    assert set(rows[METER]["dropped"]) == {"overflow"}
    assert all(process.is_running for process in spaces.processes.values())
