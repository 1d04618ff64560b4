"""The portable helpers of `tests/kernel` find each other by name, as on MicroPython."""

import sys
from pathlib import Path

KERNEL = str(Path(__file__).parent.parent / "kernel")
if KERNEL not in sys.path:
    sys.path.append(KERNEL)
