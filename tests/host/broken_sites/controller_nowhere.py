"""The controller on a device that does not exist, and placed a second time."""

from actors import Pipeline, Topology

site = Topology("brain")
gate = site.domain("field").device("gate")
site.controller(at="field/gat")  # expect: controller: there is no device 'field/gat' | 'field/gate'
site.controller(at=gate)  # expect: the controller is placed twice | line 7
flow = Pipeline("flow")
