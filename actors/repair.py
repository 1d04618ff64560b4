"""Repair: which devices have begun anew, with nothing of before, and so have to be told everything.

Told by the number each start of a device has: it comes with every report, and with the answer to
`watch`, which a device that is not heard is asked again and again. Pure; the controller asks.
"""

from collections.abc import Mapping

from actors.ledger import DeviceReport

QUIET_S = 0.75  # a report is missed: perhaps nobody there knows any more who is to be told


class Repair:
    """The starts of all devices, as far as they are known.

    `starts`: {path: number}, those an earlier controller knew. `is_later`: there was one; a device
    it did not know may have been started since.
    """

    def __init__(self, starts: Mapping[str, int] | None = None, is_later: bool = False) -> None:
        self.starts = dict(starts or {})
        self._is_later = is_later
        self._past: set[tuple[str, int]] = set()

    def is_news(self, path: str, start: int) -> bool:
        """Whether a device that was known has begun anew."""
        known = self.starts.get(path)
        self.starts[path] = start
        if known is None:
            return self._is_later
        if known != start:
            self._past.add((path, known))
        return known != start

    def is_past(self, path: str, start: int) -> bool:
        """Whether this comes from a start that is over: it was held up on its way."""
        return (path, start) in self._past

    def quiet(self, reports: Mapping[str, DeviceReport], now_s: float) -> list[str]:
        """The devices to be asked whether they are still what they were."""
        return [
            path
            for path in sorted(self.starts)
            if (heard_s := reports[path].heard_s) is None or now_s - heard_s > QUIET_S
        ]
