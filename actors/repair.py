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

    Numbers of starts have no order, and what one has said may be held up on its way and come when
    the next is long there. An answer has: who was asked later than a start was known was there
    then, so it is that start or a later one.
    """

    def __init__(self, starts: Mapping[str, int] | None = None, is_later: bool = False) -> None:
        self.starts = dict(starts or {})
        self._is_later = is_later
        self._known_s: dict[str, float] = {}

    def is_present(self, path: str, start: int) -> bool:
        """Whether this is the start known; of another nobody can say whether it is over."""
        return self.starts.get(path) == start

    def can_be(self, path: str, start: int, asked_s: float) -> bool:
        """Whether this start, which has answered what was asked then, may be the present one."""
        return self.is_present(path, start) or asked_s >= self._known_s.get(path, asked_s)

    def is_news(self, path: str, start: int, now_s: float) -> bool:
        """Whether a device that was known has begun anew."""
        known = self.starts.get(path)
        if known == start:
            return False
        self.starts[path], self._known_s[path] = start, now_s
        return known is not None or self._is_later

    def quiet(self, reports: Mapping[str, DeviceReport], now_s: float) -> list[str]:
        """The devices to be asked whether they are still what they were."""
        return [
            path
            for path in sorted(self.starts)
            if (heard_s := reports[path].heard_s) is None or now_s - heard_s > QUIET_S
        ]
