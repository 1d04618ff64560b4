"""Profile: what is known of a site's actors, devices and links, in a JSON file; and the defaults.

From a file beside the site file to the planner. A figure is a number that a person has declared, or
`{"value": 3.2, "from": "measured"}`, as `actors profile` writes it; what nobody has declared or
measured has a default value, and whoever shows a figure can say which of the three it is. What a
profile names and the site does not have is an error; what it leaves out is not.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf, isfinite
from pathlib import Path
from typing import Any

from actors.placement.model import BOUNDED, PARTS
from actors.problems import shown_path, shown_value, suggestion, worded
from mp_actors.errors import ActorsError

DECLARED, MEASURED, DEFAULT = "declared", "measured", "default"
ACTOR = {  # what an actor's figures are called, and what they are by default
    "work_us": 20.0,  # for one message, on a device of speed 1: what the runtime itself takes
    "selectivity": 1.0,
    "rate_hz": 1.0,  # of what has no inputs and no period
    "bytes": 32.0,
    "memory_kb": 0.0,
    "state_bytes": 0.0,
}
DEVICE = {
    "speed": 1.0,
    "memory_kb": inf,
    "watts": 0.0,
    "message_us": 0.0,  # for one that leaves or comes by a link, as it is: speed is not in it
    "rest_percent": 0.0,  # of its time that it is busy with nothing to do
}
BOARD_SPEED = 0.01  # of a microcontroller, as a share of a worker's
LINK = {"delay_ms": 1.0, "bandwidth_kbps": inf, "uj_per_byte": 0.0}
CONSTRAINTS = ("together", "never", "domain")
MARKS = ("value", "from", "measured")  # of a figure; the last: what was measured beside it
SECTIONS = ("actors", "devices", "links", "constraints", "present", "weights", "bounds")


class ProfileError(ActorsError):
    """A profile cannot be used; the text has every reason."""


@dataclass(frozen=True)
class Profile:
    """What a file says, by section; all of it may be empty.

    measured: (section, name, figure) of what nobody has declared.
    """

    file: str = ""
    actors: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    devices: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    links: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] = ()
    never: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    domain: Mapping[str, str] = field(default_factory=dict)
    present: Mapping[str, str] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    bounds: Mapping[str, float] = field(default_factory=dict)
    measured: frozenset[tuple[str, str, str]] = frozenset()


@dataclass(frozen=True)
class Names:
    """What the site has, by which a profile is judged."""

    actors: Collection[str]
    devices: Collection[str]
    links: Collection[str]
    domains: Collection[str]


def read(file: Path, names: Names) -> Profile:
    """The profile in a file. *Raises* ProfileError with all that is wrong with it."""
    reader = _Reader(file, names)
    profile = reader.read()
    if reader.wrong:
        raise ProfileError("\n".join(reader.wrong))
    return profile


def for_each(known: Profile, groups: Mapping[str, Sequence[str]]) -> Profile:
    """What is said of several actors by a name they have in common, said of each.

    What is said of one of them by its own name comes first.
    """

    def spread(section: Mapping[str, Any]) -> dict[str, Any]:
        several = {one: section[name] for name in groups if name in section for one in groups[name]}
        return {**several, **{name: of for name, of in section.items() if name not in groups}}

    return replace(
        known,
        actors=spread(known.actors),
        together=tuple(
            tuple(one for name in group for one in groups.get(name, (name,)))
            for group in known.together
        ),
        never=spread(known.never),
        domain=spread(known.domain),
        present=spread(known.present),
        measured=frozenset(
            (label, one, figure)
            for label, name, figure in known.measured
            for one in (groups.get(name, (name,)) if label == "actors" else (name,))
        ),
    )


class _Reader:
    """Reads one file and collects what is wrong."""

    def __init__(self, file: Path, names: Names) -> None:
        self.file, self.names = file, names
        self.wrong: list[str] = []
        self.measured: set[tuple[str, str, str]] = set()

    def read(self) -> Profile:
        try:
            text = json.loads(self.file.read_text(encoding="utf-8"))
        except OSError as error:
            self._add("cannot be read", got=str(error.strerror), remedy="name a file that exists")
            return Profile()
        except ValueError as error:
            self._add("is no JSON", got=str(error))
            return Profile()
        if not self._is_map(text, "profile"):
            return Profile()
        self._check_keys("profile", text, SECTIONS)
        names, given = self.names, text.get
        constraints = self._map(given("constraints", {}), "constraints")
        self._check_keys("constraints", constraints, CONSTRAINTS)
        return Profile(
            str(self.file),
            self._figures("actors", given("actors", {}), names.actors, ACTOR),
            self._figures("devices", given("devices", {}), names.devices, DEVICE),
            self._figures("links", given("links", {}), names.links, LINK),
            self._together(constraints.get("together", [])),
            self._never(constraints.get("never", {})),
            self._pairs("domain", constraints.get("domain", {}), names.domains),
            self._pairs("present", given("present", {}), names.devices),
            self._numbers("weights", given("weights", {}), dict.fromkeys(PARTS, 0.0)),
            self._numbers("bounds", given("bounds", {}), dict.fromkeys(BOUNDED, 0.0)),
            frozenset(self.measured),
        )

    def _figures(
        self, label: str, value: Any, known: Collection[str], figures: Mapping[str, float]
    ) -> dict[str, dict[str, float]]:
        section = self._map(value, label)
        self._check_keys(label, section, known)
        found = {}
        for name, given in section.items():
            if name in known:
                plain = self._unmarked(label, name, self._map(given, f"{label}, {name}"))
                found[name] = self._numbers(f"{label}, {name}", plain, figures)
        return found

    def _unmarked(self, label: str, name: str, given: Mapping[str, Any]) -> dict[str, Any]:
        """Figures as numbers; one that is marked as a default is as good as not there."""
        plain = {}
        for key, figure in given.items():
            if not isinstance(figure, dict):
                plain[key] = figure
                continue
            self._check_keys(f"{label}, {name}, {key}", figure, MARKS)
            source = figure.get("from")
            if source not in (DECLARED, MEASURED, DEFAULT):
                expected = f"from: {DECLARED}, {MEASURED} or {DEFAULT}"
                self._add(f"{label}, {name}: {key} has a wrong value", expected,
                          shown_value(source))
            elif source != DEFAULT:
                plain[key] = figure.get("value")
            if source == MEASURED:
                self.measured.add((label, name, key))
        return plain

    def _numbers(self, label: str, value: Any, figures: Mapping[str, float]) -> dict[str, float]:
        section = self._map(value, label)
        self._check_keys(label, section, figures)
        kept = {}
        for key, number in section.items():
            is_number = isinstance(number, int | float) and not isinstance(number, bool)
            # What something is divided by is above 0.
            is_positive = key in ("speed", "bandwidth_kbps")
            expected = "a number above 0" if is_positive else "a number, 0 or more"
            most = inf
            if key == "rest_percent":
                most, expected = 100.0, "a number from 0 to 100"
            if (not is_number or not isfinite(number) or not 0 <= number <= most
                    or (is_positive and not number)):
                self._add(f"{label}: {key} has a wrong value", expected, shown_value(number))
            elif key in figures:
                kept[key] = float(number)
        return kept

    def _together(self, value: Any) -> tuple[tuple[str, ...], ...]:
        is_list = isinstance(value, list) and all(isinstance(one, list) for one in value)
        if not is_list:
            expected = "a list of lists of actors"
            self._add("constraints, together has a wrong value", expected, shown_value(value))
            return ()
        return tuple(self._known("constraints, together", one, self.names.actors) for one in value)

    def _never(self, value: Any) -> dict[str, tuple[str, ...]]:
        section = self._map(value, "constraints, never")
        self._check_keys("constraints, never", section, self.names.actors)
        return {
            name: self._known(f"constraints, never, {name}", one, self.names.devices)
            for name, one in section.items()
        }

    def _pairs(self, label: str, value: Any, known: Collection[str]) -> dict[str, str]:
        section = self._map(value, label)
        self._check_keys(label, section, self.names.actors)
        return {
            name: one for name, one in section.items() if self._known(f"{label}, {name}", [one],
                                                                      known)
        }

    def _known(self, label: str, value: Any, known: Collection[str]) -> tuple[str, ...]:
        """The words of a list that the site has; others are wrong."""
        if not isinstance(value, list):
            self._add(f"{label} has a wrong value", "a list of names", shown_value(value))
            return ()
        for one in value:
            if one not in known:
                self._add_unknown(label, one, known)
        return tuple(one for one in value if one in known)

    def _check_keys(self, label: str, section: Mapping[str, Any], known: Collection[str]) -> None:
        for key in section:
            if key not in known:
                self._add_unknown(label, key, known)

    def _add_unknown(self, label: str, word: object, known: Collection[str]) -> None:
        remedy = suggestion(str(word), known)
        self._add(f"{label}: the site has no {word!r}" if label not in ("profile", "weights")
                  and known is not MARKS else f"{label}: unknown key {word!r}", remedy=remedy)

    def _map(self, value: Any, label: str) -> dict[str, Any]:
        return value if self._is_map(value, label) else {}

    def _is_map(self, value: Any, label: str) -> bool:
        if not isinstance(value, dict):
            self._add(f"{label} has a wrong value", "an object: {…}", shown_value(value))
        return isinstance(value, dict)

    def _add(self, what: str, expected: str = "", got: str = "", remedy: str = "") -> None:
        place = shown_path(str(self.file))
        self.wrong.append(worded(place, what, expected, got, remedy))
