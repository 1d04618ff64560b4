"""Four flows over two gateways, of which a test kills what it likes again and again.

field                      office
source  feeder ─┬─ gate-1 ─┬─ worker  sink  till  desk
                └─ gate-2 ─┘
"""

import os

from parts import Journal, Keep, Pulse, Tally

from actors import Pipeline, Topology, reliable

FIRST_PORT = int(os.environ.get("FIRST_PORT", "28000"))


def port(place):
    """Fixed addresses: a gateway that is started again is found where it was."""
    return f"127.0.0.1:{FIRST_PORT + place}"


site = Topology("kills")
field, office = site.domain("field"), site.domain("office")
field.device("gate-1", also_in=[office], address=port(0))
field.device("gate-2", also_in=[office], address=port(1))
desk = office.device("desk", address=port(2))
source, feeder = (field.device(name, router=False) for name in ("source", "feeder"))
worker, sink, till = (office.device(name, router=False) for name in ("worker", "sink", "till"))
site.controller(at=desk)

flow = Pipeline("kills")


def keep(name, at=sink):
    """A sink with a list of its own."""
    return flow.add(Keep, at=at, name=name, file=f"{name}.txt")


flow.add(Journal, at=source, file="kept.txt") >> reliable(keep("durable"), durable=True)
flow.add(Pulse, at=feeder, name="pulse-1") >> reliable(keep("gateways"))
counted = flow.add(Pulse, at=feeder, name="pulse-2")
counted >> reliable(flow.add(Tally, at=worker)) >> reliable(keep("operator"))
flow.add(Pulse, at=feeder, name="pulse-3") >> reliable(keep("plain", at=till))
