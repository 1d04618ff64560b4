"""What the controller has heard of its devices: reports in, ages, silences and accounts out.

Pure but for the clock that was handed in; it sends nothing. An older figure is never shown as the
present: whoever is not heard for three beats is silent.
"""

from collections.abc import Callable, Collection, Iterable
from typing import Any

from actors.ledger import DeviceReport, accounts
from actors.plan import Plan
from mp_actors.errors import Refused
from mp_actors.system import LOCAL, SOURCE, TARGET

# What the rows of a report say, from the third figure on; see `System.wires`.
SOURCE_FIGURES = (
    "accepted", "sent", "waiting", "dropped", "acknowledged", "repeated", "p50_us", "p99_us"
)
TARGET_FIGURES = (
    "accepted", "delivered", "waiting", "dropped", "missing", "late", "p50_us", "p99_us"
)

STALE_S = 6.0  # three missed beats


class Observer:
    """The last report of every device. `seconds()` is a clock that never jumps; `known`: the
    devices that an earlier controller has heard.
    """

    def __init__(
        self,
        plan: Plan,
        seconds: Callable[[], float],
        log: Callable[[str], None],
        known: Collection[str] = (),
    ) -> None:
        self.plan = plan
        self.reports = {path: DeviceReport() for path in plan.devices}
        self._seconds = seconds
        self._log = log
        self._silent: set[str] = set()
        self._known_s = dict.fromkeys(known, seconds())

    def take_device(self, path: str, figures: dict[str, Any]) -> None:
        """A device's own figures."""
        report = self.reports.get(path)
        if report is None:
            return
        self.began(path, figures["inc"])
        report.figures = figures
        report.heard_s = self._seconds()
        report.reports += 1

    def began(self, path: str, incarnation: int) -> dict[int, int]:
        """This start of a device is the present one; what another has counted is closed.

        Returns how many readings of which wires had waited there, but for those that may have
        waited in flash, and come again.
        """
        report, died = self.reports[path], {}
        if report.incarnation not in (0, incarnation):
            wires = self.plan.wires.values()
            died = report.begin_anew([wire.number for wire in wires if wire.durable])
            report.heard_s = self._seconds()
            kept = [wire.number for wire in wires
                    if wire.flash_bytes and wire.source.rsplit("/", 1)[0] == path]
            died = {number: count for number, count in died.items() if number not in kept}
        report.incarnation = incarnation
        return died

    def take_actors(self, path: str, rows: Iterable[list[Any]]) -> None:
        """Figures of some of a device's actors."""
        if path in self.reports:
            for row in rows:
                self.reports[path].actors[row[0]] = row
                self.reports[path].rows_s[row[0]] = self._seconds()

    def take_wires(self, path: str, rows: Iterable[list[Any]]) -> None:
        """Figures of some wire ends on a device."""
        if path in self.reports:
            for row in rows:
                self.reports[path].ends[row[0], row[1]] = row
                self.reports[path].rows_s[row[0], row[1]] = self._seconds()

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
                    "age_s": self._seconds() - self.reports[device].rows_s[name],
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
                "age_s": self._wire_age_s(number),
            }
            for number, made in sorted(accounts(self.plan, self.reports).items())
        ]

    def trace(self, number: int) -> dict[str, Any]:
        """What each device has told of one wire: its two ends, and what was lost or waits between.

        `source` is None for a wire within one device, and either end as long as nobody spoke of it.
        *Raises* Refused if there is no such wire.
        """
        wire = self.plan.wires.get(number)
        if wire is None:
            raise Refused(f"trace: there is no wire {number!r:.20}")
        ends = {}
        for name, actor, end, figures in (
            ("source", wire.source, SOURCE, SOURCE_FIGURES),
            ("target", wire.target, TARGET, TARGET_FIGURES),
            ("target", wire.target, LOCAL, TARGET_FIGURES),
        ):
            row = self.reports[actor.rsplit("/", 1)[0]].end(number, end)
            if row is not None:
                ends[name] = dict(zip(figures, row[2:], strict=True))
        places: dict[str, dict[str, Any]] = {}
        for path, report in sorted(self.reports.items()):
            lost: dict[str, int] = {}
            for _, reason, readings in (row for row in report.lost if row[0] == number):
                lost[reason] = lost.get(reason, 0) + readings
            held = sum(row[1] for row in report.figures.get("held", ()) if row[0] == number)
            if lost or held:
                places[path] = {"lost": lost, "held": held}
        account = next(row for row in self.wires() if row["wire"] == number)
        return {"source": None, "target": None, **ends, "places": places, "account": account}

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
                    "age_s": self._age_s(path),
                })
                link["age_s"] = min(link["age_s"], self._age_s(path))
                # Either end measures it. Who asks all its neighbours at once waits for all of them,
                # so the least of both says most of the link.
                if rtt_ms is not None and not self.is_silent(path):
                    known = link["rtt_ms"]
                    link["rtt_ms"] = rtt_ms if known is None else min(known, rtt_ms)
                link["resumed"] = max(link["resumed"], resumed)
        for path, report in self.reports.items():
            mine, met = self.plan.devices[path].number, _met(report.figures)
            for other, reason, times in report.figures.get("refused", ()):
                pair = (min(mine, other), max(mine, other))
                if other in met and pair in found:
                    refused = found[pair]["refused"]
                    refused[reason] = refused.get(reason, 0) + times
        return [found[pair] for pair in sorted(found)]

    def troubles(self) -> list[str]:
        """What a person should mend, by what devices say of themselves, in sentences."""
        told = []
        for path, report in sorted(self.reports.items()):
            for name, place, block_ms, times in report.figures.get("blocked", ()):
                often = f", {times} times" if times > 1 else ""
                told.append(
                    f"{path}/{name}: blocked its device for {block_ms / 1000:.1f} s ({place})"
                    f"{often}; what takes long belongs into async def and await offload(…)"
                )
            if resets := report.figures.get("safe"):
                told.append(
                    f"{path}: is in safe mode, without its actors: {resets} resets in a row while "
                    "it carried out its orders; change the classes or arguments of its actors, or "
                    "leave one out"
                )
        return told

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
            "age_s": self._age_s(path),
            "cut_off_by": self._cut_off_by(path, self._silent) if path in self._silent else None,
            "restarts": report.restarts,
            "link_errors": figures.get("link_errors", {}),
            "maps_refused": figures.get("maps_refused", {}),
            "control_lost": figures.get("control", {}),
            "refused": refused,
            "safe_mode": bool(figures.get("safe")),
        }

    def _age_s(self, path: str) -> float | None:
        heard_s = self.reports[path].heard_s
        return None if heard_s is None else self._seconds() - heard_s

    def _wire_age_s(self, number: int) -> float | None:
        """The age of the older of its two ends' figures."""
        wire = self.plan.wires[number]
        heard_s = [
            self.reports[actor.rsplit("/", 1)[0]].rows_s.get((number, end))
            for actor, end in ((wire.source, SOURCE), (wire.target, TARGET), (wire.target, LOCAL))
        ]
        known = [one for one in heard_s if one is not None]
        return self._seconds() - min(known) if known else None

    def is_silent(self, path: str) -> bool:
        """Whether a device that was heard, by whichever controller, is not any more."""
        heard_s = self.reports[path].heard_s
        if heard_s is None:
            heard_s = self._known_s.get(path)
        return heard_s is not None and self._seconds() - heard_s > STALE_S

    def _cut_off_by(self, path: str, silent: set[str]) -> str | None:
        """The silent device whose end cut this one off, the nearest to the controller."""
        cutters = [one for one in silent if path in self.plan.cut_sets.get(one, ())]
        return min(cutters, key=lambda one: (len(self.plan.ways[one]), one), default=None)


def _met(figures: dict[str, Any]) -> set[int]:
    """The neighbours with which a device ever had a connection, by its own report."""
    return {row[0] for row in figures.get("peers", ())}
