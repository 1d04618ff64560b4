"""What the controller has heard of its devices: reports in, ages, silences and accounts out.

Pure but for the clock that was handed in; it sends nothing. An older figure is never shown as the
present: whoever is not heard for three beats is silent.
"""

from collections.abc import Callable, Iterable
from typing import Any

from actors.ledger import DeviceReport, accounts
from actors.plan import Plan

STALE_S = 6.0  # three missed beats


class Observer:
    """The last report of every device. `seconds()` is a clock that never jumps."""

    def __init__(
        self, plan: Plan, seconds: Callable[[], float], log: Callable[[str], None]
    ) -> None:
        self.plan = plan
        self.reports = {path: DeviceReport() for path in plan.devices}
        self._seconds = seconds
        self._log = log
        self._silent: set[str] = set()

    def take_device(self, path: str, figures: dict[str, Any]) -> None:
        """A device's own figures."""
        report = self.reports.get(path)
        if report is None:
            return
        self.began(path, figures["inc"])
        report.figures = figures
        report.heard_s = self._seconds()
        report.reports += 1

    def began(self, path: str, incarnation: int) -> None:
        """This start of a device is the present one; what another has counted is closed."""
        report = self.reports[path]
        if report.incarnation not in (0, incarnation):
            report.begin_anew()
            report.heard_s = self._seconds()
        report.incarnation = incarnation

    def take_actors(self, path: str, rows: Iterable[list[Any]]) -> None:
        """Figures of some of a device's actors."""
        if path in self.reports:
            for row in rows:
                self.reports[path].actors[row[0]] = row

    def take_wires(self, path: str, rows: Iterable[list[Any]]) -> None:
        """Figures of some wire ends on a device."""
        if path in self.reports:
            for row in rows:
                self.reports[path].ends[row[0], row[1]] = row

    def look_for_silence(self) -> None:
        """Say which device is gone, and whom it has cut off."""
        silent = {path for path in self.plan.devices if self.is_silent(path)}
        for path in sorted(silent - self._silent):
            lost = self.plan.cut_sets.get(path, ())
            if self._cut_off_by(path, silent) is None:
                told = f"; cut off with it: {', '.join(lost)}" if lost else ""
                self._log(f"{path} is silent for {STALE_S:g} s{told}")
        for path in sorted(self._silent - silent):
            self._log(f"{path} is heard again")
        self._silent = silent

    def round_trips_ms(self) -> dict[tuple[int, int], float]:
        """{(device, neighbour): round trip} by numbers, as far as they were measured lately."""
        return {
            (self.plan.devices[path].number, neighbour): rtt_ms
            for path, report in self.reports.items()
            if report.heard_s is not None and not self.is_silent(path)
            for neighbour, rtt_ms, *_ in report.figures.get("peers", ())
            if rtt_ms is not None
        }

    def devices(self) -> dict[str, dict[str, Any]]:
        """What is known of each device, in plain values."""
        return {path: self._device(path) for path in sorted(self.plan.devices)}

    def actors(self) -> dict[str, dict[str, Any]]:
        """What is known of each actor, by path."""
        found = {}
        for path in sorted(self.plan.actors):
            device, name = path.rsplit("/", 1)
            row = self.reports[device].actors.get(name)
            if row is not None:
                _, failures, restarts, is_down, error = row
                found[path] = {
                    "failures": failures,
                    "restarts": restarts,
                    "down": is_down,
                    "last_error": error or None,
                }
        return found

    def wires(self) -> list[dict[str, Any]]:
        """The account of each wire, by number."""
        return [
            {
                "wire": number,
                "accepted": made.accepted,
                "delivered": made.delivered,
                "dropped": made.dropped,
                "in_flight": made.in_flight,
                "unexplained": made.unexplained,
                "doubled": made.doubled,
                "p50_us": made.p50_us,
                "p99_us": made.p99_us,
            }
            for number, made in sorted(accounts(self.plan, self.reports).items())
        ]

    def links(self) -> list[dict[str, Any]]:
        """What the two ends of each link say of it; those nobody speaks of are left out."""
        path_of = {device.number: path for path, device in self.plan.devices.items()}
        found: dict[tuple[int, int], dict[str, Any]] = {}
        for path, report in sorted(self.reports.items()):
            mine = self.plan.devices[path].number
            for other, rtt_ms, transport, seal, resumed in report.figures.get("peers", ()):
                if other not in path_of:
                    continue
                pair = (min(mine, other), max(mine, other))
                link = found.setdefault(pair, {
                    "between": [path_of[number] for number in pair],
                    "transport": transport,
                    "seal": seal,
                    "rtt_ms": None,
                    "resumed": 0,
                    "refused": {},
                })
                # Either end measures it; one that is heard is as good as the other.
                if rtt_ms is not None and not self.is_silent(path):
                    link["rtt_ms"] = rtt_ms
                link["resumed"] = max(link["resumed"], resumed)
        for path, report in self.reports.items():
            mine, met = self.plan.devices[path].number, _met(report.figures)
            for other, reason, times in report.figures.get("refused", ()):
                pair = (min(mine, other), max(mine, other))
                if other in met and pair in found:
                    refused = found[pair]["refused"]
                    refused[reason] = refused.get(reason, 0) + times
        return [found[pair] for pair in sorted(found)]

    def _device(self, path: str) -> dict[str, Any]:
        report = self.reports[path]
        figures = report.figures
        met = _met(figures)
        refused: dict[str, int] = {}
        for other, reason, times in figures.get("refused", ()):
            if other not in met:  # there is no link to tell it of
                refused[reason] = refused.get(reason, 0) + times
        return {
            "interpreter": figures.get("interpreter"),
            "pid": figures.get("pid"),
            "free_heap_bytes": figures.get("free"),
            "alive": report.heard_s is not None and not self.is_silent(path),
            "age_s": None if report.heard_s is None else self._seconds() - report.heard_s,
            "cut_off_by": self._cut_off_by(path, self._silent) if path in self._silent else None,
            "restarts": report.restarts,
            "link_errors": figures.get("link_errors", {}),
            "maps_refused": figures.get("maps_refused", {}),
            "control_lost": figures.get("control", {}),
            "refused": refused,
        }

    def is_silent(self, path: str) -> bool:
        """Whether a device that was heard is not any more."""
        heard_s = self.reports[path].heard_s
        return heard_s is not None and self._seconds() - heard_s > STALE_S

    def _cut_off_by(self, path: str, silent: set[str]) -> str | None:
        """The silent device whose end cut this one off, the nearest to the controller."""
        cutters = [one for one in silent if path in self.plan.cut_sets.get(one, ())]
        return min(cutters, key=lambda one: (len(self.plan.ways[one]), one), default=None)


def _met(figures: dict[str, Any]) -> set[int]:
    """The neighbours with which a device ever had a connection, by its own report."""
    return {row[0] for row in figures.get("peers", ())}
