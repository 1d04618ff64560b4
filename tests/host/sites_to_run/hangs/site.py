"""Boards whose probes hang or crash, with a watchdog each, and one that is well.

stuck, crash, calm ── gate
"""

import os

from parts import Crash, Pulse, Rows, Stuck

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27200"))
MENDED = os.environ.get("MENDED", "")

site = Topology("hangs", seal="plain")
field = site.domain("field")
gate = field.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
stuck = field.device("stuck", board="virtual", watchdog_ms=2000)
crash = field.device("crash", board="virtual", watchdog_ms=8000)
calm = field.device("calm", board="virtual", watchdog_ms=8000)

flow = Pipeline("hangs")
rows = flow.add(Rows, at=gate, file="rows.csv")
flow.add(Stuck, at=stuck, mended="stuck" in MENDED) >> rows
flow.add(Crash, at=crash, mended="crash" in MENDED) >> rows
flow.add(Pulse, at=calm) >> rows
