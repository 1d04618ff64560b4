"""What every test of the repository shares: where the repository is, and how Hypothesis behaves."""

import sys
from pathlib import Path

from hypothesis import settings

ROOT = str(Path(__file__).parent.parent)
# `pytest` alone, unlike `python -m pytest`, does not put the current folder on the path.
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

# No deadline: a shared machine of two cores makes a test slow, not wrong.
settings.register_profile("house", parent=settings(), deadline=None)
settings.load_profile("house")
