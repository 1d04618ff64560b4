"""Wires that lead back to where they came from."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("circle")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
a = flow.add(Smooth, name="a")
b = flow.add(Smooth, name="b")
c = flow.add(Smooth, name="c")
store = flow.add(Store, at=desk, file="a.csv")
tick >> a >> b >> store
b >> c
c >> a  # expect: the flow runs in a circle: a >> b >> c >> a | leave the wire c >> a out
