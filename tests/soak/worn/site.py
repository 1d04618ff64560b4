"""Three devices that stay, and four between and beside them that are killed.

d/source ─┐             ┌─ d/keep
d/board ──┼─ d/gate   ──┼─ d/work
          └─ d/second ──┴─ d/desk: the controller

`TICKS_SHIFT` ms are added to the clock of each machine, so that it wraps soon; so do the numbers of
all wires.
"""

import os

from parts import Heap, Lines, Pass, Pulse

from actors import Pipeline, Topology, plan
from mp_actors.clock import SystemClock
from mp_actors.ticks import WRAP_MS

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))
FOLDER = os.environ.get("FOLDER", ".")
SHIFT_MS = int(os.environ.get("TICKS_SHIFT", "0"))
NUMBERS_BELOW = 1000

_ticks_ms = SystemClock.ticks_ms
if SHIFT_MS:  # not where the site is only looked at: there it would be so for whatever comes later
    SystemClock.ticks_ms = lambda clock: (_ticks_ms(clock) + SHIFT_MS) % WRAP_MS
    plan.SEQUENCE_FIRST = WRAP_MS - NUMBERS_BELOW

site = Topology("worn")
domain = site.domain("d", mesh=False)
gate = domain.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
desk = domain.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
second = domain.device("second", address=f"127.0.0.1:{FIRST_PORT + 2}")
source, keep, work = (domain.device(name, router=False) for name in ("source", "keep", "work"))
board = domain.device("board", board="virtual")
for device in (desk, source, keep, work, board):
    site.link(gate, device)
    site.link(second, device)
site.controller(at=desk)

flow = Pipeline("worn")
lines = flow.add(Lines, at=keep, file=f"{FOLDER}/lines")
flow.add(Pulse, at=source, name="pulse", period_ms=10) >> lines
flow.add(Pulse, at=board, name="pulse", period_ms=50) >> lines
flow.add(Heap, at=board, name="heap") >> lines
worked = flow.add(Pass, at=work, name="pass")
flow.add(Pulse, at=source, name="worked", period_ms=20) >> worked
worked >> lines
