"""From figures to tables for a person and to JSON for a program."""

import statistics
from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.bench.measure import Figures


def show(console: Console, figures: Figures) -> None:
    """Print one table, and for each goal whether it is met."""
    bench = figures.bench
    baseline = bench.subjects[0].name
    title = f"{bench.name}: {bench.unit} per second; ratios to {baseline}; medians [min-max]"
    table = Table(title=title, title_justify="left")
    table.add_column("subject")
    for heading in ("rate", "us each", "ratio"):
        table.add_column(heading, justify="right", no_wrap=True)
    for name, rates in figures.rates.items():
        each_us = 1e6 / statistics.median(rates)
        table.add_row(name, _spread(rates, _rate), f"{each_us:.3f}", _spread(figures.ratios(name)))
    console.print(table)
    for goal in bench.goals:
        reached = figures.reached(goal)
        verdict = "met" if reached >= goal.ratio else "NOT MET"
        console.print(
            f"  goal {verdict}: {goal.subject} is {reached:.2f} x {goal.baseline}, "
            f"to be {goal.ratio:g} x or more",
            style="green" if reached >= goal.ratio else "red",
            highlight=False,
        )


def plain(figures: Figures) -> dict[str, Any]:
    """The figures as JSON has them."""
    bench = figures.bench
    return {
        "unit": bench.unit,
        "baseline": bench.subjects[0].name,
        "subjects": {
            name: {
                "rates": rates,
                "median": statistics.median(rates),
                "ratio": statistics.median(figures.ratios(name)),
            }
            for name, rates in figures.rates.items()
        },
        "goals": [
            {
                "subject": goal.subject,
                "baseline": goal.baseline,
                "ratio": goal.ratio,
                "reached": figures.reached(goal),
                "met": figures.reached(goal) >= goal.ratio,
            }
            for goal in bench.goals
        ],
    }


def _spread(values: list[float], text: Callable[[float], str] = "{:.2f}".format) -> str:
    return f"{text(statistics.median(values))} [{text(min(values))}-{text(max(values))}]"


def _rate(value: float) -> str:
    if value >= 1e6:
        return f"{value / 1e6:.2f}M"
    return f"{value / 1e3:.1f}k" if value >= 1e3 else f"{value:.0f}"
