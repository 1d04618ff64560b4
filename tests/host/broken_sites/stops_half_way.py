"""Mistakes that are recorded, then one that ends the file; both kinds are told."""

from parts import SoilMoisture

from actors import Pipeline, Topology

site = Topology("half")
field = site.domain("the field")  # expect: a domain cannot be called 'the field'
gate = field.device("gate")
flow = Pipeline("flow")
soil = flow.add(SoilMoisture, at=gate)  # expect: SoilMoisture needs an argument 'pin'
ratio = 1 / (gate.number - 1)  # expect: ZeroDivisionError
