"""What every test of the repository shares: where the repository is, how Hypothesis behaves, and
in which order its files come.
"""

import sys
from pathlib import Path

from hypothesis import settings

TESTS = Path(__file__).parent
ROOT = str(TESTS.parent)
# What starts processes mostly waits for them.
WAITING = ("bench", "host", "samples", "soak")
# Of what computes, the folders with the longest files, and the longest of those, come first.
COMPUTING_FIRST = ("sim/test_seeds.py", "sim/test_machine.py", "sim", "fuzz", "wire", "sensors")
# `pytest` alone, unlike `python -m pytest`, does not put the current folder on the path.
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# No deadline: a shared machine of two cores makes a test slow, not wrong.
settings.register_profile("house", parent=settings(), deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items):
    """Mix files that compute with files that wait: processes that share out the files in this order
    keep all processors busy, and none of them has a long file left at the end.
    """
    files = list(dict.fromkeys(item.path.relative_to(TESTS).as_posix() for item in items))
    waiting = [file for file in files if file.startswith(WAITING)]
    computing = sorted({*files} - {*waiting}, key=lambda file: (_rank(file), file))
    places = {
        file: at / len(kind) for kind in (waiting, computing) for at, file in enumerate(kind)
    }
    items.sort(key=lambda item: places[item.path.relative_to(TESTS).as_posix()])


def _rank(file):
    ranks = [at for at, first in enumerate(COMPUTING_FIRST) if file.startswith(first)]
    return min(ranks, default=len(COMPUTING_FIRST))
