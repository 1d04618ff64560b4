"""A board that keeps in its flash what cannot leave.

board ── gate ── desk
"""

import os

from parts import Keep, Pulse

from actors import Pipeline, Topology, stream

FIRST_PORT = int(os.environ.get("FIRST_PORT", "28100"))

site = Topology("outage")
d = site.domain("d", mesh=False)
gate = d.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
desk = d.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
board = d.device("board", board="virtual")
site.link(board, gate)
site.link(desk, gate)
site.controller(at=desk)

flow = Pipeline("outage")
flow.add(Pulse, at=board) >> stream(flow.add(Keep, at=desk, file="kept.txt"), flash_kb=64)
