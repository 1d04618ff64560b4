"""A field with two gateways, of which a test takes one away.

field                             backbone            office
probe-1  probe-2  hut ─┬─ field/gate-1 ─┬─ office/gate ── office/desk
                       └─ field/gate-2 ─┘
"""

import os

from parts import Arrivals, Pulse

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))


def port(place):
    """Fixed addresses: a gateway that is started again is found where it was."""
    return f"127.0.0.1:{FIRST_PORT + place}"


site = Topology("two-gates")
field, backbone, office = site.domain("field"), site.domain("backbone"), site.domain("office")
field.device("gate-1", also_in=[backbone], address=port(0))
field.device("gate-2", also_in=[backbone], address=port(1))
office.device("gate", also_in=[backbone], address=port(2))
desk = office.device("desk", address=port(3))
hut = field.device("hut", address=port(4))
probe_1 = field.device("probe-1", board="virtual")
probe_2 = field.device("probe-2", board="virtual")
site.controller(at=desk)

flow = Pipeline("two-gates")
arrivals = flow.add(Arrivals, at=desk, file="arrivals.csv")
for place in (probe_1, probe_2, hut):
    flow.add(Pulse, at=place) >> arrivals
