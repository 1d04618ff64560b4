"""Delivery: what a wire promises, and what it does when its target is slower than its source.

    fast >> slow                                the default: a stream that drops its oldest
    fast >> stream(slow, when_full="hold")      a stream that slows its source down
    probe >> stream(store, flash_kb=64)         a board keeps in flash what cannot leave
    meter >> reliable(bill)                     nothing that was taken is lost or doubled
    meter >> reliable(bill, durable=True)       not even when the source's device dies
    gauge >> latest(screen)                     only the newest value of each origin matters

Declared where the wire is drawn; the kernel keeps it (`mp_actors.full`).
"""

from typing import Any

from actors.problems import Problems, SourceLine, shown_value
from mp_actors import full

STREAM, LATEST, RELIABLE = "stream", "latest", "reliable"
WHEN_FULL = (full.DROP_OLDEST, full.DROP_NEWEST, full.HOLD, full.REFUSE)
FLASH_KB_MIN, FLASH_KB_MAX = 8, 1024  # two files of it; half of a usual board's


class Delivery:
    """A stage to the right of `>>`, and how readings get there."""

    def __init__(
        self,
        target: Any,
        kind: str = STREAM,
        when_full: str = full.DROP_OLDEST,
        durable: bool = False,
        flash_kb: int = 0,
    ) -> None:
        self.target = target
        self.kind = kind
        self.when_full = when_full
        self.durable = durable
        self.flash_kb = flash_kb

    def to(self, target: Any) -> "Delivery":
        """The same to another target."""
        return Delivery(target, self.kind, self.when_full, self.durable, self.flash_kb)

    def check(self, problems: Problems, at: SourceLine) -> None:
        """Record what is wrong with it, and go on with the default."""
        if self.kind == STREAM and self.when_full not in WHEN_FULL:
            problems.add(
                at,
                "when_full has a wrong value",
                expected="one of " + ", ".join(WHEN_FULL),
                got=shown_value(self.when_full),
            )
            self.when_full = full.DROP_OLDEST
        if type(self.durable) is not bool:
            problems.add(
                at,
                "durable has a wrong value",
                expected="True or False",
                got=shown_value(self.durable),
            )
            self.durable = False
        is_size = type(self.flash_kb) is int and FLASH_KB_MIN <= self.flash_kb <= FLASH_KB_MAX
        if self.flash_kb != 0 and not is_size:
            problems.add_value(
                at, "flash_kb", f"{FLASH_KB_MIN} to {FLASH_KB_MAX}", self.flash_kb
            )
            self.flash_kb = 0


def stream(target: Any, *, when_full: str = full.DROP_OLDEST, flash_kb: int = 0) -> Delivery:
    """In order, at most once, every gap known. when_full: drop-oldest, drop-newest, hold, refuse.

    With `hold` the source rests until there is room; with `refuse`, `emit` returns False.
    flash_kb: where a board begins the wire, so much of its flash keeps what cannot leave, in blocks
    of 64 readings, also while it is off; when_full is for when that is full, too.
    """
    return Delivery(target, STREAM, when_full, flash_kb=flash_kb)


def latest(target: Any) -> Delivery:
    """The newest value of each origin: while one waits, a newer one takes its place."""
    return Delivery(target, LATEST, full.REPLACE)


def reliable(target: Any, *, durable: bool = False) -> Delivery:
    """Nothing that `emit` took is lost, doubled or out of order while both ends live.

    When the target is behind, `emit` returns False and the reading is counted as `refused`.
    durable: readings are on the disk of the source's device before they leave it, and are sent
    again when that was killed and is back. Only from a worker, not from a board.
    """
    return Delivery(target, RELIABLE, full.REFUSE, durable)
