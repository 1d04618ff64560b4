"""`keys`: makes, rotates, revokes and exports what devices prove each other who they are with.

`cli` has the command's name.
"""

from pathlib import Path
from typing import Annotated, Any

import typer

from actors.commanding import FAILED, WRONG, SiteFile, fail, planned, screen
from mp_actors.errors import ActorsError


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
        fail(WRONG, "--export, --rotate and --revoke: one at a time")
    if (device is not None and not rotate) or (force and export is None):
        fail(WRONG, "DEVICE goes with --rotate, --force with --export")
    store = Store.beside(file)
    site, _ = planned(file)
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
        fail(FAILED, str(error))
    _show_keys(found, file)


def _show_keys(rows: Any, file: Path) -> None:
    """What has become of each device's keys."""
    from actors import view

    screen().print(view.keys(rows))
    if outdated := [row.path for row in rows if row.is_outdated]:
        print(
            f"changed for {', '.join(outdated)}\n"
            f"if one is on another machine: actors keys {file} --export DEVICE FILE"
        )
