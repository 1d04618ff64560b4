"""Paths of devices that do not exist."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("unknown-device")
field = site.domain("field")
field.device("probe-1")
field.device("gate")
flow = Pipeline("flow")
tick = flow.add(Tick, at="field/prob-1")  # expect: no device 'field/prob-1' | mean 'field/probe-1'
smooth = flow.add(Smooth, at="gate")  # expect: no device 'gate' | did you mean 'field/gate'
store = flow.add(Store, at="cellar/x", file="a.csv")  # expect: 'cellar/x' | known are: field/gate
tick >> smooth >> store
