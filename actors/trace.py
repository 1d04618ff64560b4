"""A wire hop by hop: where its readings are, where they wait and where they were lost.

From what the controller was told of it and what each device on the way answers just now, to plain
values; `view` shows them. Pure but for `follow`, which asks. Counts are of the last reports, so
they add up: accepted == delivered + lost + waiting, where `unexplained` ones are under way or not
told of yet. What is of this moment (credit, next hop) has no part in the sum.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from actors.causes import why
from actors.plan import Plan, WirePlan
from mp_actors.errors import ActorsError

Hop = dict[str, Any]

# What a device answers; see `mp_actors.explain`.
SOURCE, TARGET, NEXT = 0, 1, 2
SOURCE_NOW = ("waiting", "bound", "credit", "stalled", "full")
TARGET_NOW = ("waiting", "bound", "rests", "full")


class Asker(Protocol):
    """Who asks; see `asking.Asked`."""

    plan: Plan

    def trace(self, number: int) -> dict[str, Any]: ...

    def explain(self, device: str, *words: object) -> Any: ...


def wires_of(plan: Plan, path: str) -> list[WirePlan]:
    """The wires into an actor, then those out of it; of a device, all that begin or end there."""

    def is_at(end: str) -> bool:
        return path in (end, end.rsplit("/", 1)[0])

    into = [wire for wire in plan.wires.values() if is_at(wire.target)]
    return into + [wire for wire in plan.wires.values() if is_at(wire.source) and wire not in into]


def follow(asker: Asker, status: Mapping[str, Any], wire: WirePlan) -> dict[str, Any]:
    """Walk one wire from its source to its target, as its readings would go just now."""
    told = asker.trace(wire.number)
    answers, way_now = _walk(asker, status, wire)
    ahead = [path for path in wire.way if path not in way_now]
    places = [path for path in told["places"] if path not in way_now and path not in ahead]
    target = wire.way[-1]
    order = [path for path in way_now if path != target] + [one for one in ahead if one != target]
    order += [*places, target] if len(wire.way) > 1 else []
    hops = [
        _hop(wire, path, status, told, answers.get(path), path in way_now)
        for path in order or [target]
    ]
    is_known = way_now[-1] == target and all(hop["answers"] for hop in hops if hop["is_on_way"])
    account = told["account"]
    found = {
        "wire": wire.number,
        "source": wire.source,
        "target": wire.target,
        "delivery": wire.delivery,
        "way_planned": list(wire.way),
        "way_now": way_now if is_known else None,
        "hops": hops,
        "account": {
            "accepted": account["accepted"],
            "delivered": account["delivered"],
            "lost": account["dropped"],
            "waiting": account["in_flight"],
            "unexplained": account["unexplained"],
            "age_s": account["age_s"],
        },
    }
    share(found)
    found["findings"] = _findings(asker.plan, wire, found, status)
    return found


def share(found: dict[str, Any]) -> None:
    """Give each hop its part of the account, so that what the hops show adds up to it.

    What a device tells may be more: a reading that is not acknowledged yet may have arrived, and
    reasons told on the way explain gaps that the target has counted. `lost_elsewhere`: what no hop
    has told of.
    """
    account = found["account"]
    waiting, lost = account["waiting"], dict(account["lost"])
    ends = [hop[end] for hop in found["hops"] for end in ("outbox", "inlet") if end in hop]
    for end in ends:
        end["waiting"] = min(waiting, end["waiting"])
        waiting -= end["waiting"]
    for hop in found["hops"]:  # what is nearer to the source has less probably arrived
        hop["held"] = min(waiting, hop["held"])
        waiting -= hop["held"]
        told = dict(hop["lost"])
        for end in ("outbox", "inlet"):
            for reason, readings in hop.get(end, {}).get("dropped", {}).items():
                told[reason] = told.get(reason, 0) + readings
        hop["lost"] = {}
        for reason, readings in sorted(told.items()):
            # Below zero where an earlier start's losses were none; see `mp_actors.spill`.
            if (counted := min(readings, lost.get(reason, 0))) > 0:
                hop["lost"][reason] = counted
                lost[reason] -= counted
    found["hops"][0]["held"] += waiting  # of a reliable wire: sent, and not acknowledged end to end
    found["lost_elsewhere"] = {reason: count for reason, count in lost.items() if count}


def _walk(
    asker: Asker, status: Mapping[str, Any], wire: WirePlan
) -> tuple[dict[str, Any], list[str]]:
    """({device: its answer, or a sentence why there is none}, the devices as readings pass them,
    as far as they go).

    All planned devices are asked, and besides them those a detour leads to.
    """
    answers: dict[str, Any] = {}
    by_number = {device.number: path for path, device in asker.plan.devices.items()}
    way_now: list[str] = []
    path: str | None = wire.way[0]
    while path is not None and path not in way_now:
        way_now.append(path)
        answer = answers[path] = _ask(asker, status, wire, path)
        if path == wire.way[-1]:
            break
        if isinstance(answer, str):  # nobody knows; perhaps it goes on as planned
            place = wire.way.index(path) + 1 if path in wire.way else len(wire.way)
            path = wire.way[place] if place < len(wire.way) else None
        else:
            path = by_number.get(answer[NEXT][0]) if answer[NEXT] else None
    for one in wire.way:
        if one not in answers:
            answers[one] = _ask(asker, status, wire, one)
    return answers, way_now


def _ask(asker: Asker, status: Mapping[str, Any], wire: WirePlan, path: str) -> Any:
    device = status["devices"][path]
    if not device["alive"]:
        age_s = device["age_s"]
        return "never heard" if age_s is None else f"not heard for {age_s:.0f} s"
    actor = (wire.target if path == wire.way[-1] else wire.source).rsplit("/", 1)[1]
    try:
        return asker.explain(path, "wire", wire.number, wire.target_device, actor)
    except ActorsError as error:
        return str(error)


def _hop(
    wire: WirePlan,
    path: str,
    status: Mapping[str, Any],
    told: Mapping[str, Any],
    answer: Any,
    is_on_way: bool,
) -> Hop:
    """One device of a wire's way: its counts by its last report, and how it is just now."""
    between = told["places"].get(path, {"lost": {}, "held": 0})
    is_source, is_target = path == wire.way[0], path == wire.way[-1]
    live = answer if isinstance(answer, list) else [None, None, None]
    hop: Hop = {
        "device": path,
        "part": "target" if is_target else "source" if is_source else "router",
        "actor": wire.target if is_target else wire.source if is_source else None,
        "is_planned": path in wire.way,
        "is_on_way": is_on_way,
        "age_s": status["devices"][path]["age_s"],
        "answers": isinstance(answer, list),
        "says": answer if isinstance(answer, str) else None,
        "lost": dict(between["lost"]),
        "held": between["held"],
        "next": live[NEXT],
    }
    if is_source and told["source"] is not None:
        hop["outbox"] = {**told["source"], **_now(SOURCE_NOW, live[SOURCE])}
    if is_target:
        if told["target"] is not None:
            hop["inlet"] = {**told["target"], **_now(TARGET_NOW, live[TARGET])}
        actor = status["actors"].get(wire.target)
        hop["handler"] = dict(actor) if actor else None
    return hop


def _now(names: Sequence[str], live: Sequence[Any] | None) -> dict[str, Any]:
    """What is of this moment; counts stay those of the report, so that they add up."""
    found = dict(zip(names, live or (), strict=False))
    found.pop("waiting", None)
    return found


def _findings(
    plan: Plan, wire: WirePlan, found: Mapping[str, Any], status: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """`[{kind, place, readings, why, remedy}]`: what is held or lost, and where."""
    return [*_silent(found), *_held(wire, found), *_lost(plan, wire, found, status)]


def _silent(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        _finding("silent", hop["device"], 0, hop["says"], "see `actors status SITE.py`")
        for hop in found["hops"]
        if hop["says"] and hop["is_planned"]
    ]


def _held(wire: WirePlan, found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Where readings wait, and for whom."""
    rows = []
    slower = f"let {wire.target} do less, or {wire.source} give less (period_ms, Throttle)"
    hops = {hop["device"]: hop for hop in found["hops"]}
    source, target = hops[wire.way[0]], hops[wire.way[-1]]
    behind = target.get("inlet", {}).get("waiting", 0)
    box = source.get("outbox", {})
    if box.get("waiting"):
        following = source["next"]
        if not target["answers"]:
            reason = f"{target['device']} does not answer, so nobody gives credit"
            remedy = "see `actors status SITE.py`"
        elif source["answers"] and following is None:
            reason = f"{source['device']} has no way to {target['device']} just now"
            remedy = "see which links are down: `actors status SITE.py`"
        elif box.get("credit", 1) <= 0 or behind:
            credit = "little credit" if box.get("credit", 0) > 0 else "no credit"
            waits = f": {behind} wait before it" if behind else ""
            reason, remedy = f"{wire.target} gives {credit}{waits}", slower
        elif following is not None and following[1]:
            reason = f"the link from {source['device']} to the next device takes no more"
            remedy = "see its round trip: `actors status SITE.py`"
        else:
            reason, remedy = "they are about to leave", ""
        rows.append(_finding("held", source["device"], box["waiting"], reason, remedy))
    for hop in found["hops"]:
        if hop["held"]:
            reason = "sent, and not acknowledged yet"
            rows.append(_finding("held", hop["device"], hop["held"], reason, ""))
    if behind:
        handler = target["handler"] or {}
        if handler.get("down"):
            reason = f"{wire.target} is down: {handler['last_error']}"
            remedy = f"actors logs SITE.py {wire.target}"
        elif target["inlet"].get("rests"):
            reason = f"{wire.target} rests until a full wire of its own has room"
            remedy = f"actors trace SITE.py {wire.target}"
        else:
            reason, remedy = f"{wire.target} takes them more slowly than they come", slower
        rows.append(_finding("held", target["device"], behind, reason, remedy))
    return rows


def _lost(
    plan: Plan, wire: WirePlan, found: Mapping[str, Any], status: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """Every lost reading of the account once, at the place that told of it."""
    places = [(hop["device"], hop["lost"]) for hop in found["hops"]]
    rows = [
        _told(plan, wire, reason, readings, place, status)
        for place, lost in [*places, ("on the way", found["lost_elsewhere"])]
        for reason, readings in sorted(lost.items())
    ]
    unexplained = found["account"]["unexplained"]
    if unexplained:
        rows.append(_finding(
            "unexplained", "on the way", unexplained,
            "under way just now, or lost and not told of yet",
            "ask again: at rest each has a reason, link or crash if nobody knows another",
        ))
    return rows


def _told(
    plan: Plan,
    wire: WirePlan,
    reason: str,
    readings: int,
    place: str,
    status: Mapping[str, Any],
) -> dict[str, Any]:
    meaning, remedy = why(plan, wire.number, reason)
    actor = status["actors"].get(wire.target)
    if reason == "poison" and actor and actor["last_error"]:
        meaning += f": {actor['last_error']}"
    return _finding("lost", place, readings, f"{reason}: {meaning}", remedy)


def _finding(kind: str, place: str, readings: int, why_: str, remedy: str) -> dict[str, Any]:
    return {"kind": kind, "place": place, "readings": readings, "why": why_, "remedy": remedy}
