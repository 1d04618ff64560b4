"""A yard with two boards, a house with two machines, and a gate between them.

yard                       house
left  right ── yard/gate ─┬─ house/hall
                          └──────┴─ house/desk

`yard/gate` has a fixed address, so a test can put a cable of its own between it and a board.
"""

import os

from parts import Arrivals, Pulse, Slow

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))


def port(place):
    """Fixed addresses: a device that is started again is found where it was."""
    return f"127.0.0.1:{FIRST_PORT + place}"


site = Topology("cables", seal=os.environ.get("SEAL", "ccm"))
yard, house = site.domain("yard"), site.domain("house")
gate = yard.device("gate", also_in=[house], address=port(0))
hall = house.device("hall", address=port(1))
desk = house.device("desk", address=port(2))
left = yard.device("left", board="virtual")
right = yard.device("right", board="virtual")
site.controller(at=desk)

flow = Pipeline("cables")
arrivals = flow.add(Arrivals, at=desk, file=os.environ.get("ARRIVALS", "arrivals.csv"))
for place in (gate, hall, left, right):
    flow.add(Pulse, at=place) >> arrivals
for place in (left, right):
    flow.add(Slow, at=place) >> arrivals
