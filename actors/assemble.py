"""Puts a device's node together: the same for a process, and for a device of a simulation."""

from collections.abc import Callable
from typing import Any

from actors.controller import REPORT_MS, Controller
from actors.keeper import Keeper
from actors.plan import Plan
from actors.state import State, StateFile
from actors.store import Store
from actors.topology import Device
from mp_actors import loader
from mp_actors.guard import Guard
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.router import Router
from mp_actors.system import System


def make_node(
    device: Device,
    parents: list[int],
    *,
    clock: Any,
    codec: Any,
    draw: Callable[[], int],
    log: Callable[[str, str], None],
    pid: int | None = None,
    guard: Guard | None = None,
    maker: Callable[[str, dict[str, Any]], Callable[[], Any]] = loader.maker,
    store: Store | None = None,
) -> Node:
    """The node of a device, with the actors the runtime itself has there.

    `parents`: numbers of the routers a leaf uses. `maker(class_name, arguments)` gives what makes
    an actor. `pid`: of the process, by default this one's. `store`: its disk, where it has one.
    """

    def forwarder(node: Node) -> Router | Leaf:
        return Router(node) if device.is_router else Leaf(node, parents)

    limits = Limits(device.is_board)
    node = Node(
        device.path, device.number, clock, codec, draw, limits, forwarder, log, guard
    )
    if store is not None:
        node.wires.keeper = Keeper(node, store)
    system = System(node, pid, maker)
    node.scheduler.spawn(join(device.path, "node"), lambda: system)
    if device.is_router:
        node.scheduler.spawn(join(device.path, "router"), lambda: node.forwarder)
    return node


def add_controller(
    node: Node,
    plan: Plan,
    seconds: Callable[[], float],
    report_ms: int = REPORT_MS,
    sign: Callable[[bytes], bytes] | None = None,
    state_file: StateFile | None = None,
    state: State | None = None,
) -> Controller:
    """Put the controller on a node; it begins to roll the plan out, with maps that `sign` signs."""
    controller = Controller(node, plan, seconds, report_ms, sign, state_file, state)
    node.scheduler.spawn(join(node.path, "controller"), lambda: controller)
    return controller
