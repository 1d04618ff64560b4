"""A filter that nobody has pinned, between a board and a desk.

board ── gate ── desk
"""

import os

from parts import Keep, Pulse, Sieve

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "28200"))

site = Topology("sieve")
d = site.domain("d", mesh=False)
gate = d.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
desk = d.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
board = d.device("board", board="virtual")
site.link(board, gate)
site.link(desk, gate)
site.controller(at=desk)

flow = Pipeline("sieve")
sieve = flow.add(Sieve)
flow.add(Pulse, at=board) >> sieve >> flow.add(Keep, at=desk, file="kept.txt")
