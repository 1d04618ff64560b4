"""The connections a device begins itself: dials, waits, dials again.

`server` is what watches sockets and lets the node greet, see `serve`; everything here is asked by
its `step(now_ms)` when it is due.
"""

import random
import socket

from mp_actors import ticks
from mp_actors.links import tcp
from mp_actors.redial import MAX_MS, TIMEOUT_MS, Redial


class Deferred:
    """A link whose socket the server closes, after it has left the poll."""

    def __init__(self, link):
        self.name = link.name
        self.transport = link.transport
        self.address = link.address
        self.write = link.write

    def close(self):
        """The server sees that the connection is closed, and does it."""


class Dial:
    """Keeps trying to reach one neighbour. Full jitter, so that many do not come at once."""

    def __init__(self, server, host, port, number):
        self._server = server
        self._host, self._port = host, port
        self._number = number
        self._redial = Redial()
        self._endpoint = None  # an attempt, then the connection it became
        self._next_ms = server.clock.ticks_ms()

    def step(self, now_ms):
        """Dial if it is time to. Returns ms until it wants to be asked again."""
        if self._endpoint is not None:
            if not self._endpoint.is_closed:
                if self._endpoint.is_open:
                    self._redial.connected()
                return TIMEOUT_MS
            wait_ms = self._redial.wait_ms(random.getrandbits(12), self._endpoint.retry_ms)
            self._endpoint = None
            self._next_ms = ticks.add(now_ms, wait_ms)
        wait_ms = ticks.diff(self._next_ms, now_ms)
        if wait_ms > 0:
            return wait_ms
        try:
            if self._dial_unix():
                return TIMEOUT_MS
            sock = tcp.dial(self._host, self._port)
        except OSError:
            self._next_ms = ticks.add(now_ms, MAX_MS)
            return MAX_MS
        self._endpoint = _Attempt(self._server, sock, now_ms, self.connected)
        self._server.watch(self._endpoint)
        return TIMEOUT_MS

    def _dial_unix(self):
        """Whether whoever listens there is a process of this host. *Raises* OSError."""
        if not hasattr(socket, "AF_UNIX"):
            return False
        from mp_actors.links import unix  # a board gives it back where it is of no use

        sock = unix.dial(self._host, self._port)
        if sock is not None:
            self._connected(unix.UnixLink(sock, "unix %s:%d" % (self._host, self._port)))
        return sock is not None

    def connected(self, sock):
        """An attempt succeeded."""
        self._connected(tcp.TcpLink(sock, "tcp %s:%d" % (self._host, self._port)))

    def _connected(self, link):
        self._endpoint = self._server.greet(link, self._number)


class _Attempt:
    """A connection under way."""

    wants_write = True
    is_open = False
    retry_ms = 0

    def __init__(self, server, sock, now_ms, connected):
        self.sock = sock
        self._server = server
        self._connected = connected
        self._failed = False
        self._until_ms = ticks.add(now_ms, TIMEOUT_MS)

    @property
    def is_closed(self):
        """Failed, or nobody answered in time: a vanished host gives no error."""
        now_ms = self._server.clock.ticks_ms()
        return self._failed or ticks.diff(self._until_ms, now_ms) <= 0

    def ready(self, _can_read, can_write, is_broken):
        """Connected, or refused: a refusal is writable too."""
        if is_broken:
            self._failed = True
        elif can_write:
            self._server.forget(self)
            self._connected(self.sock)
