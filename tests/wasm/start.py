"""Makes the WebAssembly port what a board is: what runs before the first test of a file.

Of a browser's MicroPython, several modules are Python and not quite those of boards, and some
things of `os` are missing. Must change nothing that the kernel finds on a board.
"""

import sys

# Without a path it is the module of C that is found, as on boards: the package's own raises
# Exception where that one raises ValueError.
sys.path[:] = []
import binascii  # noqa: E402

sys.modules["binascii"] = binascii
sys.path[:] = ["/lib", ".frozen"]
import os  # noqa: E402

import node  # noqa: E402
from run_portable import verdicts_of  # noqa: E402

os.urandom = lambda count: bytes.fromhex(node.random(count))
os.getenv = lambda _name, default=None: default
verdicts = iter(())


def begin(without, *paths):
    """These files are to be run, without the tests of these names, which blanks part."""
    global verdicts
    verdicts = verdicts_of(paths, without.split())


def next_verdict():
    """Run one more test: 1 if it passed, 0 if not, None if there is none."""
    return next(verdicts, None)
