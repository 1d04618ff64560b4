"""Serial ports with boards behind them: which there are, and why one cannot be used.

From the operating system to a name that can be handed to `mpremote`. It opens no port.
"""

import grp
import os
import stat
from pathlib import Path
from typing import NamedTuple

from actors.boards.interpreter import BoardError

PTY_MAJOR = 136


class Attached(NamedTuple):
    """A serial port with a USB device behind it."""

    name: str
    what: str


def attached() -> list[Attached]:
    """The boards, or what may be some, that hang on USB. *Raises* BoardError."""
    try:
        from serial.tools.list_ports import comports
    except ImportError:
        raise BoardError(
            "mpremote is not installed, which talks to boards: pip install 'mp-actors[board]'"
        ) from None
    return [
        Attached(one.device, one.description or one.hwid or "")
        for one in sorted(comports())
        if one.vid is not None
    ]


def choose() -> str:
    """The only port. *Raises* BoardError if there is none, or more than one, which are listed."""
    found = attached()
    if not found:
        raise BoardError(
            "no board found: no serial port has a USB device behind it; plug the board in with a "
            "cable that carries data, or name its port: --port /dev/ttyUSB0"
        )
    if len(found) > 1:
        listed = "".join(f"\n    {one.name}  {one.what}" for one in found)
        raise BoardError(f"more than one board found; name its port with --port, or --all:{listed}")
    return found[0].name


def check(port: str) -> None:
    """*Raises* BoardError if the port is not there, not ours to open, or in use."""
    try:
        mode = os.stat(port).st_mode
    except FileNotFoundError:
        known = ", ".join(one.name for one in attached())
        there = f"; there are: {known}" if known else "; no board is attached"
        raise BoardError(f"{port}: no such port{there}") from None
    except OSError as error:
        raise BoardError(f"{port}: cannot be looked at: {error.strerror}") from None
    if not stat.S_ISCHR(mode):
        raise BoardError(f"{port}: expected a serial port, it is none")
    if not os.access(port, os.R_OK | os.W_OK, effective_ids=True):
        raise BoardError(f"{port}: no permission; {permission_remedy(port)}")
    users = holders(port)
    if users:
        raise BoardError(f"{port}: is in use by {' and '.join(users)}; end that first")


def permission_remedy(port: str) -> str:
    """Which command lets this user open the port."""
    found = os.stat(port)
    try:
        group = grp.getgrgid(found.st_gid).gr_name
    except KeyError:
        group = str(found.st_gid)
    if found.st_mode & stat.S_IRGRP and found.st_mode & stat.S_IWGRP and found.st_gid != 0:
        return (
            f"it belongs to the group {group}, you do not: sudo usermod -aG {group} $USER, then "
            f"log in again (for now: newgrp {group})"
        )
    return f"allow it: sudo chmod a+rw {port}"


def holders(port: str) -> list[str]:
    """The processes that have the port open, `name (pid N)`, as far as this user may see them.

    Of a pseudo-terminal the process behind it is no such one.
    """
    wanted = os.path.realpath(port)
    number = os.stat(port).st_rdev
    index = os.minor(number) if os.major(number) == PTY_MAJOR else None
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        if process.name == str(os.getpid()):
            continue
        try:
            files = [(one.name, os.readlink(one)) for one in (process / "fd").iterdir()]
            if wanted not in [target for _, target in files]:
                continue
            if index is not None and _is_behind(process, files, index):
                continue
            name = (process / "comm").read_text().strip()
        except OSError:
            continue  # another user's, or it has ended
        found.append(f"{name} (pid {process.name})")
    return sorted(found)


def _is_behind(process: Path, files: list[tuple[str, str]], index: int) -> bool:
    """Whether a process has the other end of the pseudo-terminal of this number."""
    masters = [name for name, target in files if target.endswith("ptmx")]
    return any(
        f"tty-index:\t{index}\n" in (process / "fdinfo" / name).read_text() for name in masters
    )
