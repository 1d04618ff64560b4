"""The controller: an actor that knows the whole plan, carries it out and hears how things are.

Lives at `domain/device/controller` on a worker of the person's choice. It speaks to devices only by
control messages, which routers forward, so it reaches what it could never dial. Readings never pass
it: when it is gone, the site goes on.
"""

import time
from collections.abc import Callable
from typing import Any

from actors import reports
from actors.accel import codec
from actors.costs import Costs
from actors.observer import Observer
from actors.plan import Command, Plan, diff
from mp_actors.actor import Actor
from mp_actors.errors import Refused
from mp_actors.news import digest
from mp_actors.node import Node
from mp_actors.path import join
from mp_actors.requests import Requests

Error = tuple[str, str] | None  # (kind, text); see `mp_actors.control`

REPORT_MS = 500
COMMAND_TIMEOUT_MS = 4000
RETRY_MS = 250
PATIENCE_S = 3.0  # before a device that is waited for is named in the log
SILENCE_MS = 500  # how often silence is looked for
COSTS_MS = 5000  # how often measured delays are looked at


class Controller(Actor):
    """Carries out one plan. `diff` gives the commands; each is sent once what it needs is done.

    `seconds()` is a clock that never jumps, for ages.
    """

    def __init__(
        self,
        node: Node,
        plan: Plan,
        seconds: Callable[[], float] = time.monotonic,
        report_ms: int = REPORT_MS,
        sign: Callable[[bytes], bytes] | None = None,
    ) -> None:
        self.plan = plan
        self.observer = Observer(plan, seconds, self.log)
        self.failures: dict[tuple[Any, ...], str] = {}
        self.waiting_for: dict[tuple[Any, ...], str] = {}
        self._seconds_now = seconds
        self._report_ms = report_ms
        self._sign = sign
        self._patience_s: dict[tuple[Any, ...], float] = {}
        self._node = node
        self.map_version = 0
        self._map_router = ""
        self.route_map = plan.route_map
        self.costs = Costs(plan.route_map)
        self._requests = Requests(node)
        self._open = {command.key: command for command in diff(None, plan)}
        self._sent: set[tuple[Any, ...]] = set()
        self._done: set[tuple[Any, ...]] = set()
        self._started_s: float | None = None
        self._halted_s: float | None = None
        self._halt_left: set[str] = set()

    def started(self) -> None:
        self._roll_out()
        # Not a timer of this actor: routes are looked after while sensors rest, too.
        timers = self._node.scheduler.timers
        timers.every(self._node.scheduler.now_ms, COSTS_MS, self._look_at_costs)
        timers.every(self._node.scheduler.now_ms, SILENCE_MS, self.observer.look_for_silence)

    # -- what the console asks

    def on_status(self) -> dict[str, Any]:
        """Everything known, in plain values; see `actors.summary` for what is made of it."""
        return {
            "ready": not self._open,
            "failures": sorted(self.failures.values()),
            "waiting": sorted(set(self.waiting_for.values())),
            "seconds": self._seconds(),
            "devices": self._devices(),
            "actors": self.observer.actors(),
            "wires": self.observer.wires(),
            "links": self.observer.links(),
        }

    def on_halt(self) -> None:
        """Let no sensor sample any more, anywhere; `rested` in the status says when all obeyed."""
        if self._halted_s is None:
            self._halted_s = self._seconds_now()
        self._open.clear()
        self._halt_left = set(self.plan.devices)
        for path in sorted(self.plan.devices):
            self._ask(path, "halt", lambda error, _, path=path: self._halted(path, error))

    def on_end(self) -> None:
        """End every device, the farthest first, this one last."""
        by_distance = sorted(
            self.plan.devices, key=lambda path: (len(self.plan.ways[path]), path), reverse=True
        )
        self._end(by_distance)

    # -- what devices tell

    def on_device(self, path: str, figures: dict[str, Any]) -> None:
        """A device's own figures."""
        self._check_sender(path)
        reports.check("device", figures)
        self.observer.take_device(path, figures)

    def on_actors(self, path: str, rows: list[list[Any]]) -> None:
        """Figures of some of a device's actors."""
        self._check_sender(path)
        reports.check("actors", rows)
        self.observer.take_actors(path, rows)

    def on_wires(self, path: str, rows: list[list[Any]]) -> None:
        """Figures of some wire ends on a device."""
        self._check_sender(path)
        reports.check("wires", rows)
        self.observer.take_wires(path, rows)

    def _check_sender(self, path: str) -> None:
        if self.sender != join(path, "node"):
            raise Refused(f"{self.sender}: reports for {path}")

    # -- roll-out

    def _roll_out(self) -> None:
        for key in list(self._open):
            command = self._open.get(key)
            if command is None or key in self._sent:
                continue
            if all(one in self._done for one in command.after):
                self._send(command)

    def _send(self, command: Command) -> None:
        self._sent.add(command.key)
        path = join(command.device, command.actor)
        if command.kind == "map":
            self._map_router = path
            self._give_map(lambda error: self._answered(command, error))
            return
        arguments = list(command.arguments)
        if command.kind == "watch":
            arguments = [self.path, self._report_ms]

        def answered(error: Error, _value: Any) -> None:
            self._answered(command, error)

        self._requests.ask(
            self.path, path, command.kind, arguments, answered, COMMAND_TIMEOUT_MS
        )

    def _give_map(self, then: Callable[[Error], None]) -> None:
        """Give the map to one router, under a version above the one it has."""
        path = self._map_router

        def known(error: Error, version: Any) -> None:
            if error is None and type(version) is not int:
                error = ("failed", f"{path}: says that its map is {version!r:.40}")
            if error is not None:
                then(error)
                return
            self.map_version = max(self.map_version, version) + 1
            encoded = codec.encode({**self.route_map, "version": self.map_version})
            arguments = [encoded, digest(encoded)]
            if self._sign is not None:
                arguments.append(self._sign(encoded))
            self._requests.ask(
                self.path,
                path,
                "map",
                arguments,
                lambda refused, _value: then(refused),
                COMMAND_TIMEOUT_MS,
            )

        self._requests.ask(self.path, path, "version", [], known, COMMAND_TIMEOUT_MS)

    def _answered(self, command: Command, error: Error) -> None:
        if command.key not in self._open:
            return
        if error is not None and error[0] != "failed":
            # Nobody there yet, or busy: the same command later. What it says is shown meanwhile.
            self._waits(command, error[1])
            timers, now_ms = self._node.scheduler.timers, self._node.scheduler.now_ms
            timers.after(now_ms, RETRY_MS, lambda: self._again(command))
            return
        self.waiting_for.pop(command.key, None)
        del self._open[command.key]
        if error is not None:
            self.failures[command.key] = f"{command.device}: {command.kind}: {error[1]}"
            self.log(self.failures[command.key])
            return
        self._done.add(command.key)
        if command.kind == "start" and self._started_s is None:
            self._started_s = self._seconds_now()
        if not self._open:
            devices, actors = len(self.plan.devices), len(self.plan.actors)
            self.log(f"rolled out: {devices} devices, {actors} actors")
        self._roll_out()

    def _waits(self, command: Command, text: str) -> None:
        """A device is not there yet: shown at once, said when it takes long."""
        if command.key not in self.waiting_for:
            self._patience_s[command.key] = self._seconds_now() + PATIENCE_S
        elif self._seconds_now() > self._patience_s[command.key]:
            self._patience_s[command.key] = float("inf")
            self.log(f"waiting for {command.device}: {text}")
        self.waiting_for[command.key] = f"{command.device}: {text}"

    def _again(self, command: Command) -> None:
        if command.key in self._open:
            self._send(command)

    # -- costs

    def _look_at_costs(self) -> None:
        """Give the routers a new map when delays have changed for good."""
        changed = self.costs.look(self.observer.round_trips_ms())
        if not changed or ("map",) not in self._done:
            return
        told = ", ".join(f"link {link} {cost_us / 1000:g} ms" for link, cost_us in changed.items())
        self.log(f"delays have changed, a new map goes out: {told}")
        self.route_map = self.costs.applied_to(self.route_map)
        self._give_map(lambda error: self.log(error[1]) if error is not None else None)

    # -- halt and end

    def _ask(self, path: str, kind: str, then: Any) -> None:
        self._requests.ask(self.path, join(path, "node"), kind, [], then, COMMAND_TIMEOUT_MS)

    def _halted(self, path: str, error: Error) -> None:
        if error is None:
            self._halt_left.discard(path)
            self.observer.reports[path].reports = 0  # from here on: reports of a device at rest

    def _end(self, left: list[str]) -> None:
        if left:
            self._ask(left[0], "end", lambda _error, _value: self._end(left[1:]))

    # -- figures

    def _seconds(self) -> float:
        if self._started_s is None:
            return 0.0
        return round((self._halted_s or self._seconds_now()) - self._started_s, 3)

    def _devices(self) -> dict[str, dict[str, Any]]:
        devices = self.observer.devices()
        for path, device in devices.items():
            has_reported = self.observer.reports[path].reports > 0
            device["rested"] = path not in self._halt_left and has_reported
        return devices
