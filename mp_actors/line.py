"""A serial line, kept open: whoever is at its other end is a neighbour whenever both are there.

Loaded only where a line is declared. `server` is what watches ports and lets the node greet, see
`serve`; the line is asked by its `step(now_ms)` when it is due.
"""

from mp_actors import ticks
from mp_actors.dial import Deferred
from mp_actors.links import uart
from mp_actors.neighbours import OUT_OF_MEMORY
from mp_actors.redial import MAX_MS


class SerialLine:
    """A neighbour at the other end of a serial line, which opens again whenever it breaks."""

    wants_write = False  # what waits leaves in `step`
    is_closed = False

    def __init__(self, server, open_port, options, to):
        self.sock = None
        self._server, self._open_port, self._options, self._to = server, open_port, options, to
        self._link = self._connection = None
        self._next_ms = server.clock.ticks_ms()

    def step(self, now_ms):
        """Open what is closed, send what waits. Returns ms until it wants to be asked again."""
        if self.sock is None:
            wait_ms = ticks.diff(self._next_ms, now_ms)
            if wait_ms > 0:
                return wait_ms
            self._next_ms = ticks.add(now_ms, MAX_MS)
            try:
                self.sock = self._open_port()
            except OSError:
                return MAX_MS
            self._server.watch(self)
            self._begin()
        if self._connection is not None and self._connection.is_closed:
            self._end("closed")  # the node did
            self._begin()
        try:
            return self._link.step()
        except OSError as error:
            self._end(error)
            self._begin()
            return 0

    def ready(self, _can_read, _can_write, is_broken):
        """Read what came; the node greets once both ends are there."""
        node, data = self._server.node, b""
        try:
            while data is not None:
                data = self._link.read(self._server.read_bytes)
                if self._connection is None and self._link.is_open:
                    self._connection = node.connected(Deferred(self._link), self._to)
                if data and self._connection is not None:  # else it broke as it opened
                    node.received(self._connection, data)
                elif data == b"":
                    raise OSError("the other end closed")
        except OSError as error:
            self._end(error)
            self._begin()
        except MemoryError:
            self._end(OUT_OF_MEMORY)  # half a chunk may be gone
            self._begin()
            raise
        if is_broken:  # the port is gone
            self._end("hung up")
            self._server.forget(self)
            self.sock.close()
            self.sock = None

    def _begin(self):
        name, bytes_per_ms = self._options
        self._link = uart.UartLink(self.sock, name, self._server.clock, bytes_per_ms)

    def _end(self, reason):
        if self._connection is not None:
            self._server.node.disconnected(self._connection, "%s" % reason)
            self._connection = None
        self._link.close()
