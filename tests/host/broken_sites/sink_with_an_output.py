"""Wires that do not fit the roles at their ends."""

from parts import Listener, Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("roles")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
tock = flow.add(Tick, at=desk, name="tock")
smooth = flow.add(Smooth)
store = flow.add(Store, at=desk, file="a.csv")
listener = flow.add(Listener)
tick >> store
store >> smooth  # expect: store is a sink and has no output: store >> smooth
tick >> tock  # expect: tock is a sensor and takes no input: tick >> tock | turn the wire round
smooth >> listener  # expect: listener takes no input | Listener.on_value(self, value)
