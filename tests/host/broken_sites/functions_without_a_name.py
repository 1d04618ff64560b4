"""Functions and classes that a device cannot import by name."""

import os.path

from parts import Outer, Smooth, Tick, celsius, make_scale

from actors import Pipeline, Topology
from mp_actors.operators import Map, Print

site = Topology("functions")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
tick = flow.add(Tick, at=desk)
good = flow.add(Map, name="good", call=celsius)
a = flow.add(Map, name="a", call=lambda value: value + 1)  # expect: call cannot be | a lambda
b = flow.add(Map, name="b", call=make_scale(2))  # expect: call cannot be | make_scale.<locals>
c = flow.add(Map, name="c", call="x".join)  # expect: call cannot be imported | method of an object
d = flow.add(Map, name="d", call=os.path.exists)  # expect: devices cannot import genericpath:
e = flow.add(Outer.Inner, name="e")  # expect: class Inner cannot be imported | Outer.Inner
f = flow.add(Map, name="f", call=Smooth(2))  # expect: call cannot be sent
end = flow.add(Print, at=desk)
tick >> good >> a >> b >> c >> d >> e >> f >> end
