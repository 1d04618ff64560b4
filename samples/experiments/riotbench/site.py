"""RIoTBench's four dataflows on a field of sensors and a cloud of two machines.

    field/meter, a board ─┐
    field/hub ────────────┴─ field/gate ── cloud/w1  cloud/w2

Sources and sinks are pinned; all between goes where it costs least, by `site.profile.json`. The
dataflows are RIoTBench's by their operators, windows and selectivities; MQTT is our wires, Azure a
store in memory, the data are made up (`shapes`).

    actors plan samples/experiments/riotbench/site.py --placement central
    actors experiment samples/experiments/riotbench/riotbench.toml

*Source*: Shukla, Chaturvedi, Simmhan, RIoTBench: An IoT benchmark for distributed stream processing
systems, Concurrency and Computation: Practice and Experience 29(21), 2017.
"""

from flows import etl, pred, stats, train
from learning import Store

from actors import Pipeline, Topology

site = Topology("riotbench")
field, cloud = site.domain("field"), site.domain("cloud")
meter = field.device("meter", board="virtual")
hub = field.device("hub")
field.device("gate", also_in=[cloud])
w1, w2 = cloud.device("w1"), cloud.device("w2")
site.controller(at=w1)

azure = Pipeline("store")
azure.add(Store, at=w2, name="store", shape="taxi")
STORE = "cloud/w2/store"

flow = [
    azure,
    etl("sys", at=meter, to=w1, period_ms=200),
    stats("fit", at=hub, to=w1, period_ms=200),
    pred("taxi", at=hub, to=w1, store=STORE),
    train(at=w2, to=w1, store=STORE),
]
