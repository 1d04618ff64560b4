"""One simulated device: its node, its clock, its dialling, and the time its handlers take.

A device is a turn now and then: read what has arrived, step the node, sleep until the node's next
deadline or the next arrival. What a person's handler costs keeps it from its next turn.
"""

from collections.abc import Callable
from typing import Any

from actors.sim.network import Connection, End, Link
from actors.sim.words import World
from mp_actors.node import Node
from mp_actors.redial import TIMEOUT_MS, Redial
from mp_actors.ticks import WRAP_MS

SITE_EPOCH_US = 1_700_000_000_000_000  # site time when a simulation begins


class Clock:
    """A device's clocks. `offset_ms` shifts ticks, so that their wrap can be met; `jump_us` is how
    far its idea of site time is off.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.offset_ms = 0
        self.jump_us = 0

    def ticks_ms(self) -> int:
        """Milliseconds, modulo `WRAP_MS`."""
        return (self._world.now_us // 1000 + self.offset_ms) % WRAP_MS

    def site_us(self) -> int:
        """Microseconds since 1970, as this device believes."""
        return SITE_EPOCH_US + self._world.now_us + self.jump_us

    def shift(self, by_us: int) -> None:
        """Set site time forward, or back, as its node has learned from a neighbour."""
        self.jump_us += by_us


class SimDevice:
    """A device. `node` is None while it is crashed; `make` gives it a new one.

    `speed`: 1.0 is a worker; half of it makes every handler take twice as long. `greeting_us`: what
    a worker would work for one greeting, at either end; none by default, for links are plain here.
    """

    def __init__(self, world: World, path: str, make: Callable[["SimDevice"], Node]) -> None:
        self.world = world
        self.path = path
        self.clock = Clock(world)
        self.node: Node | None = None
        self.frozen = False
        self.speed = 1.0
        self.greeting_us = 0.0
        self.charged_us = 0.0
        self.worked_us = 0.0  # in all turns so far
        self.dials: list[Dial] = []
        self._make = make
        self._greeting: list[Dial] = []
        self._ends: list[End] = []
        self._fresh: list[End] = []
        self._busy_until_us = 0
        self._wake_us: int | None = None

    @property
    def departure_us(self) -> int:
        """When what is written now leaves: after the work that produced it."""
        return self.world.now_us + round(self.charged_us)

    def start(self) -> None:
        """Boot, with nothing of before."""
        self.node = self._make(self)
        self.frozen = False
        self._busy_until_us = 0
        for dial in self.dials:
            dial.begin()
        self.wake(self.world.now_us)

    def crash(self, power_lost: bool) -> Node | None:
        """End at once. A killed process's connections are closed for it; a dead board's are not."""
        node, self.node = self.node, None
        self._wake_us = None
        for end in [*self._ends, *self._fresh]:
            if power_lost:
                end.abandon()
            else:
                end.close()
        self._ends, self._fresh, self._greeting = [], [], []
        for dial in self.dials:
            dial.end = None
        return node

    def wake(self, at_us: int) -> None:
        """Take a turn at that time, or earlier; not while it is busy."""
        now_us = self.world.now_us
        if at_us < self._busy_until_us:
            at_us = self._busy_until_us
        if at_us < now_us:
            at_us = now_us
        if self._wake_us is None or at_us < self._wake_us:
            self._wake_us = at_us
            self.world.at(at_us, self._turn)

    def connected(self, dial: "Dial", end: End) -> None:
        """A dial has succeeded."""
        self._greeting.append(dial)
        self.accept(end)

    def accept(self, end: End) -> None:
        """A connection is there; the node greets at its next turn."""
        self._fresh.append(end)
        self.wake(self.world.now_us)

    def forget(self, end: End) -> None:
        """An end is closed."""
        for ends in (self._ends, self._fresh):
            if end in ends:
                ends.remove(end)
        for dial in self.dials:
            if dial.end is end:
                dial.lost()

    def charge(self, work_us: float) -> None:
        """A handler ran: the device is busy with it."""
        self.charged_us += work_us / self.speed

    def _turn(self) -> None:
        now_us = self.world.now_us
        if self._wake_us != now_us:
            return  # an earlier turn has taken its place
        self._wake_us = None
        if self.node is None or self.frozen:
            return
        if now_us < self._busy_until_us:
            self.wake(self._busy_until_us)
            return
        self.charged_us = 0.0
        if self._fresh:
            self._greet(self.node)
        more = self._read(self.node)
        wait_ms = self.node.step(self.clock.ticks_ms())
        if self._greeting:
            self._greeting = [dial for dial in self._greeting if dial.is_greeting()]
        self._busy_until_us = self.departure_us
        if self.node.is_ending:
            self.world.ended(self.path)
        elif wait_ms == 0 or more:
            self.wake(max(self._busy_until_us, now_us + 1))
        else:
            self.wake((now_us // 1000 + wait_ms) * 1000)
        self.worked_us += self.charged_us
        self.charged_us = 0.0

    def _greet(self, node: Node) -> None:
        fresh, self._fresh = self._fresh, []
        for end in fresh:
            self.charge(self.greeting_us)
            self._ends.append(end)
            end.connection = node.connected(end, end.to)

    def _read(self, node: Node) -> bool:
        """Hand over what has arrived. Returns whether something is left to read."""
        more = False
        for end in list(self._ends):
            inlet = end.inlet
            if inlet.inbox:
                node.received(end.connection, inlet.read())
                more = more or bool(inlet.inbox)
            elif inlet.is_ended:
                node.disconnected(end.connection, "the other end closed")
            if end.is_broken and not end.is_closed:
                node.disconnected(end.connection, "connection reset")
        return more


class Dial:
    """Keeps a connection from one device to another, by the rules every device dials by."""

    def __init__(self, device: SimDevice, link: Link) -> None:
        self.end: Any = None
        self._device = device
        self._link = link
        self._redial = Redial()

    def begin(self) -> None:
        """Dial now."""
        self._redial = Redial()
        self.end = None
        self._attempt(self._device.node)

    def is_greeting(self) -> bool:
        """Whether the neighbour is to greet yet: not before it has is it there."""
        if self.end is not None and self.end.connection.is_open:
            self._redial.connected()
            return False
        return self.end is not None

    def lost(self) -> None:
        """The connection has ended: dial again, when the other end wants to be."""
        end, self.end = self.end, None
        retry_ms = 0 if end.connection is None else end.connection.retry_ms
        if self._device.node is not None:
            self._later(self._device.node, retry_ms=retry_ms)

    def _later(self, node: Node | None, *, spent_us: int = 0, retry_ms: int = 0) -> None:
        world = self._device.world
        wait_ms = self._redial.wait_ms(world.chance.getrandbits(12), retry_ms)
        world.at(world.now_us + spent_us + wait_ms * 1000, lambda: self._attempt(node))

    def _attempt(self, node: Node | None) -> None:
        device, link = self._device, self._link
        if node is None or device.node is not node:
            return  # whoever wanted this is gone
        if device.frozen:
            self._device.world.at(device.world.now_us + 1_000_000, lambda: self._attempt(node))
            return
        if not link.is_whole:
            self._later(node, spent_us=TIMEOUT_MS * 1000)
            return
        world = device.world
        world.at(world.now_us + 2 * link.latency_us, lambda: self._answered(node))

    def _answered(self, node: Node) -> None:
        device, link = self._device, self._link
        if device.node is not node:
            return
        other = link.b if link.a is device else link.a
        if not link.is_whole or other.node is None:
            self._later(node)
            return
        connection = Connection(device.world, link)
        mine = 0 if link.a is device else 1
        self.end = connection.ends[mine]
        # A frozen process is connected too: its kernel answers for it.
        self.end.to = other.node.number
        device.connected(self, self.end)
        other.accept(connection.ends[1 - mine])
