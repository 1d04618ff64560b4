"""Serves a node: sleeps until a socket or a timer is due, moves bytes, steps the node. Again.

The only loop on a device. What it watches are endpoints: objects with `sock`, `wants_write`,
`is_closed` and `ready(can_read, can_write, is_broken)`.
"""

import gc
import select

from mp_actors import ticks
from mp_actors.dial import Deferred, Dial
from mp_actors.neighbours import OUT_OF_MEMORY

READ_BYTES = 16384
# Memory that runs out so often in so short a time is not coming back.
SHORT_MS = 60000
SHORT_TIMES = 20
RESERVE_BYTES = 512  # for what is to be done when there is no other
END_MS = 500  # the last answer may take that long to leave
_POLLERR = getattr(select, "POLLERR", 8)
_POLLHUP = getattr(select, "POLLHUP", 16)


class Server:
    """Drives one node until it ends.

    `watch(endpoint)` adds what else is to be polled, a tap's listener for example. `driven`: what
    has a part in each turn; `step(now_ms)` gives ms until it wants the next.
    """

    def __init__(self, node, clock, read_bytes=READ_BYTES):
        self.node = node
        self.clock = clock
        self.read_bytes = read_bytes
        self.at_end = []  # called when it has served
        self._poll = select.poll()
        self._watched = {}
        self.driven = []
        self._reserve = bytearray(RESERVE_BYTES)
        self._short_ms = clock.ticks_ms()  # since when it is counted how often memory ran out
        self._short_times = 0

    def watch(self, endpoint):
        """Poll this endpoint until it is closed."""
        self._poll.register(endpoint.sock, select.POLLIN)
        self._watched[_key(endpoint.sock)] = [endpoint, select.POLLIN]

    def listen(self, host, port):
        """Take connections of neighbours there. *Raises* OSError."""
        from mp_actors.listen import listen  # most boards do not

        listen(self, host, port)

    def dial(self, host, port, number):
        """Keep a connection to the neighbour of this number at this address."""
        self.driven.append(Dial(self, host, port, number))

    def serial(self, open_port, name, number=None, bytes_per_ms=0):
        """Keep a connection over a serial line, by my dial to `number` or by the other end's.

        open_port() gives the port; it is asked again when that one is gone.
        """
        from mp_actors.line import SerialLine

        self.driven.append(SerialLine(self, open_port, (name, bytes_per_ms), number))

    def greet(self, link, to=None):
        """A link is up, by my dial `to` a neighbour or by one's. Returns the endpoint."""
        endpoint = _Endpoint(self, link, to)
        self.watch(endpoint)
        return endpoint

    def run(self):
        """Serve until the node ends; then let the last answers leave."""
        while not self.node.is_ending:
            try:
                self.turn()
                if self._reserve is None:
                    self._reserve = bytearray(RESERVE_BYTES)
            except MemoryError:
                self.make_room()
        for connection in self.node.links.connections:
            connection.farewell()
        until_ms = ticks.add(self.clock.ticks_ms(), END_MS)
        while ticks.diff(until_ms, self.clock.ticks_ms()) > 0:
            if not [1 for connection in self.node.links.connections if connection.is_waiting]:
                break
            self.turn(1)
        for clean_up in self.at_end:
            clean_up()
        for endpoint, _ in list(self._watched.values()):
            endpoint.sock.close()

    def make_room(self):
        """Memory ran out in the middle of something. *Raises* MemoryError when it does so again and
        again: a restart is better.
        """
        self._reserve = None
        gc.collect()
        now_ms = self.clock.ticks_ms()
        if ticks.diff(now_ms, self._short_ms) >= SHORT_MS:
            self._short_ms, self._short_times = now_ms, 0
        self._short_times += 1
        if self._short_times > SHORT_TIMES:
            raise MemoryError("%d times in a minute" % SHORT_TIMES)
        self.node.mend()

    def turn(self, wait_max_ms=1000):
        """One step of the node and one look at the sockets."""
        now_ms = self.clock.ticks_ms()
        wait_ms = min(wait_max_ms, self.node.step(now_ms))
        for one in self.driven:
            wait_ms = min(wait_ms, one.step(now_ms))
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


class _Endpoint:
    """A socket that carries a connection of the node."""

    def __init__(self, server, link, to):
        self.sock = link.sock
        self._server = server
        self._link = link
        self.connection = server.node.connected(Deferred(link), to)

    @property
    def is_closed(self):
        return self.connection.is_closed

    @property
    def is_open(self):
        return self.connection.is_open

    @property
    def wants_write(self):
        return self.connection.has_output

    @property
    def retry_ms(self):
        return self.connection.retry_ms

    def ready(self, can_read, _can_write, is_broken):
        """Read what came; the node writes at its next step, which comes at once."""
        if not can_read and not is_broken:
            return
        node = self._server.node
        try:
            data = self._link.read(self._server.read_bytes)
        except OSError as error:
            node.disconnected(self.connection, "read failed: %s" % error)
            return
        except MemoryError:
            # What a socket gave may be gone with the bytes that were to hold it.
            node.disconnected(self.connection, OUT_OF_MEMORY)
            raise
        if data:
            node.received(self.connection, data)
        elif data is not None or is_broken:
            node.disconnected(self.connection, "the other end closed")


def _key(item):
    """What poll() returns names: a file number on CPython, the object itself on MicroPython."""
    if isinstance(item, int):
        return item
    return item.fileno() if hasattr(select, "epoll") else id(item)
