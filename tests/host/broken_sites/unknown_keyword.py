"""A keyword of the builders, misspelt."""

from actors import Pipeline, Topology

site = Topology("keywords")
flow = Pipeline("flow")
site.domain("office").device("desk", adress="a:1")  # expect: 'adress' | did you mean 'address'
