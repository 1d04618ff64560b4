"""`actors experiment`: a site at every point of a grid, in the simulator; plots, table, page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.commanding import FAILED, WRONG, fail, screen
from mp_actors.errors import ActorsError

PAGE = "index.html"


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
) -> None:
    """Measure a site at every point of a grid, in virtual time, and compare placements.

    FOLDER gets results.csv, a plot for each factor and index.html, which holds all of it. What was
    interrupted goes on where it was.
    """
    from actors.experiments.grid import read
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
    except ActorsError as error:
        fail(FAILED, str(error))
    _present(found, table, folder, shown)


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


def _present(found: Any, table: Any, folder: Path, shown: Any, real: Sequence[Any] = ()) -> None:
    """Draw, write the page, and say what crossed."""
    from actors.experiments import page, plots
    from actors.experiments.curves import QUESTIONS, crossings, curves, factors, sentence

    seen: dict[str, Any] = {}
    for factor in factors(found):
        lines = curves(found, table, factor)
        seen[factor] = lines, crossings(lines)
    pictures, notes = {}, []
    try:
        for factor, (lines, marks) in seen.items():
            plots.draw(folder / f"{factor}.png", factor, lines, marks)
            pictures[factor] = folder / f"{factor}.png"
    except plots.PlotsMissingError as error:
        notes.append("There are no pictures here: matplotlib was not installed.")
        shown.print(str(error), markup=False, highlight=False)
    page.write(folder / PAGE, found, table, seen, pictures, notes, real)
    for factor, (_, marks) in seen.items():
        shown.print(QUESTIONS[factor], markup=False, highlight=False)
        for mark in marks:
            shown.print(f"    {sentence(factor, mark)}", markup=False, highlight=False)
        if not marks:
            shown.print("    no two placements cross", markup=False, highlight=False)
    shown.print(f"{table.file}, {folder / PAGE}", markup=False, highlight=False, soft_wrap=True)
