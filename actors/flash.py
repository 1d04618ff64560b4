"""Flash: puts a device of a site on a board, and waits until the site has heard it.

    probe -> image -> what differs -> Wi-Fi tried -> sent to `next/` -> put into place -> reset

From a checked site and a port to a board that runs by itself. Until the last file has arrived the
board is as it was; nothing is ever taken from it that was not put there from here.
"""

import hashlib
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from actors import launch
from actors.asked import Asked
from actors.boards import onboard
from actors.boards.image import WIFI, image
from actors.boards.interpreter import BoardError
from actors.boards.probe import Found, check_room, differences, probe
from actors.boards.reach import (
    WIFI_VARIABLE,
    Say,
    Wifi,
    is_loopback,
    own_address,
    try_network,
)
from actors.boards.remote import PulledError, Remote
from actors.client import UnreachableError
from actors.guards import is_sealed, keys_for
from actors.keystore import Store
from actors.plan import Plan
from actors.site import Site
from actors.topology import Device
from mp_actors.errors import ActorsError

HOLD_S = 3.0  # a board that was reset is back by then
HEARD_S = 60.0
POLL_S = 0.5

Sent = Callable[[int, int], None]


class Flasher:
    """Flashes devices of one site. say(text): a line for the person."""

    def __init__(self, file: Path, site: Site, plan: Plan, say: Say, sent: Sent) -> None:
        self.file, self.site, self._plan = file, site, plan
        self._say, self._sent = say, sent

    def flash(self, device: Device, port: str, wifi: Wifi, ask_wifi: Callable[[], Wifi]) -> None:
        """Put the device on the board at port, and wait for it. *Raises* ActorsError.

        `wifi`: name and password for it; `ask_wifi` is called if they are needed and not given.
        """
        remote = Remote(port)
        found = probe(remote)
        try:
            unreached = self._update(remote, found, device, wifi, ask_wifi)
        except PulledError:
            raise
        except ActorsError:
            remote.reset()  # it goes on with what it had
            raise
        reset_s = time.monotonic()
        remote.reset()
        if unreached:
            raise BoardError(unreached)
        self._wait(device, reset_s)

    def _update(
        self,
        remote: Remote,
        found: Found,
        device: Device,
        wifi: Wifi,
        ask_wifi: Callable[[], Wifi],
    ) -> str:
        """Give the board what it lacks; returned is what is wrong nevertheless, mostly nothing."""
        port = remote.port
        self._say(
            f"{port}: {found.machine}, MicroPython {found.interpreter.text}, .mpy version "
            f"{found.interpreter.mpy_version[0]}"
            + (f", {found.free_bytes >> 10} KB free" if found.free_bytes >= 0 else "")
        )
        if found.device not in (None, device.path):
            self._say(f"it was {found.device}, which it will be no more")
        config = self._config(device, found)
        if wifi is None and WIFI not in found.files and found.has_wlan and not found.is_virtual:
            wifi = ask_wifi()
            if wifi is None:
                raise BoardError(
                    f"{device.path}: which Wi-Fi? Set {WIFI_VARIABLE}=NAME:PASSWORD; it is written "
                    "to the board and nowhere else"
                )
        wifi = wifi if found.has_wlan else None
        has_wifi = found.has_wlan and (wifi is not None or WIFI in found.files)
        actors = self._plan.actors.values()
        classes = [one.code for one in actors if one.device == device.number]
        files, note = image(
            self.site.folder, config, found.interpreter, classes, wifi, has_wifi
        )
        if note:
            self._say(note)
        unreached = try_network(remote, config, wifi, has_wifi, self._say)
        news, gone = differences(files, found)
        if not news and not gone:
            self._say(f"nothing to send: the board has all {len(files)} files")
            return unreached
        if found.watchdog_ms:
            remote.run_last(onboard.HOLD_STILL)
            time.sleep(HOLD_S)
        self._send(remote, found, files, news, gone)
        return unreached

    # -- before

    def _config(self, device: Device, found: Found) -> dict[str, Any]:
        """What the board is told; see `mp_actors.boot`. *Raises* ActorsError."""
        store = Store.beside(self.file)
        if is_sealed(self.site) and not store.folder.exists():
            store.make(self.site)
            self._say(f"made the keys of the site in {store.folder}")
        keys = keys_for(self.site, store, device.path)
        places = launch.addresses(self.site)
        config = launch.config_of(self.site, device, places, keys, attached=False)
        config["pid"] = None
        if not found.is_virtual:
            self._check_addresses(device, config["dial"])
            config["tap"] = None  # it would listen on a loopback that nobody shares with it
        return config

    def _check_addresses(self, device: Device, dial: list[list[Any]]) -> None:
        """*Raises* BoardError for addresses which mean the board itself."""
        paths = {one.number: one.path for one in self.site.topology.devices}
        for host, port, number in dial:
            if is_loopback(host):
                raise BoardError(
                    f"{device.path} dials {paths[number]} at {host}:{port}, which on a board is "
                    f"the board itself; in the site file give {paths[number]} an address that the "
                    f"board reaches: host={own_address()!r}, address='{own_address()}:{port}'"
                )

    # -- sending

    def _send(
        self,
        remote: Remote,
        found: Found,
        files: Mapping[str, bytes],
        news: list[str],
        gone: list[str],
    ) -> None:
        """Send what differs and put it into place. *Raises* BoardError."""
        check_room(remote.port, found, [files[path] for path in news])
        names = {path: _name(path, files[path]) for path in news}
        with tempfile.TemporaryDirectory() as folder:
            for path in news:
                (Path(folder) / names[path]).write_bytes(files[path])
            program = onboard.install([(names[path], path) for path in news], gone)
            ready = Path(folder) / f"{onboard.READY}.new"
            ready.write_text(program, encoding="utf-8")
            paths = [*(Path(folder) / names[path] for path in news), ready]
            had = remote.copy(
                paths, onboard.NEXT, lambda count: self._sent(min(count, len(news)), len(news))
            )
        remote.run(onboard.COMMIT)
        count, size = len(news), sum(len(files[path]) for path in news)
        self._say(
            f"sent {max(0, count - had)} of {len(files)} files"
            + (f", {had} had arrived before" if had else "")
            + f" ({size / 1024:.1f} KB)"
            + (f"; removed {len(gone)}" if gone else "")
        )

    # -- after

    def _wait(self, device: Device, reset_s: float) -> None:
        """Until the controller has heard the board, which was reset then. *Raises* BoardError."""
        path = device.path
        deadline = time.monotonic() + HEARD_S
        try:
            with Asked(self.file, self.site, self._plan) as asked:
                self._say(f"{path}: waiting until the site hears it")
                while time.monotonic() < deadline:
                    age_s = asked.status()["devices"][path]["age_s"]
                    if age_s is not None and age_s < time.monotonic() - reset_s:
                        self._say(f"{path}: is heard; see: actors status {self.file}")
                        return
                    time.sleep(POLL_S)
        except UnreachableError:
            command = f"actors up {self.file}"
            self._say(f"{path}: flashed; nothing of its site runs here yet; start it: {command}")
            return
        raise BoardError(
            f"{path}: flashed, but not heard for {HEARD_S:g} s; do its routers run? What the board "
            "says: mpremote connect PORT"
        )


def _name(path: str, content: bytes) -> str:
    """A file's name while it waits: its own, whatever else waits, and the same the next time."""
    return hashlib.sha256(path.encode() + b"\0" + content).hexdigest()[:16]
