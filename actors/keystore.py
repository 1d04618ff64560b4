"""Key store: the folder beside a site file that keeps its keys, and what another machine gets.

From the command line, and from whoever starts a device, to the disk. Where keys are made the folder
holds `site.json`, with the secrets of `actors.keys`; on another machine it holds what was exported
for it, a file a device. Every change is one rename under one lock, so neither a crash nor a second
command leaves half of it, and nobody else can read any of it.
"""

import fcntl
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from actors import keyfile
from actors.keys import CONSOLE, Chart, DeviceKeys, Keyring, KeysError
from actors.problems import shown_path, suggestion
from actors.site import Site

STORE = "site.json"
DAMAGED = "put a copy of it back, or remove it, make new keys and export them again"


class Row(NamedTuple):
    """What has become of one device's keys, or of the site's own, which sign."""

    path: str
    epoch: int | None  # None: the site's
    links: str  # how many with which seal
    state: str  # "made", "there already", "rotated", "revoked" or "not in the site file"
    is_outdated: bool  # what was exported for it before


class Store:
    """The keys of one site in a folder; `site_file` is named in what to do about an error.

    Every method *raises* KeysError if a file is missing, damaged or open to others.
    """

    def __init__(self, folder: str | os.PathLike[str], site_file: object = "SITE.py") -> None:
        self.folder = Path(folder)
        self.file = self.folder / STORE
        self._command = f"actors keys {site_file}"

    @staticmethod
    def beside(file: str | os.PathLike[str]) -> "Store":
        """That of a site file: `keys/` beside a site.py, `NAME-keys/` beside a NAME.py."""
        path = Path(file)
        name = "keys" if path.stem == "site" else f"{path.stem}-keys"
        return Store(path.parent / name, shown_path(str(path)))

    def make(self, site: Site) -> list[Row]:
        """Add the keys a checked site does not have yet; none that is there changes."""
        if not os.path.exists(self.file):
            for file in self._exported():
                raise KeysError(
                    f"{_shown(file)}: was exported from where the keys of this site are; "
                    f"run {self._command} there"
                )
            self._make_folder()
        return self._change(lambda ring: ring.fitted(site), may_begin=True)

    def rotate(self, path: str | None = None) -> list[Row]:
        """New keys for one device, which lets a revoked one in again; None: for all others."""
        return self._change(lambda ring: ring.rotated(path))

    def revoke(self, path: str) -> list[Row]:
        """Take a device off the lists of all its neighbours."""
        return self._change(lambda ring: ring.revoked(path))

    def device_keys(self, path: str) -> DeviceKeys:
        """What a device is given, see `Keyring.device_keys`; an exported file serves as well."""
        exported = self.folder / exported_name(path)
        if not os.path.exists(self.file) and os.path.exists(exported):
            self._check_folder()
            remedy = f"export it again where the keys are: {self._command} --export {path} FILE"
            return keyfile.read(exported, lambda one: keyfile.device_keys_of(one, path), remedy)
        ring = self._read()
        if path not in ring.chart.devices:
            hint = suggestion(path, ring.chart.devices)
            text = f"{_shown(self.file)}: has no keys for {path}; if it is new:"
            raise KeysError(f"{text} {self._command}; {hint}")
        if ring.secrets[path].is_revoked:
            text = f"{path}: was revoked; new keys let it in again:"
            raise KeysError(f"{text} {self._command} --rotate {path}")
        return ring.device_keys(path)

    def console_keys(self) -> DeviceKeys:
        """What a client of the site is given."""
        return self.device_keys(CONSOLE)

    def check(self, site: Site) -> None:
        """*Raises* KeysError if the site file is not the one for which these keys were made."""
        chart = Chart.of(site)
        exported = [] if os.path.exists(self.file) else self._exported()
        for file in exported:
            path = file.stem.replace(".", "/")
            if path in chart.devices and not chart.fits(self.device_keys(path)):
                raise KeysError(
                    f"{_shown(file)}: the site file has changed since; where its keys are: "
                    f"{self._command}, then {self._command} --export {path} FILE"
                )
        if not exported and (known := self._read().chart) != chart:
            news = [f"{path} is new" for path in chart.devices if path not in known.devices]
            news += [f"{path} is gone" for path in known.devices if path not in chart.devices]
            what = ", ".join(news) or "numbers, links, seals or the controller's place"
            text = f"{_shown(self.file)}: the site file has changed since: {what}; keep up by:"
            raise KeysError(f"{text} {self._command}")

    def export(self, path: str, file: Path, force: bool = False) -> None:
        """Write what one device, or the console, needs on another machine."""
        keys = self.device_keys(path)
        if os.path.lexists(file) and not force:
            raise KeysError(f"{_shown(file)}: is there already; --force overwrites it")
        keyfile.write(file, json.dumps(keys, indent=1) + "\n")

    def _change(self, change: Callable[[Keyring], Keyring], may_begin: bool = False) -> list[Row]:
        """Read, change and write as one step; two commands at once come one after the other."""
        with self._locked():
            is_new = may_begin and not os.path.exists(self.file)
            before = Keyring() if is_new else self._read()
            after = change(before)
            for half in self.folder.glob(f".{STORE}.*"):
                half.unlink()  # of a command that was killed; a living one has the lock
            if after != before:
                keyfile.write(self.file, keyfile.keyring_text(after))
        return rows(before, after)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        self._check_folder()
        try:
            folder = os.open(self.folder, os.O_RDONLY)
            try:  # closing it unlocks, also when this process is killed
                fcntl.flock(folder, fcntl.LOCK_EX)
                yield
            finally:
                os.close(folder)
        except OSError as error:
            raise _failed(self.folder, "cannot be used", error) from None

    def _make_folder(self) -> None:
        try:
            self.folder.mkdir(keyfile.FOLDER_MODE, exist_ok=True)
        except OSError as error:
            raise _failed(self.folder, "cannot be made", error) from None
        self._check_folder()
        keyfile.write(self.folder / ".gitignore", "*\n")

    def _check_folder(self) -> None:
        try:
            mode = os.stat(self.folder).st_mode
        except FileNotFoundError:
            raise self._missing() from None
        except OSError as error:
            raise _failed(self.folder, "cannot be read", error) from None
        keyfile.check_mode(self.folder, mode, keyfile.FOLDER_MODE)

    def _exported(self) -> list[Path]:
        return sorted(file for file in self.folder.glob("*.json") if file.name != STORE)

    def _read(self) -> Keyring:
        self._check_folder()
        remedy = f"{DAMAGED}: {self._command}"
        try:
            return keyfile.read(self.file, keyfile.keyring_of, remedy)
        except FileNotFoundError:
            raise self._missing() from None

    def _missing(self) -> KeysError:
        return KeysError(
            f"{_shown(self.file)}: there are no keys; make them: {self._command}; or, if they are "
            f"on another machine, there: {self._command} --export DEVICE FILE"
        )


def exported_name(path: str) -> str:
    """What a device's exported file has to be called in the folder of keys on its machine."""
    return path.replace("/", ".") + ".json"


def rows(before: Keyring, after: Keyring) -> list[Row]:
    """What a change did to each device, in the order of their numbers; former devices last."""
    old, new = dict(before.everyone()), dict(after.everyone())
    signs = "made" if not before.secrets else "there already"
    if before.secrets and before.signing != after.signing:
        signs = "rotated"
    found = [Row("site", None, "", signs, False)]
    for path in [*after.chart.devices, *sorted(set(after.secrets) - set(after.chart.devices))]:
        secret = after.secrets[path]
        if secret.is_revoked:
            state = "revoked"
        elif path not in before.secrets:
            state = "made"
        elif secret.epoch != before.secrets[path].epoch:
            state = "rotated"
        else:
            state = "there already" if path in after.chart.devices else "not in the site file"
        counts = Counter(after.seals(path))
        links = ", ".join(f"{count} {seal}" for seal, count in sorted(counts.items()))
        is_outdated = path in old and path in new and old[path] != new[path]
        found.append(Row(path, secret.epoch, links, state, is_outdated))
    return found


def _failed(file: Path, what: str, error: OSError) -> KeysError:
    return KeysError(f"{_shown(file)}: {what}: {error.strerror or error}")


def _shown(file: Path) -> str:
    return shown_path(str(file))
