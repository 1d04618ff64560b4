"""Connections that others begin: a listening socket, and a file for the processes of this host."""

import socket

from mp_actors.links.tcp import TcpLink, resolve

if hasattr(socket, "AF_UNIX"):
    from mp_actors.links import unix
else:
    unix = None

BACKLOG = 128  # a burst of dials waits here, not for the next SYN


def listen(server, host, port):
    """Let a server take connections of neighbours there. *Raises* OSError."""
    outer = bind(host, port)
    # Before TCP listens: whoever finds the address open and no file takes TCP, and stays.
    inner = None if unix is None else unix.listen(host, port)
    outer.listen(BACKLOG)
    greet = server.greet
    server.watch(Listener(outer, lambda sock, address: greet(TcpLink(sock, "tcp", address))))
    if inner is not None:
        # The processes of this host find it by the same address.
        server.at_end.append(lambda: unix.remove(host, port))
        server.watch(Listener(inner, lambda sock, _: greet(unix.UnixLink(sock, "unix"))))


def socket_at(host, port):
    """A socket that listens there. *Raises* OSError."""
    sock = bind(host, port)
    sock.listen(BACKLOG)
    return sock


def bind(host, port):
    """A socket with that address; nobody connects before its `listen`. *Raises* OSError."""
    family, address = resolve(host, port)
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


class Listener:
    """A listening socket; `accepted(sock, address)` takes each new connection."""

    wants_write = False
    is_closed = False

    def __init__(self, sock, accepted):
        self.sock = sock
        self._accepted = accepted

    def ready(self, _can_read, _can_write, _is_broken):
        """Take one connection."""
        try:
            self._accepted(*accept(self.sock))
        except OSError:
            pass  # whoever dialled has gone again
