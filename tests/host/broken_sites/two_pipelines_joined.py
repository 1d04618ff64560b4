"""A wire from one pipeline to another, and two pipelines of one name."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("joined")
desk = site.domain("office").device("desk")
one = Pipeline("flow")
two = Pipeline("flow")  # expect: two pipelines are called 'flow' | line 9
tick = one.add(Tick, at=desk)
tock = two.add(Tick, at=desk, name="tock")
store = two.add(Store, at=desk, file="a.csv")
tock >> store
tick >> store  # expect: the wire tick >> store joins two pipelines
flow = [one, two]
