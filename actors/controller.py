"""The controller: an actor that knows the whole plan, carries it out and hears how things are.

Lives at `domain/device/controller` on a worker of the person's choice. It speaks to devices only by
control messages, which routers forward, so it reaches what it could never dial. Readings never pass
it: when it is gone, the site goes on.
"""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from actors import reports
from actors.maps import Maps
from actors.observer import Observer
from actors.plan import Command, Plan, diff
from actors.questions import Questions
from actors.renewal import raised, renewed, restored, resumed
from actors.repair import Repair
from actors.rollout import blocked
from actors.state import State, StateFile
from mp_actors.actor import Actor
from mp_actors.errors import Refused
from mp_actors.node import Node
from mp_actors.path import join

Error = tuple[str, str] | None  # (kind, text); see `mp_actors.control`

REPORT_MS = 500
COMMAND_TIMEOUT_MS = 4000
RETRY_MS = 250
PATIENCE_S = 3.0  # before a device that is waited for is named in the log
SILENCE_MS = 500  # how often silence is looked for
RESTARTS_MS = 500  # how often devices are asked that are not heard
PROBE_TIMEOUT_MS = 1000  # then they are asked anew: one that is back is not to wait
COSTS_MS = 5000  # how often measured delays are looked at


class Controller(Actor):
    """Carries out one plan. `diff` gives the commands; each is sent once what it needs is done.

    `seconds()` is a clock that never jumps, for ages.
    """

    supervision = "resume"  # what it knows is in it: another instance would know nothing

    def __init__(
        self,
        node: Node,
        plan: Plan,
        seconds: Callable[[], float] = time.monotonic,
        report_ms: int = REPORT_MS,
        sign: Callable[[bytes], bytes] | None = None,
        state_file: StateFile | None = None,
        state: State | None = None,
    ) -> None:
        self._state_file = state_file or StateFile()
        self._state = state or State()
        is_later = bool(self._state.epochs)
        if is_later:  # this device began anew, the others perhaps not
            plan = renewed(resumed(plan, self._state.epochs), node.path)
        self.plan = plan
        self.observer = Observer(plan, seconds, self.log)
        self.failures: dict[tuple[Any, ...], str] = {}
        self.waiting_for: dict[tuple[Any, ...], str] = {}
        self._seconds_now = seconds
        self._report_ms = report_ms
        self._patience_s: dict[tuple[Any, ...], float] = {}
        self._node = node
        self._maps = Maps(
            plan.route_map, self._state.map_version, self._ask_router, sign, self._save
        )
        self._requests = node.requests
        asking = partial(node.requests.ask, join(node.path, "controller"))
        self._questions = Questions(plan, asking)
        self._commands = {command.key: command for command in diff(None, self.plan)}
        self._open = dict(self._commands)
        self._sent: set[tuple[Any, ...]] = set()
        self._done: set[tuple[Any, ...]] = set()
        self._started_s: float | None = None
        self._halted_s: float | None = None
        self._halt_left: set[str] = set()
        starts = {path: one for path, one in self._state.starts.items() if path in plan.devices}
        self._repair = Repair({**starts, node.path: node.incarnation}, is_later)
        self._asked: set[str] = set()

    def started(self) -> None:
        self._save()
        self._roll_out()
        # Not a timer of this actor: routes are looked after while sensors rest, too.
        timers = self._node.scheduler.timers
        timers.every(self._node.scheduler.now_ms, COSTS_MS, self._look_at_costs)
        timers.every(self._node.scheduler.now_ms, SILENCE_MS, self._look_for_silence)
        timers.every(self._node.scheduler.now_ms, RESTARTS_MS, self._look_for_restarts)

    # -- what the console asks

    def on_status(self) -> dict[str, Any]:
        """Everything known, in plain values; see `actors.summary` for what is made of it."""
        return {
            "ready": not self._open,
            "failures": sorted(self.failures.values()),
            "waiting": sorted(set(self.waiting_for.values())),
            "troubles": self.observer.troubles(),
            "rollout": blocked(
                self.plan, self._commands, self._open, self.failures, self.waiting_for
            ),
            "seconds": self._seconds(),
            "devices": self._devices(),
            "actors": self.observer.actors(),
            "wires": self.observer.wires(),
            "links": self.observer.links(),
        }

    def on_trace(self, number: int) -> dict[str, Any]:
        """What devices have told of one wire; see `Observer.trace`."""
        return self.observer.trace(number)

    def on_explain(self, path: str, *words: Any) -> int:
        """Ask a device; see `mp_actors.explain`. `explained` has the answer under this number."""
        return self._questions.put(path, list(words))

    def on_explained(self, number: int) -> list[Any] | None:
        """[error or None, value] once it is there, None before."""
        return self._questions.fetch(number)

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
        if path not in self.plan.devices or self._repair.is_past(path, figures["inc"]):
            return
        self._know(path, figures["inc"])
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
            if all(one in self._done or self._is_at_silent(one) for one in command.after):
                self._send(command)

    def _is_at_silent(self, key: tuple[Any, ...]) -> bool:
        """Whether it is the end of a wire on a device that was there and is silent: what begins
        anew meanwhile does not wait for it; its readings wait, or are counted.
        """
        command = self._open.get(key)
        return command is not None and key[0] == "target" and (
            self.observer.is_silent(command.device))

    def _send(self, command: Command) -> None:
        self._sent.add(command.key)
        path = join(command.device, command.actor)
        if command.kind == "map":
            self._maps.router = path
            self._maps.give(partial(self._answered, command))
            return
        arguments = list(command.arguments)
        if command.kind == "watch":
            arguments = [self.path, self._report_ms]
        # What is not harmless to a start that knows nothing else yet is for this start alone.
        start = self._repair.starts.get(command.device)
        if command.kind == "wire":
            arguments[0] = {**arguments[0], "start": start}
        elif command.kind == "start":
            arguments = [start]

        def answered(error: Error, value: Any) -> None:
            if command.kind == "watch" and error is None:
                self._know(command.device, value)
            self._answered(command, error)
            if command.kind == "wire" and error is None:
                self._compare(command.key[1], value)

        self._requests.ask(
            self.path, path, command.kind, arguments, answered, COMMAND_TIMEOUT_MS
        )

    def _ask_router(self, path: str, kind: str, arguments: list[Any], then: Any) -> None:
        self._requests.ask(self.path, path, kind, arguments, then, COMMAND_TIMEOUT_MS)

    def _answered(self, command: Command, error: Error) -> None:
        if self._open.get(command.key) is not command:
            return  # of an order that another has taken the place of
        if error is not None and error[0] != "failed":
            self._later(command, error[1])
            return
        if error is not None:
            self._doubt(command, error[1])
            return
        self.waiting_for.pop(command.key, None)
        del self._open[command.key]
        self._done.add(command.key)
        if command.kind == "start" and self._started_s is None:
            self._started_s = self._seconds_now()
        if not self._open:
            devices, actors = len(self.plan.devices), len(self.plan.actors)
            self.log(f"rolled out: {devices} devices, {actors} actors")
        self._roll_out()

    def _doubt(self, command: Command, text: str) -> None:
        """A command has failed, unless its device began anew just before, with nothing of what the
        command needs: then it is told everything once more.
        """

        def heard(error: Error, start: Any) -> None:
            if error is None:
                self._know(command.device, start)
            if self._open.get(command.key) is not command:
                return
            if error is not None and error[0] != "failed":
                self._later(command, error[1])
                return
            self.waiting_for.pop(command.key, None)
            del self._open[command.key]
            self.failures[command.key] = f"{command.device}: {command.kind}: {text}"
            self.log(self.failures[command.key])

        self._watch(command.device, heard, COMMAND_TIMEOUT_MS)

    def _watch(self, path: str, then: Callable[[Error, Any], None], timeout_ms: int) -> None:
        """Ask a device to report here, and which of its starts this is."""
        arguments = [self.path, self._report_ms]
        self._requests.ask(self.path, join(path, "node"), "watch", arguments, then, timeout_ms)

    def _later(self, command: Command, text: str) -> None:
        """Nobody there yet, or busy: the same command later. What it says is shown meanwhile."""
        self._waits(command, text)
        timers, now_ms = self._node.scheduler.timers, self._node.scheduler.now_ms
        timers.after(now_ms, RETRY_MS, lambda: self._again(command))

    def _waits(self, command: Command, text: str) -> None:
        """A device is not there yet: shown at once, said when it takes long."""
        if command.key not in self.waiting_for:
            self._patience_s[command.key] = self._seconds_now() + PATIENCE_S
        elif self._seconds_now() > self._patience_s[command.key]:
            self._patience_s[command.key] = float("inf")
            self.log(f"waiting for {command.device}: {text}")
        self.waiting_for[command.key] = f"{command.device}: {text}"

    def _again(self, command: Command) -> None:
        if self._open.get(command.key) is command:
            self._send(command)

    def _look_for_silence(self) -> None:
        self.observer.look_for_silence()
        if self._open:
            self._roll_out()

    # -- devices that begin anew

    def _look_for_restarts(self) -> None:
        """Ask whoever is quiet; one that was started again knows nobody to report to."""
        if self._halted_s is not None:
            return
        for path in self._repair.quiet(self.observer.reports, self._seconds_now()):
            if path not in self._asked:
                self._asked.add(path)
                self._watch(path, partial(self._heard_again, path), PROBE_TIMEOUT_MS)

    def _heard_again(self, path: str, error: Error, start: Any) -> None:
        self._asked.discard(path)
        if error is None:
            self._know(path, start)

    def _know(self, path: str, start: Any) -> None:
        """This start of a device is the present one; if it is another, it knows nothing yet."""
        if type(start) is not int or self._repair.is_past(path, start):
            return
        is_known = self._repair.starts.get(path) == start
        is_news = self._repair.is_news(path, start)
        for number, readings in self.observer.began(path, start).items():
            words = "waited there when it ended"
            self._node.keep("lose", number, "crash", path, readings, words)
        if is_news:
            self._restore(path)
        elif not is_known:
            self._save()

    def _restore(self, path: str) -> None:
        """Tell a device everything once more, and the other ends of its wires."""
        if self._halted_s is not None:
            return
        self.log(f"{path} has begun anew and is configured again")
        self.plan, commands = restored(self.plan, path, set(self._open))
        self._save()
        self._reopen(commands)
        if self._maps.router == join(path, "router") and ("map",) in self._done:
            # Perhaps it has no neighbour that could give it the map.
            self._maps.give(self._say)

    def _compare(self, number: int, epoch: Any) -> None:
        """A device knows this epoch of a wire; a higher one is of a plan that was forgotten."""
        if type(epoch) is not int or epoch <= self.plan.wires[number].epoch:
            return
        self.plan, commands = raised(self.plan, number, epoch, set(self._open))
        self._save()
        self._reopen(commands)

    def _reopen(self, commands: list[Command]) -> None:
        for command in commands:
            self._sent.discard(command.key)
            self._done.discard(command.key)
            self.failures.pop(command.key, None)
            self._commands[command.key] = self._open[command.key] = command
        self._roll_out()

    def _save(self) -> None:
        """Before anything is said that a later controller has to know."""
        self._state.map_version = self._maps.version
        self._state.epochs = {number: wire.epoch for number, wire in self.plan.wires.items()}
        self._state.starts = dict(self._repair.starts)
        before = self._state_file.failed
        if not self._state_file.save(self._state) and self._state_file.failed != before:
            self.log(self._state_file.failed)

    # -- costs

    def _look_at_costs(self) -> None:
        """Give the routers a new map when delays have changed for good."""
        if ("map",) not in self._done:
            return
        changed = self._maps.changed(self.observer.round_trips_ms())
        if changed:
            self.log(f"delays have changed, a new map goes out: {changed}")
            self._maps.give(self._say)

    def _say(self, error: Error) -> None:
        if error is not None:
            self.log(error[1])

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
