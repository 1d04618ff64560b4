"""A worker that does not forward, with a domain on either side of it."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("middle")
left, right = site.domain("left"), site.domain("right")
middle = left.device("middle", also_in=[right], router=False)
one = left.device("one")
two = right.device("two")  # expect: no route | controller on left/one to right/two | left/middle
flow = Pipeline("flow")
tick = flow.add(Tick, at=one)
store = flow.add(Store, at=two, file="a.csv")
tick >> store
