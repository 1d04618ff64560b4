"""`flash`, `board` and `doctor`: the commands for whoever has boards, or wants one to try.

From the command line to `actors.flash`, `actors.doctor` and `actors.boards`; `cli` lists them.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from actors.commanding import FAILED, WRONG, SiteFile, fail, planned, screen
from mp_actors.errors import ActorsError

Port = Annotated[
    str | None,
    typer.Option("--port", metavar="PORT", help="Of the board; by default the only one."),
]


def flash(
    file: SiteFile,
    device: Annotated[
        str | None, typer.Argument(metavar="DEVICE", help="domain/device, as in the site.")
    ] = None,
    port: Port = None,
    all_boards: Annotated[
        bool, typer.Option("--all", help="Each attached board, as the device it already is.")
    ] = False,
) -> None:
    """Put a device of a site on a board: what differs is sent, and the board runs it by itself.

    Its Wi-Fi is taken from $ACTORS_WIFI (NAME:PASSWORD), or asked for.
    """
    from actors.boards import port as ports
    from actors.boards.reach import WIFI_VARIABLE, wifi_of
    from actors.flash import Flasher
    from actors.flash_all import flash_all

    if all_boards == (device is not None) or (all_boards and port is not None):
        fail(WRONG, "name a DEVICE, or give --all, without --port")
    site, plan = planned(file)
    try:
        wifi = wifi_of(os.environ.get(WIFI_VARIABLE))
        with _Progress() as progress:
            flasher = Flasher(file, site, plan, progress.say, progress.sent)
            if all_boards:
                flash_all(flasher, [one.name for one in ports.attached()], wifi, _ask_wifi)
            else:
                wanted = _board(file, site, str(device))
                flasher.flash(wanted, port or ports.choose(), wifi, _ask_wifi)
    except ActorsError as error:
        fail(FAILED, str(error))


def board(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its flash is kept by this name.")],
    folder: Annotated[
        Path | None, typer.Option("--folder", help="Its flash; by default one for NAME.")
    ] = None,
) -> None:
    """Switch on a virtual board, with a serial port, until Ctrl-C. The port is its first line."""
    from actors.boards import virtual
    from actors.boards.terminal import Terminal

    if not name.replace("-", "").replace("_", "").isalnum():
        fail(WRONG, f"{name!r}: expected letters, digits, - and _")
    if folder is None:
        folder = Path(tempfile.gettempdir()) / f"mp-actors-{os.getuid()}" / "boards" / name
    os.umask(0o077)  # there will be keys in its flash
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        virtual.make_blank(folder, seed=sum(name.encode()))
        terminal = Terminal(folder)
    except (ActorsError, OSError) as error:
        fail(FAILED, str(error))
    try:
        print(terminal.port, flush=True)
        print(
            f"{name}: a board on this port, its flash is {folder}; try: "
            f"mpremote connect {terminal.port}; Ctrl-C switches it off",
            flush=True,
        )
        terminal.serve()
    finally:
        terminal.close()


def doctor(
    file: Annotated[
        Path | None, typer.Argument(metavar="[SITE.py]", help="Also look at this site.")
    ] = None,
    port: Port = None,
) -> None:
    """Look for what keeps boards and sites from working, each with the command that mends it."""
    from actors import doctor as doctors

    site = planned(file)[0] if file is not None else None
    findings = doctors.examine(file, site, port)
    for one in findings:
        print(f"{'good ' if one.is_good else 'WRONG'}  {one.what}: {one.text}")
    if not all(one.is_good for one in findings):
        raise typer.Exit(FAILED)


def _board(file: Path, site: Any, path: str) -> Any:
    """The board of this path, or the end of the program."""
    from actors.problems import suggestion

    found = site.topology.find(path)
    if found is None:
        paths = [one.path for one in site.topology.devices if one.is_board]
        fail(WRONG, f"{path}: no such device; {suggestion(path, paths)}")
    if not found.is_board:
        is_first = found is site.topology.controller_device
        command = f"actors up {file}" if is_first else f"actors node {file} {path}"
        fail(WRONG, f"{path}: is a worker, which no board can be; start it: {command}")
    return found


def _ask_wifi() -> Mapping[str, str] | None:
    """Name and password of the network a board is to join, if there is somebody to say."""
    if not sys.stdin.isatty():
        return None
    name = typer.prompt("Wi-Fi of the board")
    return {"name": name, "password": typer.prompt("Its password", hide_input=True)}


class _Progress:
    """What goes on, for a person: lines, and while files are sent a bar, at a terminal."""

    def __init__(self) -> None:
        from rich.progress import Progress

        self._screen = screen()
        self._bar = Progress(console=self._screen, transient=True)
        self._task: Any = None

    def __enter__(self) -> "_Progress":
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def say(self, text: str) -> None:
        """A line."""
        self._end()
        self._screen.print(text, markup=False, highlight=False, soft_wrap=True)

    def sent(self, done: int, total: int) -> None:
        """So many files of all are begun."""
        if not self._screen.is_terminal:
            return
        if self._task is None:
            self._task = self._bar.add_task("sending", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done)

    def _end(self) -> None:
        if self._task is not None:  # else it would leave an empty line
            self._bar.remove_task(self._task)
            self._bar.stop()
            self._task = None
