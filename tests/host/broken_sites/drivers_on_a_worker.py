"""Drivers of hardware where there is none."""

from actors import Pipeline, Topology
from mp_actors.actuators.switch import Switch
from mp_actors.sensors.touch import Touch

site = Topology("drivers")
field = site.domain("field")
probe = field.device("probe", board="virtual")
desk = field.device("desk")
flow = Pipeline("flow")
good = flow.add(Touch, at=probe, pin=33)
pad = flow.add(Touch, at=desk, name="pad", pin=33)  # expect: which only a board has | at=field/desk
lamp = flow.add(Switch, pin=2)  # expect: Switch drives pins | no at=, so it goes to a worker
good >> lamp
pad >> lamp
