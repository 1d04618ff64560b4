"""Stand-ins: what a simulation puts in place of hardware and of the outside world.

A sensor becomes a seeded signal with the same period, a sink a list in memory: nothing real is read
or written. A person gives others by class, or says `simulated = True` in a class that needs none.
"""

import errno
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from types import CoroutineType
from typing import Any

from actors.sim.probe import Probe, Works
from mp_actors.actor import Actor
from mp_actors.loader import resolve
from mp_actors.roles import Sensor, Sink

StandIns = Mapping[type, Callable[..., Actor]]
Memories = dict[str, list[tuple[int, str, Any]]]
# Virtual µs that a handler takes on a device of speed 1.0; a class can say `work_us`.
WORK_US = 2.0
VERBS = ("sample", "apply", "add", "result", "write", "on_value")


class Signal(Sensor):
    """A random walk between 0 and 100, from the seed and the actor's path."""

    def __init__(self, seed: object, period_ms: int) -> None:
        self.period_ms = period_ms
        self._seed = seed

    def started(self) -> None:
        self._chance = Random(f"{self._seed}:{self.path}")
        self._level = self._chance.uniform(20, 80)

    def sample(self) -> float:
        self._level = min(100.0, max(0.0, self._level + self._chance.uniform(-1, 1)))
        return round(self._level, 3)


class Memory(Sink):
    """Keeps what arrives, (at_ms, source, value), in `memories` under its path; the last `KEPT`."""

    KEPT = 10_000

    def __init__(self, memories: Memories) -> None:
        self._memories = memories
        self._kept: list[tuple[int, str, Any]] = []

    def started(self) -> None:
        assert self.path is not None, "the runtime sets it before"
        self._kept = self._memories.setdefault(self.path, [])

    def write(self, value: Any) -> None:
        self._kept.append((self.at_ms, self.source or "", value))
        if len(self._kept) > self.KEPT:
            del self._kept[: self.KEPT // 2]


class Flash:
    """The flash of a simulated board, which outlasts its crashes; as `mp_actors.backlog.Folder`.
    `is_failing`: it takes nothing, and gives nothing.
    """

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.is_failing = False

    def names(self) -> list[str]:
        self._check()
        return sorted(self.files)

    def append(self, name: str, data: bytes) -> None:
        self._check()
        self.files[name] = self.files.get(name, b"") + data

    def read(self, name: str, start: int, size: int) -> bytes:
        self._check()
        return self.files[name][start : start + size]

    def rename(self, name: str, to: str) -> None:
        self._check()
        self.files[to] = self.files.pop(name)

    def remove(self, name: str) -> None:
        self._check()
        del self.files[name]

    def _check(self) -> None:
        if self.is_failing:
            raise OSError(errno.EIO, "the flash fails")


class Maker:
    """Makes the actors of one simulation."""

    def __init__(
        self, stand_ins: StandIns, seed: object, memories: Memories, probe: Probe | None = None
    ) -> None:
        self._stand_ins = stand_ins
        self._seed = seed
        self._memories = memories
        self._probe = probe

    def on(self, device: Works) -> Callable[[str, dict[str, Any]], Callable[[], Actor]]:
        """What makes the actors of one device, which is charged µs for each of their handlers."""

        def maker(code: str, arguments: dict[str, Any]) -> Callable[[], Actor]:
            cls = resolve(code)

            def make() -> Actor:
                actor = self._make(cls, arguments)
                if self._probe is None:
                    _charge_verbs(actor, cls, device.charge)
                else:
                    self._probe.attach(actor, VERBS, device)
                return actor

            return make

        return maker

    def _make(self, cls: type, arguments: dict[str, Any]) -> Actor:
        for base in cls.__mro__:
            if base in self._stand_ins:
                return self._stand_ins[base](**arguments)
        if getattr(cls, "simulated", False) or not issubclass(cls, Sensor | Sink):
            made: Actor = cls(**arguments)
            return made
        if issubclass(cls, Sensor):
            return Signal(self._seed, arguments.get("period_ms", cls.period_ms))
        return Memory(self._memories)


def _charge_verbs(actor: Actor, cls: type, charge: Callable[[float], None]) -> None:
    """Let every call of a verb cost virtual time, without the actor knowing."""
    work_us = getattr(cls, "work_us", WORK_US)
    for verb in VERBS:
        handler = getattr(actor, verb, None)
        if handler is not None:
            setattr(actor, verb, _charged(handler, work_us, charge))


def _charged(
    handler: Callable[..., Any], work_us: float, charge: Callable[[float], None]
) -> Callable[..., Any]:
    def run(*args: Any) -> Any:
        charge(work_us)
        value = handler(*args)
        return _at_once(value) if type(value) is CoroutineType else value

    return run


def _at_once(coroutine: Coroutine[Any, Any, Any]) -> Any:
    """What a handler that may wait returns without having to. *Raises* RuntimeError."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        return done.value
    except RuntimeError as error:
        if "no running event loop" not in str(error):
            raise
    coroutine.close()
    raise RuntimeError("waits for the world outside; give stand_ins another for its class")
