"""`check`, `plan`: a site file. `status`, `trace`, `logs`, `tap`: a site that runs elsewhere.

They show and change nothing. `cli` has the commands' names.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.commanding import FAILED, NOBODY, WRONG, JsonFile, SiteFile, fail, planned, screen, show
from mp_actors.errors import ActorsError


def check(file: SiteFile) -> None:
    """Say everything that is wrong with a site. Nothing is started or contacted."""
    site, plan = planned(file)
    print(
        f"{file}: good; {len(plan.devices)} devices, {len(site.topology.domains)} domains, "
        f"{len(plan.actors)} actors, {len(plan.wires)} wires"
    )


def plan(
    file: SiteFile,
    json_file: JsonFile = None,
    strategy: Annotated[str, typer.Option("--placement", metavar="STRATEGY")] = "search",
    profile: Annotated[Path | None, typer.Option("--profile", metavar="FILE")] = None,
    why: Annotated[str | None, typer.Option("--why", metavar="ACTOR")] = None,
) -> None:
    """Show who runs what, why there, and which way each wire takes. Nothing is started.

    STRATEGY: central edge random bottom-up top-down relaxation search exact. FILE: else
    SITE.profile.json. ACTOR: what each place for it would cost."""
    from actors import plan_view, view

    _, made = planned(file, strategy, profile)
    if why is not None and isinstance(found := plan_view.why(made, why), str):
        fail(WRONG, found)
    if why is not None:
        screen().print(found)
    elif str(json_file) != "-":
        screen().print(view.plan_tables(made))
    if json_file is not None:
        _write_json(view.plan_values(made), json_file)


def status(file: SiteFile, json_file: JsonFile = None) -> None:
    """Show how a site that runs is, and why: what `run` shows, each figure with its age."""
    from actors import ask_commands

    site, made = planned(file)
    terminal = screen(stderr=str(json_file) == "-")
    found = _asked(lambda: ask_commands.status_of(file, site, made))
    show(found, terminal, json_file, ages=True)
    if not found["ok"]:
        raise typer.Exit(FAILED)


def trace(
    file: SiteFile,
    path: Annotated[str, typer.Argument(metavar="PATH", help="domain/device/actor.")],
    json_file: JsonFile = None,
) -> None:
    """Walk the wires into and out of an actor, and name the place where readings wait or are lost.

    The site runs elsewhere: by `run`, or by `up` and `node`. Counts are of the last reports.
    """
    from actors import ask_commands, view_trace

    site, made = planned(file)
    found = _asked(lambda: ask_commands.traces_of(file, site, made, path))
    terminal = screen(stderr=str(json_file) == "-")
    terminal.print(view_trace.traces(found["wires"], found["dead_letters"]))
    if json_file is not None:
        _write_json(found, json_file)


def logs(
    file: SiteFile,
    path: Annotated[
        str, typer.Argument(metavar="PATH", help="domain/device/actor; domain/device for all.")
    ],
    follow: Annotated[bool, typer.Option("--follow", help="Go on until Ctrl-C.")] = False,
) -> None:
    """Print what an actor of a site that runs has said by `self.log(…)`, and its failures.

    Its device remembers the last 200 lines of all its actors, a board 16. Times are UTC.
    """
    from actors import ask_commands

    site, made = planned(file)
    lines = ask_commands.lines_of(file, site, made, path, follow)
    while (line := _asked(lambda: next(lines, None))) is not None:
        print(line, flush=True)


def tap(
    address: Annotated[str, typer.Argument(metavar="HOST:PORT", help="Of a device's tap.")],
    sensor: Annotated[str, typer.Argument(metavar="SENSOR", help="Name of an actor there.")],
    every_ms: Annotated[
        int, typer.Option("--every-ms", min=0, help="At most one reading in that time.")
    ] = 0,
    count: Annotated[
        int | None, typer.Option("--count", min=1, help="End after that many readings.")
    ] = None,
) -> None:
    """Print the readings of one sensor, a JSON array each: name, time in ms, value."""
    from actors.tap import readings
    from actors.topology import parse_address

    try:
        host, port = parse_address(address)
    except ValueError as error:
        fail(WRONG, f"{address!r}: expected HOST:PORT, {error}")
    try:
        for number, reading in enumerate(readings(host, port, sensor, every_ms), 1):
            print(json.dumps(reading), flush=True)
            if number == count:
                return
    except ActorsError as error:
        fail(NOBODY, str(error))
    fail(NOBODY, f"{address}: the device closed the connection")


def _asked(ask: Callable[[], Any]) -> Any:
    """What a site that runs answers, or the end of the program with why it does not."""
    from actors.asked import UnknownPathError

    try:
        return ask()
    except UnknownPathError as error:
        fail(WRONG, str(error))
    except ActorsError as error:
        fail(NOBODY, str(error))


def _write_json(value: Any, file: Path) -> None:
    text = json.dumps(value, indent=2) + "\n"
    if str(file) == "-":
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")
