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
from actors.difference import Command, diff
from actors.maps import Maps
from actors.observer import Observer
from actors.orders import Error, Orders
from actors.plan import Plan
from actors.questions import Questions
from actors.renewal import raised, renewed, restored, resumed
from actors.repair import Repair
from actors.rollout import blocked
from actors.state import State, StateFile
from mp_actors.actor import Actor
from mp_actors.errors import Refused
from mp_actors.node import Node
from mp_actors.path import join

REPORT_MS = 500
COMMAND_TIMEOUT_MS = 4000
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
        known = self._state.starts
        self.observer = Observer(plan, seconds, self.log, known)
        self._seconds_now = seconds
        self._report_ms = report_ms
        self._node = node
        self._maps = Maps(
            plan.route_map, self._state.map_version, self._ask_router, sign, self._save
        )
        self._requests = node.requests
        asking = partial(node.requests.ask, join(node.path, "controller"))
        self._questions = Questions(plan, asking)
        self._orders = Orders(self, node, seconds, diff(None, self.plan))
        self._halted_s: float | None = None
        self._halt_left: set[str] = set()
        starts = {path: one for path, one in known.items() if path in plan.devices}
        self._repair = Repair({**starts, node.path: node.incarnation}, is_later)
        self._asked: set[str] = set()

    def started(self) -> None:
        self._save()
        self._orders.carry_out()
        # Not a timer of this actor: routes are looked after while sensors rest, too.
        timers = self._node.scheduler.timers
        timers.every(self._node.scheduler.now_ms, COSTS_MS, self._look_at_costs)
        timers.every(self._node.scheduler.now_ms, SILENCE_MS, self._look_for_silence)
        timers.every(self._node.scheduler.now_ms, RESTARTS_MS, self._look_for_restarts)

    # -- what the console asks

    def on_status(self) -> dict[str, Any]:
        """Everything known, in plain values; see `actors.summary` for what is made of it."""
        orders = self._orders
        return {
            "ready": not orders.open,
            "failures": sorted(orders.failures.values()),
            "waiting": sorted(set(orders.waiting_for.values())),
            "troubles": self.observer.troubles(),
            "rollout": blocked(
                self.plan, orders.commands, orders.open, orders.failures, orders.waiting_for
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
        self._orders.open.clear()
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
        if path not in self.plan.devices:
            return
        if self._repair.is_present(path, figures["inc"]):
            self.observer.take_device(path, figures)
        else:
            self._ask_start(path)

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

    # -- what `Orders` asks for

    def issue(self, command: Command) -> None:
        """Send a command; what becomes of it is told to the orders."""
        path = join(command.device, command.actor)
        if command.kind == "map":
            self._maps.router = path
            self._maps.give(partial(self._orders.answered, command))
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

        asked_s = self._seconds_now()

        def answered(error: Error, value: Any) -> None:
            if command.kind == "watch" and error is None:
                self._know(command.device, value, asked_s)
            self._orders.answered(command, error)
            if command.kind == "wire" and error is None:
                self._compare(command.key[1], value)

        self._requests.ask(
            self.path, path, command.kind, arguments, answered, COMMAND_TIMEOUT_MS
        )

    def doubt(self, device: str, then: Callable[[Error], None]) -> None:
        """Ask a device that refused which of its starts this is."""

        asked_s = self._seconds_now()

        def heard(error: Error, start: Any) -> None:
            if error is None:
                self._know(device, start, asked_s)
            then(error)

        self._watch(device, heard, COMMAND_TIMEOUT_MS)

    def is_silent(self, device: str) -> bool:
        """Whether a device that was heard, by whichever controller, is not any more."""
        return self.observer.is_silent(device)

    def _ask_router(self, path: str, kind: str, arguments: list[Any], then: Any) -> None:
        self._requests.ask(self.path, path, kind, arguments, then, COMMAND_TIMEOUT_MS)

    def _watch(self, path: str, then: Callable[[Error, Any], None], timeout_ms: int) -> None:
        """Ask a device to report here, and which of its starts this is."""
        arguments = [self.path, self._report_ms]
        self._requests.ask(self.path, join(path, "node"), "watch", arguments, then, timeout_ms)

    def _look_for_silence(self) -> None:
        self.observer.look_for_silence()
        if self._orders.open:
            self._orders.carry_out()

    # -- devices that begin anew

    def _look_for_restarts(self) -> None:
        """Ask whoever is quiet; one that was started again knows nobody to report to."""
        if self._halted_s is not None:
            return
        for path in self._repair.quiet(self.observer.reports, self._seconds_now()):
            self._ask_start(path)

    def _ask_start(self, path: str) -> None:
        if path not in self._asked:
            self._asked.add(path)
            asked_s = self._seconds_now()
            self._watch(path, partial(self._heard_again, path, asked_s), PROBE_TIMEOUT_MS)

    def _heard_again(self, path: str, asked_s: float, error: Error, start: Any) -> None:
        self._asked.discard(path)
        if error is None:
            self._know(path, start, asked_s)

    def _know(self, path: str, start: Any, asked_s: float) -> None:
        """This start of a device has answered; if it is another than before, it knows nothing."""
        if type(start) is not int or not self._repair.can_be(path, start, asked_s):
            return
        is_known = self._repair.is_present(path, start)
        is_news = self._repair.is_news(path, start, self._seconds_now())
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
        self.plan, commands = restored(self.plan, path, set(self._orders.open))
        self._save()
        self._orders.give(commands)
        if self._maps.router == join(path, "router") and ("map",) in self._orders.done:
            # Perhaps it has no neighbour that could give it the map.
            self._maps.give(self._say)

    def _compare(self, number: int, epoch: Any) -> None:
        """A device knows this epoch of a wire; a higher one is of a plan that was forgotten."""
        if type(epoch) is not int or epoch <= self.plan.wires[number].epoch:
            return
        self.plan, commands = raised(self.plan, number, epoch, set(self._orders.open))
        self._save()
        self._orders.give(commands)

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
        if ("map",) not in self._orders.done:
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
        started_s = self._orders.started_s
        if started_s is None:
            return 0.0
        return round((self._halted_s or self._seconds_now()) - started_s, 3)

    def _devices(self) -> dict[str, dict[str, Any]]:
        devices = self.observer.devices()
        for path, device in devices.items():
            has_reported = self.observer.reports[path].reports > 0
            device["rested"] = path not in self._halt_left and has_reported
        return devices
