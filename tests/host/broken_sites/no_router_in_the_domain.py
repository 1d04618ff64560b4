"""Boards without a router near them, and a domain without a mesh or links."""

from actors import Pipeline, Topology

site = Topology("lost")
field, office = site.domain("field"), site.domain("office")
cellar = site.domain("cellar", mesh=False)
office.device("desk")
field.device("probe", board="virtual")  # expect: to field/probe | nothing | 'field' has no router
cellar.device("rack", also_in=[])  # expect: to cellar/rack | has mesh=False
flow = Pipeline("flow")
