"""A site and a flow that are something else."""

from actors import Pipeline

site = "greenhouse"  # expect: site is no Topology | str: 'greenhouse'
flow = [Pipeline("my flow"), 3]  # expect: flow is no Pipeline | cannot be called 'my flow'
