"""Case after case, with a bar; which of them failed, and how each is repeated."""

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tests.fuzz.cases import BrokenError, Cases, began

AT_A_TIME = 500
SHOWN = 10  # failures, before it gives up


def run(console, cases, seed, shown=SHOWN):
    """Play cases until so many failed; returns the numbers of those."""
    targets, failed = Cases(), []
    columns = (
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    )
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("cases", total=cases)
        for number in range(seed, seed + cases):
            try:
                targets.play(number)
            except BrokenError as error:
                failed.append(number)
                console.print(f"case {number}: {error}", style="bold red", markup=False)
                first = max(seed, began(number))
                again = f"--seed {first} --cases {number - first + 1}"
                console.print(f"  repeat it: python -m tests.fuzz {again}", markup=False)
                if len(failed) >= shown:
                    break
            if number % AT_A_TIME == 0:
                progress.update(task, completed=number - seed)
    return failed
