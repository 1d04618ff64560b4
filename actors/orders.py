"""The commands of a roll-out on their way: each is sent once what it needs is done, and again where
nobody is there yet.

It knows which are open and why; what a command says, and to whom, is the controller's.
"""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

from actors.difference import Command
from mp_actors.node import Node

Error = tuple[str, str] | None  # (kind, text); see `mp_actors.control`
Key = tuple[Any, ...]

RETRY_MS = 250
PATIENCE_S = 3.0  # before a device that is waited for is named in the log


class Desk(Protocol):
    """Who gives the orders: the controller."""

    def issue(self, command: Command) -> None:
        """Send it; its answer comes to `Orders.answered`."""

    def doubt(self, device: str, then: Callable[[Error], None]) -> None:
        """Find out whether it has begun anew, then call with the error of asking, or None."""

    def is_silent(self, device: str) -> bool:
        """Whether it was there and is not heard any more."""

    def log(self, text: str) -> None:
        """Say it to the person."""


class Orders:
    """Commands by key. `open`: not carried out; `failures`: refused for good, in words;
    `waiting_for`: what was heard of others so far; `started_s`: when the first device began.
    """

    def __init__(
        self, desk: Desk, node: Node, seconds: Callable[[], float], commands: Iterable[Command]
    ) -> None:
        self.commands = {command.key: command for command in commands}
        self.open = dict(self.commands)
        self.done: set[Key] = set()
        self.failures: dict[Key, str] = {}
        self.waiting_for: dict[Key, str] = {}
        self.started_s: float | None = None
        self._desk = desk
        self._node = node
        self._seconds = seconds
        self._sent: set[Key] = set()
        self._patience_s: dict[Key, float] = {}

    def carry_out(self) -> None:
        """Send what nothing holds up any more."""
        for key in list(self.open):
            command = self.open.get(key)
            if command is None or key in self._sent:
                continue
            if all(one in self.done or self._is_at_silent(one) for one in command.after):
                self._send(command)

    def give(self, commands: Iterable[Command]) -> None:
        """Carry these out, whatever became of those of the same keys."""
        for command in commands:
            self._sent.discard(command.key)
            self.done.discard(command.key)
            self.failures.pop(command.key, None)
            self.commands[command.key] = self.open[command.key] = command
        self.carry_out()

    def answered(self, command: Command, error: Error) -> None:
        """What became of a command that was sent."""
        if not self._is_open(command):
            return  # another has taken its place
        if error is None:
            self._finish(command)
            self.carry_out()
        elif error[0] == "failed":
            self._desk.doubt(command.device, lambda doubt: self._failed(command, error[1], doubt))
        else:
            self._later(command, error[1])

    def _is_open(self, command: Command) -> bool:
        return self.open.get(command.key) is command

    def _is_at_silent(self, key: Key) -> bool:
        """Whether it is the end of a wire on a device that was there and is silent: what begins
        anew meanwhile does not wait for it; its readings wait, or are counted.
        """
        command = self.open.get(key)
        if command is None or key[0] != "target":
            return False
        return self._desk.is_silent(command.device)

    def _send(self, command: Command) -> None:
        self._sent.add(command.key)
        self._desk.issue(command)

    def _finish(self, command: Command) -> None:
        self.waiting_for.pop(command.key, None)
        del self.open[command.key]
        self.done.add(command.key)
        if command.kind == "start" and self.started_s is None:
            self.started_s = self._seconds()
        if not self.open:
            kinds = [key[0] for key in self.commands]
            devices, actors = kinds.count("start"), kinds.count("spawn")
            self._desk.log(f"rolled out: {devices} devices, {actors} actors")

    def _failed(self, command: Command, text: str, doubt: Error) -> None:
        """It is refused for good, unless its device began anew just before, with nothing of what
        the command needs: then it was told everything once more, and this one is another's.
        """
        if not self._is_open(command):
            return
        if doubt is not None and doubt[0] != "failed":
            self._later(command, doubt[1])
            return
        self.waiting_for.pop(command.key, None)
        del self.open[command.key]
        self.failures[command.key] = f"{command.device}: {command.kind}: {text}"
        self._desk.log(self.failures[command.key])

    def _later(self, command: Command, text: str) -> None:
        """Nobody there yet, or busy: the same command later. What it says is shown at once, and
        said when it takes long.
        """
        if command.key not in self.waiting_for:
            self._patience_s[command.key] = self._seconds() + PATIENCE_S
        elif self._seconds() > self._patience_s[command.key]:
            self._patience_s[command.key] = float("inf")
            self._desk.log(f"waiting for {command.device}: {text}")
        self.waiting_for[command.key] = f"{command.device}: {text}"
        scheduler = self._node.scheduler
        scheduler.timers.after(scheduler.now_ms, RETRY_MS, lambda: self._again(command))

    def _again(self, command: Command) -> None:
        if self._is_open(command):
            self._send(command)
