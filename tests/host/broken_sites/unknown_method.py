"""A verb of the builders, misspelt."""

from actors import Pipeline, Topology

site = Topology("verbs")
flow = Pipeline("flow")
office = site.doman("office")  # expect: no attribute 'doman' | did you mean 'domain'
