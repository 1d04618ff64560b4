"""Device and link: what a topology is made of, each with the line that declared it.

From `actors.topology`, which makes them, to everybody who reads a site. Plain records: they check
nothing, and nothing here opens a connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from actors.problems import SourceLine

PORT_FIRST = 7400  # a device without an address listens on this port + its number
PORT_MAX = 65535
BOARDS = ("virtual", "esp32")
SEALS = ("ccm", "fernet", "plain")  # how a link's records are closed; the first by default


class Home(Protocol):
    """What a device knows of a domain it belongs to."""

    @property
    def topology(self) -> object: ...

    @property
    def name(self) -> str: ...

    @property
    def mesh(self) -> bool: ...

    @property
    def devices(self) -> "Sequence[Device]": ...


@dataclass(frozen=True, eq=False, repr=False)
class Device:
    """One process with one node; its home is the first of its domains."""

    number: int
    name: str
    domains: Sequence[Home]
    board: str | None
    host: str
    address: str | None
    is_router: bool
    tap: bool
    memory_kb: int | None
    declared_at: SourceLine
    watchdog_ms: int | None = None

    def __repr__(self) -> str:
        return f"<device {self.path}>"

    @property
    def path(self) -> str:
        """`domain/device`, by the home domain."""
        return f"{self.domains[0].name}/{self.name}"

    @property
    def is_board(self) -> bool:
        """Whether MicroPython runs it."""
        return self.board is not None

    @property
    def is_real_board(self) -> bool:
        """Whether it is no process of any machine: it is flashed, then starts by itself."""
        return self.board not in (None, "virtual")

    @property
    def is_local(self) -> bool:
        """Whether `run` starts it."""
        return self.host == "local" and not self.is_real_board

    @property
    def is_worker(self) -> bool:
        """Whether CPython runs it, so that it takes operators and the controller."""
        return self.board is None

    @property
    def endpoint(self) -> tuple[str, int]:
        """Host and port it listens on. *Raises* ValueError for an address that is none."""
        if self.address is not None:
            return parse_address(self.address)
        host = "127.0.0.1" if self.host == "local" else self.host
        return host, PORT_FIRST + self.number


@dataclass(frozen=True, eq=False, repr=False)
class Link:
    """Two devices that talk directly; `a` has the lower number. Unknown attributes are None."""

    number: int
    a: Device
    b: Device
    site_seal: str
    own_seal: str | None = None
    latency_ms: float | None = None
    bandwidth_kbps: float | None = None
    uart: tuple[str, str] | None = None  # the serial port at a and at b; None: sockets
    baud: int = 115200
    declared_at: SourceLine | None = None  # None: implied by a domain

    def __repr__(self) -> str:
        return f"<link {self.number}: {self.a.path} - {self.b.path}>"

    @property
    def seal(self) -> str:
        """How its records are closed, one of SEALS: its own way, else the site's."""
        return self.own_seal or self.site_seal

    def other(self, device: Device) -> Device:
        """The far end, seen from one of the two."""
        return self.b if device is self.a else self.a


def parse_address(address: str) -> tuple[str, int]:
    """`"host:port"` → host and port; brackets around an IPv6 host. *Raises* ValueError."""
    host, _, port = address.rpartition(":")
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
    elif ":" in host:
        raise ValueError("an IPv6 host needs brackets, as in [::1]:7400")
    if not host or any(sign.isspace() for sign in host):
        raise ValueError("no host before the colon")
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= PORT_MAX):
        raise ValueError(f"the port is not a number from 1 to {PORT_MAX}")
    return host, int(port)
