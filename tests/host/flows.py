"""The site `flows` as processes, and what its sources and sinks have written down."""

import json
import struct
import time

from processes import SITES, Desk, until
from started import DESK, GATE, Started

from actors import summary
from actors.check import load_checked
from actors.plan import make_plan

FLOWS = SITES / "flows" / "site.py"
SOURCE, HURT, CALM = "d/source", "d/hurt", "d/calm"
EVERYBODY = (DESK, GATE, SOURCE, HURT, CALM)
ROW = struct.Struct("!Qqqd")  # as the site's sinks write it
REST_S = 30.0


class Flows(Started):
    """The running site; `given` is what it finds in its `given.json`."""

    def __init__(self, folder, **given):
        super().__init__(folder, FLOWS)
        self.flows = given.get("flows", 2)
        given = {"first_port": self.port, "folder": str(folder), **given}
        (self.file.parent / "given.json").write_text(json.dumps(given))
        self.desk = Desk(self.file, self.port + 1)

    def wait_for_flow(self):
        """Until something has arrived on every flow."""
        for number in range(self.flows):
            until(lambda number=number: self.bytes_of(number), f"flow {number}\n{self.output}")

    def bytes_of(self, number):
        """How much the sink of a flow has written."""
        file = self.folder / f"rows-{number}"
        return file.stat().st_size if file.exists() else 0

    def rows(self, number):
        """[(number, made µs, arrived µs, arrived s)] of a flow, in the order of their arrival."""
        data = (self.folder / f"rows-{number}").read_bytes()
        return list(ROW.iter_unpack(data[: len(data) // ROW.size * ROW.size]))

    def notes(self):
        """[(seconds, source, what, target)]: what the sources were told."""
        file = self.folder / "notes"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        return [(float(at_s), *words) for at_s, *words in lines]

    def account(self):
        """The account of each flow, in order, closed once nothing moves any more.

        Closing gives what nobody explained a name (`crash`, `link`); `nobody` says how many it was.
        """
        self.desk.ask("halt")
        end_s, before = time.monotonic() + REST_S, None
        while True:
            status = self.desk.status()
            figures = [(row["accepted"], row["delivered"]) for row in status["wires"]]
            rests = all(one["rested"] for one in status["devices"].values() if one["alive"])
            if (rests and figures == before) or time.monotonic() > end_s:
                plan = make_plan(load_checked(self.file))
                rows = zip(summary.closed(plan, status)["wires"], status["wires"], strict=True)
                return [{**closed, "nobody": row["unexplained"]} for closed, row in rows]
            before = figures
            time.sleep(1.0)
