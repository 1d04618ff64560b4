"""The simulated network: links between devices, and the connections on them.

A link is where latency, bandwidth and faults are; a connection is what two devices have dialled on
it. Cutting a link does what pulling a cable does: nobody is told, bytes stall, dials time out.
"""

from collections.abc import Callable
from typing import Any

from actors.sim.pipe import Pipe
from actors.sim.words import Station, World

LATENCY_US = 500  # of a link nobody said anything about: a local network's


class Link:
    """Two devices that can reach each other. `cut[0]`: nothing gets from a to b."""

    def __init__(self, number: int, a: Station, b: Station) -> None:
        self.number = number
        self.a = a
        self.b = b
        self.latency_us = LATENCY_US
        self.jitter_us = 0
        self.bytes_per_ms = 0.0  # 0: without limit
        # How many bytes a frame is longer than it is here, where payloads are only played.
        self.padding: Callable[[bytes], int] | None = None
        self.cut = [False, False]
        self.held = [False, False]
        self.connections: list[Connection] = []

    def declare(self, latency_ms: float | None, bandwidth_kbps: float | None) -> None:
        """Take what is known of it; None: it stays as it is. A bandwidth of 0 is no limit."""
        if latency_ms is not None:
            self.latency_us = round(latency_ms * 1000)
        if bandwidth_kbps is not None:
            self.bytes_per_ms = bandwidth_kbps / 8

    def carries(self, direction: int) -> bool:
        """Whether bytes get through in this direction, 0 from a to b."""
        return not (self.cut[direction] or self.held[direction])

    @property
    def is_whole(self) -> bool:
        """Whether a connection can be made."""
        return not (self.cut[0] or self.cut[1])

    def device_at(self, end: int) -> Station:
        """The device at end 0 or 1."""
        return self.b if end else self.a

    def transmission_us(self, size_bytes: int) -> int:
        """How long this many bytes occupy the link."""
        return round(size_bytes * 1000 / self.bytes_per_ms) if self.bytes_per_ms else 0

    def resume(self) -> None:
        """Let what was stalled go on, where it can."""
        for connection in self.connections:
            for direction, pipe in enumerate(connection.pipes):
                if self.carries(direction):
                    pipe.resume()


class Connection:
    """An established connection: two pipes, two ends."""

    def __init__(self, world: World, link: Link) -> None:
        self.link = link
        self._world = world
        self.pipes = (Pipe(world, link, 0), Pipe(world, link, 1))
        self.ends = (End(self, 0), End(self, 1))
        link.connections.append(self)

    def reset(self) -> None:
        """Break it: both ends are told at once, what is under way is lost."""
        for end in self.ends:
            end.is_broken = True
            end.device.wake(self._world.now_us)
        self.destroy()

    def destroy(self) -> None:
        """Neither end knows it any more: the readings in it are lost."""
        if self in self.link.connections:
            self.link.connections.remove(self)
            for pipe in self.pipes:
                self._world.destroyed(pipe.destroy())


class End:
    """One end: what a node takes for its link."""

    def __init__(self, connection: Connection, side: int) -> None:
        self.device = connection.link.device_at(side)
        self.other = connection.link.device_at(1 - side)
        self.name = f"simulated link to {self.other.path}"
        self.transport = "memory"
        self.address = self.other.path  # where it comes from: everybody has their own
        self.is_closed = False
        self.is_broken = False
        self.connection: Any = None  # of the node that has this end
        self.to: int | None = None  # whom this end dialled
        self._connection = connection
        self._out = connection.pipes[side]
        self.inlet = connection.pipes[1 - side]

    def write(self, data: bytes) -> int:
        """Send what the window takes. *Raises* OSError on a connection that was reset."""
        if self.is_broken:
            raise OSError("connection reset")
        return self._out.send(data, self.device.departure_us)

    def close(self) -> None:
        """Close this end; the other learns it behind everything that was sent."""
        if self.is_closed:
            return
        self.is_closed = True
        self._out.end(self.device.departure_us)
        self.device.forget(self)
        if all(end.is_closed or end.is_broken for end in self._connection.ends):
            self._connection.destroy()

    def abandon(self) -> None:
        """The device lost its power: nobody is told, and nobody answers any more."""
        self.is_closed = True
        self.device.forget(self)
        if all(end.is_closed or end.is_broken for end in self._connection.ends):
            self._connection.destroy()
