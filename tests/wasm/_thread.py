"""In the place of `_thread`, which the WebAssembly port lacks: nobody asks it for a thread.

A virtual board wants one for interrupts and for its watchdog. Neither is had here.
"""


def start_new_thread(_function, _arguments):
    """*Raises* RuntimeError."""
    raise RuntimeError("no threads on this port: neither interrupts nor a watchdog can be had")
