"""What a board runs: reads `config.json` from its flash and serves its node until told to end.

    {"path", "number", "parents": [number], "dial": [[host, port, number]],
     "listen": null | [host, port], "tap": null | [host, port], "pid": null | number,
     "attached": true to end when standard input closes, "keys": null | see `keyring`,
     "serial": [[port, baud, number to dial or null]],
     "watchdog_ms": null | number, "code": of which modules; see `safety`}
"""

import gc
import json
import os
import sys

from mp_actors import codec
from mp_actors.clock import SystemClock
from mp_actors.leaf import Leaf
from mp_actors.node import Limits, Node
from mp_actors.path import join
from mp_actors.serve import Server
from mp_actors.system import System

READ_BYTES = 1024
# What a board needs only while it dials and greets, 20 KB on 64 bits (measured), is asked why,
# or loses something.
_PASSING = (
    "explain",
    "lost",
    "links.unix",  # stays where it is the link
    "greeting",
    "keyring",
    "handshake",
    "noise",
    "crypto.hkdf",
    "crypto.x25519",
)


def say(path, text):
    """A line for the person, on standard output."""
    line = "%s: %s" % (path, text)
    # A neighbour's words may be in it: they must not begin another line, nor steer the terminal.
    print("".join([sign if " " <= sign != "\x7f" else "?" for sign in line]))


def draw():
    """30 random bits."""
    return int.from_bytes(os.urandom(4), "big") & 0x3FFFFFFF


def guard(keys, read):
    """What guards a board with these keys; None, and nothing loaded, without any.

    `read()` gives the config anew.
    """
    if keys is None:
        return None
    from mp_actors.crypto import portable
    from mp_actors.guard import Guard

    def again(secrets, keys=None):
        from mp_actors.keyring import Keys

        return Keys(keys or read()["keys"], None, secrets)

    return Guard(portable, again(None, keys), 0, again)


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
        server.watch(_Parent(node))
    return server


def run(server):
    """Serve until the node ends."""
    server.run()
    if server.node.failed:
        sys.exit(1)  # who keeps this device starts it anew


def _opener(open_port, port, baud):
    return lambda: open_port(port, baud)


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


def give_back(guard):
    """Nobody greets just now: give the memory back of the keys, and of that code."""
    if guard is not None:
        guard.rest()
    for name in _PASSING:
        if sys.modules.pop("mp_actors." + name, None) is not None:
            parent, _, last = ("mp_actors." + name).rpartition(".")
            delattr(sys.modules[parent], last)


def main(file="config.json"):
    """Serve the board described in file."""
    serve(begin(file, System))


def serve(server):
    """Serve until the node ends, or Ctrl-C."""
    gc.collect()
    # From here on when a quarter of what is free was used: often enough to keep it in one piece.
    gc.threshold(gc.mem_free() // 4)
    try:
        run(server)
    except KeyboardInterrupt:
        pass  # Ctrl-C at a terminal


def begin(file, make_system):
    """The server of the board described in file. What was read goes at the end: 1 KB with keys.

    make_system(node, pid) gives the node actor.
    """

    def read():
        with open(file) as stream:
            return json.load(stream)

    config = read()
    guarded = guard(config.get("keys"), read)
    clock = SystemClock()
    node = Node(
        config["path"],
        config["number"],
        clock,
        codec,
        draw,
        Limits(True),
        lambda node: Leaf(node, config["parents"]),
        say,
        guarded,
    )
    node.links.at_rest = lambda: give_back(guarded)
    system = make_system(node, config.get("pid"))
    node.scheduler.spawn(join(node.path, "node"), lambda: system)
    try:
        return open_links(config, node, clock, READ_BYTES)
    except OSError as error:
        host, port = config["listen"] or config["tap"]
        say(node.path, "cannot listen on %s:%d: %s" % (host, port, error))
        sys.exit(1)
