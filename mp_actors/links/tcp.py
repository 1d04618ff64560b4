"""TCP: sockets that never block, on both interpreters.

MicroPython's unix port wants the packed address of `getaddrinfo`, has no name for TCP_NODELAY, and
its exceptions are plain OSError with a number.
"""

import socket

from mp_actors.links import BUSY, SocketLink

BACKLOG = 128  # a burst of dials waits here, not for the next SYN
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


def listen(host, port):
    """A socket that listens there. *Raises* OSError."""
    sock = bind(host, port)
    sock.listen(BACKLOG)
    return sock


def bind(host, port):
    """A socket with that address; nobody connects before its `listen`. *Raises* OSError."""
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind(address)
    except OSError:
        sock.close()
        raise
    sock.setblocking(False)
    return sock


def accept(listener):
    """(socket, address of its other end) of the next connection. *Raises* OSError."""
    sock, address = listener.accept()
    sock.setblocking(False)
    if isinstance(address, tuple):
        return sock, address[0]
    # MicroPython's unix port gives a packed sockaddr_in; a UNIX socket's other end has a name "".
    return sock, bytes(address[4:8]) if address and not isinstance(address, str) else None


def dial(host, port):
    """A socket whose connection is under way; it polls writable when done. *Raises* OSError."""
    family, address = _resolve(host, port)
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setblocking(False)
    try:
        sock.connect(address)
    except OSError as error:
        if not error.args or error.args[0] not in BUSY:
            sock.close()
            raise
    return sock


def _resolve(host, port):
    found = socket.getaddrinfo(host, port, 0, socket.SOCK_STREAM)[0]
    return found[0], found[-1]
