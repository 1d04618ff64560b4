"""What a person sees of a site: its devices, wires and plan. Pure: figures in, text out."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from actors import plan_view
from actors.plan import Plan

CAUSES_SHOWN = 20
EVENTS_SHOWN = 8
CUT_OFF_SHOWN = 4  # devices named; the rest is counted
WIDE_COLUMNS = 120  # of a screen that shows a wire in one line


def live(
    summary: Mapping[str, Any],
    rates: Mapping[tuple[str, str], float],
    events: list[str],
    left_s: float | None,
    width: int,
) -> RenderableType:
    """The live screen: head line, devices, wires, what happened last.

    `rates`: readings per second of each wire by its ends. `left_s`: None without an end in sight.
    `width`: columns of the screen.
    """
    up = [device["state"] == "up" for device in summary["devices"].values()]
    head = Text.assemble(
        (summary["site"], "bold"),
        f"   {summary['seconds']:.0f} s   {len(up)} devices, ",
        (f"{up.count(True)} up", "green" if all(up) else "yellow"),
        f"   {sum(rates.values()):.0f} readings/s   lost {_lost_in_all(summary)}",
        "" if left_s is None else f"   {left_s:.0f} s to go",
    )
    parts: list[RenderableType] = [head, devices(summary), wires(summary, rates, width)]
    for event in events[-EVENTS_SHOWN:]:
        parts.append(Text(event, style="dim", no_wrap=True, overflow="ellipsis"))
    return Group(*parts)


def devices(summary: Mapping[str, Any]) -> Table:
    """One row a device: what runs it, how old its figures are, what is wrong."""
    columns = ("device", "interpreter", "state", ">age", ">heap free", ">restarts", "address")
    table = _table(*columns, "note")
    for path, device in summary["devices"].items():
        age_s = device["age_s"]
        free = device["free_heap_bytes"]
        restarts = [one["restarts"] for actor, one in summary["actors"].items()
                    if actor.startswith(path + "/")]
        table.add_row(
            path,
            device["interpreter"] or "-",
            _shown_state(device),
            _shown_age(age_s),
            "-" if free is None else f"{free / 1024:.0f} KB",
            str(sum(restarts)),
            device["address"] or "dials only",
            _note(device),
        )
    return table


def wires(
    summary: Mapping[str, Any],
    rates: Mapping[tuple[str, str], float],
    width: int,
    with_ages: bool = False,
) -> Table:
    """One row a wire: rate, ages, what waits and what was lost; with how old these figures are."""
    columns = ["wire", ">hops", ">accepted", ">delivered", ">queue", ">p50 ms", ">p99 ms"]
    if rates:
        columns.insert(2, ">rate")
    if with_ages:
        columns.append(">age")
    table = _table(*columns, "lost")
    arrow = " → " if width >= WIDE_COLUMNS else "\n→ "
    for wire in summary["wires"]:
        latency = wire["latency_ms"]
        cells = [f"{wire['source']}{arrow}{wire['target']}", str(wire["hops"])]
        if rates:
            cells.append(f"{rates.get((wire['source'], wire['target']), 0):.1f}/s")
        cells += [str(wire[figure]) for figure in ("accepted", "delivered", "in_flight")]
        cells += [_shown_ms(latency["p50"]), _shown_ms(latency["p99"])]
        if with_ages:
            cells.append(_shown_age(wire["age_s"]))
        table.add_row(*cells, Text(_shown_losses(wire["dropped"]), style="red"))
    return table


def links(summary: Mapping[str, Any], with_ages: bool = False) -> Table:
    """One row a link: how it is carried and sealed, and what happened on it."""
    ages = [">age"] if with_ages else []
    table = _table("link", "transport", "seal", ">rtt ms", ">resumed", *ages, "refused")
    for link in summary["links"]:
        seal = link["seal"]
        table.add_row(
            " - ".join(link["between"]),
            link["transport"],
            Text(seal, style="yellow" if seal == "plain" else ""),
            _shown_ms(link["rtt_ms"]),
            str(link["resumed"]),
            *[_shown_age(link["age_s"]) for _ in ages],
            Text(_shown_losses(link["refused"]), style="red"),
        )
    return table


def final(
    summary: Mapping[str, Any], width: int, with_ages: bool = False
) -> RenderableType:
    """The summary at the end of a run, or of one that goes on; `width`: columns of the screen."""
    parts: list[RenderableType] = [
        devices(summary),
        wires(summary, {}, width, with_ages),
        links(summary, with_ages),
    ]
    for cause in summary["causes"][:CAUSES_SHOWN]:
        parts.append(Text(cause["cause"], style="yellow"))
        if cause["remedy"]:
            parts.append(Text(f"    {cause['remedy']}", style="dim"))
    more = len(summary["causes"]) - CAUSES_SHOWN
    if more > 0:
        parts.append(Text(f"and {more} more causes; --json has all", style="dim"))
    parts += [Text(problem, style="red") for problem in summary["problems"]]
    accepted = sum(wire["accepted"] for wire in summary["wires"])
    delivered = sum(wire["delivered"] for wire in summary["wires"])
    verdict = "ok" if summary["ok"] else "not ok"
    parts.append(
        Text(
            f"{verdict}: {summary['seconds']:.1f} s, {accepted} readings accepted on all wires, "
            f"{delivered} delivered, {_lost_in_all(summary)} lost",
            style="bold green" if summary["ok"] else "bold red",
        )
    )
    return Group(*parts)


def plan_tables(plan: Plan) -> RenderableType:
    """A plan for reading: who runs what and why, which way each wire takes, who forwards."""
    actors = _table("actor", "role", "class", "why there")
    for actor in plan.actors.values():
        actors.add_row(actor.path, actor.role, actor.code, actor.why)
    wires = _table(">wire", "from", "to", ">hops", "by way of")
    for wire in plan.wires.values():
        way = " → ".join(wire.way[1:-1]) or "neighbours" if len(wire.way) > 1 else "one device"
        wires.add_row(str(wire.number), wire.source, wire.target, str(wire.hops), way)
    devices = _table(">no.", "device", "domains", "runs", "configured by way of", "if it dies")
    for device in plan.devices.values():
        kind = device.board or "cpython"
        place = "controller" if device.path == plan.controller else ""
        way = " → ".join(plan.ways[device.path][1:-1]) or place or "directly"
        domains = ", ".join(domain.name for domain in device.domains)
        runs = f"{kind}, router" if device.is_router else kind
        alone = cut_off(plan.cut_sets.get(device.path, ()))
        devices.add_row(str(device.number), device.path, domains, runs, way, alone)
    return Group(devices, actors, wires, *plan_view.lines(plan.placement))


def plan_values(planned: Plan) -> dict[str, Any]:
    """A plan in plain values, for --json."""
    return {
        "site": planned.site,
        "controller": planned.controller,
        "cut_sets": {path: list(lost) for path, lost in planned.cut_sets.items()},
        "devices": {
            path: {"number": device.number, "router": device.is_router, "board": device.board}
            for path, device in planned.devices.items()
        },
        "actors": {
            path: {"role": actor.role, "class": actor.code, "why": actor.why}
            for path, actor in planned.actors.items()
        },
        "wires": [
            {
                "source": wire.source,
                "target": wire.target,
                "delivery": wire.delivery,
                "hops": wire.hops,
                "way": list(wire.way),
            }
            for wire in planned.wires.values()
        ],
        "placement": plan_view.values(planned),
        "routes": planned.route_map,
    }


def keys(rows: Any) -> Table:
    """What has become of each device's keys."""
    table = _table("device", "keys", "epoch", "links")
    for row in rows:
        table.add_row(row.path, row.state, str(row.epoch or ""), row.links)
    return table


def cut_off(paths: Sequence[str]) -> str:
    """Who is cut off from the controller, in a few words; empty for nobody."""
    if not paths:
        return ""
    names = ", ".join(paths[:CUT_OFF_SHOWN])
    more = "" if len(paths) <= CUT_OFF_SHOWN else f" and {len(paths) - CUT_OFF_SHOWN} more"
    return f"cuts off {names}{more}"


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold dim", padding=(0, 2, 0, 0))
    for column in columns:
        right = column.startswith(">")
        first = column == columns[0]
        table.add_column(
            column.lstrip(">"), justify="right" if right else "left", no_wrap=right or first
        )
    return table


def _note(device: Mapping[str, Any]) -> Text:
    """What a person should know of a device, the worst first."""
    notes = []
    if device["state"] == "cut off":
        notes.append(f"{device['cut_off_by']} is gone")
    if device["safe_mode"]:
        notes.append("safe mode")
    broken = sum(device["link_errors"].values())
    if broken:
        notes.append(f"{broken} links closed for bad bytes")
    style = "red" if notes else ""
    if device["tap"]:
        notes.append(f"tap {device['tap']}")
    return Text(", ".join(notes), style=style)


def _shown_state(device: Mapping[str, Any]) -> Text:
    """`up`, or how long nothing was heard of it."""
    state, age_s = device["state"], device["age_s"]
    if state == "up":
        return Text(state, style="green")
    is_timed = state in ("stale", "gone") and age_s is not None
    return Text(f"{state} {age_s:.0f} s" if is_timed else state, style="red")


def _shown_age(age_s: float | None) -> str:
    return "-" if age_s is None else f"{age_s:.1f} s"


def _shown_ms(latency_ms: float | None) -> str:
    return "-" if latency_ms is None else f"{latency_ms:.3f}"


def _shown_losses(dropped: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in sorted(dropped.items()))


def _lost_in_all(summary: Mapping[str, Any]) -> int:
    return sum(sum(wire["dropped"].values()) for wire in summary["wires"])
