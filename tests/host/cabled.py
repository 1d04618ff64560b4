"""The site `cables` as processes, each started as a person does on its own machine."""

import time

from processes import SITES, Arrivals, Desk, Process, free_ports, until, with_keys

from actors.launch import Address, write_addresses

CABLES = SITES / "cables" / "site.py"
GATE, HALL, DESK = "yard/gate", "house/hall", "house/desk"
LEFT, RIGHT = "yard/left", "yard/right"
HOST = "127.0.0.1"
MACHINES, BOARDS = (GATE, HALL, DESK), (LEFT, RIGHT)


class Cabled:
    """The running processes of the site. `port` is the gate's; the hall's and the desk's follow."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_ports(5)  # the last two are for a test's own use
        self.file = with_keys(folder, CABLES)
        self.desk = Desk(self.file, self.port + 2)
        self.arrivals = Arrivals(folder / "arrivals.csv")
        self.processes = {}
        file = folder / "arrivals.csv"
        self._environment = {"FIRST_PORT": str(self.port), "ARRIVALS": str(file)}
        self._former = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in [*self.processes.values(), *self._former]:
            process.end()

    def start(self, *paths, **how):
        """Start devices; how: see `another`."""
        for path in paths:
            if path in self.processes:
                self._former.append(self.processes[path])
            self.processes[path] = self.another(path, **how)

    def restart(self, *paths):
        """Kill devices and start them again.

        What they told the controller before passes for the present no more; with the desk everybody
        is asked anew.
        """
        for path in paths:
            self.processes[path].kill()
            self.start(path)
        if DESK not in paths:
            for path in paths:
                until(lambda path=path: not self.is_of_before(path), f"news of {path}")

    def another(self, path, gate_port=None, keys=None, **environment):
        """A process of a device, perhaps one more, in a folder of its own. `keys`: instead of the
        site's. `gate_port`: where it finds the gate, instead of at its own address.
        """
        command = ["up", self.file] if path == DESK else ["node", self.file, path]
        if keys is not None:
            command += ["--keys", keys]
        if gate_port is not None:
            command += ["--addresses", self._addresses(path, gate_port)]
        folder = self.folder / f"process-{len(list(self.folder.glob('process-*')))}"
        folder.mkdir()
        return Process(folder, *command, **self._environment, **environment)

    def run(self):
        """All of them, by `run`."""
        command = ("run", self.file, "--json", "out.json")
        return Process(self.folder, *command, **self._environment)

    def is_linked(self, *between):
        """Whether a link is up, by its round trip."""
        link = self.desk.link(*between)
        return link is not None and link["rtt_ms"] is not None

    def is_of_before(self, path):
        """Whether a former process of a device is taken for the present one."""
        device = self.desk.device_status(path)
        return device["alive"] and device["pid"] != self.processes[path].pid

    def wait_for_report(self, *paths):
        """Wait until each device has told the controller how things are from now on."""
        asked_s = time.monotonic()
        for path in paths:

            def is_heard(path=path):
                return self.desk.device_status(path)["age_s"] < time.monotonic() - asked_s

            until(is_heard, f"a report of {path}")

    def ask_anew(self):
        """Take the keys of a console as they are now."""
        self.desk = Desk(self.file, self.port + 2)

    def output(self):
        """What all of them have said."""
        return "\n".join(one.output for one in [*self.processes.values(), *self._former])

    def _addresses(self, path, gate_port):
        """What a board needs of them: its own, which is none, and the gate's."""
        file = self.folder / f"{path.replace('/', '-')}.addresses"
        write_addresses({path: Address(None, None), GATE: Address((HOST, gate_port), None)}, file)
        return file
