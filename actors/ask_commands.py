"""`status`, `trace` and `logs`: what a person asks a site that runs, from another terminal.

From a site file to what is shown or written; `cli` has the options and the exit codes.
"""

import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from actors import summary, trace
from actors.asked import Asked, Row, UnknownPathError, device_of, losers
from actors.plan import Plan
from actors.problems import suggestion
from actors.site import Site
from mp_actors.errors import ActorsError

FOLLOW_S = 0.5  # between two looks


def status_of(file: Path, site: Site, plan: Plan) -> dict[str, Any]:
    """The summary of a site that runs, with the causes of what went wrong. *Raises* ActorsError."""
    with Asked(file, site, plan) as asked:
        letters = asked.letters(losers(plan, asked.status()))
        told = asked.status()
        places = {
            path: {"address": _shown(one.listen), "tap": _shown(one.tap)}
            for path, one in asked.place.addresses.items()
        }
    found = summary.summarise(plan, told, places, [], letters)
    return {**found, "told_at_ms": round(time.time() * 1000)}


def traces_of(file: Path, site: Site, plan: Plan, path: str) -> dict[str, Any]:
    """Every wire into and out of an actor, hop by hop. *Raises* ActorsError."""
    wires = trace.wires_of(plan, path)
    if not wires:
        device_of(plan, path)  # which says what is wrong with the path
        ends = [end for wire in plan.wires.values() for end in (wire.source, wire.target)]
        raise UnknownPathError(f"{path}: no wire begins or ends there; {suggestion(path, ends)}")
    with Asked(file, site, plan) as asked:
        told = asked.status()
        found = [trace.follow(asked, told, wire) for wire in wires]
        numbers = {wire.number for wire in wires}
        letters = [one for one in asked.letters(losers(plan, told)) if one["wire"] in numbers]
    return {
        "site": plan.site,
        "path": path,
        "told_at_ms": round(time.time() * 1000),
        "wires": found,
        "dead_letters": letters,
    }


def lines_of(file: Path, site: Site, plan: Plan, path: str, follow: bool) -> Iterator[str]:
    """What an actor has said and what befell it; of a device, all it remembers.

    With `follow` it goes on, over restarts of the device and of the controller, until it is left.
    *Raises* ActorsError.
    """
    device = device_of(plan, path)
    wanted = "" if path == device else path
    after, start, is_first = 0, None, True
    while True:
        try:
            with Asked(file, site, plan) as asked:
                while True:
                    told = asked.ring(device, "log", wanted, after)
                    if start not in (None, told.start):
                        yield f"-- {device} has begun anew; what it had said before is gone"
                        after, start = 0, told.start
                        continue
                    start, is_first = told.start, False
                    for row in told.rows:
                        after = row.number
                        yield _line(row, is_alone=bool(wanted))
                    if not follow:
                        return
                    time.sleep(FOLLOW_S)
        except (ActorsError, OSError) as error:
            if not follow or is_first:
                raise
            print(f"-- {error}; trying again", file=sys.stderr)
            time.sleep(2 * FOLLOW_S)


def _line(row: Row, is_alone: bool) -> str:
    """One line for a person; what an actor said neither begins another nor steers the terminal."""
    moment = datetime.fromtimestamp(row.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    text = "  ".join(row.words[is_alone:])
    plain = "".join(sign if sign.isprintable() else "?" for sign in text)
    return f"{moment.replace('+00:00', 'Z')} {plain}"


def _shown(address: tuple[str, int] | None) -> str | None:
    return None if address is None else f"{address[0]}:{address[1]}"
