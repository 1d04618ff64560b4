"""What a person sees of a placement: its cost and how sure it is, and why one actor is where it is.

From a plan to text and plain values. Pure.
"""

from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from actors.placement import explain
from actors.placement.profile import DECLARED
from actors.placement.sited import Placement
from actors.plan import Plan
from actors.problems import shown_path, suggestion

SHOWN = 6  # names in a line; the rest is counted


def lines(placement: Placement) -> list[Text]:
    """What there is to say below the tables, if anything was to be placed or is too much."""
    found = []
    if placement.defaulted:
        found.append(Text(_verdict(placement), style="dim"))
        given = placement.profile and f"{shown_path(placement.profile)} lacks"
        names = ", ".join(placement.defaulted[:SHOWN])
        more = len(placement.defaulted) - SHOWN
        names += f" and {more} more" if more > 0 else ""
        text = f"{given or 'no profile:'} {names}; placed by default figures"
        found.append(Text(text, style="dim"))
    elif placement.profile:
        found.append(Text(_verdict(placement), style="dim"))
    short = explain.shortfalls(placement.instance, placement.answer)
    return [*found, *(Text(line, style="red") for line in short)]


def values(planned: Plan) -> dict[str, Any]:
    """A plan's placement in plain values, for --json."""
    placement = planned.placement
    return {
        **explain.plain(placement.instance, placement.answer),
        "profile": placement.profile or None,
        "operators": {
            path: {"device": place.device.path, "why": place.why}
            for path, place in _by_path(placement).items()
        },
        "inputs": {
            label: {
                name: {key: {"value": value, "from": source} for key, (value, source) in of.items()}
                for name, of in section.items()
            }
            for label, section in placement.values.items()
        },
    }


def why(planned: Plan, actor: str) -> RenderableType | str:
    """What every place for an actor would cost, and from which figures; a text if there is none."""
    placement = planned.placement
    by_path = {
        stage.path_on(place.device): stage for stage, place in placement.places.items()
    }
    found = [
        path
        for path, stage in by_path.items()
        if actor in (path, stage.name, (stage.whole or stage).name)
    ]
    if not found:
        names = [*by_path, *(stage.name for stage in by_path.values())]
        return f"{actor}: no such actor; {suggestion(actor, names)}"
    if len(found) > 1:
        return f"{actor}: several actors are called so; name one: {', '.join(found)}"
    stage = by_path[found[0]]
    table = Table(box=None, header_style="bold dim", padding=(0, 2, 0, 0))
    factors = placement.instance.factors
    for column in ("device", "cost", *factors, ""):
        table.add_column(column, justify="left" if column in ("device", "") else "right")
    for offer in placement.offers(stage):
        notes = [explain.shortfall(over) for over in offer.overloads]
        if offer.device == placement.places[stage].device.path:
            notes = ["here", *notes]
        worse = [f"{offer.worse[part]:+.4g}" for part in factors]
        table.add_row(offer.device, f"{offer.cost:.4f}", *worse, "; ".join(notes))
    return Group(
        Text(f"{found[0]}: {placement.places[stage].why}"),
        table,
        Text(_figures(placement, stage.name, found[0]), style="dim"),
        Text(_verdict(placement), style="dim"),
    )


def _by_path(placement: Placement) -> dict[str, Any]:
    return {stage.path_on(place.device): place for stage, place in placement.places.items()}


def _figures(placement: Placement, name: str, path: str) -> str:
    """What is known of the actor, and from where."""
    known = placement.values["actors"]
    own = known.get(path) or known[name]
    figures = [
        f"{key} {value:g}{'' if source == DECLARED else f' ({source})'}"
        for key, (value, source) in own.items()
        if value is not None
    ]
    return "from: " + ", ".join(figures)


def _verdict(placement: Placement) -> str:
    answer = placement.answer
    text = f"placed by {answer.strategy} in {answer.seconds:.2f} s: cost {answer.cost:.4f}"
    if answer.bound == float("-inf"):
        return text
    sure = "proven" if answer.gap == 0 else f"at most {answer.gap:.1%} above the best"
    return f"{text}, bound {answer.bound:.4f}, {sure}"
