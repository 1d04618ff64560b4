"""Names that cannot be part of a path."""

from parts import Tick

from actors import Pipeline, Topology

site = Topology("my site")  # expect: a site cannot be called 'my site' | 'my-site'
field = site.domain("2nd")  # expect: a domain cannot be called '2nd' | 'domain-2nd'
gate = field.device("gate/1")  # expect: a device cannot be called 'gate/1' | 'gate-1'
flow = Pipeline("")  # expect: a pipeline cannot be called ''
tick = flow.add(Tick, at=gate, name="tick" * 9)  # expect: a stage cannot be called | 32 characters
