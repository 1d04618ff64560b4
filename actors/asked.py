"""Asks a site that runs, from another terminal: its controller, and through it each device.

A device is asked by a question that the controller passes on with its proof, so that no terminal
needs a way to it, nor keys for it.
"""

import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from actors.client import Console, UnreachableError
from actors.plan import Plan
from actors.problems import suggestion
from actors.running import Place
from actors.site import Site
from mp_actors.errors import ActorsError
from mp_actors.path import join

POLL_S = 0.02
PATIENCE_S = 5.0  # longer than the controller's own
LETTERS_S = 1.5  # for dead letters: nobody is to wait long for the devices that are well
HEARD_S = 2.0  # whoever was heard since is asked for them
ASKED_MAX = 16  # devices asked for dead letters, those with losses
OWN_ACTORS = ("node", "router", "controller")  # of the runtime; they say lines, too


class Row(NamedTuple):
    """A row of a device's journal; see `mp_actors.journal`."""

    number: int
    at_ms: int
    times: int
    words: list[str]


class Ring(NamedTuple):
    """Rows, oldest first. `start`: the number of the device's start. `now_ms`: its site time."""

    start: int
    now_ms: int
    rows: list[Row]


class UnknownPathError(ActorsError):
    """The site has no such actor; the text says what was probably meant."""


def device_of(plan: Plan, path: str) -> str:
    """The device of an actor; of a device itself, that. *Raises* UnknownPathError."""
    device, _, name = path.rpartition("/")
    if path in plan.devices:
        return path
    if path in plan.actors or (device in plan.devices and name in OWN_ACTORS):
        return device
    known = [*plan.actors, *plan.devices]
    raise UnknownPathError(f"{path}: no such actor in this site; {suggestion(path, known)}")


class Asked:
    """A site that is asked. Use it as a context. *Raises* UnreachableError, KeysError."""

    def __init__(
        self, file: Path, site: Site, plan: Plan, console: Console | None = None
    ) -> None:
        self.plan = plan
        self.place = Place(file, site, plan)
        self._console = console or self.place.console()

    def __enter__(self) -> "Asked":
        return self

    def __exit__(self, *_: object) -> None:
        self._console.close()

    def status(self) -> dict[str, Any]:
        """What the controller knows."""
        told: dict[str, Any] = self._ask("status")
        return told

    def trace(self, number: int) -> dict[str, Any]:
        """What the controller knows of one wire; see `Observer.trace`."""
        told: dict[str, Any] = self._ask("trace", number)
        return told

    def explain(self, device: str, *words: object) -> Any:
        """A device's own answer; see `mp_actors.explain`. *Raises* ActorsError if none comes."""
        return self._fetch(device, self._ask("explain", device, *words))

    def ring(self, device: str, *words: object) -> "Ring":
        """All rows of a ring that a device hands out in pieces; the last of `words` is the number
        of the row to begin after.
        """
        *question, after = words
        start, now_ms, rows, more = self.explain(device, *question, after)
        while more and rows:
            _, _, piece, more = self.explain(device, *question, rows[-1][0])
            rows += piece
        return Ring(start, now_ms, [_row(row) for row in rows])

    def letters(self, devices: Iterable[str]) -> list[dict[str, Any]]:
        """The dead letters of some devices, the newest first; who does not answer has none."""
        found = []
        asked = {path: self._ask("explain", path, "lost", 0) for path in devices}
        deadline = time.monotonic() + LETTERS_S
        for path, number in asked.items():
            try:
                _, now_ms, rows, more = self._fetch(path, number, deadline)
                if more and rows:
                    rows += self.explain(path, "lost", rows[-1][0])[2]
            except UnreachableError:
                raise
            except ActorsError:
                continue
            found += [self._letter(path, now_ms, _row(row)) for row in rows]
        return sorted(found, key=lambda one: float(one["age_s"]))

    def _letter(self, device: str, now_ms: int, row: Row) -> dict[str, Any]:
        what, reason, origin, text = (*row.words, "", "", "", "")[:4]
        number = int(what) if what.isdigit() else None
        wire = None if number is None else self.plan.wires.get(number)
        if origin.isdigit():
            paths = {one.number: path for path, one in self.plan.devices.items()}
            origin = paths.get(int(origin), "unknown")
        return {
            "device": device,
            "at_ms": row.at_ms,
            "age_s": max(0.0, (now_ms - row.at_ms) / 1000),
            "wire": number,
            "what": f"{wire.source} → {wire.target}" if wire else what.removeprefix(":"),
            "reason": reason,
            "from": origin,
            "count": row.times,
            "text": text,
        }

    def _fetch(self, device: str, number: int, deadline: float | None = None) -> Any:
        deadline = deadline or time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline:
            answer = self._ask("explained", number)
            if answer is not None:
                error, value = answer
                if error is None:
                    return value
                raise ActorsError(f"{device} does not answer: {error[1]}")
            time.sleep(POLL_S)
        raise ActorsError(f"{device} does not answer")

    def _ask(self, kind: str, *arguments: object) -> Any:
        try:
            return self._console.ask(join(self.plan.controller, "controller"), kind, *arguments)
        except UnreachableError as error:
            raise self.place.nobody(error) from None


def losers(plan: Plan, status: Mapping[str, Any]) -> list[str]:
    """The devices that may know why something was lost, as far as they can be asked."""
    found = {path for path, one in status["devices"].items() if one["control_lost"]}
    for row in status["wires"]:
        if row["dropped"]:
            found.update(plan.wires[row["wire"]].way)
    devices = status["devices"]
    return [path for path in sorted(found) if (devices[path]["age_s"] or 0) < HEARD_S][:ASKED_MAX]


def _row(row: list[Any]) -> Row:
    number, at_ms, count, words = row
    return Row(number, at_ms, count, words.decode(errors="replace").split("\0"))
