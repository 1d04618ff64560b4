"""A site with handlers that wait on one worker, and one that blocks on another.

field                 office
source, gate ──────── desk
"""

import os

from parts import Blocks, Look, Pulse, Rows

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27100"))

site = Topology("patience", seal="plain")
field, office = site.domain("field"), site.domain("office")
gate = field.device("gate", also_in=[office], address=f"127.0.0.1:{FIRST_PORT}")
desk = office.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
site.controller(at=desk)

flow = Pipeline("patience")
pulse = flow.add(Pulse, at=desk)
rows = flow.add(Rows, at=desk, file="rows.csv")
pulse >> flow.add(Look, at=desk) >> rows
flow.add(Pulse, at=gate) >> flow.add(Blocks, at=gate)
