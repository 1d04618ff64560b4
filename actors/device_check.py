"""Device check: whether the devices of a site make sense and can reach each other.

The half of `actors.check` that needs no pipeline: from a topology to problems, each at its line.
It reads declarations and contacts no device.
"""

from collections import deque

from actors.problems import Problems, SourceLine, is_above_zero, shown_value, suggestion
from actors.topology import BOARDS, PORT_FIRST, Device, Topology, parse_address

WATCHDOG_MS = range(2000, 600_001)  # a loop with nothing to do turns once a second

COUNT_MAX = 65535  # devices, links and wires are u16 on the wire, from 1


def check_devices(topology: Topology, problems: Problems) -> None:
    """Record what is wrong with devices and how they are linked."""
    for device in topology.devices:
        _check_values(device, problems)
    _check_unique(topology, problems)
    _check_reach(topology, problems)


def _check_values(device: Device, problems: Problems) -> None:
    """What was declared for one device makes sense by itself."""
    at, path = device.declared_at, device.path
    if device.board is not None and device.board not in BOARDS:
        problems.add(
            at,
            f"{path}: there is no board of kind {device.board!r}",
            expected="no board= for a worker, or one of: " + ", ".join(map(repr, BOARDS)),
            remedy=suggestion(str(device.board), BOARDS),
        )
    if device.is_board and device.is_router:
        problems.add(
            at,
            f"{path}: a board cannot forward for others yet",
            remedy="leave router=True out, or let a worker of this domain be the router",
        )
    if not isinstance(device.host, str) or not device.host or " " in device.host:
        problems.add_value(at, f"{path}: host", "'local' or the name of a machine", device.host)
    if device.memory_kb is not None and not is_above_zero(device.memory_kb):
        problems.add_value(at, f"{path}: memory_kb", "a number above 0", device.memory_kb)
    if device.watchdog_ms is None:
        return
    if not device.is_board:
        problems.add(
            at,
            f"{path}: only a board has a watchdog",
            remedy="leave watchdog_ms= out: a worker names whoever blocks it by itself",
        )
    elif type(device.watchdog_ms) is not int or device.watchdog_ms not in WATCHDOG_MS:
        expected = f"whole ms from {WATCHDOG_MS[0]} to {WATCHDOG_MS[-1]}"
        problems.add_value(at, f"{path}: watchdog_ms", expected, device.watchdog_ms)


def _check_unique(topology: Topology, problems: Problems) -> None:
    """Paths and addresses belong to one device each."""
    by_path: dict[str, Device] = {}
    by_endpoint: dict[tuple[str, int], Device] = {}
    for device in topology.devices:
        first = by_path.setdefault(device.path, device)
        if first is not device:
            problems.add(
                device.declared_at,
                f"two devices have the path {device.path}",
                got=f"the other is declared in line {first.declared_at.line}",
                remedy="give each its own name",
            )
        if device.address is None and device.is_board:
            continue  # a board dials its parents and listens nowhere
        endpoint = _checked_endpoint(device, problems)
        if endpoint and (other := by_endpoint.setdefault(endpoint, device)) is not device:
            shown = "{}:{}".format(*endpoint)
            problems.add(
                device.declared_at,
                f"{device.path} and {other.path} have the same address {shown}",
                got=f"without address= a device listens at its number + {PORT_FIRST}"
                if None in (device.address, other.address)
                else f"line {other.declared_at.line} gives it too",
                remedy="give one of them another: address='host:port'",
            )


def _checked_endpoint(device: Device, problems: Problems) -> tuple[str, int] | None:
    """Where a device listens; a bad address is recorded."""
    expected = "host:port, as in address='10.0.0.2:7400'"
    if device.address is None and not (isinstance(device.host, str) and device.host):
        return None  # said of the host already
    if device.address is not None and not isinstance(device.address, str):
        got = shown_value(device.address)
        problems.add(device.declared_at, f"{device.path}: bad address", expected=expected, got=got)
        return None
    try:
        host, port = device.endpoint
        parse_address(f"[{host}]:{port}")  # a number too high makes a port too high
    except ValueError as error:
        got = f"{device.address!r}: {error}" if device.address is not None else str(error)
        problems.add(device.declared_at, f"{device.path}: bad address", expected=expected, got=got)
        return None
    return ("127.0.0.1" if host == "localhost" else host), port


def _check_reach(topology: Topology, problems: Problems) -> None:
    """Record what the controller cannot reach. All others reach each other: it is on a router."""
    controller = _checked_controller(topology, problems)
    if controller is None or len(topology.devices) > COUNT_MAX:
        return
    neighbours = topology.neighbours()
    reached = _reached_from(controller, neighbours)
    for device in topology.devices:
        if device in reached:
            continue
        near = ", ".join(one.path for one in neighbours[device])
        problems.add(
            device.declared_at,
            f"no route leads from the controller on {controller.path} to {device.path}",
            expected="links over routers from one to the other",
            got=f"{device.path} is linked to {near or 'nothing'}",
            remedy=_reach_remedy(device),
        )


def _reach_remedy(device: Device) -> str:
    domain = device.domains[0]
    if not domain.mesh:
        return f"domain {domain.name!r} has mesh=False: declare its links with link()"
    if not any(one.is_router for one in domain.devices):
        return f"domain {domain.name!r} has no router: declare a worker in it"
    return f"let a worker of {domain.name!r} belong to a second domain too: also_in=[…]"


def _checked_controller(topology: Topology, problems: Problems) -> Device | None:
    """The router that holds the controller; if there is none, that is recorded."""
    place = topology.controller_place
    if place is None:
        if topology.controller_device is None:
            problems.add(
                topology.declared_at,
                "there is no worker for the controller",
                expected="at least one device without board= that forwards for others",
                got="only boards and leaves" if topology.devices else "no device",
                remedy="declare one: domain.device('desk')",
            )
        return topology.controller_device
    given, at = place
    device = topology.find(given)
    if device is None:
        add_unknown_device(problems, at, topology, given, "controller")
    elif not device.is_router:
        kind = "a board" if device.is_board else "a leaf (router=False)"
        routers = ", ".join(one.path for one in topology.devices if one.is_router)
        problems.add(
            at,
            f"{device.path} is {kind} and cannot hold the controller",
            expected="a worker that forwards for others, so that all of the site finds it",
            remedy=f"place it on one of: {routers}" if routers else "leave router=False out",
        )
        return None
    return device


def _reached_from(start: Device, neighbours: dict[Device, list[Device]]) -> set[Device]:
    """Every device a message from start can get to; only routers hand it on."""
    reached, waiting = {start}, deque([start])
    while waiting:
        device = waiting.popleft()
        if device.is_router:
            fresh = [one for one in neighbours[device] if one not in reached]
            reached.update(fresh)
            waiting.extend(fresh)
    return reached


def add_unknown_device(
    problems: Problems, at: SourceLine, topology: Topology, given: object, who: str
) -> None:
    """Record a place that is no device of this site; who says what wanted to be there."""
    paths = sorted(device.path for device in topology.devices)
    expected = "a device of this site, or its path: domain/device"
    if isinstance(given, Device):
        what = f"{who}: {given.path} is a device of another topology"
        problems.add(at, what, expected=expected)
    elif isinstance(given, str):
        by_name = [path for path in paths if path.partition("/")[2] == given.rpartition("/")[2]]
        meant = by_name[0] if len(by_name) == 1 else None
        remedy = f"did you mean {meant!r}?" if meant else suggestion(given, paths)
        what = f"{who}: there is no device {given!r}"
        problems.add(at, what, expected=expected, remedy=remedy)
    else:
        got = shown_value(given)
        problems.add(at, f"{who}: at= is no device", expected=expected, got=got)
