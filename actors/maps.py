"""The map of a site on its way to the routers: under which version, signed, and when a new one.

One router gets it; routers give it to each other.
"""

from collections.abc import Callable
from typing import Any

from actors.accel import codec
from actors.costs import Costs
from mp_actors.news import digest

Error = tuple[str, str] | None  # (kind, text); see `mp_actors.control`
Ask = Callable[[str, str, list[Any], Callable[[Error, Any], None]], None]


class Maps:
    """The map that is in force.

    `ask(path, kind, arguments, then)` asks a router; `sign` signs; `keep()` is called before a new
    version is told to anybody. `router`: path of the one that gets it, "" before it is known.
    """

    def __init__(
        self,
        route_map: dict[str, Any],
        version: int,
        ask: Ask,
        sign: Callable[[bytes], bytes] | None,
        keep: Callable[[], None],
    ) -> None:
        self.version = version
        self.router = ""
        self._route_map = route_map
        self._costs = Costs(route_map)
        self._ask, self._sign, self._keep = ask, sign, keep

    def give(self, then: Callable[[Error], None]) -> None:
        """Give the map to the router, under a version above the one it has."""

        def known(error: Error, version: Any) -> None:
            if error is None and type(version) is not int:
                error = ("failed", f"{self.router}: says that its map is {version!r:.40}")
            if error is not None:
                then(error)
                return
            self.version = max(self.version, version) + 1
            self._keep()
            encoded = codec.encode({**self._route_map, "version": self.version})
            arguments = [encoded, digest(encoded)]
            if self._sign is not None:
                arguments.append(self._sign(encoded))
            self._ask(self.router, "map", arguments, lambda refused, _value: then(refused))

        self._ask(self.router, "version", [], known)

    def changed(self, round_trips_ms: Any) -> str:
        """What delays have changed for good, in words, "" for none; the map is another one then."""
        changed = self._costs.look(round_trips_ms)
        if changed:
            self._route_map = self._costs.applied_to(self._route_map)
        return ", ".join(f"link {link} {cost_us / 1000:g} ms" for link, cost_us in changed.items())
