"""Nobody to hold the controller or to take a filter."""

from parts import Smooth, Tick

from actors import Pipeline, Topology

site = Topology("boards-only")  # expect: there is no worker for the controller
probe = site.domain("field").device("probe", board="virtual")
flow = Pipeline("flow")
tick = flow.add(Tick, at=probe)
smooth = flow.add(Smooth)  # expect: no worker could take smooth
tick >> smooth
