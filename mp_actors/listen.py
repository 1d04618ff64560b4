"""Connections that others begin: a listening socket, and a file for the processes of this host."""

import socket

from mp_actors.links import tcp

if hasattr(socket, "AF_UNIX"):
    from mp_actors.links import unix
else:
    unix = None


def listen(server, host, port):
    """Let a server take connections of neighbours there. *Raises* OSError."""
    outer = tcp.bind(host, port)
    # Before TCP listens: whoever finds the address open and no file takes TCP, and stays.
    inner = None if unix is None else unix.listen(host, port)
    outer.listen(tcp.BACKLOG)
    greet = server.greet
    server.watch(
        Listener(outer, lambda sock, address: greet(tcp.TcpLink(sock, "tcp", address)))
    )
    if inner is not None:
        # The processes of this host find it by the same address.
        server.at_end.append(lambda: unix.remove(host, port))
        server.watch(Listener(inner, lambda sock, _: greet(unix.UnixLink(sock, "unix"))))


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
            self._accepted(*tcp.accept(self.sock))
        except OSError:
            pass  # whoever dialled has gone again
