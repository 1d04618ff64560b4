"""Plots: a picture for each factor. matplotlib draws them, which is an extra: `experiments`.

The delay, how many readings cross links, the busiest device. Solid is measured, dotted what the
planner foresaw, a cross is what real processes took; a ring is where two placements cross: with a
number where the fastest changes.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from actors.experiments.curves import AXES, QUESTIONS, Crossing, Curve, is_logarithmic
from mp_actors.errors import ActorsError

COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
MARKERS = "osD^vPX"
INCHES, DPI = (14.0, 4.2), 110


class PlotsMissingError(ActorsError):
    """matplotlib is not installed."""


def library() -> Any:
    """matplotlib, without a window. *Raises* PlotsMissingError with what to do."""
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
    except ImportError:
        raise PlotsMissingError(
            "no plots: matplotlib is not installed\n"
            "    remedy: pip install 'mp-actors[experiments]', and the same command again; "
            "nothing is measured twice"
        ) from None
    return Figure, FigureCanvasAgg


def draw(
    file: Path,
    factor: str,
    found: Sequence[Curve],
    marks: Sequence[Crossing],
    real: Sequence[Curve] = (),
) -> None:
    """Write the picture of one factor; `real`: what real processes took. *Raises*
    PlotsMissingError.
    """
    figure_class, canvas_class = library()
    figure = figure_class(figsize=INCHES, layout="constrained")
    canvas_class(figure)
    figure.suptitle(QUESTIONS[factor], fontsize=13, x=0.01, ha="left")
    delay, crossed, busy = figure.subplots(1, 3, width_ratios=(3, 2, 2))
    for number, curve in enumerate(found):
        look = {"color": COLORS[number % len(COLORS)], "linewidth": 1.6}
        marked = {**look, "marker": MARKERS[number % len(MARKERS)], "markersize": 4.5}
        for axes, measured, foreseen in (
            (delay, "p50_ms", "predicted_ms"), (busy, "busy", "predicted_busy"),
        ):
            axes.plot(*_points(curve, measured), label=curve.placement, **marked)
            axes.plot(*_points(curve, foreseen), **{**look, "linestyle": ":"})
        crossed.plot(*_points(curve, "over_links_per_s"), **marked)
        for one in real:
            if one.placement == curve.placement:
                delay.plot(*_points(one, "p50_ms"), color=look["color"], marker="x",
                           markersize=8, linestyle="none")
    _mark(delay, marks)
    delay.set_ylabel("sensor to sink: median in ms")
    crossed.set_ylabel("readings over links, a second")
    busy.set_ylabel("busiest device: share of its time")
    _set_scales((delay, crossed, busy), factor, found)
    delay.legend(fontsize=8, frameon=False)
    figure.savefig(file, dpi=DPI)


def _points(curve: Curve, column: str) -> tuple[list[float], list[float]]:
    """What there is of a figure."""
    there = [(x, row[column]) for x, row in zip(curve.values, curve.rows, strict=True)
             if row[column] is not None]
    return [x for x, _ in there], [y for _, y in there]


def _mark(axes: Any, marks: Sequence[Crossing]) -> None:
    for mark in marks:
        place = mark.at, mark.delay_ms
        size = 12 if mark.is_best else 6
        axes.plot(*place, marker="o", markersize=size, fillstyle="none", color="black")
        if mark.is_best:
            axes.annotate(f"{mark.at:.3g}", place, textcoords="offset points", xytext=(9, -14),
                          fontsize=9)


def _set_scales(panels: Sequence[Any], factor: str, found: Sequence[Curve]) -> None:
    values = sorted({x for curve in found for x in curve.values})
    delays = [y for curve in found for y in _points(curve, "p50_ms")[1]]
    for axes in panels:
        axes.set_xlabel(AXES[factor])
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        if is_logarithmic(values):
            axes.set_xscale("log")
        # A scale's own ticks are elsewhere than what was measured.
        axes.set_xticks(values, [f"{x:g}" for x in values], minor=False)
        axes.xaxis.minorticks_off()
    if delays and is_logarithmic(delays):
        panels[0].set_yscale("log")
    for axes in panels[1:] if panels[0].get_yscale() == "log" else panels:
        axes.set_ylim(bottom=0)
