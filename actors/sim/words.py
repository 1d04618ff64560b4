"""What the parts of a simulation have to know of each other, and no more."""

from collections.abc import Callable, Iterable
from random import Random
from typing import Any, Protocol


class World(Protocol):
    """Time, chance, and who keeps the books: `Sim`."""

    now_us: int
    chance: Random

    def at(self, time_us: int, event: Callable[[], None]) -> None: ...

    def trace(self, link: int, direction: int, chunk: bytes) -> None: ...

    def ended(self, path: str) -> None: ...

    def destroyed(self, readings: Iterable[bytes]) -> None: ...


class Station(Protocol):
    """A device, as links and connections see it."""

    path: str
    node: Any  # None while it is crashed

    @property
    def departure_us(self) -> int: ...

    def wake(self, at_us: int) -> None: ...

    def accept(self, end: Any) -> None: ...

    def forget(self, end: Any) -> None: ...


class Carrier(Protocol):
    """A link, as the bytes on it see it."""

    number: int
    latency_us: int
    jitter_us: int
    padding: Callable[[bytes], int] | None

    def carries(self, direction: int) -> bool: ...

    def transmission_us(self, size_bytes: int) -> int: ...

    def device_at(self, end: int) -> Station: ...
