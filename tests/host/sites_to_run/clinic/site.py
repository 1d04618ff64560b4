"""A clinic in which somebody talks, somebody objects and somebody cannot keep up.

ward            hall             office
bed ── ward/door ── office/clerk ── office/desk
           └─────── attic/sleeper
"""

import os

from parts import Flood, Fussy, Keep, Pulse, Sleepy

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))


def port(place):
    """Fixed addresses, so that a device that is started again is found where it was."""
    return f"127.0.0.1:{FIRST_PORT + place}"


site = Topology("clinic")
ward, office = site.domain("ward"), site.domain("office")
hall, attic = site.domain("hall"), site.domain("attic")
bed = ward.device("bed", board="virtual")
door = ward.device("door", also_in=[hall, attic], address=port(0))
clerk = office.device("clerk", also_in=[hall], address=port(1))
desk = office.device("desk", address=port(2))
sleeper = attic.device("sleeper", address=port(3))
site.controller(at=desk)

flow = Pipeline("clinic")
pulse = flow.add(Pulse, at=bed)
pulse >> flow.add(Fussy, at=door) >> flow.add(Keep, at=desk)
flow.add(Flood, at=door) >> flow.add(Sleepy, at=sleeper)
