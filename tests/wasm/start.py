"""What runs before the first test of a file: its verdicts, one for each call from outside."""

from run_portable import verdicts_of

verdicts = iter(())


def begin(without, *paths):
    """These files are to be run, without the tests of these names, which blanks part."""
    global verdicts
    verdicts = verdicts_of(paths, without.split())


def next_verdict():
    """Run one more test: 1 if it passed, 0 if not, None if there is none."""
    return next(verdicts, None)
