"""Seals that there are not."""

from actors import Pipeline, Topology

site = Topology("seals", seal="aes")  # expect: seal has a wrong value | 'ccm', 'fernet', 'plain'
field = site.domain("field")
gate, shed, barn = field.device("gate"), field.device("shed"), field.device("barn")
site.link(gate, shed, seal="fernt")  # expect: seal has a wrong value | did you mean 'fernet'?
site.link(gate, barn, seal=False)  # expect: seal has a wrong value | bool: False
site.link(shed, barn, seal="plain")
flow = Pipeline("flow")
