"""Why: the last causes in words. From figures and dead letters to sentences, each with a remedy.

Pure, and the only place that knows what a reason means to a person.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from actors.plan import Plan

NAMED_MAX = 4  # of what waits; the rest is counted

# reason -> (what it means for readings of a wire, what to do). `{source}`, `{target}`: its ends.
REASONS = {
    "no-route": (
        "no way was left to the device of {target}",
        "see which device or link is down; a second gateway gives another way",
    ),
    "expired": ("it was still under way when the site was halted", "nothing, if you ended the run"),
    "overflow": (
        "a full queue lost its oldest (or newest): {target} takes less than {source} gives",
        "give less (period_ms, Throttle), or choose: latest(…), reliable(…), "
        'stream(…, when_full="hold")',
    ),
    "refused": (
        "{source} was not rid of it: the wire was full, or the value cannot be carried",
        "look at what emit() returned; `actors logs SITE.py {source}` names values",
    ),
    "replaced": ("a newer one of the same origin took its place", "nothing: `latest` promises it"),
    "gone": (
        "{target}, or the wire itself, had been stopped",
        "`actors logs SITE.py {target}` says why it was stopped",
    ),
    "denied": (
        "it came from a device or under an epoch that this wire does not take",
        "nothing, just after a device began anew; else see that all devices have one site file",
    ),
    "undecodable": (
        "its bytes were not understood",
        "see that all devices run one version; `actors logs SITE.py DEVICE` has the details",
    ),
    "poison": ("the handler of {target} raised", "mend what raised; the actor is made anew"),
    "link": (
        "a connection ended for good while it was on it, or newer ones overtook it by another way",
        "see why that link broke; reliable(…) would send it again",
    ),
    "crash": (
        "the device that held it died",
        "see why it died; reliable(…) would send it again",
    ),
}


def causes(
    plan: Plan, status: Mapping[str, Any], letters: Sequence[Mapping[str, Any]] = ()
) -> list[dict[str, Any]]:
    """`[{kind, about, cause, remedy}]`, the gravest first; kind is gone, waiting, refused,
    restarted, failed or dropped. `letters`: dead letters, see `asking.letters`.
    """
    return [
        *_gone(plan, status.get("devices", {})),
        *_rollout(status.get("rollout", ())),
        *_restarted(plan, status.get("devices", {})),
        *_failed(status.get("actors", {})),
        *_dropped(plan, status, letters),
    ]


def why(plan: Plan, number: int, reason: str) -> tuple[str, str]:
    """What a reason means for the readings of a wire, and what to do."""
    wire = plan.wires[number]
    meaning, remedy = REASONS.get(reason, (reason, ""))
    ends = {"source": wire.source, "target": wire.target}
    return meaning.format(**ends), remedy.format(**ends)


def starter(plan: Plan, path: str) -> str:
    """The command that starts a device by hand."""
    return "actors up SITE.py" if path == plan.controller else f"actors node SITE.py {path}"


def _gone(plan: Plan, devices: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for path, device in devices.items():
        if device["alive"] or device["age_s"] is None:
            continue
        by = device["cut_off_by"]
        told = f"{path} was not heard for {device['age_s']:.0f} s"
        remedy = f"look at its process; to start it: {starter(plan, path)}"
        if by:
            told += f": {by} is gone, and only that leads to it"
            remedy = f"bring {by} back, or give the site a second way"
        yield _cause("gone", path, told, remedy)


def _rollout(rows: Iterable[Mapping[str, Any]]) -> Iterable[dict[str, Any]]:
    for row in rows:
        device, step = row["device"], row["step"]
        says = f": {row['says']}" if row["says"] else ""
        if row["is_refused"]:
            told, remedy = f"{step} was refused{says}", "mend it and start the site again"
        else:
            told = f"the roll-out waits for {step}, sent to {device}{says}"
            remedy = f"see that {device} runs: actors node SITE.py {device}"
        if row["waits_for_it"]:
            told += f"; {_listed(row['waits_for_it'])} cannot be done before"
        if row["actors"]:
            told += f"; not placed: {_listed(row['actors'])}"
        yield _cause("refused" if row["is_refused"] else "waiting", device, told, remedy)


def _restarted(plan: Plan, devices: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for path, device in devices.items():
        if device["restarts"]:
            times = _times(device["restarts"])
            yield _cause(
                "restarted",
                path,
                f"{path} began anew {times} and was configured again; what it held is `crash`",
                f"its own output says why it ended; it was started by: {starter(plan, path)}",
            )


def _failed(actors: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    for path, actor in actors.items():
        if actor["failures"]:
            count = actor["failures"]
            times = f"{count} times, last: " if count > 1 else ""
            told = f"{path} failed {times}{actor['last_error']}"
            told += f"; made anew {_times(actor['restarts'])}" if actor["restarts"] else ""
            told += "; it is down and tried again, or was stopped" if actor["down"] else ""
            yield _cause("failed", path, told, f"actors logs SITE.py {path}")


def _dropped(
    plan: Plan, status: Mapping[str, Any], letters: Sequence[Mapping[str, Any]]
) -> Iterable[dict[str, Any]]:
    for row in status.get("wires", ()):
        number = row["wire"]
        wire = plan.wires[number]
        for reason, readings in sorted(row["dropped"].items()):
            meaning, remedy = why(plan, number, reason)
            found = [one for one in letters if (one["wire"], one["reason"]) == (number, reason)]
            told = f"{wire.source} → {wire.target} lost {readings} as {reason}: {meaning}"
            if found:
                last = min(found, key=lambda one: one["age_s"])
                told += f"; last {last['age_s']:.0f} s ago on {last['device']}"
                told += f": {last['text']}" if last["text"] else ""
            yield _cause("dropped", f"{wire.source} → {wire.target}", told, remedy)


def _cause(kind: str, about: str, cause: str, remedy: str) -> dict[str, Any]:
    return {"kind": kind, "about": about, "cause": cause, "remedy": remedy}


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED_MAX
    return ", ".join(names[:NAMED_MAX]) + (f" and {more} more" if more > 0 else "")
