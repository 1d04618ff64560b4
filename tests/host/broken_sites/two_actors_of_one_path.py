"""Actors whose paths are, or could become, the same."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("twins")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
tock = flow.add(Tick, at="office/desk")  # expect: the path office/desk/tick | line 10
smooth = flow.add(Smooth)
again = flow.add(Smooth, at=desk)  # expect: two actors called smooth could be placed on one device
store = flow.add(Store, at=desk, file="a.csv")
tick >> smooth >> store
tock >> again >> store
