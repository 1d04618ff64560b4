"""What `actors sim` does: one simulation of a site, with faults, shown as it goes."""

import time
from pathlib import Path
from random import Random
from typing import Any

from rich.console import Console as Screen
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from actors.sim import faults
from actors.sim.world import Sim
from actors.site import Site

SLICE_MS = 1000  # of virtual time between two looks at the progress bar


def simulate(
    site: Site, seed: int, seconds: float, wanted: str | None, screen: Screen
) -> dict[str, Any]:
    """Run a site for some virtual seconds, heal it, let it come to rest. Returns the summary.

    `wanted`: light, heavy, the path of a fault file, or None. *Raises* SimError for a fault file
    that is wrong, before anything runs.
    """
    sim = Sim(site, seed=seed, stand_ins=site.stand_ins)
    steps: list[faults.Fault] = []
    if wanted in faults.LEVELS:
        steps = faults.by_chance(sim, str(wanted), seconds * 1000, Random(f"faults {seed}"))
    elif wanted is not None:
        steps = faults.from_file(Path(wanted), sim)
    faults.schedule(sim, steps)
    started_s = time.process_time()
    columns = (TextColumn("simulated"), BarColumn(), TextColumn("{task.completed:.0f} s"))
    with Progress(*columns, TimeRemainingColumn(), console=screen, transient=True) as progress:
        task = progress.add_task("", total=seconds)
        while sim.now_us < seconds * 1e6:
            sim.run_ms(min(SLICE_MS, seconds * 1000 - sim.now_us / 1000))
            progress.update(task, completed=sim.now_us / 1e6)
    sim.finish()
    cpu_s = time.process_time() - started_s
    for fault in steps:
        screen.print(str(fault), markup=False, highlight=False)
    for at_ms, path, text in sim.lines:
        screen.print(f"{at_ms / 1000:8.3f} s  {path}: {text}", markup=False, highlight=False)
    screen.print(
        f"seed {seed}: {sim.now_us / 1e6:.0f} s simulated in {cpu_s:.1f} s, "
        f"{sim.now_us / 1e6 / max(cpu_s, 1e-9):.0f} times as fast as the site; "
        f"trace {sim.trace_hash[:16]}"
    )
    return sim.summary()
