"""A board on a workbench: three sensors, an LED and a display, and a desk that prints.

    bench/board ── bench/desk

Without a board it runs on a virtual one, which measures what `world.py` says.
"""

from actors import Pipeline, Topology
from mp_actors.actuators.ssd1306 import Display
from mp_actors.actuators.switch import Switch
from mp_actors.operators import Deadband, Print, Toggle
from mp_actors.sensors.button import Button
from mp_actors.sensors.dht import DHT22
from mp_actors.sensors.hcsr04 import Distance

site = Topology("workbench")
bench = site.domain("bench")
board, desk = bench.device("board", board="virtual"), bench.device("desk")

flow = Pipeline("workbench")
warm = flow.add(DHT22, at=board, name="warm", pin=15)
far = flow.add(Distance, at=board, name="far", trigger=5, echo=18)
moved = flow.add(Deadband, at=board, name="moved", width=1)
display = flow.add(Display, at=board, scl=22, sda=21)
button = flow.add(Button, at=board, pin=0)
is_lit = flow.add(Toggle, at=board, name="is-lit")
lamp = flow.add(Switch, at=board, name="lamp", pin=2)
show = flow.add(Print, at=desk)

warm >> show
warm >> display
far >> moved >> show
button >> is_lit >> lamp
is_lit >> show
