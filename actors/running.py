"""A site that runs: how another terminal finds its controller.

`run` leaves a note beside the site file while it lasts, since its ports and keys are its own; a
site that runs by `up` and `node` is where its file says.
"""

import json
import os
from pathlib import Path

from actors.client import Console, UnreachableError
from actors.guards import is_sealed, keys_for
from actors.keys import CONSOLE
from actors.keystore import Store
from actors.launch import addresses, read_addresses
from actors.plan import Plan
from actors.site import Site


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
    """Where a site's controller is to be found. `addresses`: of its devices, as shown."""

    def __init__(self, file: Path, site: Site, plan: Plan) -> None:
        self._file, self._site, self._plan = file, site, plan
        found, self._store, self._pid = addresses(site), Store.beside(file), None
        note = _read_note(file)
        if note is not None and _is_alive(note["pid"]):
            self._pid = note["pid"]
            found = read_addresses(Path(str(note["addresses"])))
            self._store = Store(Path(str(note["keys"])), file)
        listen = found[plan.controller].listen
        assert listen is not None, "check() refuses a controller that cannot be reached"
        self._listen = listen
        self.addresses = found

    def console(self) -> Console:
        """A console at the controller. *Raises* UnreachableError, KeysError."""
        if self._pid is None and is_sealed(self._site) and not self._store.folder.exists():
            raise self.nobody("it has no keys beside it, so only `run` can have started it")
        number = self._plan.devices[self._plan.controller].number
        try:
            return Console(*self._listen, number, keys_for(self._site, self._store, CONSOLE))
        except UnreachableError as error:
            raise self.nobody(error) from None

    def nobody(self, error: object) -> UnreachableError:
        """That nobody is there, why, and which command starts it."""
        controller = self._plan.controller
        if self._pid is not None:
            return UnreachableError(
                f"{controller}, where the controller is, does not answer: {error}; a run goes on "
                f"(pid {self._pid}): it starts just now, ends, or that device hangs"
            )
        return UnreachableError(
            f"{self._file}: nothing runs, {controller} with the controller is not there: {error}; "
            f"start it: actors run {self._file}, or on its machine: actors up {self._file}"
        )


def _read_note(file: Path) -> dict[str, int | str] | None:
    try:
        plain = json.loads(note_of(file).read_text(encoding="utf-8"))
        return {"pid": int(plain["pid"]), "addresses": plain["addresses"], "keys": plain["keys"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _is_alive(pid: object) -> bool:
    return os.path.exists(f"/proc/{pid}") or not os.path.exists("/proc/self")
