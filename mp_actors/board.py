"""A board at work: what stays in its memory while it runs. `boot` goes once the board is up, for
nobody who runs is of that module.

Also what any device takes from its machine beside the time: chance, and a line for the person.
"""

import gc
import json
import os
import sys

# What a board needs only while it dials, greets and is wired, 24 KB on 64 bits (measured), is asked
# why or measured, or loses something.
_PASSING = (
    "boot",
    "explain",
    "lost",
    "measure",
    "wiring",
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


def serve(server):
    """Serve until the node ends, or Ctrl-C."""
    try:
        gc.collect()
        # From now on when a quarter of what is free was used: often enough to keep it in one piece.
        gc.threshold(gc.mem_free() // 4)
        run(server)
    except KeyboardInterrupt:  # Ctrl-C at a terminal
        for clean_up in server.at_end:
            clean_up()


def run(server):
    """Serve until the node ends."""
    server.run()
    if server.node.failed:
        sys.exit(1)  # who keeps this device starts it anew


class Flash:
    """A board's config, read again when it is wanted: 1 KB with keys."""

    def __init__(self, file):
        self._file = file
        self.guard = None

    def read(self):
        """The config. *Raises* OSError, ValueError."""
        with open(self._file) as stream:
            return json.load(stream)

    def keys(self, secrets):
        """The keys in it, with the secrets of resumption that are kept in memory."""
        from mp_actors.keyring import Keys

        return Keys(self.read()["keys"], None, secrets)

    def rest(self):
        """Nobody greets just now: give the memory back of the keys, and of code that is over."""
        if self.guard is not None:
            self.guard.rest()
        for name in _PASSING:
            if sys.modules.pop("mp_actors." + name, None) is not None:
                parent, _, last = ("mp_actors." + name).rpartition(".")
                delattr(sys.modules[parent], last)


class Parent:
    """Standard input, held open by who started this process; its end is the order to end."""

    wants_write = False
    is_closed = False
    sock = sys.stdin

    def __init__(self, node):
        self._node = node

    def ready(self, _can_read, _can_write, _is_broken):
        """Nobody writes here, so whatever happens means closed."""
        self._node.is_ending = True
