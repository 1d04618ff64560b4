"""Table: the results of an experiment as CSV, one row for each point and seed.

A row is written whole and at once, so that after an interruption what is there counts. Rows know
what they are of: the site, its profile and how it was measured. Where that has changed they are not
mixed with new ones; a grid may grow.
"""

import csv
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.experiments.grid import FACTORS, Experiment, ExperimentError, Point
from actors.experiments.trial import FIGURES, Row

COLUMNS = (*FACTORS, "seed", *FIGURES)
TEXTS = ("placement", "busiest", "exceeds")
RESULTS, ABOUT = "results.csv", "about.json"
Key = tuple[str, ...]


class Table:
    """The rows in a folder. `rows` has those of before, too, in the order of the file."""

    def __init__(self, folder: Path, experiment: Experiment, again: bool = False) -> None:
        """*Raises* ExperimentError if what is there is of something else."""
        self.file = folder / RESULTS
        self.rows: list[Row] = []
        self._about = folder / ABOUT
        mark = {"experiment": Path(experiment.file).name, "digest": digest(experiment)}
        if again or not self.file.exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._about.write_text(json.dumps(mark, indent=2) + "\n", encoding="utf-8")
            self.file.write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
        else:
            self._take_up(mark)
        self._known = {_key(row): row for row in self.rows}

    def row(self, point: Point, seed: int) -> Row | None:
        """What was measured there, None if nothing yet."""
        return self._known.get(_key(_at(point, seed)))

    def add(self, point: Point, seed: int, figures: Row) -> None:
        """Take the figures of a point, and write them."""
        row = {**dict.fromkeys(COLUMNS), **_at(point, seed), **figures}
        self.rows.append(row)
        self._known[_key(row)] = row
        with self.file.open("a", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerow(
                ["" if row[one] is None else row[one] for one in COLUMNS]
            )

    def _take_up(self, mark: Mapping[str, str]) -> None:
        """Read what is there; a row that was not written to its end is cut off."""
        text = self.file.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]
        lines = list(csv.reader(whole.splitlines()))
        try:
            before = json.loads(self._about.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            before = {}
        if before != mark or not lines or tuple(lines[0]) != COLUMNS:
            raise ExperimentError(
                f"{self.file}: its rows are of something else: the site, its profile, or how it is "
                "measured has changed\n    remedy: --again measures all anew; --out FOLDER keeps "
                "both"
            )
        if whole != text:
            self.file.write_text(whole, encoding="utf-8")
        self.rows = [_parsed(line) for line in lines[1:]]


def digest(experiment: Experiment) -> str:
    """What rows are of: everything but the grid, since each row says where in it it is."""
    found = hashlib.sha256()
    folder = experiment.site.folder
    files = [*folder.glob("*.py"), Path(experiment.site.file).with_suffix(".profile.json")]
    for file in sorted(one for one in files if one.is_file() and not one.match("test_*")):
        found.update(f"{file.name}\0".encode() + file.read_bytes() + b"\0")
    told = [
        experiment.source, experiment.target, experiment.seconds, experiment.warmup_s,
        experiment.devices, experiment.links, experiment.spread, experiment.placements,
    ]
    found.update(json.dumps(told, sort_keys=True).encode())
    return found.hexdigest()[:16]


def _at(point: Point, seed: int) -> Row:
    return {**{factor: getattr(point, factor) for factor in FACTORS}, "seed": seed}


def _key(row: Row) -> Key:
    """By value: 1 and 1.0 are one."""
    return tuple(
        f"{row[one]:g}" if isinstance(row[one], int | float) else str(row[one])
        for one in (*FACTORS, "seed")
    )


def _parsed(line: Sequence[str]) -> Row:
    return {
        column: _value(column, text) for column, text in zip(COLUMNS, line, strict=True)
    }


def _value(column: str, text: str) -> Any:
    if column in TEXTS:
        return text
    if not text:
        return None
    return float(text) if any(sign in text for sign in ".en") else int(text)
