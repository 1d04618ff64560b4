"""`actors experiment`: a site at every point of a grid, in the simulator; plots, table, page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.commanding import FAILED, WRONG, fail, screen
from mp_actors.errors import ActorsError

PAGE, REAL, CALIBRATION = "index.html", "real.json", "calibration.json"
CALIBRATED = 2  # times as long as a point: beats are rare


def experiment(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Which site, and which factors are varied.")
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FOLDER", help="For results; by default runs/NAME here."),
    ] = None,
    again: Annotated[
        bool, typer.Option("--again", help="Measure what is there already, too.")
    ] = False,
    real: Annotated[
        bool, typer.Option("--real", help="Run the points of its table real as processes, too.")
    ] = False,
) -> None:
    """Measure a site at every point of a grid, in virtual time, and compare placements.

    FOLDER gets results.csv, a plot for each factor and index.html, which holds all of it. What was
    interrupted goes on where it was.
    """
    from actors.experiments.reader import read
    from actors.experiments.table import Table
    from actors.experiments.trial import Laboratory

    try:
        found = read(file)
        laboratory = Laboratory(found)
        for placement in dict.fromkeys(point.placement for point in found.points):
            # What cannot be at all is said before hours of work.
            laboratory.prepare(next(one for one in found.points if one.placement == placement))
        folder = out or Path("runs") / file.stem
        table = Table(folder, found, again)
    except ActorsError as error:
        fail(WRONG, str(error))
    shown = screen()
    try:
        _measure(found, laboratory, table, shown)
        rows, share = _real_rows(found, laboratory, folder, real, again, shown)
    except ActorsError as error:
        fail(FAILED, str(error))
    _present(found, table, folder, shown, rows, share)


def _measure(found: Any, laboratory: Any, table: Any, shown: Any) -> None:
    """Run every trial that has no row yet."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
    from rich.progress import TimeRemainingColumn as Remaining

    todo = [(point, seed) for point in found.points for seed in range(found.seeds)
            if table.row(point, seed) is None]
    total = len(found.points) * found.seeds
    columns = (TextColumn("points"), BarColumn(), MofNCompleteColumn(), Remaining())
    with Progress(*columns, console=shown, transient=True) as progress:
        task = progress.add_task("", total=total, completed=total - len(todo))
        for point, seed in todo:
            table.add(point, seed, laboratory.run(point, seed))
            progress.advance(task)
    shown.print(f"{total} points, {len(todo)} of them measured now")


def _real_rows(
    found: Any, laboratory: Any, folder: Path, wanted: bool, again: bool, shown: Any
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Run the real points, and show each as it comes; else those of the last time.

    Returns their rows, and the runtime's share with which they were foreseen.
    """
    from actors.experiments.reality import Reality

    file, beside = folder / REAL, folder / CALIBRATION
    if not wanted:
        if again or not file.exists():
            return [], {}
        known = json.loads(beside.read_text(encoding="utf-8")) if beside.exists() else {}
        return json.loads(file.read_text(encoding="utf-8")), known
    reality, rows, share = Reality(found, laboratory), [], {}
    if found.real:
        shown.print("real: calibrating", markup=False)
        share = asdict(reality.calibrate(found.real[0], CALIBRATED * found.real_seconds))
    for point in found.real:
        row = reality.run(point, found.real_seconds, found.real_runs)
        rows.append(row)
        shown.print(
            f"real: {row['placement']}, speed {row['device_speed']:g}, {row['devices_used']} "
            f"devices, {_shown(row['link_delay_ms'])} ms a link: {_shown(row['p50_ms'])} ms, "
            f"simulated {_shown(row['simulated_p50_ms'])}, predicted "
            f"{_shown(row['predicted_ms'])}; {row['readings_per_s']:.1f} readings/s, simulated "
            f"{row['simulated_readings_per_s']:.1f}; {row['busiest']} {row['busy']:.1%} busy, "
            f"predicted {row['predicted_busy']:.1%}",
            markup=False, highlight=False, soft_wrap=True,
        )
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    beside.write_text(json.dumps(share, indent=2) + "\n", encoding="utf-8")
    return rows, share


def _shown(value: float | None) -> str:
    return "-" if value is None else f"{value:.1f}"


def _present(
    found: Any, table: Any, folder: Path, shown: Any, real: Sequence[Any], share: Mapping[str, Any]
) -> None:
    """Draw, write the page, and say what crossed."""
    from actors.experiments import page, plots
    from actors.experiments.curves import (
        QUESTIONS,
        crossings,
        curves,
        factors,
        real_curves,
        sentence,
    )

    seen: dict[str, Any] = {}
    for factor in factors(found):
        lines = curves(found, table, factor)
        seen[factor] = lines, crossings(factor, lines)
    beside = {one: real_curves(found, one, real) for one in seen if real and one in real[0]}
    real_marks = {one: crossings(one, lines) for one, lines in beside.items()}
    pictures, notes = {}, []
    try:
        for factor, (lines, marks) in seen.items():
            picture = folder / f"{factor}.png"
            plots.draw(picture, factor, lines, marks, beside.get(factor, ()))
            pictures[factor] = picture
    except plots.PlotsMissingError as error:
        notes.append("There are no pictures here: matplotlib was not installed.")
        shown.print(str(error), markup=False, highlight=False)
    page.write(folder / PAGE, found, table, seen, pictures, notes, real, real_marks, share)
    for factor, (_, marks) in seen.items():
        said = [sentence(factor, mark) for mark in marks] or ["no two placements cross"]
        said += [f"real: {sentence(factor, mark)}" for mark in real_marks.get(factor, ())]
        for text in (QUESTIONS[factor], *(f"    {one}" for one in said)):
            shown.print(text, markup=False, highlight=False)
    shown.print(f"{table.file}, {folder / PAGE}", markup=False, highlight=False, soft_wrap=True)
