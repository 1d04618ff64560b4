"""Starts one device of a site here: a worker in this process, a board in place of it.

From a plan and the addresses to a config, and from there to the very code every device runs,
`mp_actors.boot`.
"""

import gc
import io
import json
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from actors.accel import codec
from actors.assemble import add_controller, make_node
from actors.boards import virtual
from actors.guards import host_guard, signer
from actors.keys import DeviceKeys
from actors.loopwatch import LoopWatch
from actors.plan import Plan
from actors.routing import Routing
from actors.serial import open_port
from actors.site import Site
from actors.state import StateFile
from actors.store import Store
from actors.topology import Device
from mp_actors.board import draw, run, say
from mp_actors.boot import open_links
from mp_actors.clock import SystemClock
from mp_actors.errors import ActorsError

READ_BYTES = 65536
TAP_PORT_OFFSET = 1000  # a tap's port, counted from its device's
# Fewer young collections: actors make few cycles, and each collection is a pause.
GC_THRESHOLD = (50_000, 20, 100)


class LaunchError(ActorsError):
    """A device cannot be started here; the text says why and what to do."""


@dataclass(frozen=True)
class Address:
    """Where a device listens (None: it only dials) and where its tap does (None: it has none)."""

    listen: tuple[str, int] | None
    tap: tuple[str, int] | None


def addresses(site: Site) -> dict[str, Address]:
    """The addresses of all devices as declared, or as their numbers say."""
    found = {}
    for device in site.topology.devices:
        host, port = device.endpoint
        tap = ("127.0.0.1", port + TAP_PORT_OFFSET) if device.tap else None
        found[device.path] = Address((host, port) if device.is_router else None, tap)
    return found


def free_addresses(site: Site) -> dict[str, Address]:
    """Like `addresses`, with a free port for each local device whose address nobody declared."""
    found = addresses(site)
    held = []
    for device in site.topology.devices:
        if device.host != "local" or device.address is not None:
            continue
        address = found[device.path]
        sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        held += sockets
        listen, tap = (one.getsockname()[:2] for one in sockets)
        found[device.path] = Address(
            listen if address.listen else None, tap if address.tap else None
        )
    for one in held:
        one.close()
    return found


def write_addresses(found: Mapping[str, Address], file: Path) -> None:
    """Save addresses for the processes of a run."""
    plain = {path: [one.listen, one.tap] for path, one in found.items()}
    file.write_text(json.dumps(plain), encoding="utf-8")


def read_addresses(file: Path) -> dict[str, Address]:
    """What `write_addresses` saved."""
    plain = json.loads(file.read_text(encoding="utf-8"))
    return {
        path: Address(*(tuple(one) if one else None for one in pair))
        for path, pair in plain.items()
    }


def config_of(
    site: Site,
    device: Device,
    found: Mapping[str, Address],
    keys: DeviceKeys | None,
    attached: bool,
) -> dict[str, Any]:
    """What a device is told before it starts; see `mp_actors.boot`.

    A leaf dials its routers; of two routers the one with the higher number dials.
    """
    routing = Routing(site.topology)
    parents = [] if device.is_router else [one for _, one in routing.parents(device)]
    dial: list[list[Any]] = []
    serial: list[list[Any]] = []
    for link in site.topology.links:
        if device not in (link.a, link.b):
            continue
        other = link.other(device)
        if link.uart is not None:
            port = link.uart[0] if device is link.a else link.uart[1]
            serial.append([port, link.baud, other.number if _dials(device, other) else None])
            continue
        if _dials(device, other):
            listen = found[other.path].listen
            assert listen is not None, "routers listen"
            dial.append([*listen, other.number])
    address = found[device.path]
    return {
        "path": device.path,
        "number": device.number,
        "parents": [parent.number for parent in parents],
        "dial": dial,
        "serial": serial,
        "listen": list(address.listen) if address.listen else None,
        "tap": list(address.tap) if address.tap else None,
        "pid": os.getpid(),
        "attached": attached,
        "keys": keys,
        "watchdog_ms": device.watchdog_ms,
    }


def _dials(device: Device, other: Device) -> bool:
    """Whether this end begins: leaves do, of two routers the one with the higher number."""
    return other.is_router and (not device.is_router or other.number < device.number)


def run_worker(
    site: Site,
    plan: Plan,
    device: Device,
    config: Mapping[str, Any],
    controls: bool,
    keys_folder: Path,
    state_path: Path,
) -> None:
    """Serve a worker in this process until it is told to end. *Raises* LaunchError."""
    gc.set_threshold(*GC_THRESHOLD)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(line_buffering=True)  # whoever reads along sees each line at once
    folder = str(site.folder)
    if folder not in sys.path:
        sys.path.insert(0, folder)  # actors are imported by the names of their modules
    clock = SystemClock()
    loop_watch = LoopWatch(site.folder, say)
    state_file = StateFile(state_path if controls else None)
    state = state_file.load()
    state.term += 1
    node = make_node(
        device,
        config["parents"],
        clock=clock,
        codec=codec,
        draw=draw,
        log=say,
        guard=host_guard(config["keys"], keys_folder, state.term),
        loop_watch=loop_watch,
        store=Store(kept_file(state_path, device)),
    )
    if controls:
        add_controller(
            node,
            plan,
            time.monotonic,
            sign=signer(config["keys"]),
            state_file=state_file,
            state=state,
        )

    def end(_number: int, _frame: object) -> None:
        node.is_ending = True

    signal.signal(signal.SIGTERM, end)
    signal.signal(signal.SIGINT, end)
    try:
        server = open_links(config, node, clock, READ_BYTES, open_port)
        patient: Any = node.scheduler
        patient.awaits.serve(server)
        loop_watch.serve(server)
        run(server)
    except OSError as error:
        asked = [f"{one[0]}:{one[1]}" for one in (config["listen"], config["tap"]) if one]
        raise LaunchError(
            f"{device.path}: cannot listen on {' or '.join(asked)}: {error.strerror or error}; "
            "end what uses it, or give the device another address="
        ) from None


def kept_file(state_path: Path, device: Device) -> Path:
    """Where a worker keeps its durable readings and checkpoints, once it has some.

    In a folder beside the controller's state: `.site.kept/office.desk.sqlite3`.
    """
    folder = state_path.with_name(state_path.name.replace(".state.json", ".kept"))
    return folder / f"{device.path.replace('/', '.')}.sqlite3"


def run_board(
    site: Site, device: Device, config: Mapping[str, Any], folder: Path | None
) -> None:
    """Become the virtual board: this process is replaced by its MicroPython.

    `folder` holds the flash of the boards of one run; without it a place that outlasts the process.
    """
    if folder is None:
        folder = Path(tempfile.gettempdir()) / f"mp-actors-{os.getuid()}" / site.topology.name
    flash = folder / device.path
    flash.mkdir(parents=True, exist_ok=True)
    for note in virtual.prepare(flash, site.folder, config, seed=device.number):
        say(device.path, note)
    sys.stdout.flush()
    virtual.exec_board(flash)


def state_path(file: Path, file_addresses: Path | None) -> Path:
    """Where the controller keeps its state: beside the site file, or in the folder of a run."""
    folder = file.parent if file_addresses is None else file_addresses.parent
    return folder / f".{file.stem}.state.json"
