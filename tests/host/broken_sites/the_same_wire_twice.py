"""One wire drawn twice."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("twice")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
smooth = flow.add(Smooth)
store = flow.add(Store, at=desk, file="a.csv")
tick >> smooth >> store
tick >> smooth  # expect: the wire tick >> smooth is drawn twice | line 13
