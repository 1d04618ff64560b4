"""The devices of a site as processes, each started as a person does on a machine of its own.

The site has a gate, `d/gate`, with the first of its ports, and its controller at `d/desk`, with the
second; the third is for a cable of the test's own.
"""

from processes import Process, free_ports, with_keys

from actors.launch import Address, write_addresses

GATE, DESK = "d/gate", "d/desk"
HOST = "127.0.0.1"


class Started:
    """The running processes of a site, by device; `port` is the first of the site's."""

    def __init__(self, folder, site_file, **environment):
        self.folder = folder
        self.port = free_ports(3)
        self.processes = {}
        self.environment = {"FIRST_PORT": str(self.port), "FOLDER": str(folder), **environment}
        self.file = with_keys(folder, site_file, **self.environment)
        self._said = []  # by those whose place another has taken

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in self.processes.values():
            process.end()

    def start(self, *paths, gate_port=None):
        """Start devices, also those that have ended; `gate_port`: where they find the gate, instead
        of at its own address.
        """
        for path in paths:
            command = ["up", self.file] if path == DESK else ["node", self.file, path]
            if gate_port is not None:
                file = self.folder / f"{path.replace('/', '-')}.addresses"
                found = {path: Address(None, None), GATE: Address((HOST, gate_port), None)}
                write_addresses(found, file)
                command += ["--addresses", file]
            if path in self.processes:
                former = self.processes.pop(path)
                former.wait()
                self._said += former.lines
            self.processes[path] = Process(self.folder, *command, **self.environment)

    @property
    def output(self):
        """What all of them have said."""
        return "\n".join([*self._said, *(one.output for one in self.processes.values())])
