"""Topology: which domains, devices and links a site has, as a person declares them.

First in the flow of control: site file → `Topology` → check → placement and plan. Declaring never
raises: a mistake is recorded with the person's line in `problems` and declaring goes on. Numbers
follow the order of declaration alone, so the same file always gives the same numbers. Nothing here
opens a connection or knows a pipeline. Which links a domain implies, `actors.mesh` says.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from actors.device import BOARDS, PORT_FIRST, SEALS, Device, Link, parse_address
from actors.mesh import PARENTS_MAX, all_pairs, ordered
from actors.problems import Problems, SourceLine, here, is_above_zero, shown_value, suggestion

__all__ = ["BOARDS", "PORT_FIRST", "Device", "Domain", "Link", "Topology", "parse_address"]


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

    @property
    def boards(self) -> "tuple[Device, ...]":
        """Those of its devices that run MicroPython, as far as they are declared."""
        return tuple(one for one in self.devices if one.is_board)

    @property
    def workers(self) -> "tuple[Device, ...]":
        """Those of its devices that run CPython, as far as they are declared."""
        return tuple(one for one in self.devices if one.is_worker)

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
        watchdog_ms: int | None = None,
    ) -> "Device":
        """Declare a device whose home is this domain.

        board: None is a worker, a process of CPython; `"virtual"` runs MicroPython. address is
        `host:port`. router: whether it forwards for others; by default workers do, boards do not.
        watchdog_ms: a board is reset when it hangs for so long; it then has a safe mode, too.
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
            watchdog_ms=watchdog_ms,
        )
        site._add_device(device)
        return device


BAUD = 115200
BAUDS = (9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)


class Topology:
    """A site's domains, devices and links.

    seal: how records are closed on links that say nothing else: "ccm", "fernet" or "plain".
    """

    def __init__(self, name: str, seal: str = SEALS[0]) -> None:
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
        self.seal = self._checked_seal(seal, self.declared_at) or SEALS[0]

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
        seal: str | None = None,
        uart: tuple[str, str] | None = None,
        baud: int = BAUD,
    ) -> None:
        """Declare a link, or attributes of one that a domain implies.

        seal: else the site's. uart: the serial ports at a and at b, `("/dev/ttyS0", "/dev/ttyS1")`
        for example; without, they talk over sockets.
        """
        at = here()
        own_seal = None if seal is None else self._checked_seal(seal, at)
        for label, figure in (("latency_ms", latency_ms), ("bandwidth_kbps", bandwidth_kbps)):
            if figure is not None and not is_above_zero(figure):
                self.problems.add_value(at, label, "a number above 0", figure)
        if not self._is_own(a, at, "link()") or not self._is_own(b, at, "link()"):
            return
        first, second = ordered(a, b)
        if uart is not None and not self._are_ports(uart, baud, at):
            return
        if uart is not None and first is not a:
            uart = uart[1], uart[0]
        if self._can_link(first, second, at):
            link = Link(
                0, first, second, self.seal, own_seal, latency_ms, bandwidth_kbps, uart, baud, at
            )
            self._declared[first, second] = link
            self._parents.update((first, second))
            self._links = None

    def controller(self, at: Device | str) -> None:
        """Say which worker's process holds the controller; else the first router declared."""
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
                replace(self._declared.get(pair) or Link(0, *pair, self.seal), number=number)
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
        return next((device for device in self._devices if device.is_router), None)

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

    def _are_ports(self, uart: object, baud: object, at: SourceLine) -> bool:
        """Whether a link's serial ports are such; else that is recorded."""
        is_pair = isinstance(uart, tuple) and [type(port) for port in uart] == [str, str]
        if not is_pair:
            self.problems.add_value(at, "uart", "a pair of port names", uart)
        if type(baud) is not int or baud not in BAUDS:
            self.problems.add_value(at, "baud", "one of " + ", ".join(map(str, BAUDS)), baud)
            return False
        return is_pair

    def _checked_seal(self, seal: object, at: SourceLine) -> str | None:
        """The seal if there is such a one, else None; then that is recorded."""
        if isinstance(seal, str) and seal in SEALS:
            return seal
        self.problems.add(
            at,
            "seal has a wrong value",
            expected="one of: " + ", ".join(map(repr, SEALS)),
            got=shown_value(seal),
            remedy=suggestion(seal, SEALS) if isinstance(seal, str) else "",
        )
        return None

    def _is_own(self, device: object, at: SourceLine, where: str) -> bool:
        """Whether it is a device of this site; if not, that is recorded."""
        if isinstance(device, Device) and device.domains[0].topology is self:
            return True
        self.problems.add_value(at, where, "devices of this site", device)
        return False


def _line_of(link: Link) -> int:
    return link.declared_at.line if link.declared_at else 0


def _domain_names(device: Device) -> str:
    return "/".join(domain.name for domain in device.domains)
