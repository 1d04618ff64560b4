"""Wires to and from things that are no stages."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("ends")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
tock = flow.add(Tick, at=desk, name="tock")
smooth = flow.add(Smooth)
store = flow.add(Store, at=desk, file="a.csv")
tick >> smooth >> store
[tick, tock] >> store  # expect: a wire joins two stages | write one line for each wire
tock >> "smooth"  # expect: a wire joins two stages | str: 'smooth'
