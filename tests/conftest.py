"""What every test of the repository shares: where the repository is, how Hypothesis behaves, and
in which order its files come.
"""

import signal
import sys
from pathlib import Path

from hypothesis import settings

ROOT = str(Path(__file__).parent.parent)
# What starts processes mostly waits for them.
WAITING = ("bench", "host", "samples", "soak")
# Of either kind these come first: the longest files, and the folders that have long ones.
FIRST = (
    *("sim/test_seeds.py", "sim/test_machine.py", "sim", "test_portable", "test_house.py", "wire"),
    *("host/test_narrow.py", "bench", "samples", "soak"),
)
# `pytest` alone, unlike `python -m pytest`, does not put the current folder on the path.
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# Ctrl-C ends the devices that tests start, also where the tests run behind a shell that goes on:
# such a shell lets all it starts ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No deadline: a shared machine of two cores makes a test slow, not wrong.
settings.register_profile("house", parent=settings(), deadline=None)
settings.load_profile("house")


def pytest_collection_modifyitems(items):
    """Mix files that compute with files that wait: processes that share out the files in this order
    keep all processors busy, and none of them has a long file left at the end.
    """
    files = list(dict.fromkeys(_file_of(item) for item in items))
    kinds = ([], [])
    for file in sorted(files, key=_rank):
        kinds[file.startswith(WAITING)].append(file)
    places = {file: at / len(kind) for kind in kinds for at, file in enumerate(kind)}
    items.sort(key=lambda item: places[_file_of(item)])


def _file_of(item):
    return item.nodeid.partition("::")[0].removeprefix("tests/")


def _rank(file):
    return min((at for at, one in enumerate(FIRST) if file.startswith(one)), default=len(FIRST))
