"""`profile`: measures a site, and writes a profile by which it is planned.

It asks the site that runs, or runs it for as long, as `run` does. `cli` has the command's name.
"""

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from actors.commanding import FAILED, NOBODY, SiteFile, fail, in_a_folder, planned, screen
from mp_actors.errors import ActorsError

MARKS = {"declared": "", "measured": "*", "default": "?"}


def profile(
    file: SiteFile,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, help="Measure for that long.")
    ] = 10.0,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE", callback=in_a_folder, help="Write a profile there."),
    ] = None,
    bandwidth: Annotated[
        bool, typer.Option("--bandwidth", help="Try, too, what gets through each link: a burst.")
    ] = False,
) -> None:
    """Measure a site: what actors do, how fast devices are, what links take.

    Of the site that runs; if none does, it is run for that long. SITE.profile.json beside SITE.py
    is the profile that all commands take.
    """
    from actors.client import UnreachableError
    from actors.measuring import measure
    from actors.profiling import figures, profile_with

    site, plan = planned(file)
    shown = screen()
    try:
        measured = measure(file, site, plan, seconds, bandwidth, shown)
    except UnreachableError as error:
        fail(NOBODY, str(error))
    except ActorsError as error:
        fail(FAILED, str(error))
    found = figures(site, plan, measured)
    for label, section in found.items():
        shown.print(_table(label, section))
    shown.print("* measured, ? a default, declared without a mark", style="dim", highlight=False)
    for problem in measured.problems:
        shown.print(problem, style="red", markup=False, highlight=False)
    if out is not None:
        before = Path(plan.placement.profile) if plan.placement.profile else None
        text = json.dumps(profile_with(found, before), indent=1) + "\n"
        out.write_text(text, encoding="utf-8")
        shown.print(f"{out}: written; see what comes of it: actors plan {file} --profile {out}",
                    markup=False, highlight=False, soft_wrap=True)


def _table(label: str, section: dict[str, dict[str, dict[str, Any]]]) -> Table:
    """One row a thing, one column a figure."""
    table = Table(box=None, header_style="bold dim", padding=(0, 2, 0, 0))
    table.add_column(label, no_wrap=True)
    keys = list(dict.fromkeys(key for figures in section.values() for key in figures))
    for key in keys:
        table.add_column(key, justify="right", no_wrap=True)
    for name, of in section.items():
        table.add_row(name, *(_cell(of[key]) for key in keys))
    return table


def _cell(figure: dict[str, Any]) -> str:
    value = figure["value"]
    text = "any" if value is None else f"{value:.4g}"
    beside = f" ({figure['measured']:.3g}*)" if "measured" in figure else ""
    return text + MARKS[figure["from"]] + beside
