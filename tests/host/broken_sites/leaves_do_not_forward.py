"""A controller on a worker that does not forward, with a domain on either side of it."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("middle")
left, right = site.domain("left"), site.domain("right")
middle = left.device("middle", also_in=[right], router=False)
one = left.device("one")
two = right.device("two")
site.controller(at=middle)
flow = Pipeline("flow")
tick = flow.add(Tick, at=one)
store = flow.add(Store, at=two, file="a.csv")
tick >> store  # expect: no route leads from left/one to right/two
