"""How a board begins: from `config.json` in its flash to a server with a node and open links.

    {"path", "number", "parents": [number], "dial": [[host, port, number]],
     "listen": null | [host, port], "tap": null | [host, port], "pid": null | number,
     "attached": true to end when standard input closes, "keys": null | see `keyring`,
     "serial": [[port, baud, number to dial or null]],
     "watchdog_ms": null | number, "code": of which modules; see `safety`}
"""

import sys

from mp_actors import codec
from mp_actors.board import Flash, Parent, draw, say
from mp_actors.clock import SystemClock
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.serve import Server
from mp_actors.system import System

READ_BYTES = 1024


def begun(file="config.json"):
    """The server of the board described in file."""
    return begin(file, System)


def begin(file, make_system):
    """The server of the board described in file. make_system(node, pid) gives the node actor."""
    flash = Flash(file)
    config = flash.read()
    if config.get("keys") is not None:
        flash.guard = guard(flash)
    node = Node(
        config["path"],
        config["number"],
        SystemClock(),
        codec,
        draw,
        Limits(True),
        lambda node: Leaf(node, config["parents"]),
        say,
        flash.guard,
    )
    node.links.at_rest = flash.rest
    system = make_system(node, config.get("pid"))
    node.scheduler.spawn(join(node.path, "node"), system.itself)
    try:
        return open_links(config, node, node.clock, READ_BYTES)
    except OSError as error:
        host, port = config["listen"] or config["tap"]
        say(node.path, "cannot listen on %s:%d: %s" % (host, port, error))
        sys.exit(1)


def guard(flash):
    """What guards a board with keys; nothing of it is loaded without any."""
    from mp_actors.crypto import portable
    from mp_actors.guard import Guard

    return Guard(portable, flash.keys(None), 0, flash.keys)


def open_links(config, node, clock, read_bytes, open_port=None):
    """The Server of a node, its links open. *Raises* OSError if an address cannot be used.

    `open_port(port, baud)` opens a serial port, where there are any.
    """
    server = Server(node, clock, read_bytes)
    if config.get("listen"):
        server.listen(*config["listen"])
    for host, port, number in config["dial"]:
        server.dial(host, port, number)
    for port, baud, number in config.get("serial", ()):
        # A factory: a lambda of the loop would open the last port for all.
        server.serial(_opener(open_port, port, baud), port, number)
    if config.get("tap"):
        from mp_actors.listen import Listener, socket_at
        from mp_actors.tap import Taps

        server.watch(Listener(socket_at(*config["tap"]), Taps(server).accepted))
    if config.get("attached"):
        server.watch(Parent(node))
    return server


def _opener(open_port, port, baud):
    return lambda: open_port(port, baud)
