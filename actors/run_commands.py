"""`run`, `sim`, `node`, `up`: a site that runs, or a part of it. `cli` has the commands' names.

Each imports what it needs, so that a device starts quickly.
"""

from pathlib import Path
from typing import Annotated

import typer

from actors.commanding import FAILED, WRONG, JsonFile, SiteFile, fail, planned, screen, show
from mp_actors.errors import ActorsError

AddressesFile = Annotated[Path | None, typer.Option("--addresses", hidden=True)]
KeysFolder = Annotated[
    Path | None,
    typer.Option("--keys", metavar="FOLDER", help="Its keys; by default those beside SITE.py."),
]
Attached = Annotated[bool, typer.Option("--attached", hidden=True)]


def run(
    file: SiteFile,
    seconds: Annotated[
        float | None, typer.Option("--seconds", min=0.1, help="End after that much flow.")
    ] = None,
    json_file: JsonFile = None,
) -> None:
    """Run a site: every local device as a process of its own, shown until Ctrl-C."""
    from actors.runner import Runner

    site, plan = planned(file)
    terminal = screen(stderr=str(json_file) == "-")
    try:
        found = Runner(site, plan, terminal).run(seconds)
    except ActorsError as error:
        fail(FAILED, str(error))
    show(found, terminal, json_file)
    if not found["ok"]:
        raise typer.Exit(FAILED)


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
    from actors.sim.command import simulate

    site, _ = planned(file)
    terminal = screen(stderr=str(json_file) == "-")
    try:
        found = simulate(site, seed, seconds, faults, terminal)
    except ActorsError as error:
        fail(WRONG, str(error))
    show(found, terminal, json_file)
    if not found["ok"]:
        wanted = "" if faults is None else f" --faults {faults}"
        fail(FAILED, f"again: actors sim {file} --seed {seed} --seconds {seconds:g}{wanted}")


def node(
    file: SiteFile,
    device: Annotated[str, typer.Argument(metavar="DEVICE", help="domain/device, as in the site.")],
    addresses: AddressesFile = None,
    keys: KeysFolder = None,
    attached: Attached = False,
) -> None:
    """Run one device of a site on this machine, until Ctrl-C."""
    _serve(file, device, addresses, keys, attached)


def up(
    file: SiteFile,
    addresses: AddressesFile = None,
    keys: KeysFolder = None,
    attached: Attached = False,
) -> None:
    """Run the device with the controller on this machine, which rolls the site out and watches."""
    _serve(file, None, addresses, keys, attached)


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

    site, made = planned(file)
    controls = path is None
    device = made.devices.get(path or made.controller)
    if device is None:
        from actors.problems import suggestion

        fail(WRONG, f"{path}: no such device; {suggestion(str(path), made.devices)}")
    if device.is_real_board:
        fail(WRONG, f"{path}: is a board of its own; put it there: actors flash {file} {path}")
    found = launch.read_addresses(file_addresses) if file_addresses else launch.addresses(site)
    store = Store.beside(file) if keys_folder is None else Store(keys_folder, file)
    try:
        keys = keys_for(site, store, device.path)
        config = launch.config_of(site, device, found, keys, attached)
        if device.is_board:
            folder = file_addresses.parent if file_addresses else None
            launch.run_board(site, device, config, folder)
        state = launch.state_path(file, file_addresses)
        launch.run_worker(site, made, device, config, controls, store.folder, state)
    except ActorsError as error:
        fail(FAILED, str(error))
