"""Two machines with nothing between them but a serial line."""

import os

from parts import Arrivals, Pulse

from actors import Pipeline, Topology

PORTS = os.environ.get("PORTS", "/dev/ttyS0 /dev/ttyS1").split()

site = Topology("serial")
bench = site.domain("bench")
one, two = bench.device("one"), bench.device("two")
site.link(one, two, uart=(PORTS[0], PORTS[1]))

flow = Pipeline("serial")
flow.add(Pulse, at=two) >> flow.add(Arrivals, at=one, file="arrivals.csv")
