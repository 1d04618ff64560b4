"""What the commands share: their common arguments, their exit codes, and how they end.

Exit codes: 0 good, 1 ran and failed, 2 wrong use or a wrong site, 3 nobody there, 130 ended by
Ctrl-C. Everything heavy is imported when it is used.
"""

import sys
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from mp_actors.errors import ActorsError

FAILED, WRONG, NOBODY = 1, 2, 3
PIPE_COLUMNS = 140


def in_a_folder(file: Path | None) -> Path | None:
    """Refuse at once what could not be written at the end."""
    if file is not None and not file.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {file.parent}")
    return file


SiteFile = Annotated[Path, typer.Argument(metavar="SITE.py", help="The file that declares a site.")]
JsonFile = Annotated[
    Path | None,
    typer.Option(
        "--json",
        metavar="FILE",
        callback=in_a_folder,
        help="Write it as JSON too; - for stdout.",
    ),
]


def planned(
    file: Path, strategy: str = "search", profile: Path | None = None
) -> tuple[Any, Any]:
    """The site and its plan, or the end of the program with everything that is wrong."""
    from actors.check import load_checked
    from actors.plan import make_plan
    from actors.problems import SiteError

    try:
        site = load_checked(file)
        return site, make_plan(site, strategy, profile)
    except SiteError as error:
        count = len(error.problems)
        fail(WRONG, f"{error}\n{count} error{'s' if count > 1 else ''}; nothing was started")
    except ActorsError as error:
        fail(WRONG, str(error))


def screen(stderr: bool = False) -> Any:
    """Where tables go; a file or a pipe has no width of its own."""
    from rich.console import Console as Screen

    screen = Screen(stderr=stderr)
    return screen if screen.is_terminal else Screen(stderr=stderr, width=PIPE_COLUMNS)


def fail(code: int, text: str) -> NoReturn:
    print(text, file=sys.stderr)
    raise typer.Exit(code)


def show(found: dict[str, Any], terminal: Any, json_file: Path | None, ages: bool = False) -> None:
    """Print a summary, and write it as JSON where that was asked for."""
    from actors import summary, view

    terminal.print(view.final(found, terminal.width, with_ages=ages))
    if json_file is not None:
        summary.write(found, json_file)
