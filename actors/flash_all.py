"""Flash for every attached board: each as the device of the site that it already is.

From ports to boards that run what the site says now. A board that is none of the site's is left as
it is, and said to be what it is: blank, another site's, or one of two of the same name.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

from actors.boards.interpreter import BoardError
from actors.boards.probe import probe
from actors.boards.reach import Wifi
from actors.boards.remote import Remote
from actors.flash import Flasher
from actors.topology import Device, Topology
from mp_actors.errors import ActorsError


def flash_all(flasher: Flasher, ports: list[str], wifi: Wifi, ask_wifi: Callable[[], Wifi]) -> None:
    """Each of these boards. *Raises* BoardError in the end, with what went wrong with any."""
    topology = flasher.site.topology
    wrong: list[str] = []
    others: list[tuple[str, str]] = []
    met: dict[Device, str] = {}
    done = 0
    for port in ports:
        try:
            remote = Remote(port)
            path = probe(remote).device
            device = topology.find(path)
            if device is None or not device.is_board or device in met:
                others.append((port, _what(path, topology, met, flasher.file)))
                remote.reset()  # it goes on with what it had
                continue
            met[device] = port
            flasher.flash(device, port, wifi, ask_wifi)
            done += 1
        except ActorsError as error:
            wrong.append(str(error))
    free = [one.path for one in topology.devices if one.is_board and one not in met]
    wrong += [f"{port}: {what}; {_remedy(port, free, flasher.file)}" for port, what in others]
    if not ports:
        wrong.append("no board is attached")
    if wrong:
        raise BoardError("\n".join([*wrong, f"{done} of {len(ports)} boards flashed"]))


def _what(path: str | None, topology: Topology, met: Mapping[Device, str], file: Path) -> str:
    """What a board is that is not flashed."""
    if path is None:
        return "is blank: no device was ever flashed to it"
    device = topology.find(path)
    if device is not None and device in met:
        return f"is {path}, and so is the board at {met[device]}"
    return f"is {path}, which is no board of {file}"


def _remedy(port: str, free: list[str], file: Path) -> str:
    """How a board becomes one of a site, of whose boards these are at no port."""
    if not free:
        return f"no board of {file} is left for it; declare one more there"
    left = f" (or one of {', '.join(free[1:])})" if free[1:] else ""
    return f"to make it {free[0]}{left}: actors flash {file} {free[0]} --port {port}"
