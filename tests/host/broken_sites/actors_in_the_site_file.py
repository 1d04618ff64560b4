"""A class of the site file itself, used where a board could need it."""

from actors import Pipeline, Topology
from mp_actors import Sensor
from mp_actors.operators import Print


class Own(Sensor):
    """A board cannot import it: this file imports the host."""


site = Topology("own")
field = site.domain("field")
desk = field.device("desk")
probe = field.device("probe", board="virtual")
flow = Pipeline("flow")
own = flow.add(Own, at=probe)  # expect: in actors_in_the_site_file.py itself | as in parts.py
end = flow.add(Print, at=desk)
own >> end
