"""A virtual board on the WebAssembly port: what it has before it begins, and its turns.

What is Python here and C or hardware on a board is loaded first and kept out of the account:
`socket`, `cryptolib`, the model of the hardware. The table of names grows by pieces, each twice the
one before. As on other virtual boards (see `peripherals/whole`) it grows here to the piece of 1280
names, which is charged to the board: what was loaded before has used up the smaller pieces, which a
board would have paid for, and together they are as large.
"""

import gc
import os
import sys

import lent

PIECE_BYTES = 5000  # that piece has 7680 on 32 bits, the one before half

server = None
_kept = []


def prepare():
    """Load all that is no part of a board's heap."""
    lent.load_built_in()
    os.chdir("/flash")
    sys.path[:] = ["", "peripherals", "lib", "/lib", ".frozen"]
    import whole  # which has no number of KB here, and loads nothing by itself

    whole.load()


def grow():
    """Let the table of names grow to that piece. Returns its size in bytes."""
    import whole

    return whole.grow(PIECE_BYTES)


def use_up(size_bytes):
    """Keep so many bytes: what is left is a board's heap."""
    _kept.append(bytearray(size_bytes))


def begin(name):
    """Make the server that module makes, collecting as `main.py` does on other virtual boards."""
    global server
    gc.threshold(4096)
    __import__(name)
    server = sys.modules[name].begun()


def serve(free_bytes):
    """From here on collect as `mp_actors.board.serve` does, which counts what is free itself: here
    that is more, as the heap can grow.
    """
    gc.threshold(free_bytes // 4)


def turn():
    """One turn of the board's loop. Returns whether another one follows."""
    server.turn(0)
    return not server.node.is_ending


def collect():
    """Garbage goes when this has returned."""
    gc.collect()


def look():
    """Say what the heap holds."""
    import micropython

    micropython.mem_info()
