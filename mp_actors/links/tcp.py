"""TCP: sockets that never block, on both interpreters.

MicroPython's unix port wants the packed address of `getaddrinfo`, has no name for TCP_NODELAY, and
its exceptions are plain OSError with a number.
"""

import socket

from mp_actors.links import BUSY, SocketLink

TCP, NODELAY = 6, 1  # by number: MicroPython's unix port lacks the names


class TcpLink(SocketLink):
    """One connected socket."""

    transport = "tcp"

    def __init__(self, sock, name, address=None):
        super().__init__(sock, name, address)
        try:
            sock.setsockopt(TCP, NODELAY, 1)
        except (OSError, AttributeError):
            pass  # a port without it only waits a little longer


def dial(host, port):
    """A socket whose connection is under way; it polls writable when done. *Raises* OSError."""
    family, address = resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if not error.args or error.args[0] not in BUSY:
            sock.close()
            raise
    return sock


def resolve(host, port):
    """(family, address) as sockets take them. *Raises* OSError."""
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    return found[0], found[-1]
