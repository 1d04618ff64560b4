"""What has to hold for hours, by real processes: overload, kills, memory that must not grow."""

import sys
from pathlib import Path

HOST_TESTS = str(Path(__file__).parent.parent / "host")
if HOST_TESTS not in sys.path:
    sys.path.append(HOST_TESTS)  # where processes are started and watched
