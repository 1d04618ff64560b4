"""Topology: which domains, devices and links a site has, as a person declares them.

First in the flow of control: site file → `Topology` → check → placement and plan. Declaring never
raises: a mistake is recorded with the person's line in `problems` and declaring goes on. Numbers
follow the order of declaration alone, so the same file always gives the same numbers. Nothing here
opens a connection or knows a pipeline. Which links a domain implies, `actors.mesh` says.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from actors.mesh import PARENTS_MAX, all_pairs, ordered
from actors.problems import Problems, SourceLine, here, is_above_zero

PORT_FIRST = 7400  # a device without an address listens on this port + its number
PORT_MAX = 65535
BOARDS = ("virtual",)


@dataclass(frozen=True, eq=False, repr=False)
class Domain:
    """Devices which can reach each other directly."""

    topology: "Topology"
    name: str
    mesh: bool
    declared_at: SourceLine

    def __repr__(self) -> str:
        return f"<domain {self.name}>"

    @property
    def devices(self) -> "tuple[Device, ...]":
        """All devices that belong to this domain, in the order of declaration."""
        return tuple(one for one in self.topology._devices if self in one.domains)

    def device(
        self,
        name: str,
        *,
        also_in: "Iterable[Domain]" = (),
        board: str | None = None,
        host: str = "local",
        address: str | None = None,
        router: bool | None = None,
        tap: bool = False,
        memory_kb: int | None = None,
    ) -> "Device":
        """Declare a device whose home is this domain.

        board: None is a worker, a process of CPython; `"virtual"` runs MicroPython. address is
        `host:port`. router: whether it forwards for others; by default workers do, boards do not.
        """
        site, at = self.topology, here()
        device = Device(
            number=len(site._devices) + 1,
            name=name,
            domains=site._domains_of(self, also_in, at),
            board=board,
            host=host,
            address=address,
            is_router=board is None if router is None else bool(router),
            tap=tap,
            memory_kb=memory_kb,
            declared_at=at,
        )
        site._add_device(device)
        return device


@dataclass(frozen=True, eq=False, repr=False)
class Device:
    """One process with one node; its home is the first of its domains."""

    number: int
    name: str
    domains: tuple[Domain, ...]
    board: str | None
    host: str
    address: str | None
    is_router: bool
    tap: bool
    memory_kb: int | None
    declared_at: SourceLine

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
    latency_ms: float | None = None
    bandwidth_kbps: float | None = None
    declared_at: SourceLine | None = None  # None: implied by a domain

    def __repr__(self) -> str:
        return f"<link {self.number}: {self.a.path} - {self.b.path}>"

    def other(self, device: Device) -> Device:
        """The far end, seen from one of the two."""
        return self.b if device is self.a else self.a


class Topology:
    """A site's domains, devices and links."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.problems = Problems()
        self.declared_at = here()
        self._domains: dict[str, Domain] = {}
        self._devices: list[Device] = []
        self._by_path: dict[str, Device] = {}
        self._declared: dict[tuple[Device, Device], Link] = {}
        self._parents: Counter[Device] = Counter()
        self._links: tuple[Link, ...] | None = None
        self._controller: tuple[object, SourceLine] | None = None
        self.problems.check_name(self.declared_at, "site", name)

    def __repr__(self) -> str:
        return f"<topology {self.name}>"

    def domain(self, name: str, mesh: bool = True) -> Domain:
        """Declare a domain. mesh: the links between its devices need not be declared."""
        at = here()
        self.problems.check_name(at, "domain", name)
        name = str(name)
        domain = Domain(self, name, mesh, at)
        if name in self._domains:
            first = self._domains[name]
            self.problems.add(
                at,
                f"domain {name!r} is declared twice",
                got=f"it is declared in line {first.declared_at.line} too",
                remedy="declare it once and keep what domain() returns",
            )
            return first
        self._domains[name] = domain
        return domain

    def link(
        self,
        a: Device,
        b: Device,
        *,
        latency_ms: float | None = None,
        bandwidth_kbps: float | None = None,
    ) -> None:
        """Declare a link, or attributes of one that a domain implies."""
        at = here()
        for label, figure in (("latency_ms", latency_ms), ("bandwidth_kbps", bandwidth_kbps)):
            if figure is not None and not is_above_zero(figure):
                self.problems.add_value(at, label, "a number above 0", figure)
        if not self._is_own(a, at, "link()") or not self._is_own(b, at, "link()"):
            return
        first, second = ordered(a, b)
        if self._can_link(first, second, at):
            link = Link(0, first, second, latency_ms, bandwidth_kbps, at)
            self._declared[first, second] = link
            self._parents.update((first, second))
            self._links = None

    def controller(self, at: Device | str) -> None:
        """Say which worker's process holds the controller; else the first worker declared."""
        line = here()
        if self._controller is not None:
            self.problems.add(
                line,
                "the controller is placed twice",
                got=f"line {self._controller[1].line} places it too",
                remedy="keep one of the two lines",
            )
            return
        self._controller = at, line

    @property
    def domains(self) -> tuple[Domain, ...]:
        """In the order of declaration."""
        return tuple(self._domains.values())

    @property
    def devices(self) -> tuple[Device, ...]:
        """In the order of declaration, which is that of their numbers."""
        return tuple(self._devices)

    @property
    def links(self) -> tuple[Link, ...]:
        """Declared and implied, one per pair, by number."""
        if self._links is None:
            meshes = [domain.devices for domain in self.domains if domain.mesh]
            pairs = all_pairs(meshes, self._declared)
            self._links = tuple(
                _numbered(number, pair, self._declared.get(pair))
                for number, pair in enumerate(pairs, 1)
            )
        return self._links

    @property
    def controller_place(self) -> tuple[object, SourceLine] | None:
        """What `controller(at=…)` was given and where; None if nobody said."""
        return self._controller

    @property
    def controller_device(self) -> Device | None:
        """The device that holds the controller, or None if there is none that could."""
        if self._controller is not None:
            return self.find(self._controller[0])
        return next((device for device in self._devices if device.is_worker), None)

    def find(self, place: object) -> Device | None:
        """The device meant by a Device of this topology or by its path, else None."""
        if isinstance(place, Device):
            return place if place.domains[0].topology is self else None
        return self._by_path.get(place) if isinstance(place, str) else None

    def neighbours(self) -> dict[Device, list[Device]]:
        """Each device's direct neighbours, in the order of link numbers."""
        found: dict[Device, list[Device]] = {device: [] for device in self._devices}
        for link in self.links:
            found[link.a].append(link.b)
            found[link.b].append(link.a)
        return found

    def _domains_of(
        self, home: Domain, also_in: Iterable[Domain], at: SourceLine
    ) -> tuple[Domain, ...]:
        """Home first, each domain once; what is no domain of this site is recorded."""
        domains = [home]
        if isinstance(also_in, Domain | str) or not isinstance(also_in, Iterable):
            self.problems.add_value(at, "also_in", "a list of domains: also_in=[domain]", also_in)
            return (home,)
        for domain in also_in:
            if not isinstance(domain, Domain) or domain.topology is not self:
                self.problems.add_value(at, "also_in", "domains of this site", domain)
            elif domain not in domains:
                domains.append(domain)
        return tuple(domains)

    def _add_device(self, device: Device) -> None:
        """Take a device; what is wrong with more than its name, `actors.check` says."""
        self._devices.append(device)
        self._by_path.setdefault(device.path, device)
        self._links = None
        self.problems.check_name(device.declared_at, "device", device.name)

    def _can_link(self, a: Device, b: Device, at: SourceLine) -> bool:
        """Whether a declared link makes sense; if not, why is recorded."""
        between = f"{a.path} and {b.path}"
        if a is b:
            self.problems.add(at, f"{a.path} is linked to itself", remedy="name two devices")
        elif (a, b) in self._declared:
            self.problems.add(
                at,
                f"{between} are linked twice",
                got=f"line {_line_of(self._declared[a, b])} links them too",
                remedy="keep one link() with all attributes",
            )
        elif not set(a.domains) & set(b.domains):
            self.problems.add(
                at,
                f"{between} share no domain and cannot reach each other directly",
                expected="two devices of one domain",
                got=f"{_domain_names(a)} and {_domain_names(b)}",
                remedy="put both in one domain, with also_in=[…]",
            )
        elif not (a.is_router or b.is_router):
            self.problems.add(
                at,
                f"{between} are leaves, and a leaf does not forward",
                remedy="link each of them to a router",
            )
        elif crowded := self._crowded_leaf(a, b):
            self.problems.add(
                at,
                f"{crowded.path} is linked to more than {PARENTS_MAX} routers",
                expected=f"at most {PARENTS_MAX}, one to use and one to fall back on",
                remedy="leave this link out",
            )
        else:
            return True
        return False

    def _crowded_leaf(self, a: Device, b: Device) -> Device | None:
        """The leaf among the two that has all the parents it may have, if any."""
        for leaf in (a, b):
            if not leaf.is_router and self._parents[leaf] >= PARENTS_MAX:
                return leaf
        return None

    def _is_own(self, device: object, at: SourceLine, where: str) -> bool:
        """Whether it is a device of this site; if not, that is recorded."""
        if isinstance(device, Device) and device.domains[0].topology is self:
            return True
        self.problems.add_value(at, where, "devices of this site", device)
        return False


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


def _numbered(number: int, pair: tuple[Device, Device], declared: Link | None) -> Link:
    if declared is None:
        return Link(number, *pair)
    return Link(
        number, *pair, declared.latency_ms, declared.bandwidth_kbps, declared.declared_at
    )


def _line_of(link: Link) -> int:
    return link.declared_at.line if link.declared_at else 0


def _domain_names(device: Device) -> str:
    return "/".join(domain.name for domain in device.domains)
