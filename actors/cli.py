"""The command line: `actors COMMAND`, or `python -m actors COMMAND`.

Exit codes: 0 good, 1 ran and failed, 2 wrong use or a wrong site, 3 nobody there, 130 ended by
Ctrl-C. Results go to standard output, what is wrong to standard error. Each command imports what it
needs, so that a device starts quickly.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from actors import board_commands, experiment_command, profile_command
from actors.commanding import FAILED, NOBODY, WRONG, JsonFile, SiteFile
from actors.commanding import fail as _fail
from actors.commanding import planned as _planned
from actors.commanding import screen as _screen
from mp_actors.errors import ActorsError

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Actors for sensor streams, on microcontrollers and machines.",
)

AddressesFile = Annotated[Path | None, typer.Option("--addresses", hidden=True)]
KeysFolder = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FOLDER", help="Its keys; by default those beside SITE.py."),
]
Attached = Annotated[bool, typer.Option("--attached", hidden=True)]


@app.command()
def run(
    file: SiteFile,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="End after that much flow.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Run a site: every local device as a process of its own, shown until Ctrl-C."""
    from actors import summary, view
    from actors.runner import Runner

    site, plan = _planned(file)
    screen = _screen(stderr=str(json_file) == "-")
    try:
        found = Runner(site, plan, screen).run(seconds)
    except ActorsError as error:
        _fail(FAILED, str(error))
    screen.print(view.final(found, screen.width))
    if json_file is not None:
        summary.write(found, json_file)
    if not found["ok"]:
        raise typer.Exit(FAILED)


@app.command()
def sim(
    file: SiteFile,
    seed: Annotated[int, typer.Option("--seed", help="Of all chance in the run.")] = 0,
    seconds: Annotated[
        float, typer.Option("--seconds", min=0.1, help="Virtual seconds with faults.")
    ] = 60.0,
    faults: Annotated[
        str | None,
        typer.Option("--faults", metavar="light|heavy|FILE", help="What goes wrong."),
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Run a site in virtual time, in this process, from one seed. Nothing real is touched."""
    from actors import summary, view
    from actors.sim.command import simulate

    site, _ = _planned(file)
    screen = _screen(stderr=str(json_file) == "-")
    try:
        found = simulate(site, seed, seconds, faults, screen)
    except ActorsError as error:
        _fail(WRONG, str(error))
    screen.print(view.final(found, screen.width))
    if json_file is not None:
        summary.write(found, json_file)
    if not found["ok"]:
        wanted = "" if faults is None else f" --faults {faults}"
        _fail(FAILED, f"again: actors sim {file} --seed {seed} --seconds {seconds:g}{wanted}")


@app.command()
def node(
    file: SiteFile,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="domain/device, as in the site.")],
    addresses: AddressesFile = None,
    keys: KeysFolder = None,
    attached: Attached = False,
) -> None:
    """Run one device of a site on this machine, until Ctrl-C."""
    _serve(file, device, addresses, keys, attached)


@app.command()
def up(
    file: SiteFile,
    addresses: AddressesFile = None,
    keys: KeysFolder = None,
    attached: Attached = False,
) -> None:
    """Run the device with the controller on this machine, which rolls the site out and watches."""
    _serve(file, None, addresses, keys, attached)


@app.command()
def check(file: SiteFile) -> None:
    """Say everything that is wrong with a site. Nothing is started or contacted."""
    site, plan = _planned(file)
    print(
        f"{file}: good; {len(plan.devices)} devices, {len(site.topology.domains)} domains, "
        f"{len(plan.actors)} actors, {len(plan.wires)} wires"
    )


@app.command()
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

    _, planned = _planned(file, strategy, profile)
    if why is not None and isinstance(found := plan_view.why(planned, why), str):
        _fail(WRONG, found)
    if why is not None:
        _screen().print(found)
    elif str(json_file) != "-":
        _screen().print(view.plan_tables(planned))
    if json_file is not None:
        _write_json(view.plan_values(planned), json_file)


@app.command()
def status(file: SiteFile, json_file: JsonFile = None) -> None:
    """Show how a site that runs is, and why: what `run` shows, each figure with its age."""
    from actors import ask_commands, summary, view

    site, planned = _planned(file)
    screen = _screen(stderr=str(json_file) == "-")
    found = _asked(lambda: ask_commands.status_of(file, site, planned))
    screen.print(view.final(found, screen.width, with_ages=True))
    if json_file is not None:
        summary.write(found, json_file)
    if not found["ok"]:
        raise typer.Exit(FAILED)


@app.command()
def trace(
    file: SiteFile,
    path: Annotated[str, typer.Argument(metavar="PATH", help="domain/device/actor.")],
    json_file: JsonFile = None,
) -> None:
    """Walk the wires into and out of an actor, and name the place where readings wait or are lost.

    The site runs elsewhere: by `run`, or by `up` and `node`. Counts are of the last reports.
    """
    from actors import ask_commands, view_trace

    site, planned = _planned(file)
    found = _asked(lambda: ask_commands.traces_of(file, site, planned, path))
    screen = _screen(stderr=str(json_file) == "-")
    screen.print(view_trace.traces(found["wires"], found["dead_letters"]))
    if json_file is not None:
        _write_json(found, json_file)


@app.command()
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

    site, planned = _planned(file)
    lines = ask_commands.lines_of(file, site, planned, path, follow)
    while (line := _asked(lambda: next(lines, None))) is not None:
        print(line, flush=True)


@app.command()
def keys(
    file: SiteFile,
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="With --rotate: only this one.")
    ] = None,
    export: Annotated[
        tuple[str, Path] | None,
        typer.Option(
            metavar="DEVICE FILE",
            help="Write what a device, or the console, needs on another machine.",
        ),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Let --export overwrite FILE.")] = False,
    rotate: Annotated[
        bool,
        typer.Option("--rotate", help="New keys for DEVICE, or for all; taken at the next start."),
    ] = False,
    revoke: Annotated[
        str | None,
        typer.Option(metavar="DEVICE", help="Let nobody talk to DEVICE until it is rotated."),
    ] = None,
) -> None:
    """Make the keys a site still lacks, in a folder beside it; what is there stays."""
    from actors.keystore import Store, exported_name

    if (export is not None) + rotate + (revoke is not None) > 1:
        _fail(WRONG, "--export, --rotate and --revoke: one at a time")
    if (device is not None and not rotate) or (force and export is None):
        _fail(WRONG, "DEVICE goes with --rotate, --force with --export")
    store = Store.beside(file)
    site, _ = _planned(file)
    try:
        if export is not None:
            store.check(site)
            store.export(*export, force=force)
            name = store.folder / exported_name(export[0])
            print(f"{export[1]}: the keys of {export[0]}; on its machine they have to be {name}")
            return
        if revoke is not None:
            found = store.revoke(revoke)
        else:
            found = store.rotate(device) if rotate else store.make(site)
    except ActorsError as error:
        _fail(FAILED, str(error))
    _show_keys(found, file)


app.command()(profile_command.profile)
app.command()(experiment_command.experiment)
app.command()(board_commands.flash)
app.command()(board_commands.board)
app.command()(board_commands.doctor)


@app.command()
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
        _fail(WRONG, f"{address!r}: expected HOST:PORT, {error}")
    try:
        for number, reading in enumerate(readings(host, port, sensor, every_ms), 1):
            print(json.dumps(reading), flush=True)
            if number == count:
                return
    except ActorsError as error:
        _fail(NOBODY, str(error))
    _fail(NOBODY, f"{address}: the device closed the connection")


def main() -> None:
    """What the console script calls."""
    try:
        app()
    except KeyboardInterrupt:
        sys.exit(130)


def _serve(
    file: Path,
    path: str | None,
    file_addresses: Path | None,
    keys_folder: Path | None,
    attached: bool,
) -> None:
    from actors import launch
    from actors.guards import keys_for
    from actors.keystore import Store

    site, planned = _planned(file)
    controls = path is None
    device = planned.devices.get(path or planned.controller)
    if device is None:
        from actors.problems import suggestion

        _fail(WRONG, f"{path}: no such device; {suggestion(str(path), planned.devices)}")
    if device.is_real_board:
        _fail(WRONG, f"{path}: is a board of its own; put it there: actors flash {file} {path}")
    found = launch.read_addresses(file_addresses) if file_addresses else launch.addresses(site)
    store = Store.beside(file) if keys_folder is None else Store(keys_folder, file)
    try:
        keys = keys_for(site, store, device.path)
        config = launch.config_of(site, device, found, keys, attached)
        if device.is_board:
            folder = file_addresses.parent if file_addresses else None
            launch.run_board(site, device, config, folder)
        state = launch.state_path(file, file_addresses)
        launch.run_worker(site, planned, device, config, controls, store.folder, state)
    except ActorsError as error:
        _fail(FAILED, str(error))


def _asked(ask: Callable[[], Any]) -> Any:
    """What a site that runs answers, or the end of the program with why it does not."""
    from actors.asked import UnknownPathError

    try:
        return ask()
    except UnknownPathError as error:
        _fail(WRONG, str(error))
    except ActorsError as error:
        _fail(NOBODY, str(error))


def _state_path(file: Path, file_addresses: Path | None) -> Path:
    """Where the controller keeps its state: beside the site file, or in the folder of a run."""
    folder = file.parent if file_addresses is None else file_addresses.parent
    return folder / f".{file.stem}.state.json"


def _write_json(value: Any, file: Path) -> None:
    text = json.dumps(value, indent=2) + "\n"
    if str(file) == "-":
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")


def _show_keys(rows: Any, file: Path) -> None:
    """What has become of each device's keys."""
    from actors import view

    _screen().print(view.keys(rows))
    if outdated := [row.path for row in rows if row.is_outdated]:
        print(
            f"changed for {', '.join(outdated)}\n"
            f"if one is on another machine: actors keys {file} --export DEVICE FILE"
        )
