"""The command: `python -m samples.experiments.adaptive [--traces N] [--png FILE]`.

Prints a table for each query: the planner against the two heuristics of AdaptiveCEP on the same
traces; 30 of them take ten minutes. With --png, and with matplotlib, a picture of the first trace,
too.
"""

import argparse
import sys
from statistics import mean

from rich.console import Console
from rich.progress import track
from rich.table import Table

from samples.experiments.adaptive.drift import HOSTS, STEPS
from samples.experiments.adaptive.queries import EIGHT, FIVE
from samples.experiments.adaptive.story import OURS, POLICIES, THEIRS, TOO_LONG_MS, told

TRACES = 30
QUERIES = (FIVE, EIGHT)
GOALS = {FIVE.name: 0.87, EIGHT.name: 0.68}


def main(arguments=None):
    """Returns 0; a goal that is not met is said."""
    parser = argparse.ArgumentParser(prog="python -m samples.experiments.adaptive",
                                     description=__doc__.partition("\n\n")[2])
    parser.add_argument("--traces", type=int, default=TRACES, help="the first so many of 30")
    parser.add_argument("--png", help="draw the first trace into this file")
    given = parser.parse_args(arguments)
    if given.traces < 1:
        parser.error(f"--traces: expected 1 or more, got {given.traces}")
    console = Console()
    console.print(
        f"{HOSTS} hosts, {STEPS} s; traces of our own making, of the kind of the original ones: "
        f"{given.traces}", highlight=False,
    )
    seeds = track(range(given.traces), "traces", console=console, transient=True)
    traces = [told(seed, QUERIES) for seed in seeds]
    for query in QUERIES:
        show(console, query, [stories[query.name] for stories in traces])
    if given.png:
        draw(console, traces[0], given.png)
    return 0


def show(console, query, stories):
    """Print one table; returns its figures, {policy: {figure: mean of all traces}}."""
    table = Table(title=f"{query.name}, mean of {len(stories)} traces", title_justify="left")
    table.add_column("policy")
    for column in ("latency ms", "of greedy", "to be", "moves", f"above {TOO_LONG_MS:g} ms"):
        table.add_column(column, justify="right")
    figures = {
        name: {
            "mean_ms": mean(one[name].mean_ms for one in stories),
            "moves": mean(one[name].moves for one in stories),
            "too_long": mean(one[name].too_long for one in stories),
        }
        for name in POLICIES
    }
    theirs, goal = figures[THEIRS], GOALS[query.name]
    for name, one in figures.items():
        ratio = one["mean_ms"] / theirs["mean_ms"]
        cells = f"{ratio:.2f}", "", f"{one['moves']:.1f}"
        if name == OURS:
            moves = _met(cells[2], one["moves"] <= theirs["moves"])
            cells = _met(cells[0], ratio <= goal), f"{goal:g}", moves
        table.add_row(name, f"{one['mean_ms']:.1f}", *cells, f"{one['too_long']:.1%}")
    console.print(table)
    return figures


def draw(console, trace, file):
    """The first trace of each query: latency over time."""
    try:
        from matplotlib.figure import Figure
    except ImportError:
        console.print(f"{file}: not drawn; pip install matplotlib", highlight=False)
        return
    figure = Figure(figsize=(10, 7), layout="constrained")
    for axes, (query, stories) in zip(figure.subplots(len(trace)), trace.items(), strict=True):
        for name in (THEIRS, OURS):
            axes.plot(stories[name].latencies_ms, label=name, linewidth=1)
        axes.axhline(TOO_LONG_MS, color="grey", linewidth=0.5)
        axes.set(title=query, xlabel="s", ylabel="latency, ms")
        axes.legend()
    figure.savefig(file, dpi=120)
    console.print(file, highlight=False)


def _met(text, is_met):
    return text if is_met else f"[red]{text} NOT MET[/red]"


if __name__ == "__main__":
    sys.exit(main())
