"""Arguments that CBOR cannot carry."""

from datetime import timedelta
from pathlib import Path

from parts import Mean, Smooth, SoilMoisture, Store, Tick

from actors import Pipeline, Topology

site = Topology("luggage")
desk = site.domain("office").device("desk")
deep = []
for _ in range(20):
    deep = [deep]
flow = Pipeline("flow")
soil = flow.add(SoilMoisture, at=desk, pin={34, 35})  # expect: pin cannot be sent | set | sorted(
store = flow.add(Store, at=desk, file=Path("a.csv"))  # expect: file cannot be sent | give str(
a = flow.add(Mean, name="a", table={"x": [1, object()]})  # expect: table['x'][1] cannot be sent
b = flow.add(Mean, name="b", table={1.5: 2})  # expect: table has a key that cannot | float: 1.5
c = flow.add(Mean, name="c", table=deep)  # expect: table is nested too deeply
d = flow.add(Mean, name="d", table=2**63)  # expect: table is too large an integer | 2**63 - 1
e = flow.add(Smooth, name="e", width=timedelta(1))  # expect: width cannot be sent | total_seconds
f = flow.add(Smooth, name="f", width="\ud800")  # expect: width is no valid text
g = flow.add(Smooth, name="g", width=1 + 2j)  # expect: width cannot be sent | inside __init__
h = flow.add(Smooth, name="h", width=bytearray(2))  # expect: width cannot be sent | give bytes(
i = flow.add(Smooth, name="i", width=flow.add(Tick))  # expect: width cannot be sent | with >>
soil >> a >> b >> c >> d >> e >> f >> g >> h >> i >> store
