"""Keywords that do not fit a constructor."""

from parts import Named, SoilMoisture, Store, Tick

from actors import Pipeline, Topology

site = Topology("keywords")
desk = site.domain("office").device("desk")
flow = Pipeline("flow")
soil = flow.add(SoilMoisture, at=desk, pim=34)  # expect: takes no argument 'pim' | mean 'pin'
tick = flow.add(Tick, at=desk, speed=2)  # expect: Tick takes no argument 'speed' | leave speed= out
store = flow.add(Store, at=desk)  # expect: Store needs an argument 'file' | add file=
named = flow.add(Named, at=desk, name="x")  # expect: Named cannot be given 'name' | something else
soil >> store
tick >> named
