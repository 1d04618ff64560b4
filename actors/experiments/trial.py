"""Trial: one point of an experiment, from its profile to its figures.

The point's profile is the site's with the factors applied; from it the planner makes the placement
and its prediction, and the simulator takes speeds, delays and work. Repeats exactly: a point and a
seed give the same figures.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from actors.arguments import setting
from actors.experiments.grid import Experiment, ExperimentError, Point, Share
from actors.placement.profile import ACTOR
from actors.placement.strategies import STRATEGIES
from actors.plan import Plan, make_plan
from actors.sim.ledger import numbers_of
from actors.sim.probe import Probe
from actors.sim.world import Sim
from mp_actors.errors import ActorsError

READY_MS = 120_000  # of virtual time; a slow link takes its time for what is said at the start
NUMBER_BYTES = 8  # of a payload are there already: the number that is sent in its place
FIGURES = (
    "arrived_per_s",  # at the sink
    "delay_ms",  # from the sensor's sample to the end of the sink's work, on average
    "p50_ms",
    "p99_ms",
    "predicted_ms",  # by the planner, without any waiting
    "readings_per_s",  # of all sensors, taken by whoever is next
    "over_links_per_s",  # of all wires whose ends are on two devices
    "lost",
    "busiest",
    "busy",  # share of its time
    "predicted_busy",
    "devices",  # that run at least one of the actors without at=
    "exceeds",  # limits the placement does not keep
)
Row = dict[str, Any]


@dataclass(frozen=True)
class Prepared:
    """A point with its choices made: what the planner was told, and its plan."""

    profile: Mapping[str, Any]
    plan: Plan


class Laboratory:
    """Makes the trials of one experiment; with a share in place of what the profile says of it."""

    def __init__(self, experiment: Experiment, share: Share | None = None) -> None:
        self.experiment = experiment
        self.share = share or Share({}, {})
        self.site = experiment.site
        beside = Path(self.site.file).with_suffix(".profile.json")
        plan = make_plan(self.site, "central", beside if beside.is_file() else None)
        self._values = plan.placement.values
        self._told = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
        self._free = [one.name for one in self.site.stages if self.site.device_of(one) is None]
        self._sensors = {one.name for one in self.site.stages if one.role == "sensor"}

    def prepare(self, point: Point) -> Prepared:
        """The plan at a point. *Raises* ExperimentError if there can be none."""
        profile = self.profile(point)
        is_named = point.placement in self.experiment.placements
        assert is_named or point.placement in STRATEGIES, "the grid was judged"
        with TemporaryDirectory(prefix="mp-actors-experiment-") as folder:
            file = Path(folder) / "profile.json"
            file.write_text(json.dumps(profile), encoding="utf-8")
            try:
                plan = make_plan(self.site, "central" if is_named else point.placement, file)
            except ActorsError as error:
                text = str(error).replace(str(file), "its profile")
                raise ExperimentError(
                    f"{self.experiment.file}: no placement for {point}\n{text}\n    note: a board "
                    "takes an actor only if the site's profile has its speed and memory_kb, and "
                    "the actor's module is used there, too"
                ) from None
        return Prepared(profile, plan)

    def profile(self, point: Point) -> dict[str, Any]:
        """What the planner is told at a point: the site's profile with the factors applied."""
        told = {key: _copied(value) for key, value in self._told.items()}
        actors, devices, links = (told.setdefault(key, {}) for key in ("actors", "devices",
                                                                       "links"))
        for name, figures in self._values["actors"].items():
            own = actors.setdefault(name, {})
            if name.rsplit("/", 1)[-1] in self._sensors:
                own["rate_hz"] = (figures["rate_hz"][0] or 0.0) * point.rate
            if point.payload_bytes is not None:
                own["bytes"] = point.payload_bytes
        for path in self.experiment.devices:
            speed = self._values["devices"][path]["speed"][0] or 1.0
            devices.setdefault(path, {})["speed"] = speed * point.device_speed
        for name in self.experiment.links if point.link_delay_ms is not None else ():
            links.setdefault(name, {})["delay_ms"] = point.link_delay_ms
        for path, taken in self.share.devices.items():
            devices.setdefault(path, {}).update(taken)
        for name, more_ms in self.share.links_ms.items():
            links.setdefault(name, {})["delay_ms"] = self.delay_ms(name, point) + more_ms
        never = told.setdefault("constraints", {}).setdefault("never", {})
        used = list(self.experiment.spread[: point.devices_used])
        paths = [device.path for device in self.site.topology.devices]
        for name in self._free:
            place = self.experiment.placements.get(point.placement, {}).get(name)
            # Where the one that is named is not used, the first one has to do.
            may = used if place is None else [place if place in used else used[0]]
            closed = [path for path in paths if path not in may]
            never[name] = list(dict.fromkeys([*never.get(name, ()), *closed]))
        return told

    def delay_ms(self, link: str, point: Point) -> float:
        """What the line of a link takes at a point, without the runtime's share."""
        if point.link_delay_ms is not None and link in self.experiment.links:
            return point.link_delay_ms
        return self._values["links"][link]["delay_ms"][0] or 0.0

    def run(self, point: Point, seed: int) -> Row:
        """The figures of a point. *Raises* ExperimentError."""
        prepared = self.prepare(point)
        plan, values = prepared.plan, prepared.plan.placement.values
        work_us = {
            stage.path_on(place.device): self._work_us(values, stage, place)
            for stage, place in plan.placement.places.items()
        }
        devices = values["devices"]
        message_us = {path: figures["message_us"][0] or 0.0 for path, figures in devices.items()}
        probe = Probe(work_us, ACTOR["work_us"], point.rate, message_us)
        sim = Sim(self.site, seed=seed, stand_ins=self.site.stand_ins, plan=plan, probe=probe)
        _apply(sim, values, point)
        found = self._foreseen(prepared)
        if not sim.run_until(lambda: bool(sim.status["ready"]), READY_MS):
            return {**found, "exceeds": f"not rolled out after {READY_MS / 1000:g} s"}
        sim.run_ms(self.experiment.warmup_s * 1000)
        probe.forget()
        before, worked_us = _counts(sim), _worked_us(sim)
        sim.run_ms(self.experiment.seconds * 1000)
        counts = _counts(sim)
        counts.subtract(before)
        # At rest a device is busy now and then, for so short that nobody waits for it.
        busy = {path: (one - worked_us[path]) / self.experiment.seconds / 1e6
                + (devices[path]["rest_percent"][0] or 0.0) / 100
                for path, one in _worked_us(sim).items()}
        busiest = max(sorted(busy), key=lambda path: busy[path])
        load, _ = plan.placement.instance.used(plan.placement.answer.places)
        names = [machine.name for machine in plan.placement.instance.machines]
        ages_ms = self._ages_ms(plan, probe)
        seconds = self.experiment.seconds
        return {
            **found,
            "arrived_per_s": round(len(ages_ms) / seconds, 3),
            "delay_ms": round(sum(ages_ms) / len(ages_ms), 3) if ages_ms else None,
            "p50_ms": _percentile(ages_ms, 50),
            "p99_ms": _percentile(ages_ms, 99),
            "readings_per_s": round(counts["sensed"] / seconds, 3),
            "over_links_per_s": round(counts["crossed"] / seconds, 3),
            "lost": counts["lost"],
            "busiest": busiest,
            "busy": round(busy[busiest], 4),
            "predicted_busy": round(load[names.index(busiest)], 4),
        }

    def _foreseen(self, prepared: Prepared) -> Row:
        """What the planner says before anything runs."""
        placement = prepared.plan.placement
        free = [place.device.path for stage, place in placement.places.items()
                if stage.name in self._free]
        exceeded = [f"{one.what} of {one.where}" for one in placement.answer.overloads]
        return {
            "predicted_ms": round(self._predicted_s(prepared.plan) * 1000, 3),
            "devices": len(set(free)),
            "exceeds": "; ".join(exceeded),
        }

    def _predicted_s(self, plan: Plan) -> float:
        """The longest way from the sensor to the sink: links and work, no waiting.

        What a window gives begins when it closes, as its time does.
        """
        instance, places = plan.placement.instance, plan.placement.answer.places
        stages = list(plan.placement.places)
        done: dict[int, float] = {}
        for one in instance.order:
            ready = [done[i] + instance.delay_s[places[i]][places[one]]
                     + instance.edge_bytes[e] * instance.s_per_byte[places[i]][places[one]]
                     for e in instance.inputs[one] if (i := instance.edges[e][0]) in done]
            is_source = not instance.inputs[one] and (
                self.experiment.source in ("", stages[one].name)
            )
            if ready and setting(stages[one], "window_ms"):
                done[one] = 0.0
            elif ready or is_source:
                done[one] = max(ready, default=0.0) + instance.work_s[one][places[one]]
        ends = [done[one] for one, stage in enumerate(stages)
                if stage.name == self.experiment.target and one in done]
        if not ends:
            raise ExperimentError(
                f"{self.experiment.file}: no wires lead from {self.experiment.source!r} to "
                f"{self.experiment.target!r}; name others as from= and to="
            )
        return max(ends)

    def _ages_ms(self, plan: Plan, probe: Probe) -> list[float]:
        """How old readings were at the sink, the youngest first."""
        def named(name: str) -> list[str]:
            return [path for path in plan.actors if path.rsplit("/", 1)[1] == name]

        born: set[int] = set().union(*(probe.born[path] for path in
                                       named(self.experiment.source)))
        return sorted(
            (arrived_us - made_us) / 1000
            for path in named(self.experiment.target)
            for made_us, arrived_us in probe.arrivals[path]
            if not self.experiment.source or made_us in born
        )

    def _work_us(self, values: Mapping[str, Any], stage: Any, place: Any) -> float:
        known = values["actors"]
        own = known.get(stage.path_on(place.device)) or known[stage.name]
        work_us: float = own["work_us"][0]
        return work_us


def _apply(sim: Sim, values: Mapping[str, Any], point: Point) -> None:
    """Tell the simulator what the planner was told."""
    for path, figures in values["devices"].items():
        sim.set_speed(path, figures["speed"][0])
    for name, figures in values["links"].items():
        a, b = name.split(" - ")
        link = sim.find_links("cut", a, b)[0]
        link.declare(figures["delay_ms"][0], figures["bandwidth_kbps"][0] or 0.0)
        if (point.payload_bytes or 0) > NUMBER_BYTES:
            more_bytes = (point.payload_bytes or 0) - NUMBER_BYTES
            link.padding = lambda frame, more=more_bytes: more * _readings(frame)  # type: ignore


def _readings(frame: bytes) -> int:
    known = numbers_of(frame)
    return 0 if known is None else known[2]


def _counts(sim: Sim) -> Counter[str]:
    """Readings so far: sensed, crossed a link, lost."""
    counts: Counter[str] = Counter()
    roles = {path: actor.role for path, actor in sim.plan.actors.items()}
    for device in sim.devices.values():
        wires = device.node.wires if device.node is not None else None
        for number, inlet in (wires.inlets if wires else {}).items():
            wire = sim.plan.wires[number]
            counts["sensed"] += inlet.delivered if roles[wire.source] == "sensor" else 0
            counts["crossed"] += inlet.delivered if len(wire.way) > 1 else 0
            counts["lost"] += sum(inlet.dropped.values()) + inlet.missing
        for outbox in (wires.outboxes if wires else {}).values():
            counts["lost"] += sum(outbox.dropped.values())
    return counts


def _worked_us(sim: Sim) -> dict[str, float]:
    return {path: device.worked_us for path, device in sim.devices.items()}


def _percentile(ascending: list[float], percent: float) -> float | None:
    if not ascending:
        return None
    return round(ascending[min(len(ascending) - 1, int(len(ascending) * percent / 100))], 3)


def _copied(value: Any) -> Any:
    return json.loads(json.dumps(value))
