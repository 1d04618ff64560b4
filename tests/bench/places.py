"""Where a filter goes that nobody has pinned: on the board when the link is slow, on a worker when
the board is. In virtual time, and with processes that `actors profile` measures first.
"""

import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.sim.placed import CASES, Placed

sys.path.append(str(Path(__file__).parent.parent / "host"))  # as its own tests find each other
from sieved import BOARD, LINK, Sieve, figure


def run(console: Console) -> list[dict]:
    """The table, and its figures."""
    rows = []
    for case, found in _simulated():
        rows.append({"case": case, "how": "simulated", **found})
    for case, found in _real():
        rows.append({"case": case, "how": "processes", **found})
    columns = list(rows[0])
    console.print("\na filter between a board and a desk; on a worker its cost is 2", style="bold")
    table = Table(*columns, box=None, header_style="dim", padding=(0, 2, 0, 0))
    for row in rows:
        table.add_row(*(f"{row[one]:.3g}" if isinstance(row[one], float) else str(row[one])
                        for one in columns))
    console.print(table)
    return rows


def _simulated():
    """`cost`: of the filter on the board, where it is 2 on the worker; by what was simulated."""
    for case, (delay_ms, speed) in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            placed = Placed(Path(folder), delay_ms, speed)
            yield case, {
                "delay_ms": float(delay_ms),
                "board's speed": speed,
                "cost on board": placed.cost_on_board(),
                **placed.planned(),
            }


def _real():
    """Delay and speed as they were measured; the cost is what the planner expects."""
    with tempfile.TemporaryDirectory() as folder, Sieve(Path(folder)) as site:
        site.begin()
        for case, profile in site.measured().items():
            found = {
                "delay_ms": figure(profile, "links", LINK, "delay_ms"),
                "board's speed": figure(profile, "devices", BOARD, "speed"),
                "cost on board": site.cost(profile, BOARD),
                "planned": site.place(profile),
                "expected_ms": site.expected_ms(profile),
                "ran": site.begin_by(profile),
            }
            with site.like(case):
                yield case, {**found, "taken_ms": site.taken_ms()}
