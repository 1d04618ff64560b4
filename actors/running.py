"""A site that runs: how another terminal finds its controller.

`run` leaves a note beside the site file while it lasts, since its ports and keys are its own; a
site that runs by `up` and `node` is where its file says.
"""

import json
import os
from pathlib import Path
from typing import Any

from actors.client import Console
from actors.guards import keys_for
from actors.keys import CONSOLE
from actors.keystore import Store
from actors.launch import addresses, read_addresses
from actors.plan import Plan
from actors.site import Site
from mp_actors.errors import ActorsError


def note_of(file: Path) -> Path:
    """The file in which `run` says where its processes are."""
    return file.parent / f".{file.stem}.run.json"


def write_note(file: Path, addresses_file: Path, keys_folder: Path) -> None:
    """Say that this process runs the site."""
    plain = {"pid": os.getpid(), "addresses": str(addresses_file), "keys": str(keys_folder)}
    try:
        note_of(file).write_text(json.dumps(plain) + "\n", encoding="utf-8")
    except OSError:
        pass  # a folder that cannot be written: only other terminals miss it


def remove_note(file: Path) -> None:
    """This process runs the site no more."""
    note = _read_note(file)
    if note is not None and note["pid"] == os.getpid():
        note_of(file).unlink(missing_ok=True)


def console(file: Path, site: Site, plan: Plan, device: str | None = None) -> Console:
    """A console at a device of a site that runs, by default the controller's.

    *Raises* UnreachableError, KeysError, and ActorsError for a device that listens nowhere.
    """
    path = device or plan.controller
    found, store = addresses(site), Store.beside(file)
    note = _read_note(file)
    if note is not None and _is_alive(note["pid"]):
        found, store = read_addresses(Path(note["addresses"])), Store(note["keys"], file)
    listen = found[path].listen
    if listen is None:
        raise ActorsError(f"{path}: only dials, so it cannot be asked from outside; ask a worker")
    number = plan.devices[path].number
    return Console(*listen, number, keys_for(site, store, CONSOLE))


def _read_note(file: Path) -> dict[str, Any] | None:
    try:
        plain = json.loads(note_of(file).read_text(encoding="utf-8"))
        return {"pid": int(plain["pid"]), "addresses": plain["addresses"], "keys": plain["keys"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: object) -> bool:
    return os.path.exists(f"/proc/{pid}") or not os.path.exists("/proc/self")
