"""`Sim`: runs a site in virtual time, and lets a test say what goes wrong.

    sim = Sim(site, flow, seed=7)
    sim.run_ms(10_000)
    sim.partition("field", "backbone")
    sim.run_ms(30_000)
    sim.repair("field", "backbone")
    sim.run_ms(10_000)
    assert sim.stats("office/desk/store")["dropped"] == {}

Everything that happens is an event in one heap, in the order of time and then of scheduling. All
chance comes from the seed, so a run is repeated exactly, and `trace_hash` says whether it was.
"""

import hashlib
import heapq
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from random import Random
from typing import Any

from actors import summary
from actors.accel import codec
from actors.assemble import add_controller, make_node
from actors.plan import Plan, make_plan
from actors.routing import Routing
from actors.sim.device import Dial, SimDevice
from actors.sim.ledger import (
    Numbers,
    Whereabouts,
    add_numbers,
    kept_by,
    note_arrivals,
    whereabouts,
)
from actors.sim.network import Link
from actors.sim.probe import Probe
from actors.sim.standins import Flash, Maker, Memories, StandIns
from actors.site import Site
from actors.state import Disk, StateFile
from actors.store import Store
from mp_actors.errors import ActorsError
from mp_actors.node import Node
from mp_actors.path import join

REPORT_MS = 4000  # reports cost the simulator more than they tell it; below the 6 s of silence
HEAL_MS = 20_000  # redial, a first HELLO, news and the last patience of a neighbour
REST_MS = 12_000  # two beats to give up, a command's time, two reports
KEEPER_MS = 1000  # from the end of a device that an actor escalated to its next start
BOARD_SPEED = 0.02  # of a worker's; an ESP32 handles a message in about 80 µs (measured, scaled)


class SimError(ActorsError):
    """A verb names a device, a domain or a link that the site does not have."""


class Sim:
    """One simulation of a site that `check` found no fault with.

    `stand_ins`: {class: what makes its replacement}; see `standins`. `state`: the file in which the
    controller keeps what it must not forget, on a `disk`; None: nowhere. `plan`: else the site's
    own. `probe`: see there.
    """

    def __init__(
        self,
        site: Site,
        *,
        seed: int = 0,
        stand_ins: StandIns | None = None,
        report_ms: int = REPORT_MS,
        state: Path | None = None,
        disk: Disk | None = None,
        plan: Plan | None = None,
        probe: Probe | None = None,
    ) -> None:
        self.seed = seed
        self._state_path, self._disk = state, disk
        self.chance = Random(seed)
        self.now_us = 0
        self.plan: Plan = plan or make_plan(site)
        self.lines: list[tuple[int, str, str]] = []
        self.memories: Memories = {}
        self.graveyard: list[Node] = []
        self._destroyed: Numbers = {}
        self._arrived: Numbers = {}
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._scheduled = 0
        self._hash = hashlib.sha256()
        self._maker = Maker(stand_ins or {}, seed, self.memories, probe)
        self._report_ms, self._is_halted = report_ms, False
        self._controller: Any = None
        # They outlast the crashes of their devices.
        disks = {path: Flash if one.is_board else Store for path, one in self.plan.devices.items()}
        self.stores: dict[str, Any] = {path: disk() for path, disk in disks.items()}
        routing = Routing(site.topology)
        self._parents = {
            device.path: [] if device.is_router else
            [parent.number for _, parent in routing.parents(device)]
            for device in site.topology.devices
        }
        paths = [device.path for device in site.topology.devices]
        self.devices = {path: SimDevice(self, path, self._make_node) for path in paths}
        self.links = [self._link(link) for link in site.topology.links]
        self.domains = {
            domain.name: [device.path for device in domain.devices]
            for domain in site.topology.domains
        }
        for path, device in self.devices.items():
            if self.plan.devices[path].is_board:
                device.speed = BOARD_SPEED
            device.start()

    # -- time

    def run_ms(self, duration_ms: float) -> None:
        """Let that much virtual time pass."""
        until_us = self.now_us + round(duration_ms * 1000)
        events, pop = self._events, heapq.heappop
        while events and events[0][0] <= until_us:
            self.now_us, _, event = pop(events)
            event()
        self.now_us = until_us

    def run_until(self, condition: Callable[[], bool], limit_ms: float = 60_000) -> bool:
        """Run until the condition holds, looked at each 100 ms; False if the limit came first."""
        until_us = self.now_us + limit_ms * 1000
        while not condition():
            if self.now_us >= until_us:
                return False
            self.run_ms(100)
        return True

    def at(self, time_us: int, event: Callable[[], None]) -> None:
        """Let something happen at a time; in the order of this call among equal times."""
        self._scheduled += 1
        due_us = time_us if time_us > self.now_us else self.now_us
        heapq.heappush(self._events, (due_us, self._scheduled, event))

    # -- faults

    def cut(self, a: str, b: str, *, one_way: bool = False) -> None:
        """Pull the cable between two devices (one way: nothing gets from a to b)."""
        link, direction = self._find(a, b)
        link.cut[direction] = True
        if not one_way:
            link.cut[1 - direction] = True

    def repair(self, a: str, b: str) -> None:
        """Undo `cut` between two devices, or `partition` between two domains."""
        for link in self._between(a, b):
            link.cut[:] = [False, False]
            link.resume()

    def partition(self, a: str, b: str) -> None:
        """Cut every link between the devices of two domains, or two devices."""
        for link in self._between(a, b):
            link.cut[:] = [True, True]

    def hold(self, a: str, b: str) -> None:
        """Let bytes wait on a link; new connections can still be made."""
        for link in self._between(a, b):
            link.held[:] = [True, True]

    def release(self, a: str, b: str) -> None:
        """Undo `hold`."""
        for link in self._between(a, b):
            link.held[:] = [False, False]
            link.resume()

    def reset(self, a: str, b: str) -> None:
        """Break the connections between two devices; bytes under way are lost."""
        for link in self._between(a, b):
            for connection in list(link.connections):
                connection.reset()

    def crash(self, path: str, *, power_lost: bool = False) -> None:
        """End a device at once; with its power, so that nobody is told by its kernel."""
        dead = self._device(path).crash(power_lost)
        if dead is not None:
            self.graveyard.append(dead)
            self.destroyed(kept_by(dead))
            self._note(path, "crash")

    def restart(self, path: str) -> None:
        """Start a crashed device, with nothing of before."""
        device = self._device(path)
        if device.node is None:
            device.start()
            self._note(path, "restart")

    def ended(self, path: str) -> None:
        """A device ended by itself, for an actor escalated: its keeper starts it anew."""
        self.crash(path)
        self.at(self.now_us + KEEPER_MS * 1000, lambda: self.restart(path))

    def freeze(self, path: str) -> None:
        """Let a device take no turn any more, as SIGSTOP does; its connections stay."""
        self._device(path).frozen = True

    def thaw(self, path: str) -> None:
        """Undo `freeze`."""
        device = self._device(path)
        device.frozen = False
        device.wake(self.now_us)

    def set_latency(self, a: str, b: str, latency_ms: float, jitter_ms: float = 0.0) -> None:
        """How long bytes take between two devices."""
        for link in self._between(a, b):
            link.declare(latency_ms, None)
            link.jitter_us = round(jitter_ms * 1000)

    def set_bandwidth(self, a: str, b: str, kbps: float) -> None:
        """How many kilobits a second get through between two devices; 0: without limit."""
        for link in self._between(a, b):
            link.declare(None, kbps)

    def set_speed(self, path: str, speed: float) -> None:
        """How fast a device is; 1.0 is a worker."""
        self._device(path).speed = speed

    def clock_jump(self, path: str, jump_ms: float) -> None:
        """Put a device's idea of site time off by that much."""
        self._device(path).clock.jump_us += round(jump_ms * 1000)

    # -- looking

    @property
    def reports(self) -> dict[str, Any]:
        """The last report of every device that the controller has."""
        reports: dict[str, Any] = self._controller.observer.reports
        return reports

    @property
    def status(self) -> dict[str, Any]:
        """What the controller knows."""
        status: dict[str, Any] = self._controller.on_status()
        return status

    def summary(self) -> dict[str, Any]:
        """The summary of `run`, and the trace hash as `trace`.

        `ok` here means: rolled out, and every reading accounted for by the omniscient ledger, lost
        ones too. Accounts are closed once the site is halted and at rest.
        """
        status = self.status
        if self._is_halted:
            status = summary.closed(self.plan, status)
        found = summary.summarise(self.plan, status, {}, [])
        exact = all(account.is_exact for account in self.whereabouts().values())
        found["ok"] = bool(status["ready"] and not status["failures"] and exact)
        found["trace"] = self.trace_hash
        return found

    def finish(self) -> None:
        """Heal everything, let all sensors rest, and what is under way arrive."""
        for link in self.links:
            link.cut[:] = link.held[:] = [False, False]
            link.resume()
        for path, device in self.devices.items():
            self.restart(path)
            if device.frozen:
                self.thaw(path)
        self.run_ms(HEAL_MS)
        self.halt()
        self.run_ms(REST_MS)

    def halt(self) -> None:
        """Let all sensors rest, as the end of `run` does."""
        self._is_halted = True
        device = self._device(self.plan.controller)
        assert device.node is not None, "the controller's device is crashed"
        path = join(self.plan.controller, "controller")
        device.node.scheduler.post(path, "halt", [], "sim/sim/sim", None)
        device.wake(self.now_us)

    def sink(self, path: str) -> list[tuple[int, str, Any]]:
        """What the stand-in of a sink was given: (at_ms, source, value)."""
        return self.memories.get(path, [])

    def whereabouts(self) -> dict[int, Whereabouts]:
        """The omniscient account of every wire, by number."""
        alive = [device.node for device in self.devices.values() if device.node is not None]
        connections = [one for link in self.links for one in link.connections]
        pipes = [pipe for connection in connections for pipe in connection.pipes]
        in_pipes = [payload for pipe in pipes for payload in pipe.frames()]
        return whereabouts(alive, self.graveyard, in_pipes, self._destroyed)

    def stats(self, path: str) -> dict[str, Any]:
        """The ledger of all wires that end at an actor, added up."""
        total: dict[str, Any] = {"accepted": 0, "delivered": 0, "dropped": {}, "in_flight": 0}
        for row in self.summary()["wires"]:
            if row["target"] == path:
                for figure in ("accepted", "delivered", "in_flight"):
                    total[figure] += row[figure]
                for reason, readings in row["dropped"].items():
                    total["dropped"][reason] = total["dropped"].get(reason, 0) + readings
        return total

    @property
    def trace_hash(self) -> str:
        """One hash of everything that went over every link; equal for equal runs."""
        return self._hash.copy().hexdigest()

    # -- what devices and pipes tell

    def trace(self, link: int, direction: int, chunk: bytes) -> None:
        """Bytes have arrived."""
        self._hash.update(b"%d %d %d %d;" % (self.now_us, link, direction, zlib.crc32(chunk)))

    def destroyed(self, payloads: Iterable[bytes]) -> None:
        """Frames died with a connection or a device; those that had arrived lose nothing."""
        numbers: Numbers = {}
        add_numbers(numbers, payloads)
        for wire, died in numbers.items():
            fresh = died & ~self._arrived.get(wire, 0)
            self._destroyed[wire] = self._destroyed.get(wire, 0) | fresh

    def _make_node(self, device: SimDevice) -> Node:
        declared = self.plan.devices[device.path]
        node = make_node(
            declared,
            self._parents[device.path],
            clock=device.clock,
            codec=codec,
            draw=lambda: self.chance.getrandbits(30),
            log=lambda path, text: self._log(path, text),
            pid=declared.number,  # this process's own would make each run another one
            maker=self._maker.on(device),
            store=self.stores[device.path],
        )
        note_arrivals(node, self._arrived)
        if device.path == self.plan.controller:
            state_file = StateFile(self._state_path, self._disk)
            state = state_file.load()
            state.term += 1
            self._controller = add_controller(
                node,
                self.plan,
                lambda: self.now_us / 1e6,
                self._report_ms,
                state_file=state_file,
                state=state,
            )
        return node

    def _link(self, declared: Any) -> Link:
        a, b = self.devices[declared.a.path], self.devices[declared.b.path]
        link = Link(declared.number, a, b)
        link.declare(declared.latency_ms, declared.bandwidth_kbps)
        # As in a real site: a leaf dials its routers, of two routers the later one dials.
        dialler = b if declared.a.is_router else a
        dialler.dials.append(Dial(dialler, link))
        return link

    def _log(self, path: str, text: str) -> None:
        self.lines.append((self.now_us // 1000, path, text))
        self._note(path, text)

    def _note(self, path: str, text: str) -> None:
        self._hash.update(f"{self.now_us} {path} {text};".encode())

    # -- names

    def find_links(self, verb: str, a: str, b: str) -> list[Link]:
        """The links that a verb would touch. *Raises* SimError if there are none."""
        return [self._find(a, b)[0]] if verb == "cut" else self._between(a, b)

    def _device(self, path: str) -> SimDevice:
        if path not in self.devices:
            raise SimError(f"no device {path!r}; there are " + ", ".join(self.devices))
        return self.devices[path]

    def _find(self, a: str, b: str) -> tuple[Link, int]:
        """The link between two devices, and which direction leads from a to b."""
        one, other = self._device(a), self._device(b)
        for link in self.links:
            if {link.a, link.b} == {one, other}:
                return link, 0 if link.a is one else 1
        raise SimError(f"no link between {a} and {b}")

    def _between(self, a: str, b: str) -> list[Link]:
        """The links between two devices, or between the devices of two domains."""
        if a in self.domains and b in self.domains:
            ours, theirs = set(self.domains[a]), set(self.domains[b])
            found = self._leaving(ours, theirs) or self._leaving(theirs, ours)
            if not found:
                raise SimError(f"no link joins the domains {a} and {b}")
            return found
        return [self._find(a, b)[0]]

    def _leaving(self, ours: set[str], theirs: set[str]) -> list[Link]:
        """The links inside their domain that lead out of ours: those of the gateways."""
        inside = [link for link in self.links if {link.a.path, link.b.path} <= theirs]
        return [link for link in inside if (link.a.path in ours) != (link.b.path in ours)]
