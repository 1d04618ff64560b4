"""A device that was declared in a second topology, and things that are no devices."""

from parts import Smooth, Store, Tick

from actors import Pipeline, Topology

site = Topology("here")
desk = site.domain("office").device("desk")
elsewhere = Topology("elsewhere").domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=elsewhere)  # expect: is a device of another topology
smooth = flow.add(Smooth, at=7)  # expect: at= is no device | int: 7
store = flow.add(Store, at=desk, file="a.csv")
tick >> smooth >> store
site.link(desk, elsewhere)  # expect: link() has a wrong value | devices of this site
