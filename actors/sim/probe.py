"""A probe: what an experiment tells a simulation about work, and what it sees of it.

Without one a verb takes what its class says. With one it takes what the planner was told, for each
message that an actor gets or a sensor makes, whatever its `verb_for` resolves to; all sensors
sample faster or slower by one factor; and every arrival at a sink has its age, from the moment that
a sensor made the value to the end of the sink's own work. A message that leaves a device by a link,
or comes to it, takes that device the time that the planner was told, too.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from mp_actors.actor import Actor

SAMPLE, RESULT, WRITE = "sample", "result", "write"
NOTHING: Mapping[str, float] = {}


class Works(Protocol):
    """A device, as far as work is concerned."""

    clock: Any
    charged_us: float

    def charge(self, work_us: float) -> None: ...


class Probe:
    """One simulation's. `work_us`: of an actor by its path, `otherwise_us` of all others.
    `message_us`: of a device by its path, for a message over a link, whatever its speed.

    born: when the values of each sensor were made. arrivals: (made, arrived) at each sink. All in
    µs of site time.
    """

    def __init__(
        self,
        work_us: Mapping[str, float],
        otherwise_us: float,
        rate: float = 1.0,
        message_us: Mapping[str, float] = NOTHING,
    ) -> None:
        self.born: dict[str, set[int]] = defaultdict(set)
        self.arrivals: dict[str, list[tuple[int, int]]] = defaultdict(list)
        self._work_us, self._otherwise_us = work_us, otherwise_us
        self._rate = rate
        self._message_us = message_us

    def attach(self, actor: Any, verbs: tuple[str, ...], device: Works) -> None:
        """Let every verb of an actor cost what it is to cost, and be seen."""
        if actor.role == "sensor":
            actor.period_ms = max(1, round(actor.period_ms / self._rate))
        seen = set()
        for verb in verbs:
            if (handler := getattr(actor, verb, None)) is not None:
                worked = self._worked(actor, verb, handler, device)
                setattr(actor, verb, worked)
                seen.add(worked)
        resolve = actor.verb_for

        def verb_for(sender: str) -> Callable[..., Any]:
            handler: Callable[..., Any] = resolve(sender)
            worked = handler if handler in seen else self._worked(actor, "", handler, device)
            here = device_of(actor)
            if here == sender.rsplit("/", 1)[0] or not self._message_us.get(here):
                return worked

            def come(value: Any) -> Any:
                device.charged_us += self._message_us[here]
                return worked(value)

            return come

        actor.verb_for = verb_for

    def forget(self) -> None:
        """What was seen so far does not count: it was the warming up."""
        self.arrivals.clear()

    def _worked(
        self, actor: Actor, verb: str, handler: Callable[..., Any], device: Works
    ) -> Callable[..., Any]:
        def run(*args: Any) -> Any:
            path = actor.path or ""
            work_us = self._work_us.get(path, self._otherwise_us)
            if verb not in (SAMPLE, RESULT):  # a window's work is that of what comes in
                device.charge(work_us)
            value = handler(*args)
            if verb == SAMPLE and value is not None:
                device.charge(work_us)
                self.born[path].add(actor.at_us)
            elif verb == WRITE:
                arrived_us = device.clock.site_us() + round(device.charged_us)
                self.arrivals[path].append((actor.at_us, arrived_us))
            took_us = self._message_us.get(device_of(actor), 0.0)
            if took_us and value is not None:
                # What a wire that stays here ends at has a cell.
                cell: Any = actor._cell
                leaving = [one for one in cell.outlets if not hasattr(one, "cell")]
                device.charged_us += took_us * len(leaving)
            return value

        return run


def device_of(actor: Actor) -> str:
    """The path of the device an actor is on."""
    return (actor.path or "").rsplit("/", 1)[0]
