"""Watchdogs where there is none, and times that are none."""

from parts import Store, Tick

from actors import Pipeline, Topology

site = Topology("watchdogs")
field = site.domain("field")
gate = field.device("gate")
field.device("a", watchdog_ms=8000)  # expect: only a board has a watchdog | leave watchdog_ms= out
field.device("b", board="virtual", watchdog_ms=500)  # expect: watchdog_ms | from 2000 to 600000
field.device("c", board="virtual", watchdog_ms=True)  # expect: watchdog_ms | bool: True
field.device("d", board="virtual", watchdog_ms=8000)
flow = Pipeline("flow")
flow.add(Tick, at=gate) >> flow.add(Store, at=gate, file="a.csv")
