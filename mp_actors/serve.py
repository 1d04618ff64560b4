"""Serves a node: sleeps until a socket or a timer is due, moves bytes, steps the node. Again.

The only loop on a device. What it watches are endpoints: objects with `sock`, `wants_write`,
`is_closed` and `ready(can_read, can_write, is_broken)`.
"""

import random
import select

from mp_actors import ticks
from mp_actors.links import tcp
from mp_actors.redial import MAX_MS, TIMEOUT_MS, Redial

READ_BYTES = 16384
END_MS = 500  # the last answer may take that long to leave
_POLLERR = getattr(select, "POLLERR", 8)
_POLLHUP = getattr(select, "POLLHUP", 16)


class Server:
    """Drives one node until it ends.

    `watch(endpoint)` adds what else is to be polled, a tap's listener for example.
    """

    def __init__(self, node, clock, read_bytes=READ_BYTES):
        self.node = node
        self.clock = clock
        self.read_bytes = read_bytes
        self._poll = select.poll()
        self._watched = {}
        self._dials = []

    def watch(self, endpoint):
        """Poll this endpoint until it is closed."""
        self._poll.register(endpoint.sock, select.POLLIN)
        self._watched[_key(endpoint.sock)] = [endpoint, select.POLLIN]

    def listen(self, host, port):
        """Take connections of neighbours there. *Raises* OSError."""
        self.watch(Listener(tcp.listen(host, port), self.greet))

    def dial(self, host, port):
        """Keep a connection to the neighbour at this address."""
        self._dials.append(_Dial(self, host, port))

    def greet(self, sock, name="tcp"):
        """A socket is connected: let the node greet. Returns the endpoint."""
        connection = _Connection(self, tcp.TcpLink(sock, name))
        self.watch(connection)
        return connection

    def run(self):
        """Serve until the node ends; then let the last answers leave."""
        while not self.node.is_ending:
            self.turn()
        for peer in self.node.peers:
            peer.farewell()
        until_ms = ticks.add(self.clock.ticks_ms(), END_MS)
        while ticks.diff(until_ms, self.clock.ticks_ms()) > 0:
            if not [1 for peer in self.node.peers if peer.has_output]:
                break
            self.turn(1)
        for endpoint, _ in list(self._watched.values()):
            endpoint.sock.close()

    def turn(self, wait_max_ms=1000):
        """One step of the node and one look at the sockets."""
        now_ms = self.clock.ticks_ms()
        wait_ms = min(wait_max_ms, self.node.step(now_ms))
        for dial in self._dials:
            wait_ms = min(wait_ms, dial.step(now_ms))
        self._refresh()
        for event in self._poll.poll(wait_ms):
            found = self._watched.get(_key(event[0]))
            if found is not None:
                flags = event[1]
                found[0].ready(
                    bool(flags & select.POLLIN),
                    bool(flags & select.POLLOUT),
                    bool(flags & (_POLLERR | _POLLHUP)),
                )

    def forget(self, endpoint):
        """Poll this endpoint no more; its socket stays as it is."""
        self._poll.unregister(endpoint.sock)
        del self._watched[_key(endpoint.sock)]

    def _refresh(self):
        """Ask for writability only where something waits; forget what is closed."""
        for entry in list(self._watched.values()):
            endpoint = entry[0]
            if endpoint.is_closed:
                self.forget(endpoint)
                endpoint.sock.close()
                continue
            flags = select.POLLIN | (select.POLLOUT if endpoint.wants_write else 0)
            if flags != entry[1]:
                entry[1] = flags
                self._poll.modify(endpoint.sock, flags)


class Listener:
    """A listening socket; `accepted(sock)` takes each new connection."""

    wants_write = False
    is_closed = False

    def __init__(self, sock, accepted):
        self.sock = sock
        self._accepted = accepted

    def ready(self, _can_read, _can_write, _is_broken):
        """Take one connection."""
        try:
            self._accepted(tcp.accept(self.sock))
        except OSError:
            pass  # whoever dialled has gone again


class _Connection:
    """A socket whose other end is a peer of the node."""

    def __init__(self, server, link):
        self.sock = link.sock
        self._server = server
        self._link = link
        self.peer = server.node.connected(_Deferred(link))

    @property
    def is_closed(self):
        return self.peer.is_closed

    @property
    def wants_write(self):
        return self.peer.has_output

    def ready(self, can_read, _can_write, is_broken):
        """Read what came; the node writes at its next step, which comes at once."""
        if not can_read and not is_broken:
            return
        node = self._server.node
        try:
            data = self._link.read(self._server.read_bytes)
        except OSError as error:
            node.disconnected(self.peer, "read failed: %s" % error)
            return
        if data:
            node.received(self.peer, data)
        elif data is not None or is_broken:
            node.disconnected(self.peer, "the other end closed")


class _Deferred:
    """A link whose socket the server closes, after it has left the poll."""

    def __init__(self, link):
        self.name = link.name
        self.write = link.write

    def close(self):
        """The server sees that the peer is closed, and does it."""


class _Dial:
    """Keeps trying to reach one neighbour. Full jitter, so that many do not come at once."""

    def __init__(self, server, host, port):
        self._server = server
        self._host, self._port = host, port
        self._redial = Redial()
        self._endpoint = None  # an attempt, then the connection it became
        self._next_ms = server.clock.ticks_ms()

    def step(self, now_ms):
        """Dial if it is time to. Returns ms until it wants to be asked again."""
        if self._endpoint is not None:
            if not self._endpoint.is_closed:
                return TIMEOUT_MS
            self._endpoint = None
            wait_ms = self._redial.wait_ms(random.getrandbits(12))
            self._next_ms = ticks.add(now_ms, wait_ms)
        wait_ms = ticks.diff(self._next_ms, now_ms)
        if wait_ms > 0:
            return wait_ms
        try:
            sock = tcp.dial(self._host, self._port)
        except OSError:
            self._next_ms = ticks.add(now_ms, MAX_MS)
            return MAX_MS
        self._endpoint = _Attempt(self._server, sock, now_ms, self.connected)
        self._server.watch(self._endpoint)
        return TIMEOUT_MS

    def connected(self, sock):
        """An attempt succeeded."""
        self._redial.connected()
        self._endpoint = self._server.greet(sock, "tcp %s:%d" % (self._host, self._port))


class _Attempt:
    """A connection under way."""

    wants_write = True

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


def _key(item):
    """What poll() returns names: a file number on CPython, the object itself on MicroPython."""
    if isinstance(item, int):
        return item
    return item.fileno() if hasattr(select, "epoll") else id(item)
