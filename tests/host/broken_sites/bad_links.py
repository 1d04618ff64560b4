"""Links that cannot be, or that make no sense."""

from actors import Pipeline, Topology

site = Topology("links")
field, office = site.domain("field"), site.domain("office")
gate = field.device("gate", also_in=[office])
shed, barn = field.device("shed"), field.device("barn")
desk = office.device("desk")
probe = field.device("probe", board="virtual")
meter = field.device("meter", board="virtual")
site.link(desk, shed)  # expect: field/shed and office/desk share no domain | put both in one domain
site.link(gate, gate)  # expect: field/gate is linked to itself
site.link(probe, meter)  # expect: field/probe and field/meter are leaves
site.link(probe, gate, latency_ms=-2)  # expect: latency_ms has a wrong value
site.link(gate, probe)  # expect: field/gate and field/probe are linked twice | line 15
site.link(probe, shed)
site.link(probe, barn)  # expect: field/probe is linked to more than 2 routers
site.link(gate, "office/desk")  # expect: link() has a wrong value | str: 'office/desk'
flow = Pipeline("flow")
