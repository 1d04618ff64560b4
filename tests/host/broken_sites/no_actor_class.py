"""Things given to add() that are no classes of actors."""

from parts import Smooth, Store, Tick, celsius

from actors import Pipeline, Topology
from mp_actors import Filter

site = Topology("classes")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
a = flow.add(Smooth(3))  # expect: add() needs the class of an actor | give the class: add(Smooth
b = flow.add(Filter)  # expect: add() needs the class of an actor | class Mine(Filter)
c = flow.add("Smooth")  # expect: add() needs the class of an actor | without quotes
d = flow.add(celsius)  # expect: add() needs the class of an actor | function
store = flow.add(Store, at=desk, file="a.csv")
tick >> a >> b >> c >> d >> store
