"""A greenhouse: three networks that cannot reach each other, joined by gateways on a backbone.

    field                 backbone               office
    probe-1  probe-2 ── field/gate ─┬─ office/gate ── w1  w2  desk
    plant                           │
    meter ───────────── plant/gate ─┘
"""

from parts import FreeMemory, Ledger, Load, Smooth, SoilMoisture

from actors import Pipeline, Topology
from mp_actors.operators import Deadband, Mean
from mp_actors.sensors.chip import ChipTemperature

site = Topology("greenhouse")
field, plant, office = site.domain("field"), site.domain("plant"), site.domain("office")
backbone = site.domain("backbone")

probe_1 = field.device("probe-1", board="virtual", tap=True)
probe_2 = field.device("probe-2", board="virtual")
field.device("gate", also_in=[backbone])
meter = plant.device("meter", board="virtual")  # real values of the machine it runs on
plant.device("gate", also_in=[backbone])
office_gate = office.device("gate", also_in=[backbone])
w1, w2 = office.device("w1"), office.device("w2")
desk = office.device("desk")
site.controller(at=w1)

flow = Pipeline("greenhouse")
ledger = flow.add(Ledger, at=desk, file="greenhouse.csv")

soil = flow.add(SoilMoisture, at=probe_1, pin=32)
damp = flow.add(Smooth, at=probe_1, name="damp", share=0.25)
dampness = flow.add(Mean, at=w1, name="dampness", window_ms=1000)
soil >> damp >> dampness >> ledger

warm = flow.add(ChipTemperature, at=probe_2, name="warm", period_ms=200)
warmth = flow.add(Mean, at=w2, name="warmth", window_ms=1000)
warm >> warmth >> ledger

load = flow.add(Load, at=meter)
memory = flow.add(FreeMemory, at=meter)
changed = flow.add(Deadband, at=meter, name="changed", width=1)
busy = flow.add(Mean, name="busy", window_ms=2000)  # no at=: the controller places it
load >> busy >> ledger
memory >> changed >> ledger
