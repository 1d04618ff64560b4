"""The controller: an actor that knows the whole plan, carries it out and hears how things are.

Lives at `domain/device/controller` on a worker of the person's choice. It speaks to devices only by
control messages, which routers forward, so it reaches what it could never dial. Readings never pass
it: when it is gone, the site goes on.
"""

import time
from collections.abc import Callable
from typing import Any

from actors.ledger import DeviceReport, WireAccount, accounts
from actors.plan import Command, Plan, diff
from mp_actors.actor import Actor
from mp_actors.node import Node
from mp_actors.path import join
from mp_actors.requests import Requests

REPORT_MS = 500
COMMAND_TIMEOUT_MS = 4000
RETRY_MS = 250
STALE_S = 6.0  # three missed beats: an older figure is not the present


class Controller(Actor):
    """Carries out one plan. `diff` gives the commands; each is sent once what it needs is done.

    `seconds()` is a clock that never jumps, for ages.
    """

    def __init__(
        self, node: Node, plan: Plan, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self.plan = plan
        self.reports = {path: DeviceReport() for path in plan.devices}
        self.failures: dict[tuple[Any, ...], str] = {}
        self.waiting_for: dict[tuple[Any, ...], str] = {}
        self._seconds_now = seconds
        self._node = node
        self._requests = Requests(node)
        self._open = {command.key: command for command in diff(None, plan)}
        self._sent: set[tuple[Any, ...]] = set()
        self._done: set[tuple[Any, ...]] = set()
        self._started_s: float | None = None
        self._halted_s: float | None = None
        self._halt_left: set[str] = set()

    def started(self) -> None:
        self._roll_out()

    # -- what the console asks

    def on_status(self) -> dict[str, Any]:
        """Everything known, in plain values; see `actors.summary` for what is made of it."""
        return {
            "ready": not self._open,
            "failures": sorted(self.failures.values()),
            "waiting": sorted(set(self.waiting_for.values())),
            "seconds": self._seconds(),
            "devices": {path: self._device(path) for path in sorted(self.plan.devices)},
            "actors": self._actors(),
            "wires": [_wire(number, made) for number, made in sorted(self._accounts().items())],
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
        report = self.reports.get(path)
        if report is None:
            return
        if report.incarnation not in (0, figures["inc"]):
            report.restarts += 1
        report.incarnation = figures["inc"]
        report.figures = figures
        report.heard_s = self._seconds_now()
        report.reports += 1

    def on_actors(self, path: str, rows: list[list[Any]]) -> None:
        """Figures of some of a device's actors."""
        if path in self.reports:
            for row in rows:
                self.reports[path].actors[row[0]] = row

    def on_wires(self, path: str, rows: list[list[Any]]) -> None:
        """Figures of some wire ends on a device."""
        if path in self.reports:
            for row in rows:
                self.reports[path].ends[row[0], row[1]] = row

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
        arguments = list(command.arguments)
        if command.kind == "watch":
            arguments = [self.path, REPORT_MS]

        def answered(error: tuple[str, str] | None, _value: Any) -> None:
            self._answered(command, error)

        path = join(command.device, command.actor)
        self._requests.ask(
            self.path, path, command.kind, arguments, answered, COMMAND_TIMEOUT_MS
        )

    def _answered(self, command: Command, error: tuple[str, str] | None) -> None:
        if command.key not in self._open:
            return
        if error is not None and error[0] != "failed":
            # Nobody there yet, or busy: the same command later. What it says is shown meanwhile.
            if command.key not in self.waiting_for:
                self.log(f"waiting for {command.device}: {error[1]}")
            self.waiting_for[command.key] = f"{command.device}: {error[1]}"
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

    def _again(self, command: Command) -> None:
        if command.key in self._open:
            self._send(command)

    # -- halt and end

    def _ask(self, path: str, kind: str, then: Any) -> None:
        self._requests.ask(self.path, join(path, "node"), kind, [], then, COMMAND_TIMEOUT_MS)

    def _halted(self, path: str, error: tuple[str, str] | None) -> None:
        if error is None:
            self._halt_left.discard(path)
            self.reports[path].reports = 0  # from here on: reports of a device at rest

    def _end(self, left: list[str]) -> None:
        if left:
            self._ask(left[0], "end", lambda _error, _value: self._end(left[1:]))

    # -- figures

    def _accounts(self) -> dict[int, WireAccount]:
        return accounts(self.plan, self.reports)

    def _seconds(self) -> float:
        if self._started_s is None:
            return 0.0
        return round((self._halted_s or self._seconds_now()) - self._started_s, 3)

    def _device(self, path: str) -> dict[str, Any]:
        report = self.reports[path]
        age_s = None if report.heard_s is None else self._seconds_now() - report.heard_s
        figures = report.figures
        return {
            "interpreter": figures.get("interpreter"),
            "pid": figures.get("pid"),
            "free_heap_bytes": figures.get("free"),
            "alive": age_s is not None and age_s <= STALE_S,
            "age_s": age_s,
            "restarts": report.restarts,
            "link_errors": figures.get("link_errors", {}),
            "control_lost": figures.get("control", {}),
            "rested": path not in self._halt_left and report.reports > 0,
        }

    def _actors(self) -> dict[str, dict[str, Any]]:
        found = {}
        for path in sorted(self.plan.actors):
            device, name = path.rsplit("/", 1)
            row = self.reports[device].actors.get(name)
            if row is not None:
                _, failures, restarts, is_down, error = row
                found[path] = {
                    "failures": failures,
                    "restarts": restarts,
                    "down": is_down,
                    "last_error": error or None,
                }
        return found


def _wire(number: int, made: WireAccount) -> dict[str, Any]:
    return {
        "wire": number,
        "accepted": made.accepted,
        "delivered": made.delivered,
        "dropped": made.dropped,
        "in_flight": made.in_flight,
        "unexplained": made.unexplained,
        "p50_us": made.p50_us,
        "p99_us": made.p99_us,
    }
