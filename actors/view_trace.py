"""What a person sees of a traced wire: one row a place, the sum, and what it means. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

LETTERS_SHOWN = 5
COLUMNS = ("place", "age", "came", "went on", "waits", "lost", "just now")


def traces(
    found: Iterable[Mapping[str, Any]], letters: Sequence[Mapping[str, Any]]
) -> RenderableType:
    """All traced wires, one below the other, then the last dead letters of their readings."""
    parts = [part for one in found for part in _wire(one)]
    for letter in letters[:LETTERS_SHOWN]:
        origin = "" if letter["from"] == "unknown" else f", from {letter['from']}"
        text = f": {letter['text']}" if letter["text"] else ""
        parts.append(Text(
            f"{letter['age_s']:.1f} s ago on {letter['device']}: {letter['what']}, "
            f"{letter['count']} {letter['reason']} in all{origin}{text}",
            style="dim",
        ))
    return Group(*parts)


def _wire(found: Mapping[str, Any]) -> list[RenderableType]:
    head = Text.assemble(
        (f"{found['source']} → {found['target']}", "bold"), f"   {found['delivery']}"
    )
    table = Table(box=None, header_style="bold dim", padding=(0, 2, 0, 0))
    for column in COLUMNS:
        is_number = column in ("age", "came", "went on", "waits")
        table.add_column(column, justify="right" if is_number else "left", no_wrap=is_number)
    for hop in found["hops"]:
        table.add_row(*_row(found, hop))
    parts: list[RenderableType] = [head, table, Text(_sum(found["account"]))]
    for finding in found["findings"]:
        count = f"{finding['readings']} {finding['kind']} at " if finding["readings"] else ""
        style = "red" if finding["kind"] in ("lost", "silent") else "yellow"
        parts.append(Text(f"{count}{finding['place']}: {finding['why']}", style=style))
        if finding["remedy"]:
            parts.append(Text(f"    {finding['remedy']}", style="dim"))
    if not found["findings"]:
        parts.append(Text("nothing is lost and nothing waits", style="green"))
    return [*parts, Text("")]


def _row(found: Mapping[str, Any], hop: Mapping[str, Any]) -> list[Any]:
    """One place: a source's outbox, what a router holds, or a target's inlet."""
    age = "-" if hop["age_s"] is None else f"{hop['age_s']:.1f} s"
    lost, now = _losses(hop["lost"]), _way_now(hop)
    if hop["part"] == "router":
        held = str(hop["held"])
        return [f"  {hop['device']}", age, "", "", held, lost, now]
    if hop["part"] == "source":
        box = hop.get("outbox")
        if box is None:
            return [hop["actor"], age, "-", "-", "-", lost, now or "not told of yet"]
        credit = f"credit {box['credit']}" if "credit" in box else ""
        stalled = "stalled" if box.get("stalled") else ""
        words = ", ".join(word for word in (credit, stalled, now) if word)
        waits = str(box["waiting"] + hop["held"])
        return [hop["actor"], age, str(box["accepted"]), str(box["sent"]), waits, lost, words]
    inlet, handler = hop.get("inlet"), hop["handler"] or {}
    if inlet is None:
        return [found["target"], age, "-", "-", "-", lost, now or "not told of yet"]
    room = f"room for {inlet['bound']}" if "bound" in inlet else ""
    missing = f"{inlet['missing']} never came" if inlet["missing"] else ""
    failed = f"failed {handler['failures']} times" if handler.get("failures") else ""
    down = "down" if handler.get("down") else ""
    words = ", ".join(word for word in (room, missing, failed, down, now) if word)
    came, done = str(inlet["accepted"]), str(inlet["delivered"])
    return [found["target"], age, came, done, str(inlet["waiting"] + hop["held"]), lost, words]


def _way_now(hop: Mapping[str, Any]) -> str:
    """What is to be said of a device's part in the way just now."""
    if hop["says"]:
        return str(hop["says"])
    words = []
    if not hop["is_on_way"]:
        words.append("planned, not passed now" if hop["is_planned"] else "passed before")
    elif not hop["is_planned"]:
        words.append("a detour")
    if hop["part"] != "target" and hop["answers"] and hop["next"] is None:
        words.append("no way onward")
    if hop["next"] and hop["next"][1]:
        words.append("the next link takes no more")
    return ", ".join(words)


def _sum(account: Mapping[str, Any]) -> str:
    """The account in one line; it is exact."""
    lost = sum(account["lost"].values())
    told = f"{account['accepted']} accepted = {account['delivered']} delivered + {lost} lost"
    told += f" + {account['waiting']} waiting"
    unexplained = account["unexplained"]
    return told + (f" + {unexplained} under way or not told of yet" if unexplained else "")


def _losses(lost: Mapping[str, int]) -> Text:
    told = ", ".join(f"{count} {reason}" for reason, count in sorted(lost.items()))
    return Text(told, style="red")
