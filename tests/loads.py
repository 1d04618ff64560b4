"""What modules of the kernel keep of the heap: run by MicroPython, see `tests.size`.

    MICROPYPATH=lib:.frozen micropython loads.py "node leaf" "seal guard"

Prints for each group of modules what they and all below them have added to the heap in use, and
their names. On the WebAssembly port garbage goes only between two calls, so `wasm/size.mjs` makes
the same calls as `main`.
"""

import gc
import sys

STEP_BYTES = 20000  # such a piece of the table of names has room for all names there are


def grow():
    """Let the table of names grow, as it does in steps, before anything is measured."""
    number = piece_bytes = 0
    while piece_bytes < STEP_BYTES:
        before = gc.mem_alloc()  # which looks at the whole heap, so not for each name
        for _ in range(32):
            number += 1
            getattr(gc, f"~{number}", None)
        piece_bytes = gc.mem_alloc() - before


def collect():
    """On the WebAssembly port garbage goes when this has returned."""
    gc.collect()


def used():
    """Bytes in use."""
    return gc.mem_alloc()


def load(group):
    """Load a group. Returns the names of the modules this has added, with blanks between."""
    known = set(sys.modules)
    for name in group.split():
        __import__("mp_actors." + name)
    return " ".join(sorted(set(sys.modules) - known))


def main(groups):
    """One line for each group."""
    grow()
    for group in groups:
        collect()
        before = used()
        names = load(group)
        collect()
        print(used() - before, names)


if __name__ == "__main__":
    main(sys.argv[1:])
