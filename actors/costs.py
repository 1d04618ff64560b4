"""Link costs from measured round trips, with hysteresis: a map is news for every router.

Pure. A cost changes only when the median of the last delays is far from it, so that neither a spike
nor a flutter reaches the routers.
"""

from collections import deque
from collections.abc import Mapping
from statistics import median
from typing import Any

LOOKS = 5  # whose median counts
CHANGE_US = 2000  # a difference below that is noise
CHANGE_SHARE = 0.5  # of the present cost


class Costs:
    """The costs of a site's links, by number: those of the map, and those measured."""

    def __init__(self, route_map: Mapping[str, Any]) -> None:
        self.costs_us = {link: cost for link, _, _, cost in route_map["links"]}
        self._ends = {link: (a, b) for link, a, b, _ in route_map["links"]}
        for leaf, parents in route_map["leaves"]:
            for link, parent, cost in parents:
                self.costs_us[link] = cost
                self._ends[link] = (leaf, parent)
        self._delays_us: dict[int, deque[float]] = {}

    def look(self, round_trips_ms: Mapping[tuple[int, int], float]) -> dict[int, int]:
        """Take the last round trips, by (device, neighbour). Returns the costs that change now."""
        changed = {}
        for link, (a, b) in sorted(self._ends.items()):
            told = [round_trips_ms[ends] for ends in ((a, b), (b, a)) if ends in round_trips_ms]
            if not told:
                continue
            delays_us = self._delays_us.setdefault(link, deque(maxlen=LOOKS))
            delays_us.append(min(told) * 500)
            if len(delays_us) < LOOKS:
                continue
            delay_us, cost_us = median(delays_us), self.costs_us[link]
            if abs(delay_us - cost_us) > max(CHANGE_US, CHANGE_SHARE * cost_us):
                changed[link] = max(1, round(delay_us))
        self.costs_us.update(changed)
        return changed

    def applied_to(self, route_map: Mapping[str, Any]) -> dict[str, Any]:
        """The map with the present costs."""
        return {
            **route_map,
            "links": [
                [link, a, b, self.costs_us[link]] for link, a, b, _ in route_map["links"]
            ],
            "leaves": [
                [leaf, [[link, parent, self.costs_us[link]] for link, parent, _ in parents]]
                for leaf, parents in route_map["leaves"]
            ],
        }
