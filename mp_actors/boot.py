"""What a board runs: reads `config.json` from its flash and serves its node until told to end.

    {"path", "number", "parents": [number], "dial": [[host, port]],
     "listen": null | [host, port], "tap": null | [host, port], "pid": null | number,
     "attached": true to end when standard input closes}
"""

import json
import os
import sys

from mp_actors import codec
from mp_actors.clock import SystemClock
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.serve import Listener, Server
from mp_actors.system import System

READ_BYTES = 1024


def say(path, text):
    """A line for the person, on standard output."""
    print("%s: %s" % (path, text))


def new_incarnation():
    """A number that tells this start of the device from all others, never 0."""
    return (int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF) | 1


def serve(config, node, clock, read_bytes):
    """Open the links of a config and serve. *Raises* OSError if an address cannot be used."""
    server = Server(node, clock, read_bytes)
    if config.get("listen"):
        server.listen(*config["listen"])
    for host, port in config["dial"]:
        server.dial(host, port)
    if config.get("tap"):
        from mp_actors.links import tcp
        from mp_actors.tap import Taps

        server.watch(Listener(tcp.listen(*config["tap"]), Taps(server).accepted))
    if config.get("attached"):
        server.watch(_Parent(node))
    server.run()


class _Parent:
    """Standard input, held open by who started this process; its end is the order to end."""

    wants_write = False
    is_closed = False
    sock = sys.stdin

    def __init__(self, node):
        self._node = node

    def ready(self, _can_read, _can_write, _is_broken):
        """Nobody writes here, so whatever happens means closed."""
        self._node.is_ending = True


def main(file="config.json"):
    """Serve the board described in file."""
    with open(file) as stream:
        config = json.load(stream)
    clock = SystemClock()
    node = Node(
        config["path"],
        config["number"],
        clock,
        codec,
        new_incarnation(),
        Limits(True),
        lambda node: Leaf(node, config["parents"]),
        say,
    )
    system = System(node, config.get("pid"))
    node.scheduler.spawn(join(node.path, "node"), lambda: system)
    try:
        serve(config, node, clock, READ_BYTES)
    except KeyboardInterrupt:
        pass  # Ctrl-C at a terminal
    except OSError as error:
        host, port = config["listen"] or config["tap"]
        say(node.path, "cannot listen on %s:%d: %s" % (host, port, error))
        sys.exit(1)
