"""Three networks that cannot reach each other, joined by gateways on a backbone.

field/probe ── field/gate ─┬─ office/gate ── office/desk
                           │
plant/meter ── plant/gate ─┘

The backbone is cables between two machines each, so a test can cut one. Every device has one
address, which its neighbours reach by the cable to them, and nobody else.
"""

from parts import Arrivals, Pulse, Slow

from actors import Pipeline, Topology

site = Topology("three-spaces")
field, plant, office = site.domain("field"), site.domain("plant"), site.domain("office")
backbone = site.domain("backbone")


def place(name):
    """Host and address of a machine."""
    host = f"10.90.0.{len(site.devices) + 1}"
    return {"name": name, "host": host, "address": f"{host}:7400"}


field.device(also_in=[backbone], **place("gate"))
plant.device(also_in=[backbone], **place("gate"))
office.device(also_in=[backbone], **place("gate"))
probe = field.device(board="virtual", **place("probe"))
meter = plant.device(board="virtual", **place("meter"))
desk = office.device(**place("desk"))
site.controller(at=desk)

flow = Pipeline("three-spaces")
arrivals = flow.add(Arrivals, at=desk, file="arrivals.csv")
flow.add(Pulse, at=probe) >> arrivals
flow.add(Pulse, at=meter) >> arrivals
flow.add(Slow, at=meter) >> arrivals
