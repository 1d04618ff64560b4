"""Doctor: looks for what keeps boards and sites from working, and says what mends it.

From this machine, a port and perhaps a site to findings, the ones that matter first. It changes
nothing; of a board it asks what `flash` would ask first.
"""

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from actors import launch
from actors.boards import build, interpreter
from actors.boards import port as ports
from actors.boards.interpreter import BoardError, Interpreter
from actors.boards.probe import probe
from actors.boards.reach import is_listening, is_loopback, own_address
from actors.boards.remote import Remote
from actors.guards import is_sealed, keys_for
from actors.keystore import Store
from actors.site import Site
from mp_actors.errors import ActorsError

YEAR_LEAST = 2025
UFW, FIREWALLD = Path("/etc/ufw/ufw.conf"), Path("/run/firewalld")


class Finding(NamedTuple):
    """One thing looked at; the text of what is wrong says what to do."""

    what: str
    is_good: bool
    text: str


def examine(file: Path | None, site: Site | None, port: str | None) -> list[Finding]:
    """Everything there is to look at here."""
    found = [
        _tried("virtual boards", _micropython),
        _tried("compiler", _compiler),
        _tried("clock", _clock),
        *_board(port),
    ]
    if file is not None and site is not None:
        found.append(_tried("keys", lambda: _keys(file, site)))
        found += _addresses(site)
    return found


def _tried(what: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(what, True, look())
    except ActorsError as error:
        return Finding(what, False, str(error))


def _micropython() -> str:
    found = interpreter.find()
    return f"MicroPython {found.text}, .mpy version {found.mpy_version[0]}"


def _compiler() -> str:
    return _fitting(interpreter.find())


def _fitting(wanted: Interpreter) -> str:
    """That modules can be compiled for an interpreter. *Raises* BoardError if they cannot."""
    note = build.misfit(wanted)
    if note:
        raise BoardError(note)
    return f"mpy-cross compiles for .mpy version {wanted.mpy_version[0]}, that of {wanted.source}"


def _clock() -> str:
    """*Raises* BoardError for a clock that nobody sets: readings would carry its time."""
    if time.gmtime().tm_year < YEAR_LEAST:
        raise BoardError(f"says {time.strftime('%Y-%m-%d')}; set it: sudo timedatectl set-ntp true")
    if shutil.which("timedatectl") is None:
        return "plausible; nothing here says whether it is kept right"
    done = subprocess.run(
        ["timedatectl", "show", "--property=NTPSynchronized", "--value"],
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    if done.stdout.strip() == "no":
        raise BoardError("is not kept right by any server: sudo timedatectl set-ntp true")
    return "plausible" if done.returncode else "kept right by a server"


def _board(port: str | None) -> Iterator[Finding]:
    """The port of a board, and what is behind it."""
    try:
        if port is None and not ports.attached():
            yield Finding("port", True, "no board is attached; to try without one: actors board a")
            return
        chosen = port or ports.choose()
        remote = Remote(chosen)
    except BoardError as error:
        yield Finding("port", False, str(error))
        return
    yield Finding("port", True, f"{chosen}: there, ours to open, and free")
    try:
        found = probe(remote)
        remote.reset()
    except BoardError as error:
        yield Finding("board", False, str(error))
        return
    text = f"{found.machine}, MicroPython {found.interpreter.text}"
    yield Finding("board", True, text + (f", is {found.device}" if found.device else ""))
    yield _tried("board's modules", lambda: _fitting(found.interpreter))


def _keys(file: Path, site: Site) -> str:
    """*Raises* KeysError if there are none that fit."""
    if not is_sealed(site):
        return "none needed, every link is plain"
    for device in site.topology.devices:
        keys_for(site, Store.beside(file), device.path)
    return "made, and for this site file"


def _addresses(site: Site) -> Iterator[Finding]:
    """Where the routers of a site are, as seen from here."""
    ports_used = []
    for path, address in launch.addresses(site).items():
        if address.listen is None:
            continue
        host, port = address.listen
        shown, what = f"{host}:{port}", f"address of {path}"
        if is_listening(host, port):
            yield Finding(what, True, f"{shown} answers")
        elif is_loopback(host):
            yield Finding(what, True, f"{shown}, for this machine only; a real board needs another")
        elif not _is_own(host):
            yield Finding(
                what, False,
                f"{shown} does not answer, and is not this machine ({own_address()}); on its "
                f"machine: actors up SITE.py, or actors node SITE.py {path}",
            )
        else:
            yield Finding(what, True, f"{shown}, this machine; nothing runs there yet")
        if not is_loopback(host) and _is_own(host):
            ports_used.append(port)
    if ports_used:
        yield _tried("firewall", lambda: _firewall(ports_used))


def _is_own(host: str) -> bool:
    """Whether a socket of this machine can have this address."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, 0, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as one:
            one.bind(address)
    except OSError:
        return False
    return True


def _firewall(used: list[int]) -> str:
    """*Raises* BoardError for a firewall that is on and may keep boards out."""
    try:
        is_on = "ENABLED=yes" in UFW.read_text()
    except OSError:
        is_on = False
    if is_on and os.geteuid() == 0:
        told = subprocess.run(["ufw", "status"], capture_output=True, text=True, check=False)
        is_on = not all(f"{port}/tcp" in told.stdout for port in used)
    if is_on:
        commands = "; ".join(f"sudo ufw allow {port}/tcp" for port in used)
        raise BoardError(f"ufw is on and keeps boards out unless told: {commands}")
    if FIREWALLD.is_dir():
        listed = " ".join(f"--add-port={port}/tcp" for port in used)
        raise BoardError(
            f"firewalld is on and keeps boards out unless told: sudo firewall-cmd {listed}"
        )
    return "neither ufw nor firewalld is on"
