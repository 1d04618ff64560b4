"""Actors that wait for ever, since nothing is wired to them."""

from parts import Mean, Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("dry")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
smooth = flow.add(Smooth)  # expect: nothing is wired to smooth, which is a filter
mean = flow.add(Mean)  # expect: nothing is wired to mean, which is an aggregator
store = flow.add(Store, at=desk, file="a.csv")  # expect: nothing is wired to store, which is a sink
