"""The controller on a board."""

from actors import Pipeline, Topology

site = Topology("brain")
field = site.domain("field")
probe = field.device("probe", board="virtual")
field.device("gate")
site.controller(at=probe)  # expect: cannot hold the controller | of: field/gate
flow = Pipeline("flow")
