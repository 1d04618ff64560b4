"""From what was measured to a profile: figures of actors, devices, links, each with its source.

What a person has declared, in the site or in a profile, stays declared, with what was measured
beside it; what was measured takes the place of defaults and of older measurements. Pure but for the
file that is read and written.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median
from typing import Any

from actors.arguments import setting
from actors.pipeline import Stage
from actors.placement.profile import ACTOR, DECLARED, MEASURED
from actors.plan import Plan
from actors.site import Site

# Rounds of `mp_actors.measure.speed` in a second on a device of speed 1: CPython 3.11 on one core
# of a virtual server of 2024 (measured).
SPEED_1 = 1_500_000
BEAT_MS = 0.5  # a round trip that beats count as 0 ms
NOTHING = 0.5  # what passed, where nothing did: it may be half a reading, but not none for ever

Figures = dict[str, dict[str, dict[str, dict[str, Any]]]]  # section, name, figure: its marks


@dataclass
class Measured:
    """What came of a measurement: actors and devices by path, wires by number, links by the paths
    of their two ends. `problems`: sentences about what nobody told.
    """

    seconds: float = 0.0
    actors: dict[str, "ActorFigures"] = field(default_factory=dict)
    wires: dict[int, "WireFigures"] = field(default_factory=dict)
    devices: dict[str, "DeviceFigures"] = field(default_factory=dict)
    round_trips_ms: dict[frozenset[str], float] = field(default_factory=dict)
    bytes_per_s: dict[frozenset[str], float] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


@dataclass
class ActorFigures:
    """How often its verbs ran, how long that took in all, and the size of its state."""

    times: int
    busy_us: float
    state_bytes: int


@dataclass
class WireFigures:
    """Readings, and the bytes of one in a frame of its own; None for what nobody told."""

    span_s: float = 0.0
    sent: int | None = None
    taken: int | None = None
    size_bytes: int | None = None


@dataclass
class DeviceFigures:
    """Rounds of fixed work in a second, and bytes that are free; then, of so many seconds, how long
    it worked, how much of that in verbs, and how much about messages of links. 0: nobody told.
    """

    rounds_per_s: float
    free_bytes: int | None
    span_s: float = 0.0
    worked_us: float = 0.0
    verbs_us: float = 0.0
    messages_us: float = 0.0


def figures(site: Site, plan: Plan, measured: Measured) -> Figures:
    """All figures of a site: `{"actors": {name: {figure: {"value": …, "from": …}}}, …}`."""
    known = plan.placement.values
    found = _Found(site, plan, measured)
    return {
        "actors": {
            name: _marked(known["actors"].get(name) or known["actors"][stage.name],
                          found.actor(stage))
            for stage, name in found.names.items()
        },
        "devices": {
            path: _marked(figures, found.device(path)) for path, figures in known["devices"].items()
        },
        "links": {
            name: _marked(figures, found.link(name)) for name, figures in known["links"].items()
        },
    }


def profile_with(found: Figures, before: Path | None) -> dict[str, Any]:
    """A profile of these figures, with the constraints and aims of the one before."""
    kept = {} if before is None else json.loads(before.read_text(encoding="utf-8"))
    return {**kept, **found}


def _marked(
    known: Mapping[str, tuple[float | None, str]], measured: Mapping[str, float]
) -> dict[str, dict[str, Any]]:
    """Figures with their marks; what is declared comes first."""
    marked = {}
    for key, (value, source) in known.items():
        figure: dict[str, Any] = {"value": value, "from": source}
        if key in measured:
            rounded = float(f"{measured[key]:.3g}")
            if source == DECLARED:
                figure["measured"] = rounded
            else:
                figure = {"value": rounded, "from": MEASURED}
        marked[key] = figure
    return marked


class _Found:
    """What a measurement says of each thing. `names`: how a profile calls each stage."""

    def __init__(self, site: Site, plan: Plan, measured: Measured) -> None:
        self._site, self._plan, self._measured = site, plan, measured
        self._paths = {
            stage: stage.path_on(place.device) for stage, place in plan.placement.places.items()
        }
        names = [stage.name for stage in self._paths]
        self.names = {
            stage: path if names.count(stage.name) > 1 and site.device_of(stage) else stage.name
            for stage, path in self._paths.items()
        }
        ends = list(self._paths.values())
        self._into: dict[str, list[int]] = {path: [] for path in ends}
        self._from: dict[str, list[int]] = {path: [] for path in ends}
        for number, wire in plan.wires.items():
            self._into[wire.target].append(number)
            self._from[wire.source].append(number)
        self._speeds = self._all_speeds()

    def actor(self, stage: Stage) -> dict[str, float]:
        """What is known of one actor; little of one that had nothing to do."""
        path = self._paths[stage]
        taken = self._sum("taken", self._into[path])
        sent = self._mean("sent", self._from[path])
        size = self._mean("size_bytes", self._from[path])
        handled = taken if self._into[path] else sent
        where = self._found_at(stage)
        own, speed = self._measured.actors.get(where), self._speeds.get(where.rsplit("/", 1)[0])
        found: dict[str, float] = {}
        if own is not None and handled and speed:
            # What the runtime takes for a message is no business of a verb.
            found["work_us"] = ACTOR["work_us"] + own.busy_us / handled * speed
        if own is not None:
            found["state_bytes"] = own.state_bytes
        if size is not None:
            found["bytes"] = size
        if sent is not None and self._into[path] and taken and not setting(stage, "window_ms"):
            found["selectivity"] = max(sent, NOTHING) / taken
        if sent and not self._into[path]:
            found["rate_hz"] = sent / self._measured.wires[self._from[path][0]].span_s
        return found

    def device(self, path: str) -> dict[str, float]:
        """What is known of one device."""
        own, found = self._measured.devices.get(path), {}
        if own is not None:
            found["speed"] = self._speeds[path]
            if own.free_bytes is not None:
                found["memory_kb"] = own.free_bytes / 1024 / self._sharers(path)
            if own.span_s:
                rest_us = own.worked_us - own.verbs_us - own.messages_us
                found["rest_percent"] = min(100.0, max(0.0, rest_us / own.span_s / 1e4))
            if (messages := self._messages(path)) and own.messages_us:
                found["message_us"] = own.messages_us / messages
        return found

    def link(self, name: str) -> dict[str, float]:
        """What is known of one link."""
        pair, found = frozenset(name.split(" - ")), {}
        if pair in self._measured.round_trips_ms:
            found["delay_ms"] = max(BEAT_MS, self._measured.round_trips_ms[pair]) / 2
        if pair in self._measured.bytes_per_s:
            found["bandwidth_kbps"] = self._measured.bytes_per_s[pair] / 125
        return found

    def _messages(self, path: str) -> int:
        """How many have left a device by links, or come to it."""
        count = 0
        for number, figures in self._measured.wires.items():
            if (wire := self._plan.wires.get(number)) is not None:
                ends = [end.rsplit("/", 1)[0] for end in (wire.source, wire.target)]
                if ends[0] != ends[1] and path in ends:
                    count += (figures.sent if path == ends[0] else figures.taken) or 0
        return count

    def _found_at(self, stage: Stage) -> str:
        """The path where an actor was measured: a site that runs may have another plan by now."""
        path = self._paths[stage]
        found = [one for one in self._measured.actors if one.rsplit("/", 1)[1] == stage.name]
        is_placed = self._site.device_of(stage) is None
        return found[0] if is_placed and path not in found and len(found) == 1 else path

    def _sharers(self, path: str) -> int:
        """How many devices have their memory from the same machine; a board has its own."""
        device = self._plan.devices[path]
        if device.is_board:
            return 1
        return sum(one.is_worker and one.host == device.host for one in self._plan.devices.values())

    def _all_speeds(self) -> dict[str, float]:
        """By device. Workers of one machine have one speed: else chance would choose among them."""
        speeds = {
            path: own.rounds_per_s / SPEED_1 for path, own in self._measured.devices.items()
        }
        devices = [self._plan.devices[path] for path in speeds]
        workers = [device for device in devices if device.is_worker]
        of_host = {
            one.host: median(speeds[each.path] for each in workers if each.host == one.host)
            for one in workers
        }
        return {**speeds, **{one.path: of_host[one.host] for one in workers}}

    def _told(self, figure: str, wires: Iterable[int]) -> list[float]:
        all_of = [getattr(self._measured.wires.get(number), figure, None) for number in wires]
        return [one for one in all_of if one is not None]

    def _sum(self, figure: str, wires: Iterable[int]) -> float:
        return sum(self._told(figure, wires))

    def _mean(self, figure: str, wires: Iterable[int]) -> float | None:
        told = self._told(figure, wires)
        return fmean(told) if told else None
