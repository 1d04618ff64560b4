"""What goes wrong when: by chance from the seed, or from a file. Judged before anything runs.

A file is a JSON list of steps in the order of time:

    [{"at_ms": 5000, "do": "crash", "device": "field/gate"},
     {"at_ms": 9000, "do": "restart", "device": "field/gate"},
     {"at_ms": 9500, "do": "cut", "a": "office/gate", "b": "office/w1", "one_way": true}]
"""

import inspect
import json
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from random import Random
from typing import Any

from actors.problems import suggestion
from actors.sim.world import Sim, SimError

ON_DEVICE = ("crash", "restart", "freeze", "thaw", "set_speed", "clock_jump")
ON_LINK = (
    "cut",
    "repair",
    "partition",
    "hold",
    "release",
    "reset",
    "set_latency",
    "set_bandwidth",
)
LEVELS = ("light", "heavy")
SPEED_MIN = 1e-4  # of a worker's
JUMP_MAX_MS = 1e12  # 32 years: clocks, and all other figures, go no further


@dataclass(frozen=True)
class Fault:
    """One step: a verb of `Sim` at a time."""

    at_ms: float
    verb: str
    arguments: dict[str, Any]

    def __str__(self) -> str:
        told = ", ".join(f"{key}={value}" for key, value in self.arguments.items())
        return f"{self.at_ms / 1000:8.3f} s  {self.verb}({told})"


def schedule(sim: Sim, faults: list[Fault]) -> None:
    """Let faults happen at their times, counted from now."""
    start_us = sim.now_us
    for fault in faults:
        verb = partial(getattr(sim, fault.verb), **_renamed(fault.arguments))
        sim.at(start_us + round(fault.at_ms * 1000), verb)


def from_file(file: Path, sim: Sim) -> list[Fault]:
    """The steps of a fault file. *Raises* SimError with everything that is wrong with it."""
    try:
        steps = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        levels = ", ".join(LEVELS)
        reason = f"{error.strerror}; expected {levels} or a file of faults"
        raise SimError(f"--faults {file}: {reason}; {suggestion(str(file), LEVELS)}") from None
    except ValueError as error:
        raise SimError(f"{file}: {error}") from None
    if not isinstance(steps, list):
        raise SimError(f"{file}: expected a list of steps, got {type(steps).__name__}")
    faults, problems, last_ms = [], [], 0.0
    for number, step in enumerate(steps, 1):
        wrong = list(_wrong(step, sim, last_ms))
        problems += [f"{file}: step {number}: {one}" for one in wrong]
        if isinstance(step, dict) and _is_time(step.get("at_ms")):
            last_ms = max(last_ms, step["at_ms"])
        if not wrong:
            rest = {key: value for key, value in step.items() if key not in ("at_ms", "do")}
            faults.append(Fault(step["at_ms"], step["do"], rest))
    if problems:
        raise SimError("\n".join(problems))
    return faults


def by_chance(
    sim: Sim,
    level: str,
    duration_ms: float,
    chance: Random,
    mortal: Sequence[str] | None = None,
) -> list[Fault]:
    """Faults of a level, each undone before the end.

    light: cables pulled for less than a neighbour's patience, connections reset, delays. heavy: any
    length, one-way cuts, frozen devices, and crashes of the `mortal`: by default of the devices
    that only forward.
    """
    mortal = _forwarders(sim) if mortal is None else mortal
    faults: list[Fault] = []
    mean_ms = 8000 if level == "light" else 3000
    time_ms = 2000 + chance.expovariate(1 / mean_ms)
    while time_ms < duration_ms - 1000:
        longest_ms = min(5000 if level == "light" else 20_000, duration_ms - 500 - time_ms)
        for_ms = chance.uniform(50, longest_ms)
        faults += _one(sim, level, round(time_ms), for_ms, chance, mortal)
        time_ms += chance.expovariate(1 / mean_ms)
    return sorted(faults, key=lambda fault: fault.at_ms)


def _one(
    sim: Sim, level: str, at_ms: float, for_ms: float, chance: Random, mortal: Sequence[str]
) -> list[Fault]:
    end_ms = round(at_ms + for_ms)
    link = chance.choice(sim.links)
    ends = {"a": link.a.path, "b": link.b.path}
    kinds = ["cut", "reset", "hold", "slow"]
    if level == "heavy":
        kinds += ["cut", "one_way", "freeze", "clock"] + (["crash", "power"] if mortal else [])
    kind = chance.choice(kinds)
    if kind == "reset":
        return [Fault(at_ms, "reset", ends)]
    if kind == "hold":
        return [Fault(at_ms, "hold", ends), Fault(end_ms, "release", ends)]
    if kind == "slow":
        slow = {**ends, "latency_ms": round(chance.uniform(1, 200), 1), "jitter_ms": 20.0}
        fast = {**ends, "latency_ms": link.latency_us / 1000}
        return [Fault(at_ms, "set_latency", slow), Fault(end_ms, "set_latency", fast)]
    if kind in ("cut", "one_way"):
        cut = {**ends, "one_way": True} if kind == "one_way" else ends
        return [Fault(at_ms, "cut", cut), Fault(end_ms, "repair", ends)]
    if kind == "clock":
        device = {"device": chance.choice(sorted(sim.devices))}
        return [Fault(at_ms, "clock_jump", {**device, "jump_ms": chance.choice((-1e9, 1e6, 1e9))})]
    if kind == "freeze":
        device = {"device": chance.choice(sorted(sim.devices))}
        return [Fault(at_ms, "freeze", device), Fault(end_ms, "thaw", device)]
    device = {"device": chance.choice(mortal)}
    crash = {**device, "power_lost": True} if kind == "power" else device
    return [Fault(at_ms, "crash", crash), Fault(end_ms, "restart", device)]


def _forwarders(sim: Sim) -> list[str]:
    """Devices without an actor of a person and without the controller, which only forward."""
    busy = {path.rsplit("/", 1)[0] for path in sim.plan.actors} | {sim.plan.controller}
    return sorted(set(sim.devices) - busy)


def _wrong(step: Any, sim: Sim, last_ms: float) -> Iterator[str]:
    """What is wrong with a step, each a sentence."""
    if not isinstance(step, dict):
        yield f"expected an object, got {step!r}"
        return
    at_ms: Any = step.get("at_ms")
    verb = step.get("do")
    if not _is_time(at_ms):
        yield f"at_ms: expected a time in ms, got {at_ms!r}"
    elif at_ms < last_ms:
        yield f"at_ms: {at_ms:g} is before the step above, at {last_ms:g}; time runs forward"
    if verb not in ON_DEVICE + ON_LINK:
        yield f"do: no such verb {verb!r}; {suggestion(str(verb), ON_DEVICE + ON_LINK)}"
        return
    given = {key for key in step if key not in ("at_ms", "do")}
    known = _parameters(verb)
    for key in sorted(given - set(known)):
        yield f"{verb} takes no {key!r}; {suggestion(key, known)}"
    for key in sorted({key for key, needed in known.items() if needed} - given):
        yield f"{verb} needs {key!r}"
    names = sorted(sim.devices) if verb in ON_DEVICE else sorted({*sim.devices, *sim.domains})
    unknown = [key for key in ("device", "a", "b") if key in given and step[key] not in names]
    for key in unknown:
        yield f"no device {step[key]!r}; {suggestion(str(step[key]), names)}"
    if verb in ON_LINK and not unknown and {"a", "b"} <= given:
        try:
            sim.find_links(verb, step["a"], step["b"])
        except SimError as error:
            yield str(error)
    for key in sorted(given & set(known)):
        yield from _wrong_value(key, step[key])


def _wrong_value(key: str, value: Any) -> Iterator[str]:
    if key in ("one_way", "power_lost"):
        if not isinstance(value, bool):
            yield f"{key}: expected true or false, got {value!r}"
    elif key not in ("device", "a", "b"):
        lowest = {"speed": SPEED_MIN, "jump_ms": -JUMP_MAX_MS}.get(key, 0)
        if not _is_number(value) or not lowest <= value <= JUMP_MAX_MS:
            yield f"{key}: expected a number from {lowest:g} to {JUMP_MAX_MS:g}, got {value!r}"


def _is_number(value: Any) -> bool:
    is_figure = isinstance(value, int | float) and not isinstance(value, bool)
    return is_figure and math.isfinite(value)


def _is_time(value: Any) -> bool:
    return _is_number(value) and value >= 0


def _parameters(verb: str) -> dict[str, bool]:
    """The keys a verb takes, and whether it needs them."""
    parameters = inspect.signature(getattr(Sim, verb)).parameters
    return {
        "device" if name == "path" else name: one.default is inspect.Parameter.empty
        for name, one in parameters.items()
        if name != "self"
    }


def _renamed(arguments: dict[str, Any]) -> dict[str, Any]:
    return {"path" if key == "device" else key: value for key, value in arguments.items()}
