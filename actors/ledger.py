"""The ledger: what became of every reading of every wire, put together from all devices' reports.

`accepted == delivered + sum(dropped) + in_flight`, in readings. A wire's two ends and the devices
between them count on their own; here their figures meet. They are of different moments, so the
equation is promised at rest only. Reasons reported on the way explain gaps in the numbers at the
target and are never added to them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.plan import Plan, WirePlan
from mp_actors.system import LOCAL, SOURCE, TARGET


@dataclass
class DeviceReport:
    """The last thing a device said. `heard_s`: when, by the controller's clock; `rows_s`: when each
    row came, by an actor's name or a wire's end: reports come in pieces, and pieces are lost.
    """

    incarnation: int = 0
    heard_s: float | None = None
    reports: int = 0
    restarts: int = 0
    figures: dict[str, Any] = field(default_factory=dict)
    actors: dict[str, list[Any]] = field(default_factory=dict)
    ends: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    past_ends: dict[tuple[int, int], list[Any]] = field(default_factory=dict)
    past_lost: list[list[Any]] = field(default_factory=list)
    rows_s: dict[Any, float] = field(default_factory=dict)

    def begin_anew(self, kept: Collection[int] = ()) -> dict[int, int]:
        """The device was started again: what it counted before is closed.

        `kept`: wires whose source goes on counting where it was, from its disk. Returns {wire:
        readings that waited there}, and are gone.
        """
        going_on = {key: row for key, row in self.ends.items()
                    if key[1] == SOURCE and key[0] in kept}
        died = {key[0]: row[4] for key, row in self.ends.items() if row[4] and key not in going_on}
        for key, row in self.ends.items():
            if key in going_on:
                continue
            closed = _added(self.past_ends.get(key), [*row[:4], 0, dict(row[5]), *row[6:]])
            dropped = closed[5]
            if dropped.get("crash", 0) < 0:
                closed[2] -= dropped.pop("crash")  # in flash it had more than it last reported
            if row[4]:
                dropped["crash"] = dropped.get("crash", 0) + row[4]  # it waited there
            self.past_ends[key] = closed
        self.past_lost += self.figures.get("lost", ())
        self.ends = going_on
        self.actors = {}
        self.rows_s = {}
        self.restarts += 1
        return died

    def end(self, wire: int, end: int) -> list[Any] | None:
        """The row of a wire's end: of all starts of this device together."""
        past, row = self.past_ends.get((wire, end)), self.ends.get((wire, end))
        return past if row is None else _added(past, row)

    @property
    def lost(self) -> list[list[Any]]:
        """[wire, reason, readings] that ended here though this is not their target."""
        return [*self.past_lost, *self.figures.get("lost", ())]


@dataclass
class WireAccount:
    """One wire's account. `unexplained` readings are in no report yet: under way, or lost."""

    accepted: int = 0
    delivered: int = 0
    dropped: dict[str, int] = field(default_factory=dict)
    in_flight: int = 0
    unexplained: int = 0
    doubled: int = 0  # at most: sent again to a target that began anew, which may have had them
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
        for number, reason, readings in reports[path].lost:
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
        lost, held = reports[path].lost, figures.get("held", ())
        between.lost += [(row[1], row[2]) for row in lost if row[0] == wire.number]
        between.held += sum(row[1] for row in held if row[0] == wire.number)
    return _account(wire, reports, between)


def _account(
    wire: WirePlan, reports: Mapping[str, DeviceReport], between: OnTheWay
) -> WireAccount:
    made = WireAccount()
    source = reports.get(wire.source.rsplit("/", 1)[0], DeviceReport())
    target = reports.get(wire.target.rsplit("/", 1)[0], DeviceReport())
    local = target.end(wire.number, LOCAL)
    if local is not None:
        _, _, made.accepted, made.delivered, made.in_flight, dropped = local[:6]
        made.dropped = dict(dropped)
        made.p50_us, made.p99_us = local[8:10]
        return made
    sent = arrived = missing = acknowledged = waited = 0
    row = source.end(wire.number, SOURCE)
    is_one = wire.durable or not source.restarts  # row, of one count of all its readings
    if row is not None and wire.delivery == "reliable" and is_one:
        return _reliable_account(row, target.end(wire.number, TARGET))
    if row is not None:
        _, _, made.accepted, sent, made.in_flight, dropped, acknowledged, made.doubled = row[:8]
        dropped = dict(dropped)
        waited = dropped.pop("crash", 0)
        _add(made, dropped)
    row = target.end(wire.number, TARGET)
    if row is not None:
        _, _, arrived, made.delivered, waiting, dropped, missing = row[:7]
        if wire.delivery == "reliable":
            dropped = dict(dropped)
            arrived -= dropped.pop("crash", 0)  # it waited in a target that died, and comes again
        # What could not be decoded never reached the queue, yet its numbers were seen.
        arrived += dropped.get("undecodable", 0)
        made.in_flight += waiting
        _add(made, dropped)
        made.p50_us, made.p99_us = row[8:10]
    # What a reliable wire's source knows to be dealt with, though its target died with that figure.
    unreported = max(0, acknowledged - arrived)
    made.delivered += unreported
    arrived += unreported
    # A source that died may have sent more than it last reported, first of all what waited then.
    # Below zero: in its flash it had more than it last reported; see `mp_actors.spill`.
    unseen = max(0, sent - arrived - missing)
    beyond = max(0, arrived + missing - sent)
    made.accepted += max(0, beyond - waited)
    made.drop("crash", waited - beyond)
    held = min(unseen, between.held)
    made.in_flight += held
    gap = missing + unseen - held
    for reason, readings in between.lost:
        known = min(gap, readings)
        made.drop(reason, known)
        gap -= known
    made.unexplained = gap
    return made


def _reliable_account(row: list[Any], ending: list[Any] | None) -> WireAccount:
    """The account of a reliable wire whose source lives: what is not acknowledged is under way."""
    made = WireAccount()
    _, _, made.accepted, _, _, dropped, acknowledged, made.doubled = row[:8]
    made.in_flight = made.accepted - sum(dropped.values()) - acknowledged
    made.delivered = acknowledged
    _add(made, dropped)
    if ending is not None:
        dropped = dict(ending[5])
        dropped.pop("crash", None)  # it waited in a target that died, and was sent again
        known = min(acknowledged, sum(dropped.values()))  # some are not acknowledged yet
        made.delivered -= known
        for reason in sorted(dropped):
            made.drop(reason, min(known, dropped[reason]))
            known -= min(known, dropped[reason])
        made.p50_us, made.p99_us = ending[8:10]
    return made


def _add(made: WireAccount, dropped: Mapping[str, int]) -> None:
    for reason in sorted(dropped):
        made.drop(reason, dropped[reason])


def _added(past: list[Any] | None, row: list[Any]) -> list[Any]:
    """Two rows of one end, of two starts of its device; latencies are the later one's."""
    if past is None:
        return row
    figures = [old + new for old, new in zip(past[2:5], row[2:5], strict=True)]
    dropped = dict(past[5])
    for reason, readings in row[5].items():
        dropped[reason] = dropped.get(reason, 0) + readings
    gaps = [old + new for old, new in zip(past[6:8], row[6:8], strict=True)]
    return [*row[:2], *figures, dropped, *gaps, *row[8:]]
