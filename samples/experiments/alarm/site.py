"""An alarm: five boards, each with one part, and a PC.

    lab/air      CO2, by an MH-Z19B            lab/dial     chooses one of three alarms
    lab/climate  temperature, by a DHT11       lab/button   arms or disarms it; and the lamp
    lab/gap      distance, by an HC-SR04       lab/pc       joins the boards

A press lights the lamp if the alarm that it arms is over its limit. Where that is worked out is
open: nothing between the sensors and the lamp has an at=. `alarm.toml` compares places for it:

    actors experiment samples/experiments/alarm/alarm.toml
"""

import json
import os

from parts import Choice, Lamp, Over, Panel, Press
from simulated import Pressed, Turned, Wave

from actors import Pipeline, Topology
from mp_actors.sensors.button import Button
from mp_actors.sensors.dht import DHT11
from mp_actors.sensors.encoder import Encoder
from mp_actors.sensors.hcsr04 import Distance
from mp_actors.sensors.mhz19b import MHZ19B

# By actor, how long its work is to take on a board; `actors experiment --real` says it.
pace_us = json.loads(os.environ.get("PACE_US", "{}"))

site = Topology("alarm")
lab = site.domain("lab")
pc = lab.device("pc")
air, climate, gap = (lab.device(name, board="virtual") for name in ("air", "climate", "gap"))
dial, button = (lab.device(name, board="virtual") for name in ("dial", "button"))

flow = Pipeline("alarm")


def add(cls, name, **arguments):
    """An actor without a place, and with the pace that an experiment wants."""
    return flow.add(cls, name=name, pace_us=pace_us.get(name, 0), **arguments)


co2 = flow.add(MHZ19B, at=air, name="co2")
warm = flow.add(DHT11, at=climate, name="warm", pin=15)
far = flow.add(Distance, at=gap, name="far", trigger=5, echo=18)
turned = flow.add(Encoder, at=dial, name="turned", a=25, b=26)
pressed = flow.add(Button, at=button, name="pressed", pin=0)

co2_high = add(Over, "co2-high", limit=1000)
warm_high = add(Over, "warm-high", limit=27)
near = add(Over, "near", limit=50, under=True)
choice = add(Choice, "choice", count=3)
press = add(Press, "press")
panel = add(Panel, "panel", alarms=["co2-high", "warm-high", "near"])
lamp = flow.add(Lamp, at=button, name="lamp", pin=2, pace_us=pace_us.get("lamp", 0))

co2 >> co2_high >> panel
warm >> warm_high >> panel
far >> near >> panel
turned >> choice >> panel
pressed >> press >> panel >> lamp

stand_ins = {
    MHZ19B: lambda **_: Wave(400, 1400, 20, 2000),
    DHT11: lambda **_: Wave(18, 30, 60, 2000),
    Distance: lambda **_: Wave(20, 200, 50, 200),
    Encoder: lambda **_: Turned(),
    Button: lambda **_: Pressed(),
}
