"""Many seeds, one after the other: `python -m tests.sim.soak [--seeds 10000] [--start 0]`.

Each seed is a random site under heavy faults, judged by all laws of `checkers`; in every fifth all
clocks and all numbers of readings pass their wrap meanwhile. A seed that fails prints what was
wrong, the faults it had, and the command that repeats it alone.
"""

import argparse
import sys

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.sim import checkers
from tests.sim.sites import random_site, ring_site

AT_A_TIME = 50
RING_EVERY = 4
WRAP_EVERY = 5


def site_of_seed(seed):
    """The site of a seed; every so often one in which frames could go round."""
    return ring_site(seed) if seed % RING_EVERY == 0 else random_site(seed)


def failures_of(seed):
    """What is wrong with a seed, as sentences; none if all is well."""
    run = checkers.run_wrapping_seed if seed % WRAP_EVERY == 1 else checkers.run_seed
    return run(site_of_seed(seed), seed)[0]


def again(seed):
    """The command that repeats one seed."""
    return f"repeat it: python -m tests.sim.soak --start {seed} --seeds 1"


def shown(console, seed, wrong):
    """Print a failed seed: what was wrong, which faults there were, and how to see it again."""
    console.print(f"seed {seed}: {site_of_seed(seed).topology.name}", style="bold red")
    for sentence in wrong:
        console.print(f"  {sentence}", highlight=False, markup=False)
    console.print("  faults:")
    for fault in checkers.faults_of(site_of_seed(seed), seed):
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
