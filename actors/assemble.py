"""Puts a device's node together: the same for a process, and for a device of a simulation."""

from collections.abc import Callable
from typing import Any

from actors.awaiting import Patient
from actors.burst import Burst
from actors.controller import REPORT_MS, Controller
from actors.keeper import Keeper
from actors.loopwatch import LoopWatch
from actors.plan import Plan
from actors.state import State, StateFile
from actors.store import Store
from actors.topology import Device
from mp_actors import loader
from mp_actors.errors import Refused
from mp_actors.guard import Guard
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.router import Router
from mp_actors.system import System


class Worker(Node):
    """The node of a worker, some of whose handlers may wait; in virtual time none does."""

    scheduler_type = Patient


class WorkerSystem(System):
    """The node actor of a worker: its reports say who blocked it, and it can try out its links."""

    def __init__(self, node: Node, pid: int | None, make: Any, loop_watch: LoopWatch) -> None:
        super().__init__(node, pid, make)
        self._loop_watch = loop_watch
        self._bursts: dict[int, Burst] = {}

    def on_explain(self, kind: str, *args: Any) -> Any:
        """As any device does; "burst", number: the bytes a second that get through to a neighbour,
        None as long as that is being tried.
        """
        if kind != "burst" or len(args) != 1 or type(args[0]) is not int:
            return super().on_explain(kind, *args)
        burst = self._bursts.get(args[0])
        if burst is None:
            burst = self._bursts[args[0]] = Burst(self.node, args[0])
        if burst.is_over:
            del self._bursts[args[0]]
        if burst.failed:
            raise Refused(burst.failed)
        return burst.bytes_per_s

    def device(self) -> dict[str, Any]:
        """The device as a map."""
        blocked = self._loop_watch.rows()
        return {**super().device(), "blocked": blocked} if blocked else super().device()


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
    loop_watch: LoopWatch | None = None,
    store: Any = None,
) -> Node:
    """The node of a device, with the actors the runtime itself has there.

    `parents`: numbers of the routers a leaf uses. `maker(class_name, arguments)` gives what makes
    an actor. `pid`: of the process, by default this one's. `loop_watch`: of a real worker, whose
    handlers may wait. `store`: its disk, where it has one: a worker's `Store`, or what a simulated
    board has for flash; see `mp_actors.backlog.Folder`.
    """

    def forwarder(node: Node) -> Router | Leaf:
        return Router(node) if device.is_router else Leaf(node, parents)

    limits = Limits(device.is_board)
    node_type = Node if loop_watch is None else Worker
    node = node_type(
        device.path, device.number, clock, codec, draw, limits, forwarder, log, guard
    )
    if isinstance(store, Store):
        node.wires.keeper = Keeper(node, store)
    else:
        node.wires.flash = store
    system = (
        System(node, pid, maker)
        if loop_watch is None
        else WorkerSystem(node, pid, maker, loop_watch)
    )
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
