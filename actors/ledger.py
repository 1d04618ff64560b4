"""The ledger: what became of every reading of every wire, put together from all devices' reports.

`accepted == delivered + sum(dropped) + in_flight`, in readings. A wire's two ends and the devices
between them count on their own; here their figures meet. They are of different moments, so the
equation is promised at rest only. Reasons reported on the way explain gaps in the numbers at the
target and are never added to them.
"""

from collections.abc import Mapping
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


@dataclass
class OnTheWay:
    """What all devices say of one wire's readings that are not theirs: any may lie on a detour."""

    lost: list[tuple[str, int]] = field(default_factory=list)
    held: int = 0


def accounts(plan: Plan, reports: Mapping[str, DeviceReport]) -> dict[int, WireAccount]:
    """The accounts of all wires, by number, from the last reports of all devices."""
    between = {number: OnTheWay() for number in plan.wires}
    for path in sorted(reports):
        figures = reports[path].figures
        for number, reason, readings in figures.get("lost", ()):
            if number in between:
                between[number].lost.append((reason, readings))
        for number, readings in figures.get("held", ()):
            if number in between:
                between[number].held += readings
    return {
        number: _account(wire, reports, between[number]) for number, wire in plan.wires.items()
    }


def account(wire: WirePlan, reports: Mapping[str, DeviceReport]) -> WireAccount:
    """The account of one wire."""
    between = OnTheWay()
    for path in sorted(reports):
        figures = reports[path].figures
        lost, held = figures.get("lost", ()), figures.get("held", ())
        between.lost += [(row[1], row[2]) for row in lost if row[0] == wire.number]
        between.held += sum(row[1] for row in held if row[0] == wire.number)
    return _account(wire, reports, between)


def _account(
    wire: WirePlan, reports: Mapping[str, DeviceReport], between: OnTheWay
) -> WireAccount:
    made = WireAccount()
    source = reports.get(wire.source.rsplit("/", 1)[0], DeviceReport())
    target = reports.get(wire.target.rsplit("/", 1)[0], DeviceReport())
    local = target.ends.get((wire.number, LOCAL))
    if local is not None:
        _, _, made.accepted, made.delivered, made.in_flight, dropped = local[:6]
        made.dropped = dict(dropped)
        made.p50_us, made.p99_us = local[8:10]
        return made
    sent = arrived = missing = 0
    row = source.ends.get((wire.number, SOURCE))
    if row is not None:
        _, _, made.accepted, sent, made.in_flight, dropped = row[:6]
        _add(made, dropped)
    row = target.ends.get((wire.number, TARGET))
    if row is not None:
        _, _, arrived, made.delivered, waiting, dropped, missing = row[:7]
        # What could not be decoded never reached the queue, yet its numbers were seen.
        arrived += dropped.get("undecodable", 0)
        made.in_flight += waiting
        _add(made, dropped)
        made.p50_us, made.p99_us = row[8:10]
    # A source that died may have sent more than it last reported.
    unseen = max(0, sent - arrived - missing)
    made.accepted += max(0, arrived + missing - sent)
    held = min(unseen, between.held)
    made.in_flight += held
    gap = missing + unseen - held
    for reason, readings in between.lost:
        known = min(gap, readings)
        made.drop(reason, known)
        gap -= known
    made.unexplained = gap
    return made


def _add(made: WireAccount, dropped: Mapping[str, int]) -> None:
    for reason in sorted(dropped):
        made.drop(reason, dropped[reason])
