"""The controller on a worker that does not forward."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("leaf")
field = site.domain("field")
gate = field.device("gate")
desk = field.device("desk", router=False)
site.controller(at=desk)  # expect: field/desk is a leaf (router=False) and cannot | of: field/gate
flow = Pipeline("flow")
tick = flow.add(Tick, at=gate)
store = flow.add(Store, at=desk, file="a.csv")
tick >> store
