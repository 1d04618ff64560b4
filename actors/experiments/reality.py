"""Reality: points of an experiment with real processes, every board a MicroPython one.

A copy of the site gets the point's profile, so that its controller places as the planner did; each
varied link leads over a line that delays it; and `PACE_US` in the environment says how long each
actor's work is to take on its board, {actor: µs}, for sites that heed it. What is measured is what
the devices report, the age of readings at the sink and how many were delivered, and the processor
time of the device that is the busiest in the simulation. Needs Linux, for that time.

What is foreseen of a point has in it what the runtime takes here, once `calibrate` was called.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from actors.asked import Asked
from actors.check import load_checked
from actors.client import Console
from actors.experiments import calibration
from actors.experiments.delayed import Lines
from actors.experiments.grid import Experiment, ExperimentError, Point, Share
from actors.experiments.trial import Laboratory, Prepared, Row
from actors.keystore import Store
from actors.launch import Address, free_addresses, write_addresses
from mp_actors.errors import ActorsError
from mp_actors.path import join

READY_S = 90.0
LOOK_S = 0.25
SHOWN = ("placement", "device_speed", "devices_used", "link_delay_ms")
END_S = 5.0
Told = dict[str, Any]


class Reality:
    """Runs points of one experiment for real."""

    def __init__(self, experiment: Experiment, laboratory: Laboratory) -> None:
        self.experiment = experiment
        self.laboratory = laboratory

    def calibrate(self, point: Point, seconds: float) -> Share:
        """Measure what the runtime takes, at a point but without its delay; all points that are run
        from now on are foreseen with that. *Raises* ActorsError.
        """
        with self._running(replace(point, link_delay_ms=0.0)) as run, run.console() as console:
            asked = Asked(run.file, run.site, run.plan, console)
            share = calibration.measured(asked, run.site, run.plan, seconds)
        self.laboratory = Laboratory(self.experiment, share)
        return share

    def run(self, point: Point, seconds: float, runs: int = 1) -> Row:
        """What was measured at a point, the medians of so many runs, and what its simulation says.

        *Raises* ExperimentError.
        """
        simulated = self.laboratory.run(point, 0)
        taken = [self._measured(point, seconds, simulated["busiest"]) for _ in range(runs)]
        p50_ms, readings_per_s, busy = (_middle(one) for one in zip(*taken, strict=True))
        return {
            **{factor: getattr(point, factor) for factor in SHOWN},
            "p50_ms": p50_ms,
            "simulated_p50_ms": simulated["p50_ms"],
            "predicted_ms": simulated["predicted_ms"],
            "readings_per_s": readings_per_s,
            "simulated_readings_per_s": simulated["readings_per_s"],
            "busiest": simulated["busiest"],
            "busy": busy,
            "simulated_busy": simulated["busy"],
            "predicted_busy": simulated["predicted_busy"],
        }

    def _measured(
        self, point: Point, seconds: float, busiest: str
    ) -> tuple[float | None, float, float]:
        """Of one run: median age at the sink in ms, readings a second, the busiest's time share."""
        with self._running(point) as run:
            before, worked_s = run.status(), run.worked_s(busiest)
            begun_s = time.monotonic()
            time.sleep(seconds)
            after, took_s = run.status(), time.monotonic() - begun_s
            busy = (run.worked_s(busiest) - worked_s) / took_s
            per_s = (run.sensed(after) - run.sensed(before)) / took_s
            return run.age_at_sink(after), round(per_s, 2), round(busy, 4)

    @contextmanager
    def _running(self, point: Point) -> "Iterator[_Run]":
        """A run that has warmed up."""
        prepared = self.laboratory.prepare(point)
        delays_ms = {name: self.laboratory.delay_ms(name, point) for name in self.experiment.links}
        with TemporaryDirectory(prefix="mp-actors-real-") as folder, Lines() as lines:
            run = _Run(self.experiment, prepared, Path(folder), lines, delays_ms)
            with run.started():
                run.wait_until_ready()
                time.sleep(self.experiment.warmup_s)
                yield run


class _Run:
    """One run: its folder, its processes, and what its controller tells."""

    def __init__(
        self,
        experiment: Experiment,
        prepared: Prepared,
        folder: Path,
        lines: Lines,
        delays_ms: Mapping[str, float],
    ) -> None:
        self.plan = prepared.plan
        self.experiment = experiment
        self._folder = folder
        self._pace_us = _pace_us(prepared)
        file = Path(experiment.site.file)
        copy = folder / "site"
        shutil.copytree(file.parent, copy, ignore=shutil.ignore_patterns("__pycache__", "keys"))
        self.file = copy / file.name
        profile = self.file.with_suffix(".profile.json")
        profile.write_text(json.dumps(prepared.profile), encoding="utf-8")
        self.site = load_checked(self.file)
        self._keys = Store.beside(self.file)
        self._keys.make(self.site)
        self._own = free_addresses(self.site)
        self._delayed = self._lay(lines, delays_ms)
        self._processes: dict[str, subprocess.Popen[bytes]] = {}

    @contextmanager
    def started(self) -> Iterator[None]:
        """All devices, ended in any case."""
        try:
            # The controller's device first, which all others are to find.
            for path in sorted(self.plan.devices, key=lambda path: path != self.plan.controller):
                self._processes[path] = self._start(path)
            yield
        finally:
            for process in self._processes.values():
                assert process.stdin is not None
                process.stdin.close()  # an attached device ends with it
            for process in self._processes.values():
                try:
                    process.wait(END_S)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def wait_until_ready(self) -> None:
        """Until the site is rolled out. *Raises* ExperimentError."""
        deadline = time.monotonic() + READY_S
        while time.monotonic() < deadline:
            for path, process in self._processes.items():
                if process.poll() is not None:
                    raise ExperimentError(f"{path} has ended: {self._said(path)}")
            try:
                if self.status()["ready"]:
                    return
            except ActorsError:
                pass  # it does not listen yet
            time.sleep(LOOK_S)
        raise ExperimentError(f"not rolled out after {READY_S:g} s; {self._said('')}")

    def status(self) -> Told:
        """What the controller knows. *Raises* UnreachableError."""
        with self.console() as console:
            told: Told = console.ask(join(self.plan.controller, "controller"), "status")
        return told

    def console(self) -> Console:
        """To ask the controller by. *Raises* UnreachableError."""
        listen = self._own[self.plan.controller].listen
        assert listen is not None, "check() refuses a controller that cannot be reached"
        number = self.plan.devices[self.plan.controller].number
        return Console(*listen, number, self._keys.console_keys())

    def worked_s(self, path: str) -> float:
        """Processor time that a device has taken so far, with what the runtime itself takes."""
        stat = Path(f"/proc/{self._processes[path].pid}/stat").read_text(encoding="utf-8")
        words = stat.rpartition(")")[2].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    def age_at_sink(self, status: Told) -> float | None:
        """Median age on the wire into the sink, in ms."""
        for row in status["wires"]:
            target = self.plan.wires[row["wire"]].target
            if target.rsplit("/", 1)[1] == self.experiment.target and row["p50_us"] is not None:
                age_ms: float = row["p50_us"] / 1000
                return age_ms
        return None

    def sensed(self, status: Told) -> int:
        """Readings of sensors that whoever is next has taken so far."""
        return sum(
            row["delivered"] for row in status["wires"]
            if self.plan.actors[self.plan.wires[row["wire"]].source].role == "sensor"
        )

    def _lay(
        self, lines: Lines, delays_ms: Mapping[str, float]
    ) -> dict[tuple[str, str], Address]:
        """{(who dials, whom): the line between}, for the links that are varied."""
        found = {}
        for link in self.site.topology.links:
            delay_ms = delays_ms.get(f"{link.a.path} - {link.b.path}")
            if delay_ms is None:
                continue
            for near, far in ((link.a, link.b), (link.b, link.a)):
                if (listen := self._own[far.path].listen) is not None:
                    found[near.path, far.path] = Address(lines.line(listen, delay_ms), None)
        return found

    def _start(self, path: str) -> "subprocess.Popen[bytes]":
        told = {other: self._delayed.get((path, other), own) for other, own in self._own.items()}
        folder = self._folder / path.replace("/", ".")
        folder.mkdir()
        addresses = folder / "addresses.json"
        write_addresses(told, addresses)
        command = ["up", str(self.file)]
        if path != self.plan.controller:
            command = ["node", str(self.file), path]
        with self._log(path).open("wb") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "actors", *command, "--addresses", str(addresses),
                 "--keys", str(self._keys.folder), "--attached"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PACE_US": json.dumps(self._pace_us), "PYTHONUNBUFFERED": "1"},
                start_new_session=True,
            )

    def _log(self, path: str) -> Path:
        return self._folder / f"{path.replace('/', '.')}.log"

    def _said(self, path: str) -> str:
        """The end of what a device has said, or of what all have."""
        logs = [self._log(path)] if path else sorted(self._folder.glob("*.log"))
        text = "\n".join(log.read_text(errors="replace")[-500:] for log in logs)
        return text or "it has said nothing"


def _middle(figures: Sequence[float | None]) -> float | None:
    """The median of those that there are."""
    told = [one for one in figures if one is not None]
    return round(median(told), 4) if told else None


def _pace_us(prepared: Prepared) -> dict[str, int]:
    """How long the work of each actor takes where it is, if that is a board."""
    placement = prepared.plan.placement
    instance, places = placement.instance, placement.answer.places
    return {
        stage.name: round(1e6 * instance.work_s[one][places[one]])
        for one, (stage, place) in enumerate(placement.places.items())
        if place.device.is_board
    }
