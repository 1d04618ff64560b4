"""Domains that nothing joins."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("islands")
field, office = site.domain("field"), site.domain("office")
desk = office.device("desk")
gate = field.device("gate")  # expect: no route | controller on office/desk to field/gate
probe = field.device("probe", board="virtual")  # expect: to field/probe | linked to field/gate
flow = Pipeline("flow")
tick = flow.add(Tick, at=probe)
store = flow.add(Store, at=desk, file="a.csv")
tick >> store
