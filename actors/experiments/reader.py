"""Reader: an experiment's file, judged.

A TOML file beside a site:

    site = "site.py"
    from = "button"                  # whose readings are timed, and the sink where they are
    to = "lamp"
    one_at_a_time = true             # else every combination

    [grid]
    placement = ["on-the-pc", "search"]
    link_delay_ms = [1, 10, 100]

    [base]                           # of a factor while another one is varied
    link_delay_ms = 10

    [placements.on-the-pc]           # for actors without at=
    panel = "lab/pc"

    [real]                           # what --real runs with processes, one factor at a time
    link_delay_ms = [1, 20]
    runs = 3                         # of each, of which the medians count

All that is wrong is told at once.
"""

import tomllib
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from actors.check import load_checked
from actors.experiments.grid import (
    FACTORS,
    NEUTRAL,
    Experiment,
    ExperimentError,
    Point,
    crossed,
    one_at_a_time,
)
from actors.placement.strategies import STRATEGIES
from actors.problems import shown_path, shown_value, suggestion, worded
from actors.site import Site

SECONDS, WARMUP_S = 20.0, 2.0
KEYS = ("site", "title", "from", "to", "seconds", "warmup_s", "seeds", "one_at_a_time", "devices",
        "links", "spread", "grid", "base", "placements", "real")
DELAY = "link_delay_ms"
REAL_FACTORS = ("placement", "device_speed", "devices_used", DELAY)
REAL_S = 10.0


def read(file: Path) -> Experiment:
    """The experiment in a file. *Raises* ExperimentError, or SiteError for its site."""
    reader = _Reader(file)
    found = reader.read()
    if found is None or reader.wrong:
        raise ExperimentError("\n".join(reader.wrong))
    return found


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


ABOVE_0 = ("a number above 0", lambda value: _is_number(value) and value > 0)
ZERO_ON = ("a number, 0 or more", lambda value: _is_number(value) and value >= 0)
BYTES = ("a whole number, 0 or more", lambda value: _is_count(value) and value >= 0)
COUNT = ("a whole number above 0", lambda value: _is_count(value) and value > 0)
WORD = ("a name", lambda value: isinstance(value, str))
FLAG = ("true or false", lambda value: isinstance(value, bool))
Kind = tuple[str, Callable[[Any], bool]]
FACTOR_KINDS: Mapping[str, Kind] = {
    "placement": WORD, "device_speed": ABOVE_0, "devices_used": COUNT, "link_delay_ms": ZERO_ON,
    "rate": ABOVE_0, "payload_bytes": BYTES,
}


class _Reader:
    """Reads one file and collects what is wrong."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.wrong: list[str] = []

    def read(self) -> Experiment | None:
        text = self._text()
        if text is None:
            return None
        self._known("", text, KEYS)
        name = self._value(text, "site", WORD, None)
        if name is None:
            self._add("says of no site", 'site = "FILE.py", beside this file')
            return None
        site = load_checked(self.file.parent / name)
        paths = [device.path for device in site.topology.devices]
        boards = [device.path for device in site.topology.devices if device.is_board]
        workers = [path for path in paths if path not in boards]
        devices = self._names(text, "devices", paths, boards or paths)
        ends = {f"{link.a.path} - {link.b.path}": link for link in site.topology.links}
        ours = [name for name, link in ends.items()
                if link.a.path in devices or link.b.path in devices]
        spread = self._names(text, "spread", paths, [*workers, *boards])
        placements = self._placements(text.get("placements", {}), site, paths)
        grid = self._map("grid", text.get("grid", {}))
        self._known("[grid] ", grid, FACTORS)
        varied = self._grid("grid", grid, placements, len(spread))
        real = self._map("real", text.get("real", {}))
        is_crossed = not self._value(text, "one_at_a_time", FLAG, False)
        base = self._base(text.get("base", {}), varied, placements, len(spread), is_crossed)
        return Experiment(
            file=str(self.file),
            site=site,
            title=self._value(text, "title", WORD, site.topology.name),
            source=self._stage(text, "from", site, "sensor"),
            target=self._stage(text, "to", site, "sink"),
            seconds=self._value(text, "seconds", ABOVE_0, SECONDS),
            warmup_s=self._value(text, "warmup_s", ZERO_ON, WARMUP_S),
            seeds=self._value(text, "seeds", COUNT, 1),
            devices=devices,
            links=self._names(text, "links", ends, ours),
            spread=spread,
            varied=varied,
            base=base,
            placements=placements,
            points=crossed(varied, base) if is_crossed else one_at_a_time(varied, base),
            real=self._real(real, varied, base, placements, len(spread)),
            real_seconds=self._value(real, "seconds", ABOVE_0, REAL_S, "[real] "),
            real_runs=self._value(real, "runs", COUNT, 1, "[real] "),
        )

    def _text(self) -> dict[str, Any] | None:
        try:
            return tomllib.loads(self.file.read_text(encoding="utf-8"))
        except OSError as error:
            self._add("cannot be read", got=str(error.strerror), remedy="name a file that exists")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            remedy = ""
            if self.file.suffix == ".py":
                remedy = f'name a TOML file, which says site = "{self.file.name}"'
            self._add("is no TOML", got=str(error), remedy=remedy)
        return None

    def _grid(
        self, table: str, grid: Mapping[str, Any], placements: Collection[str], most: int
    ) -> dict[str, list[Any]]:
        """The values listed for each factor, those that can be."""
        varied = {}
        for factor in FACTORS:
            if factor not in grid:
                continue
            listed, label = grid[factor], f"[{table}] {factor}"
            if not isinstance(listed, list) or not listed:
                self._add(f"{label} has a wrong value", "a list of values", shown_value(listed))
                continue
            good = [one for one in listed if self._fits(label, factor, one, placements, most)]
            varied[factor] = list(dict.fromkeys(good))
        return varied

    def _base(
        self,
        value: Any,
        varied: Mapping[str, Sequence[Any]],
        placements: Collection[str],
        most: int,
        is_crossed: bool,
    ) -> Point:
        """What is not said is neutral where that is listed, else the first that is listed."""
        told = self._map("base", value)
        self._known("[base] ", told, FACTORS)
        chosen: dict[str, Any] = {"devices_used": most}
        for factor, listed in varied.items():
            neutral = chosen.get(factor, getattr(NEUTRAL, factor))
            if listed:
                chosen[factor] = neutral if neutral in listed else listed[0]
        for factor, one in told.items():
            if factor not in FACTORS:
                continue
            if self._fits(f"[base] {factor}", factor, one, placements, most):
                chosen[factor] = one
            if is_crossed and factor in varied and one not in varied[factor]:
                self._add(f"[base] {factor} is not in the grid", "one of its values there",
                          shown_value(one), "list it, or say one_at_a_time = true")
        return replace(NEUTRAL, **chosen)

    def _real(
        self,
        told: Mapping[str, Any],
        varied: Mapping[str, Sequence[Any]],
        base: Point,
        placements: Collection[str],
        most: int,
    ) -> list[Point]:
        """The base, and one factor at a time; by default three delays, and placements by name."""
        self._known("[real] ", told, (*REAL_FACTORS, "seconds", "runs"))
        listed = {key: one for key, one in told.items() if key in REAL_FACTORS}
        chosen = self._grid("real", listed, placements, most)
        if not set(listed) - {"placement"} and (delays := sorted(varied.get(DELAY, ()))):
            ends = (delays[0], delays[len(delays) // 2], delays[-1])
            chosen[DELAY] = list(dict.fromkeys(ends))
        chosen.setdefault("placement", list(placements) or
                          list(varied.get("placement", [base.placement])))
        return one_at_a_time(chosen, base)

    def _fits(
        self, label: str, factor: str, value: Any, placements: Collection[str], most: int
    ) -> bool:
        expected, is_good = FACTOR_KINDS[factor]
        if not is_good(value):
            self._add(f"{label} has a wrong value", expected, shown_value(value))
        elif factor == "placement" and value not in (known := {*STRATEGIES, *placements}):
            self._add(f"{label}: no such placement as {value!r}",
                      "a strategy, or the name of one in [placements]",
                      remedy=suggestion(value, known))
        elif factor == "devices_used" and value > most:
            self._add(f"{label}: {value} devices are too many", f"{most} at the most",
                      remedy="spread = [...] says which")
        else:
            return True
        return False

    def _placements(
        self, value: Any, site: Site, paths: Collection[str]
    ) -> dict[str, dict[str, str]]:
        free = [stage.name for stage in site.stages if site.device_of(stage) is None]
        found = {}
        for name, places in self._map("placements", value).items():
            label = f"[placements.{name}] "
            if name in STRATEGIES:
                self._add(f"{label}is the name of a strategy", remedy="give it another name")
            places = self._map(f"placements.{name}", places)
            self._known(label, places, free, "the site has no such actor without at=")
            for actor, path in places.items():
                if path not in paths:
                    self._add(f"{label}{actor}: the site has no device {path!r}",
                              remedy=suggestion(str(path), paths))
            if missing := [one for one in free if one not in places]:
                self._add(f"{label}leaves actors out", "a device for each actor without at=",
                          remedy="add " + ", ".join(missing))
            found[name] = dict(places)
        return found

    def _stage(self, text: Mapping[str, Any], key: str, site: Site, role: str) -> str:
        """The name of a stage of that role; of a sensor it may be left out."""
        names = [stage.name for stage in site.stages if stage.role == role]
        name: str = self._value(text, key, WORD, "" if role == "sensor" or not names else names[-1])
        if name and name not in names:
            self._add(f"{key}: the site has no {role} {name!r}", remedy=suggestion(name, names))
        elif not name and role == "sink":
            self._add("the site has no sink", "one, at which readings arrive")
        return name

    def _names(
        self, text: Mapping[str, Any], key: str, known: Collection[str], otherwise: list[str]
    ) -> list[str]:
        listed = text.get(key, otherwise)
        if not isinstance(listed, list) or not listed:
            self._add(f"{key} has a wrong value", "a list of names", shown_value(listed))
            return otherwise
        for one in listed:
            if one not in known:
                self._add(f"{key}: the site has no {one!r}", remedy=suggestion(str(one), known))
        return list(dict.fromkeys(one for one in listed if one in known))

    def _value(
        self, text: Mapping[str, Any], key: str, kind: Kind, otherwise: Any, label: str = ""
    ) -> Any:
        value = text.get(key, otherwise)
        if key in text and not kind[1](value):
            self._add(f"{label}{key} has a wrong value", kind[0], shown_value(value))
            return otherwise
        return value

    def _map(self, key: str, value: Any) -> dict[str, Any]:
        if isinstance(value, dict):
            return value
        self._add(f"{key} has a wrong value", f"a table: [{key}]", shown_value(value))
        return {}

    def _known(
        self, label: str, section: Mapping[str, Any], known: Collection[str], why: str = ""
    ) -> None:
        for key in section:
            if key not in known:
                self._add(f"{label}{why or 'unknown key'}: {key!r}",
                          "one of " + ", ".join(known) if known else "none: all have one",
                          repr(key),
                          hint if "?" in (hint := suggestion(key, known)) else "leave it out")

    def _add(self, what: str, expected: str = "", got: str = "", remedy: str = "") -> None:
        place = shown_path(str(self.file))
        self.wrong.append(worded(place, what, expected, got, remedy))
