"""Two machines, told apart by their loopback addresses: a desk here, a gate and a board there."""

import os

from parts import Arrivals, Pulse

from actors import Pipeline, Topology

PORT = os.environ.get("FIRST_PORT", "27000")

site = Topology("two-machines")
home, far = site.domain("home"), site.domain("far")
desk = home.device("desk", address=f"127.0.0.1:{PORT}")
gate = far.device("gate", also_in=[home], host="127.0.0.2", address=f"127.0.0.2:{PORT}")
probe = far.device("probe", board="virtual", host="127.0.0.2")
site.controller(at=desk)

flow = Pipeline("two-machines")
arrivals = flow.add(Arrivals, at=desk, file="arrivals.csv")
flow.add(Pulse, at=probe) >> arrivals
flow.add(Pulse, at=gate) >> arrivals
flow.add(Pulse, at=desk) >> arrivals
