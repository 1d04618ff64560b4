"""Attributes of devices that make no sense."""

from actors import Pipeline, Topology

site = Topology("devices")
field = site.domain("field")
field.device("gate")
field.device("a", board="virtaul")  # expect: no board of kind 'virtaul' | did you mean 'virtual'
field.device("b", board="virtual", router=True)  # expect: field/b: a board cannot forward
field.device("c", also_in=field)  # expect: also_in has a wrong value | also_in=[domain]
field.device("d", also_in=["backbone"])  # expect: also_in has a wrong value | str: 'backbone'
field.device("e", memory_kb=-1)  # expect: memory_kb has a wrong value | a number above 0
field.device("f", host="")  # expect: host has a wrong value
flow = Pipeline("flow")
