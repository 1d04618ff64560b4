"""Imports parts that import hardware at the top of their file."""

from hardware_parts import Probe

from actors import Pipeline, Topology

site = Topology("hardware")
probe = site.domain("field").device("probe", board="virtual")
flow = Pipeline("flow")
soil = flow.add(Probe, at=probe, pin=34)
