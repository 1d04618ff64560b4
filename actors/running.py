"""A site that runs: how another terminal finds its controller.

`run` leaves a note beside the site file while it lasts, since its ports and keys are its own; a
site that runs by `up` and `node` is where its file says.
"""

import json
import os
from pathlib import Path
from typing import Any

from actors.client import Console, UnreachableError
from actors.guards import is_sealed, keys_for
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


class Place:
    """Where the devices of a site are to be found. `addresses`: of all of them, as shown."""

    def __init__(self, file: Path, site: Site, plan: Plan) -> None:
        self._file, self._site, self._plan = file, site, plan
        found, self._store, self._pid = addresses(site), Store.beside(file), None
        note = _read_note(file)
        if note is not None and _is_alive(note["pid"]):
            self._pid = note["pid"]
            found = read_addresses(Path(note["addresses"]))
            self._store = Store(Path(note["keys"]), file)
        self.addresses = found

    @property
    def is_run(self) -> bool:
        """Whether `run` has it, on this machine, just now."""
        return self._pid is not None

    def console(self, device: str | None = None) -> Console:
        """A console at a device, by default the controller's.

        *Raises* UnreachableError, KeysError, and ActorsError for a device that listens nowhere.
        """
        path = device or self._plan.controller
        if self._pid is None and is_sealed(self._site) and not self._store.folder.exists():
            raise self.nobody("it has no keys beside it, so only `run` can have started it")
        listen = self.addresses[path].listen
        if listen is None:
            raise ActorsError(
                f"{path}: only dials, so it cannot be asked from outside; ask a worker"
            )
        keys = keys_for(self._site, self._store, CONSOLE)
        try:
            return Console(*listen, self._plan.devices[path].number, keys)
        except UnreachableError as error:
            raise self.nobody(error, path) from None

    def nobody(self, error: object, device: str | None = None) -> UnreachableError:
        """That nobody is there, why, and which command starts it."""
        controller = self._plan.controller
        path = device or controller
        role = ", where the controller is," if path == controller else ""
        if self._pid is not None:
            return UnreachableError(
                f"{path}{role} does not answer: {error}; a run goes on "
                f"(pid {self._pid}): it starts just now, ends, or that device hangs"
            )
        if path != controller:
            return UnreachableError(f"{path} does not answer: {error}")
        return UnreachableError(
            f"{self._file}: nothing runs, {controller} with the controller is not there: {error}; "
            f"start it: actors run {self._file}, or on its machine: actors up {self._file}"
        )


def _read_note(file: Path) -> dict[str, Any] | None:
    try:
        plain = json.loads(note_of(file).read_text(encoding="utf-8"))
        return {"pid": int(plain["pid"]), "addresses": plain["addresses"], "keys": plain["keys"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: object) -> bool:
    return os.path.exists(f"/proc/{pid}") or not os.path.exists("/proc/self")
