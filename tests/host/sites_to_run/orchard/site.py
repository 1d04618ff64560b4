"""An orchard that is run, broken and listened to by tests.

yard                backbone        house
left  right ── yard/gate ── house/hall ── house/desk
"""

import os

from parts import Chatter, Fussy, Missing, Nothing, Pulse, Rows

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))


def port(place):
    """Fixed addresses, so that a test knows where to knock."""
    return f"127.0.0.1:{FIRST_PORT + place}"


site = Topology("orchard", seal=os.environ.get("SEAL", "ccm"))
yard, house, backbone = site.domain("yard"), site.domain("house"), site.domain("backbone")
left = yard.device("left", board="virtual", tap=True, address=port(0))
right = yard.device("right", board="virtual")
gate = yard.device("gate", also_in=[backbone], address=port(1))
hall = house.device("hall", also_in=[backbone], address=port(2))
desk = house.device("desk", address=port(3))
site.controller(at=desk)

flow = Pipeline("orchard")
rows = flow.add(Rows, at=desk, file="rows.csv")
pulse = flow.add(Pulse, at=left)
pulse >> flow.add(Fussy, at=left) >> rows
flow.add(Pulse, at=right) >> rows
flow.add(Pulse, at=hall) >> flow.add(Fussy, at=hall) >> rows
flow.add(Missing, at=hall) >> rows
flow.add(Chatter, at=left) >> flow.add(Nothing, at=left)
