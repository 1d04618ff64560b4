"""Flash: puts a device of a site on a board, and waits until the site has heard it.

    probe -> image -> what differs -> Wi-Fi tried -> sent to `next/` -> put into place -> reset

From a checked site and a port to a board that runs by itself. Until the last file has arrived the
board is as it was; nothing is ever taken from it that was not put there from here.
"""

import hashlib
import socket
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from actors import launch
from actors.asked import Asked
from actors.boards import onboard
from actors.boards.image import WIFI, image
from actors.boards.interpreter import VERSION_MIN, BoardError, Interpreter
from actors.boards.remote import ESPTOOL, NobodyError, PulledError, Remote, no_micropython
from actors.client import UnreachableError
from actors.guards import is_sealed, keys_for
from actors.keystore import Store
from actors.plan import Plan
from actors.site import Site
from actors.topology import Device
from mp_actors.errors import ActorsError

WIFI_VARIABLE = "ACTORS_WIFI"  # NAME:PASSWORD
SPARE_BYTES = 8192  # a full flash would keep a board from noting anything
HOLD_S = 3.0  # a board that was reset is back by then
HEARD_S = 60.0
POLL_S = 0.5
VIRTUAL_PLATFORM = "linux"
LOOPBACK = ("127.", "localhost", "::1")

Wifi = Mapping[str, str] | None
Say = Callable[[str], None]
Sent = Callable[[int, int], None]


@dataclass
class Found:
    """What a board says it is, and what is in its flash: {path: sha256}."""

    interpreter: Interpreter
    platform: str
    machine: str
    free_bytes: int  # -1: it cannot say
    block_bytes: int
    has_wlan: bool = False
    device: str | None = None
    watchdog_ms: int | None = None
    flashed: list[str] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)

    @property
    def is_virtual(self) -> bool:
        """Whether it is a process of this machine."""
        return self.platform == VIRTUAL_PLATFORM


def probe(remote: Remote) -> Found:
    """What is at the other end. *Raises* BoardError if it is of no use."""
    try:
        rows = remote.run(onboard.PROBE)
    except NobodyError:
        # Opening the port resets some boards, and while they start they do not listen.
        rows = remote.run(onboard.PROBE)
    told = {row[0]: row[1:] for row in rows if row}
    name, major, minor, micro, mpy, platform, machine, free_bytes, block_bytes = told["is"]
    if name != "micropython":
        raise no_micropython(remote.port, f"it runs {name} {major}.{minor}")
    version = (major, minor, micro)
    shown = f"{major}.{minor}.{micro}"
    if version < VERSION_MIN:
        least = ".".join(map(str, VERSION_MIN))
        raise BoardError(
            f"{remote.port}: MicroPython {shown} is too old, {least} is needed; put a newer one on "
            f"it: {ESPTOOL.format(remote.port)}"
        )
    interpreter = Interpreter(
        [], version, shown, (mpy & 0xFF, mpy >> 8 & 3), f"the board at {remote.port}"
    )
    found = Found(interpreter, platform, machine, free_bytes, block_bytes)
    found.has_wlan = "wlan" in told
    found.device, found.watchdog_ms = told.get("config", (None, None))
    (flashed,) = told.get("flashed", ([],))
    found.flashed = [one for one in flashed if isinstance(one, str)]
    found.files = {row[1]: row[2] for row in rows if row[:1] == ("file",)}
    return found


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
        unreached = self._try_network(remote, config, wifi, has_wifi)
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

    def _try_network(
        self, remote: Remote, config: Mapping[str, Any], wifi: Wifi, has_wifi: bool
    ) -> str:
        """Join the Wi-Fi and knock at the routers, as the board will.

        Returned is what is wrong though flashing helps, mostly nothing: who is not there yet,
        nobody reaches. *Raises* BoardError for a Wi-Fi that was given and does not take the board.
        """
        path = config["path"]
        there = [(host, port) for host, port, _ in config["dial"] if is_listening(host, port)]
        if not there and not has_wifi:
            return ""
        told = None if wifi is None else (wifi["name"], wifi["password"])
        rows = remote.run(onboard.TRY_NETWORK.format(told, there))
        found = {row[0]: row[1:] for row in rows if row}
        if "refused" in found:
            name, why, status = found["refused"]
            text = f"Wi-Fi {name!r} refused the board: {wifi_reason(why)} (status {status})"
            remedy = f"set {WIFI_VARIABLE}=NAME:PASSWORD and give the command again"
            if wifi is not None:
                raise BoardError(f"{path}: {text}; nothing was changed on the board; {remedy}")
            return f"{path}: is flashed, but {text}; {remedy}"
        if "joined" in found:
            self._say("{}: joined Wi-Fi {!r}, there it is {}".format(path, *found["joined"]))
        tried = [(f"{row[1]}:{row[2]}", row[3]) for row in rows if row[:1] == ("reach",)]
        if not tried or any(not error for _, error in tried):
            return ""
        listed = ", ".join(f"{address} ({error})" for address, error in tried)
        return (
            f"{path}: is flashed, but from there it reaches none of its routers: tried {listed}; "
            "this machine does reach them: is the board in another network, or does a firewall "
            "let only this machine in?"
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


def differences(files: Mapping[str, bytes], found: Found) -> tuple[list[str], list[str]]:
    """Which files have to be sent, in their order, and which have to go.

    Those go that were flashed before and are no more, and the other form of a module.
    """
    news = [path for path, content in files.items() if found.files.get(path) != _sha256(content)]
    others = [path[:-4] + ".py" if path.endswith(".mpy") else path[:-3] + ".mpy"
              for path in files if path.endswith((".mpy", ".py")) and path != "main.py"]
    kept = {*files, WIFI}
    gone = sorted({*found.flashed, *others} & found.files.keys() - kept)
    return news, gone


def check_room(port: str, found: Found, contents: list[bytes]) -> None:
    """*Raises* BoardError if files do not fit beside what is there, which stays until the end."""
    block = max(1, found.block_bytes)
    needed = sum((len(one) + block - 1) // block * block for one in contents) + SPARE_BYTES
    if 0 <= found.free_bytes < needed:
        raise BoardError(
            f"{port}: its flash is full: {found.free_bytes >> 10} KB are free, "
            f"{(needed >> 10) + 1} KB are needed; nothing was changed; what is in it: mpremote "
            f"connect {port} fs tree -s"
        )


def wifi_of(text: str | None) -> Wifi:
    """Name and password as in `NAME:PASSWORD`; None for nothing. *Raises* BoardError."""
    if not text:
        return None
    name, colon, password = text.partition(":")
    if not name or not colon:
        raise BoardError(f"{WIFI_VARIABLE}: expected NAME:PASSWORD, without a colon there is none")
    return {"name": name, "password": password}


def wifi_reason(name: str) -> str:
    """What a status of MicroPython's network module means."""
    reasons = {
        "WRONG_PASSWORD": "wrong password",
        "NO_AP_FOUND": "there is no such network here, or it has only 5 GHz",
        "CONNECT_FAIL": "the access point did not take it",
        "ASSOC_FAIL": "the access point did not take it",
        "HANDSHAKE_TIMEOUT": "the access point did not finish; mostly a wrong password",
        "BEACON_TIMEOUT": "the signal is too weak",
    }
    return reasons.get(name, name.lower().replace("_", " ") or "no answer in 20 s")


def is_listening(host: str, port: int) -> bool:
    """Whether this machine gets through to there."""
    try:
        socket.create_connection((host, port), 2.0).close()
    except OSError:
        return False
    return True


def is_loopback(host: str) -> bool:
    """Whether a host means whoever asks."""
    return host.startswith(LOOPBACK)


def own_address() -> str:
    """The address of this machine in its network, as far as that is known without asking."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe_socket:
        try:
            probe_socket.connect(("192.0.2.1", 9))  # sends nothing; *Source*: RFC 5737
            return str(probe_socket.getsockname()[0])
        except OSError:
            return "192.168.1.10"


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _name(path: str, content: bytes) -> str:
    """A file's name while it waits: its own, whatever else waits, and the same the next time."""
    return hashlib.sha256(path.encode() + b"\0" + content).hexdigest()[:16]
