"""Imports a class that its module does not have."""

from parts import Smoth  # expect: cannot import name 'Smoth' | did you mean 'Smooth'

from actors import Pipeline, Topology

site = Topology("missing")
flow = Pipeline("flow")
smooth = flow.add(Smoth)
