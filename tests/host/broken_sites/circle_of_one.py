"""An actor wired to itself, in one of two pipelines."""

from parts import Smooth, Tick

from actors import Pipeline, Topology

site = Topology("circle")
desk = site.domain("office").device("desk")
good, bad = Pipeline("good"), Pipeline("bad")
flow = [good, bad]
tick = bad.add(Tick, at=desk)
smooth = bad.add(Smooth)
tick >> smooth
smooth >> smooth  # expect: circle: smooth >> smooth
