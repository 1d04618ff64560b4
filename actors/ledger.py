"""The ledger: what became of every reading of every wire, put together from all devices' reports.

`accepted == delivered + sum(dropped) + in_flight`, in readings. A wire's two ends and the devices
between them count on their own; here their figures meet. They are of different moments, so the
equation is promised at rest only. Reasons reported on the way explain gaps in the numbers at the
target and are never added to them.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.plan import Plan, WirePlan
from mp_actors.system import LOCAL, SOURCE, TARGET


@dataclass
class DeviceReport:
    """The last thing a device said. `heard_s`: when, by the controller's clock."""

    incarnation: int = 0
    heard_s: float | None = None
    reports: int = 0
    restarts: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    actors: dict[str, list[Any]] = field(default_factory=dict)
    ends: dict[tuple[int, int], list[Any]] = field(default_factory=dict)


@dataclass
class WireAccount:
    """One wire's account. `unexplained` readings are in no report yet: under way, or lost."""

    accepted: int = 0
    delivered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    unexplained: int = 0
    p50_us: int | None = None
    p99_us: int | None = None

    @property
    def is_exact(self) -> bool:
        """Whether every accepted reading is accounted for."""
        return self.accepted == self.delivered + sum(self.dropped.values()) + self.in_flight

    def close(self, reason: str) -> None:
        """End the account: what is still in flight is `expired`, the unexplained has a reason."""
        self.drop("expired", self.in_flight)
        self.in_flight = 0
        self.drop(reason, self.unexplained)
        self.unexplained = 0

    def drop(self, reason: str, readings: int) -> None:
        """Add to the readings lost for this reason."""
        if readings > 0:
            self.dropped[reason] = self.dropped.get(reason, 0) + readings


def account(wire: WirePlan, reports: Mapping[str, DeviceReport]) -> WireAccount:
    """The account of one wire, from the last reports of the devices on its way."""
    devices = [reports[path] for path in wire.way if path in reports]
    ends = {end: row for report in devices for (number, end), row in report.ends.items()
            if number == wire.number}
    made = WireAccount()
    if LOCAL in ends:
        _, _, made.accepted, made.delivered, made.in_flight, dropped = ends[LOCAL][:6]
        made.dropped = dict(dropped)
        made.p50_us, made.p99_us = ends[LOCAL][8:10]
        return made
    sent = arrived = missing = 0
    if SOURCE in ends:
        _, _, made.accepted, sent, made.in_flight, dropped = ends[SOURCE][:6]
        _add(made, dropped)
    if TARGET in ends:
        _, _, arrived, made.delivered, waiting, dropped, missing = ends[TARGET][:7]
        # What could not be decoded never reached the queue, yet its numbers were seen.
        arrived += dropped.get("undecodable", 0)
        made.in_flight += waiting
        _add(made, dropped)
        made.p50_us, made.p99_us = ends[TARGET][8:10]
    # A source that died may have sent more than it last reported.
    unseen = max(0, sent - arrived - missing)
    made.accepted += max(0, arrived + missing - sent)
    held = min(unseen, sum(_held(wire.number, report) for report in devices))
    made.in_flight += held
    _explain(made, wire.number, missing + unseen - held, devices)
    return made


def accounts(plan: Plan, reports: Mapping[str, DeviceReport]) -> dict[int, WireAccount]:
    """The accounts of all wires, by number."""
    return {number: account(wire, reports) for number, wire in plan.wires.items()}


def _explain(
    made: WireAccount, number: int, gap: int, devices: Iterable[DeviceReport]
) -> None:
    """Give a gap the reasons that devices on the way reported, as far as they go."""
    for report in devices:
        for wire, reason, readings in report.figures.get("lost", ()):
            if wire == number:
                known = min(gap, readings)
                made.drop(reason, known)
                gap -= known
    made.unexplained = gap


def _held(number: int, report: DeviceReport) -> int:
    return sum(readings for wire, readings in report.figures.get("held", ()) if wire == number)


def _add(made: WireAccount, dropped: Mapping[str, int]) -> None:
    for reason in sorted(dropped):
        made.drop(reason, dropped[reason])
