"""The site `flows` as processes, and what its sources and sinks have written down."""

import json
import struct
import time

from processes import SITES, Desk, Process, free_ports, until, with_keys

from actors import summary
from actors.check import load_checked
from actors.launch import Address, write_addresses
from actors.plan import make_plan

FLOWS = SITES / "flows" / "site.py"
SOURCE, GATE, DESK = "d/source", "d/gate", "d/desk"
HURT, CALM = "d/hurt", "d/calm"
EVERYBODY = (DESK, GATE, SOURCE, HURT, CALM)
HOST = "127.0.0.1"
ROW = struct.Struct("!Qqqd")  # as the site's sinks write it
REST_S = 30.0


class Flows:
    """The running processes of the site; `given` is what it finds in its `given.json`.

    `port` is the gate's, the desk's follows; the third is for a test's own use.
    """

    def __init__(self, folder, **given):
        self.folder = folder
        self.flows = given.get("flows", 2)
        self.port = free_ports(3)
        self.file = with_keys(folder, FLOWS)
        given = {"first_port": self.port, "folder": str(folder), **given}
        (self.file.parent / "given.json").write_text(json.dumps(given))
        self.desk = Desk(self.file, self.port + 1)
        self.processes = {}
        self._former = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self._former, *self.processes.values()]:
            process.end()

    def start(self, *paths, gate_port=None):
        """Start devices; `gate_port`: where they find the gate, instead of at its own address."""
        for path in paths:
            command = ["up", self.file] if path == DESK else ["node", self.file, path]
            if gate_port is not None:
                file = self.folder / f"{path.replace('/', '-')}.addresses"
                found = {path: Address(None, None), GATE: Address((HOST, gate_port), None)}
                write_addresses(found, file)
                command += ["--addresses", file]
            if path in self.processes:
                self._former.append(self.processes[path])
            self.processes[path] = Process(self.folder, *command)

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
        lines = [line.split() for line in (self.folder / "notes").read_text().splitlines()]
        return [(float(at_s), *words) for at_s, *words in lines]

    def account(self):
        """The account of each flow, in order, closed once nothing moves any more."""
        self.desk.ask("halt")
        end_s, before = time.monotonic() + REST_S, None
        while True:
            status = self.desk.status()
            figures = [(row["accepted"], row["delivered"]) for row in status["wires"]]
            rests = all(one["rested"] for one in status["devices"].values() if one["alive"])
            if (rests and figures == before) or time.monotonic() > end_s:
                plan = make_plan(load_checked(self.file))
                return summary.closed(plan, status)["wires"]
            before = figures
            time.sleep(1.0)

    @property
    def output(self):
        """What all of them have said."""
        return "\n".join(one.output for one in [*self._former, *self.processes.values()])

