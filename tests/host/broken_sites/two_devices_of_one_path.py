"""Two devices and two domains of one name."""

from actors import Pipeline, Topology

site = Topology("twins")
office = site.domain("office")
office.device("desk")
office.device("desk")  # expect: two devices have the path office/desk | line 7
site.domain("office")  # expect: domain 'office' is declared twice | line 6
flow = Pipeline("flow")
