"""Numbered flows from one machine over a gate to two: one to `hurt`, the others to `calm`.

d/source ── d/gate ─┬─ d/hurt
                    ├─ d/calm
                    └─ d/desk: the controller, no readings

What flows, and what is wrong with the sink at `hurt`, stands in `given.json` beside this file.
"""

import json
from pathlib import Path

from parts import Numbers, Rows

from actors import Pipeline, Topology
from actors.delivery import reliable, stream

FILE = Path(__file__).parent / "given.json"
GIVEN = json.loads(FILE.read_text()) if FILE.exists() else {}
FIRST_PORT = GIVEN.get("first_port", 27000)
FOLDER = GIVEN.get("folder", ".")
PROMISES = {"stream": stream, "reliable": reliable}

site = Topology("flows")
domain = site.domain("d", mesh=False)
gate = domain.device("gate", address=f"127.0.0.1:{FIRST_PORT}")
desk = domain.device("desk", address=f"127.0.0.1:{FIRST_PORT + 1}")
source, hurt, calm = (domain.device(name, router=False) for name in ("source", "hurt", "calm"))
for device in (desk, source, hurt, calm):
    site.link(gate, device)
site.controller(at=desk)

promise = PROMISES[GIVEN.get("delivery", "stream")]
flow = Pipeline("flows")
for number in range(GIVEN.get("flows", 2)):
    numbers = flow.add(
        Numbers,
        at=source,
        name=f"numbers-{number}",
        per_s=GIVEN.get("per_s", 1000),
        size_bytes=GIVEN.get("size_bytes", 100),
        notes=f"{FOLDER}/notes",
    )
    rows = flow.add(
        Rows,
        at=calm if number else hurt,
        name=f"rows-{number}",
        file=f"{FOLDER}/rows-{number}",
        **({} if number else GIVEN.get("wrong", {})),
    )
    numbers >> promise(rows)
