"""Page: an experiment as one HTML file, with its pictures inside: it opens without a network.

What was asked and how it came out, in pictures and tables, what was varied and what was not, and
the command that does it again. Nothing in it depends on when or where it was made.
"""

import base64
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from actors.experiments.curves import AXES, QUESTIONS, Crossing, Curve, sentence
from actors.experiments.grid import FACTORS, Experiment
from actors.experiments.table import COLUMNS, Table
from actors.experiments.trial import Row
from actors.problems import shown_path

STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.5 system-ui, sans-serif; color: #1c1c1c; background: #fff; margin: 2.5rem auto;
  max-width: 68rem; padding: 0 1.5rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2.5rem; }
img { width: 100%; height: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .7rem .2rem 0; text-align: right; border-bottom: 1px solid #e4e4e4;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; }
code, pre { font: 13px/1.5 ui-monospace, monospace; background: #f4f4f4; }
pre { padding: .8rem 1rem; overflow-x: auto; }
summary { cursor: pointer; }
"""
SHOWN = ("p50_ms", "predicted_ms", "p99_ms", "readings_per_s", "over_links_per_s", "lost",
         "devices", "busiest", "busy", "predicted_busy", "exceeds")
MODEL = """Simulated: the runtime itself, device by device, in virtual time. A message occupies its
device for its actor's work, divided by the device's speed; bytes wait for each other on a link of
limited bandwidth and arrive after its delay. Work, speeds and links are those of the profile, which
the planner is told, too; so is what the runtime itself takes at rest and for a message over a
link, nothing where the profile does not say. Not simulated: radio."""


def write(
    file: Path,
    experiment: Experiment,
    table: Table,
    found: Mapping[str, tuple[Sequence[Curve], Sequence[Crossing]]],
    pictures: Mapping[str, Path],
    notes: Sequence[str] = (),
    real: Sequence[Row] = (),
    real_marks: Mapping[str, Sequence[Crossing]] | None = None,
    share: Mapping[str, Mapping[str, Any]] | None = None,
) -> None:
    """Write the page. `found`: curves and crossings by factor; `pictures`: those that were drawn;
    `notes`: what the reader should know of them; `real`: rows of real runs, `real_marks` where
    these cross, `share` what the runtime was found to take.
    """
    parts = [f"<h1>{escape(experiment.title)}</h1>", _p(_asked(experiment))]
    parts += [_p(note) for note in notes]
    for factor, (curves, marks) in found.items():
        parts.append(f"<h2>{escape(QUESTIONS[factor])}</h2>")
        if factor in pictures:
            parts.append(_picture(pictures[factor], QUESTIONS[factor]))
        parts.append(_list(sentence(factor, mark) for mark in marks))
        if not marks:
            parts.append(_p("No two placements cross here."))
        parts.append(_curve_table(factor, curves))
    if real:
        parts.append("<h2>With real processes</h2>")
        parts.append(_p("Every board a MicroPython process, every link through a proxy that delays "
                        "it; beside it the simulation of the same point. Of each point "
                        f"{_runs(experiment.real_runs)}. Delays are of all that "
                        "arrives at the sink, and of a machine that does other things, too; a "
                        "share of time is that of the processor."))
        parts.append(_list(sentence(factor, mark) for factor, marks in (real_marks or {}).items()
                           for mark in marks))
        parts.append(_table(list(real[0]), [list(row.values()) for row in real]))
        parts += _calibrated(share or {})
    parts += ["<h2>What was varied</h2>", _varied(experiment)]
    parts += ["<h2>Once more</h2>", f"<pre>actors experiment {escape(_shown(experiment.file))}"
              "</pre>", _p("The same files and seeds give the same rows, on any machine."),
              _p(MODEL)]
    parts.append(f"<details><summary>All {len(table.rows)} rows</summary>")
    parts.append(_table(COLUMNS, [[row[one] for one in COLUMNS] for row in table.rows]))
    parts.append("</details>")
    file.write_text(
        f'<!doctype html>\n<html lang="en"><meta charset="utf-8">'
        f"<title>{escape(experiment.title)}</title>\n<style>{STYLE}</style>\n"
        + "\n".join(parts) + "\n</html>\n",
        encoding="utf-8",
    )


def _asked(experiment: Experiment) -> str:
    what = f"readings of {experiment.source}" if experiment.source else "what arrives"
    seeds = "seed 0" if experiment.seeds == 1 else f"seeds 0 to {experiment.seeds - 1}"
    return (
        f"Site {experiment.site.topology.name}; delay of {what} at {experiment.target}, from the "
        f"sample to the end of the sink's work; {experiment.seconds:g} virtual seconds at each "
        f"point, after {experiment.warmup_s:g} s, {seeds}. Solid is "
        "measured, dotted what the planner foresees, a cross what real processes took; a ring is "
        "where two placements cross, with a number where the fastest one changes."
    )


def _calibrated(share: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """With which figures real points were foreseen, and where these are from."""
    if not share:
        return []
    text = (
        "What the runtime itself takes was measured before these points, in one run of the first "
        "of them without any delay of its lines: for a message over a link and at rest as actors "
        "profile does; a link is counted as longer than its line by what half a round trip of its "
        "beats took then, less what both ends take. Simulated and predicted have that in them, and "
        "nothing that was measured at a point."
    )
    devices = [[path, *own.values()] for path, own in share["devices"].items()]
    columns = ["device", *next(iter(share["devices"].values()), {})]
    return [_p(text), _table(columns, devices),
            _table(["link", "ms longer"], list(share["links_ms"].items()))]


def _runs(count: int) -> str:
    return "one run" if count == 1 else f"the medians of {count} runs"


def _picture(file: Path, text: str) -> str:
    data = base64.b64encode(file.read_bytes()).decode("ascii")
    return f'<img alt="{escape(text)}" src="data:image/png;base64,{data}">'


def _curve_table(factor: str, curves: Sequence[Curve]) -> str:
    rows = [
        [curve.placement, x, *(row[column] for column in SHOWN)]
        for curve in curves
        for x, row in zip(curve.values, curve.rows, strict=True)
    ]
    return _table(["placement", factor, *SHOWN], rows)


def _varied(experiment: Experiment) -> str:
    rows = []
    for factor in FACTORS:
        listed = experiment.varied.get(factor, ())
        values = ", ".join(_cell(one) for one in listed) or "-"
        base = getattr(experiment.base, factor)
        told = "the profile's" if base is None else _cell(base)
        rows.append([factor, AXES.get(factor, ""), values, told])
    of = _list([
        f"device_speed is of {', '.join(experiment.devices)}",
        f"link_delay_ms is of {', '.join(experiment.links)}",
        f"devices_used are the first of {', '.join(experiment.spread)}",
        *(f"{name}: " + ", ".join(f"{actor} on {path}" for actor, path in places.items())
          for name, places in experiment.placements.items()),
    ])
    return _table(["factor", "", "values", "while another is varied"], rows) + of


def _table(columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    head = "".join(f"<th>{escape(column)}</th>" for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(_cell(one))}</td>" for one in row) + "</tr>\n"
        for row in rows
    )
    return f'<div class="wide"><table><tr>{head}</tr>\n{body}</table></div>'


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.5g}" if isinstance(value, float) else str(value)


def _list(lines: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(line)}</li>" for line in lines)
    return f"<ul>{items}</ul>" if items else ""


def _p(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _shown(file: str) -> str:
    return shown_path(file)
