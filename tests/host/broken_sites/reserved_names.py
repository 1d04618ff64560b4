"""Names that the runtime's own actors have."""

from parts import Smooth, Tick

from actors import Pipeline, Topology

site = Topology("reserved")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk, name="node")  # expect: the name 'node' is reserved | name='my-node'
router = flow.add(Smooth, name="router")  # expect: the name 'router' is reserved
tick >> router
