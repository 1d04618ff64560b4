"""Imports a module that is not there."""

from partz import Smooth  # expect: no module named 'partz' beside missing_module.py | mean 'parts'

from actors import Pipeline, Topology

site = Topology("missing")
flow = Pipeline("flow")
smooth = flow.add(Smooth)
