"""Makes the WebAssembly port what a board is, before anything else runs on it.

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

os.urandom = lambda count: bytes.fromhex(node.random(count))
os.getenv = lambda _name, default=None: default

BUILT_IN = """
    array binascii collections cryptolib errno gc hashlib heapq io json math micropython os random
    re select socket struct sys time
"""


def load_built_in():
    """Load what is Python here and C on a board, so that no part of the kernel is charged for it.

    Wants `socket.py` beside this file.
    """
    for name in BUILT_IN.split():
        __import__(name)
