"""What the tests of the wire share: the portable helpers, and a folder for UNIX sockets.

The helpers of `tests/kernel` find each other by name, as on MicroPython.
"""

import sys
import tempfile
from pathlib import Path

import pytest

from mp_actors.links import unix

KERNEL = str(Path(__file__).parent.parent / "kernel")
if KERNEL not in sys.path:
    sys.path.append(KERNEL)


@pytest.fixture
def sockets(monkeypatch):
    """The folder of UNIX sockets, as a format; the user's own folder is not touched.

    Its name is short: that of a socket has 107 bytes at most, and `tmp_path` may take most of them.
    """
    with tempfile.TemporaryDirectory(prefix="mp-", dir="/tmp") as folder:
        monkeypatch.setattr(unix, "FOLDER", folder + "/sockets-%d")
        yield unix.FOLDER
