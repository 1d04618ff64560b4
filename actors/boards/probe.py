"""What is at a port: which board, what is in its flash, what has to be sent, and whether it fits.

From a port to a `Found`; nothing here changes the board. A Wi-Fi is on it or not: `reach` tries it.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from actors.boards import onboard
from actors.boards.image import WIFI
from actors.boards.interpreter import VERSION_MIN, BoardError, Interpreter
from actors.boards.remote import ESPTOOL, NobodyError, Remote, no_micropython

SPARE_BYTES = 8192  # a full flash would keep a board from noting anything
VIRTUAL_PLATFORM = "linux"


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


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
