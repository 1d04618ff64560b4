"""Almost right bytes for nodes, for as long as wished: `python -m tests.fuzz [--cases] [--seed]`.

Cases have numbers and are repeated by them. `--atheris` lets coverage guide the bytes instead, as
long as nobody stops it; what follows `--` is libFuzzer's, a folder for its corpus for example.
"""

import argparse
import resource
import sys

from rich.console import Console


def guided(arguments):
    """Let atheris choose the bytes; does not return."""
    try:
        import atheris
    except ImportError:
        sys.exit("atheris is not installed: pip install atheris (Linux, CPython 3.11 to 3.13)")
    # Only what is imported now is instrumented, which is why nothing of it is imported above.
    with atheris.instrument_imports(include=["mp_actors", "actors.accel"]):
        from tests.fuzz.guided import one_input
    atheris.Setup(["tests.fuzz", *arguments], one_input)
    atheris.Fuzz()


def main(arguments=None):
    """Returns how many cases failed, at most 1."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0, help="number of the first case")
    parser.add_argument("--atheris", action="store_true", help="guided by coverage, without end")
    given, rest = parser.parse_known_args(arguments)
    if given.atheris:
        guided([one for one in rest if one != "--"])
    if rest:
        parser.error(f"unknown: {' '.join(rest)}")
    from tests.fuzz.soak import run

    console = Console()
    failed = run(console, given.cases, given.seed)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    console.print(f"{given.cases} cases from {given.seed}: {len(failed)} failed, {peak_mb:.0f} MB")
    return min(1, len(failed))


if __name__ == "__main__":
    sys.exit(main())
