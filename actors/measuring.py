"""Measures a site that runs: its actors, wires, devices and links, for a while.

Asks each device through the controller; see `mp_actors.measure`. Devices are tried one after the
other, since those of one machine share it. Round trips are those of the sessions' own beats.
"""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console as Screen

from actors.asked import Asked
from actors.client import UnreachableError
from actors.plan import Plan
from actors.profiling import ActorFigures, DeviceFigures, Measured, WireFigures
from actors.runner import Runner
from actors.running import Place
from actors.site import Site
from mp_actors.errors import ActorsError

MARGIN_S = 30.0  # devices that nobody asks again go on by themselves after that
BEATS_S = 3.0  # a link says its round trip with its first beat, after 2 s
BURST_S = 30.0  # for one link
POLL_S = 0.25
READY_TIMEOUT_S = 30.0


def measure(
    file: Path, site: Site, plan: Plan, seconds: float, with_bandwidth: bool, shown: Screen
) -> Measured:
    """Measure the site that runs; if none does, run it for as long. *Raises* ActorsError."""

    def say(text: str) -> None:
        shown.print(text, markup=False, highlight=False)

    def measurement(asked: Any) -> Measurement:
        return Measurement(asked, plan, seconds, with_bandwidth, say)

    is_ours = plan.devices[plan.controller].host == "local"
    try:
        asked = Asked(file, site, plan)
    except UnreachableError:
        if not is_ours or Place(file, site, plan).is_run:
            raise
        one = measurement(lambda: Asked(file, site, plan))
        summary = Runner(site, plan, shown).run(None, one.look)
        if not one.is_over:
            reasons = "; ".join(summary["problems"]) or "it was ended before"
            raise ActorsError(f"{file}: not measured: {reasons}") from None
        return one.found
    with asked:
        one = measurement(lambda: asked)
        given_up_s = time.monotonic() + READY_TIMEOUT_S
        while True:
            status = asked.status()
            if status["ready"] and one.look(status):
                return one.found
            if not status["ready"] and time.monotonic() > given_up_s:
                raise ActorsError(f"{file}: not ready: {'; '.join(status['waiting'])}")
            time.sleep(POLL_S)


class Measurement:
    """One measurement of `seconds`. `look` is to be called now and then, until it returns True."""

    def __init__(
        self,
        open_site: Callable[[], Asked],
        plan: Plan,
        seconds: float,
        with_bandwidth: bool,
        say: Callable[[str], None],
    ) -> None:
        self.found = Measured(seconds)
        self._open_site, self._plan = open_site, plan
        self._asked: Asked | None = None
        self._with_bandwidth = with_bandwidth
        self._say = say
        self._begun_s: float | None = None
        self._first_s = 0.0
        self.is_over = False

    def look(self, status: Mapping[str, Any]) -> bool:
        """Do what is due. Returns whether it is over. *Raises* ActorsError if nobody answers."""
        if self._asked is None:
            self._asked = self._open_site()
            self._first_s = time.monotonic()
        self._note_round_trips(status)
        now_s = time.monotonic()
        if self._begun_s is None:
            lack = [1 for link in status["links"] if link["rtt_ms"] is None]
            if (lack or not status["links"]) and now_s - self._first_s < BEATS_S:
                return False
            self._begin(self._asked)
        elif now_s - self._begun_s >= self.found.seconds:
            self._collect(self._asked)
            if self._with_bandwidth:
                self._try_links(self._asked)
            self.is_over = True
        return self.is_over

    def _begin(self, asked: Asked) -> None:
        self._say("trying how fast each device is")
        for path in self._plan.devices:
            told = self._explain(asked, path, "speed")
            if told is not None:
                self.found.devices[path] = DeviceFigures(*told)
        limit_ms = round((self.found.seconds + MARGIN_S) * 1000)
        for path in self.found.devices:
            self._explain(asked, path, "begin", limit_ms)
        self._say(f"measuring for {self.found.seconds:g} s")
        self._begun_s = time.monotonic()

    def _collect(self, asked: Asked) -> None:
        for path in self.found.devices:
            after, more = 0, True
            while more:
                told = self._explain(asked, path, "tell", after)
                if told is None:
                    break
                span_ms, rows, more = told
                for row in rows:
                    self._take(path, span_ms / 1000, *row)
                after += len(rows)
                self.found.devices[path].span_s = span_ms / 1000
            if (turns := self._explain(asked, path, "turns")) is not None:
                own = self.found.devices[path]
                own.worked_us, own.verbs_us, own.messages_us = turns
            self._explain(asked, path, "end")

    def _take(self, device: str, span_s: float, what: str | int, *figures: Any) -> None:
        if isinstance(what, str):
            self.found.actors[f"{device}/{what}"] = ActorFigures(*figures)
            return
        wire = self.found.wires.setdefault(what, WireFigures(span_s))
        sent, taken, size_bytes = figures
        wire.sent = wire.sent if sent is None else sent
        wire.taken = wire.taken if taken is None else taken
        wire.size_bytes = wire.size_bytes if size_bytes is None else size_bytes

    def _try_links(self, asked: Asked) -> None:
        """One after the other: links of one machine share it."""
        for pair in sorted(map(sorted, self.found.round_trips_ms)):
            # The end that asks is a worker; a board would have to keep the questions.
            by, other = sorted(pair, key=lambda path: self._plan.devices[path].is_board)
            self._say(f"trying what gets through from {by} to {other}")
            number = self._plan.devices[other].number
            given_up_s = time.monotonic() + BURST_S
            try:
                got = None
                while got is None and time.monotonic() < given_up_s:
                    got = asked.explain(by, "burst", number)
                if got is None:
                    raise ActorsError(f"no answer in {BURST_S:g} s")
                self.found.bytes_per_s[frozenset(pair)] = got
            except UnreachableError:
                raise
            except ActorsError as error:
                self._miss(f"{by} - {other}", error)

    def _note_round_trips(self, status: Mapping[str, Any]) -> None:
        """The least of those seen: others have waited for somebody who was busy."""
        found = self.found.round_trips_ms
        for link in status["links"]:
            if link["rtt_ms"] is not None:
                pair = frozenset(link["between"])
                found[pair] = min(link["rtt_ms"], found.get(pair, link["rtt_ms"]))

    def _explain(self, asked: Asked, path: str, *words: object) -> Any:
        """A device's answer; None if there is none, which is noted."""
        try:
            return asked.explain(path, "measure", *words)
        except UnreachableError:
            raise
        except ActorsError as error:
            self._miss(path, error)
            return None

    def _miss(self, what: str, error: ActorsError) -> None:
        text = f"{what}: not measured: {error}"
        if text not in self.found.problems:
            self.found.problems.append(text)
