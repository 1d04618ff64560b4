"""Many seeds, one after the other: `python -m tests.sim.soak [--seeds 10000] [--start 0]`.

Each seed is a random site under heavy faults. The even ones are judged by all laws of `checkers`;
in the odd ones any device may crash, and what each wire promises is judged too (`promises`). In
every fifth all clocks and all numbers of readings pass their wrap meanwhile. A seed that fails
prints what was wrong, the faults it had, and the command that repeats it alone.
"""

import argparse
import gc
import sys
from contextlib import contextmanager
from random import Random

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from actors.sim.world import Sim
from tests.sim import checkers, promises
from tests.sim.diary import diary_site
from tests.sim.sites import random_site, ring_site

AT_A_TIME = 50
COLLECTED_AFTER = 100_000
RING_EVERY = 4
WRAP_EVERY = 5


def plain_site(seed):
    """A site of plain streams; every so often one in which frames could go round."""
    return ring_site(seed) if seed % RING_EVERY == 0 else random_site(seed)


def is_of_promises(seed):
    """Whether any device may crash, and wires are of all classes."""
    return seed % 2 == 1


def failures_of(seed):
    """What is wrong with a seed, as sentences; none if all is well."""
    wraps = seed % WRAP_EVERY == 1
    with _collecting_less():
        if is_of_promises(seed):
            return (promises.run_wrapping_diary if wraps else promises.run_diary)(seed)[0]
        run = checkers.run_wrapping_seed if wraps else checkers.run_seed
        return run(plain_site(seed), seed)[0]


@contextmanager
def _collecting_less():
    """Look for garbage less often: what a seed makes lives until its end."""
    before = gc.get_threshold()
    gc.set_threshold(COLLECTED_AFTER, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def faults_of(seed):
    """The faults of a seed."""
    if is_of_promises(seed):
        sim = Sim(diary_site(seed))
        return promises.faults_of(sim, promises.SECONDS, Random(f"faults {seed}"))
    return checkers.faults_of(plain_site(seed), seed)


def again(seed):
    """The command that repeats one seed."""
    return f"repeat it: python -m tests.sim.soak --start {seed} --seeds 1"


def shown(console, seed, wrong):
    """Print a failed seed: what was wrong, which faults there were, and how to see it again."""
    site = diary_site(seed) if is_of_promises(seed) else plain_site(seed)
    console.print(f"seed {seed}: {site.topology.name}", style="bold red")
    for sentence in wrong:
        console.print(f"  {sentence}", highlight=False, markup=False)
    console.print("  faults:")
    for fault in faults_of(seed):
        console.print(f"    {fault}", highlight=False, markup=False)
    console.print(f"  {again(seed)}", markup=False)


def main(arguments=None):
    """Returns how many seeds failed, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.sim.soak", description=__doc__)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--start", type=int, default=0)
    given = parser.parse_args(arguments)
    console, failed = Console(), []
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("seeds", total=given.seeds)
        for seed in range(given.start, given.start + given.seeds):
            wrong = failures_of(seed)
            if wrong:
                failed.append(seed)
                shown(console, seed, wrong)
            progress.update(task, advance=1, description=f"{len(failed)} failed")
    console.print(f"{given.seeds} seeds from {given.start}: {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
