"""The summary of a run: plain values under stable keys, `summary.schema.json` in this package.

From the controller's status and the runner's processes to what `--json` writes and the tables show.
No view computes figures of its own. Keys are only ever added.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from actors.causes import causes
from actors.observer import STALE_S as GONE_S
from actors.plan import Plan

SCHEMA_FILE = Path(__file__).parent / "summary.schema.json"
STALE_S = 2.0  # reports missed: nobody knows how it is just now
LOST_ON_THE_WAY = ("crash", "link")  # reasons nobody reported: something broke


def summarise(
    plan: Plan,
    status: Mapping[str, Any],
    processes: Mapping[str, Mapping[str, Any]],
    problems: list[str],
    letters: Sequence[Mapping[str, Any]] = (),
    status_age_s: float = 0.0,
) -> dict[str, Any]:
    """Put together what is known of a run.

    `processes`: per device the runner's own `pid`, `address`, `tap` and `alive` (None: it did not
    start this one). `problems`: sentences about what went wrong outside the site's own reports.
    `letters`: dead letters of its devices. `status_age_s`: how long ago the controller told this.
    """
    status = _aged(status, status_age_s)
    devices = {path: _device(path, status, processes) for path in sorted(plan.devices)}
    wires = [_wire(plan, row) for row in status.get("wires", ())]
    for told in ("failures", "waiting", "troubles"):
        problems = [*problems, *status.get(told, ())]
    broken = [wire for wire in wires if any(wire["dropped"].get(one) for one in LOST_ON_THE_WAY)]
    all_good = status.get("ready", False) and not problems and not broken
    return {
        "ok": bool(all_good and all(device["alive"] for device in devices.values())),
        "site": plan.site,
        "seconds": status.get("seconds", 0.0),
        "devices": devices,
        "wires": wires,
        "links": status.get("links", []),
        "actors": status.get("actors", {}),
        "problems": problems,
        "causes": causes(plan, status, letters),
        "dead_letters": list(letters),
    }


def closed(plan: Plan, status: dict[str, Any]) -> dict[str, Any]:
    """A last status with its accounts closed: nothing is in flight any more.

    What still was is `expired`; readings in nobody's report died with a device (`crash`) or on a
    connection (`link`).
    """
    wires = []
    for row in status.get("wires", ()):
        way = plan.wires[row["wire"]].way
        devices = [status["devices"][path] for path in way]
        died = any(not device["alive"] or device["restarts"] for device in devices)
        dropped = dict(row["dropped"])
        for reason, readings in (
            ("expired", row["in_flight"]),
            ("crash" if died else "link", row["unexplained"]),
        ):
            if readings:
                dropped[reason] = dropped.get(reason, 0) + readings
        wires.append({**row, "dropped": dropped, "in_flight": 0, "unexplained": 0})
    return {**status, "wires": wires}


def write(summary: Mapping[str, Any], file: Path) -> None:
    """Write a summary as JSON, or to standard output for `-`."""
    text = json.dumps(summary, indent=2, sort_keys=False) + "\n"
    if str(file) == "-":
        print(text, end="")
    else:
        file.write_text(text, encoding="utf-8")


def _device(
    path: str, status: Mapping[str, Any], processes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    told = status.get("devices", {}).get(path, {})
    process = processes.get(path, {})
    pid = process.get("pid")
    runs = process.get("alive")
    return {
        "interpreter": told.get("interpreter"),
        "pid": told.get("pid") if pid is None else pid,
        "address": process.get("address"),
        "tap": process.get("tap"),
        "free_heap_bytes": told.get("free_heap_bytes"),
        "alive": bool(told.get("alive", False) and runs is not False),
        "state": _state(told, runs),
        "age_s": told.get("age_s"),
        "cut_off_by": told.get("cut_off_by"),
        "restarts": told.get("restarts", 0),
        "link_errors": told.get("link_errors", {}),
        "maps_refused": told.get("maps_refused", {}),
        "control_lost": told.get("control_lost", {}),
        "refused": told.get("refused", {}),
        "safe_mode": told.get("safe_mode", False),
    }


def _aged(status: Mapping[str, Any], by_s: float) -> Mapping[str, Any]:
    """A status that is so old: all its figures are, and who is not heard is not alive."""
    if not status or by_s == 0:
        return status

    def older(one: Mapping[str, Any]) -> dict[str, Any]:
        age_s = one.get("age_s")
        return {**one, "age_s": None if age_s is None else age_s + by_s}

    devices = {path: older(one) for path, one in status["devices"].items()}
    for device in devices.values():
        device["alive"] = device["alive"] and device["age_s"] <= GONE_S
    return {
        **status,
        "devices": devices,
        "actors": {path: older(one) for path, one in status["actors"].items()},
        "wires": [older(one) for one in status["wires"]],
        "links": [older(one) for one in status["links"]],
    }


def _state(told: Mapping[str, Any], runs: bool | None) -> str:
    """up, stale, cut off, gone or not heard yet: what nobody was told of lately is not up."""
    if told.get("age_s") is None:
        return "not heard yet"
    if runs is False or not told["alive"]:
        return "cut off" if runs is not False and told.get("cut_off_by") else "gone"
    return "stale" if told["age_s"] > STALE_S else "up"


def _wire(plan: Plan, row: Mapping[str, Any]) -> dict[str, Any]:
    wire = plan.wires[row["wire"]]
    return {
        "source": wire.source,
        "target": wire.target,
        "delivery": wire.delivery,
        "accepted": row["accepted"],
        "delivered": row["delivered"],
        "dropped": row["dropped"],
        "in_flight": row["in_flight"],
        "doubled": row.get("doubled", 0),
        "hops": wire.hops,
        "latency_ms": {"p50": _milliseconds(row["p50_us"]), "p99": _milliseconds(row["p99_us"])},
        "age_s": row.get("age_s"),
    }


def _milliseconds(microseconds: float | None) -> float | None:
    return None if microseconds is None else round(microseconds / 1000, 3)
