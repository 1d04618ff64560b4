"""A watcher at `d/near`, and whom it watches: on its own device, and on five others over a gate.

d/near ── d/gate ─┬─ d/far, d/frozen, d/cut, d/killed, d/again
                  └─ d/desk: the controller
"""

import os

from parts import Mortal, Watcher

from actors import Pipeline, Topology

FIRST_PORT = int(os.environ.get("FIRST_PORT", "27000"))
FOLDER = os.environ.get("FOLDER", ".")
OTHERS = ("far", "frozen", "cut", "killed", "again")

site = Topology("watched")
domain = site.domain("d", mesh=False)
gate = domain.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
desk = domain.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
near = domain.device("near", router=False)
others = [domain.device(name, router=False) for name in OTHERS]
for device in (desk, near, *others):
    site.link(gate, device)
site.controller(at=desk)

flow = Pipeline("watched")
for device in (near, *others):
    flow.add(Mortal, at=device, name="mortal", file=f"{FOLDER}/end-{device.name}")
paths = [f"d/{name}/mortal" for name in ("near", *OTHERS)]
flow.add(Watcher, at=near, name="watcher", paths=paths, file=f"{FOLDER}/gone")
