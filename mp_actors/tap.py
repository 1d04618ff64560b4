"""A tap: any program that speaks TCP and JSON can read along. Read-only, on a listener of its own.

It sends `!I length` + `{"sensor": "soil", "every_ms": 100}` and gets `!I length` +
`["soil", at_ms, value]` until it closes. A tap never slows what it taps: what a slow reader does
not take is skipped, and nothing of it is in the ledger.
"""

import json
import struct

from mp_actors import ticks
from mp_actors.errors import RemoteWireError
from mp_actors.frame import FrameReader
from mp_actors.jsontext import loads_json
from mp_actors.links import tcp

REQUEST_BYTES_MAX = 256
WAITING_BYTES_MAX = 4096
READERS_MAX = 4


class Taps:
    """Takes tap connections for a node; hand `accepted` to a listener."""

    def __init__(self, server):
        self.server = server
        self.open = 0

    def accepted(self, sock, _address):
        """A reader has connected; more than a few are turned away."""
        if self.open >= READERS_MAX:
            sock.close()
            return
        self.open += 1
        self.server.watch(_Reader(self, sock))


class _Reader:
    """One reader: an endpoint to the server, an outlet to the actor it taps."""

    def __init__(self, taps, sock):
        self.sock = sock
        self.is_closed = False
        self.skipped = 0
        self._taps = taps
        self._link = tcp.TcpLink(sock, "tap")
        self._frames = FrameReader(REQUEST_BYTES_MAX)
        self._waiting = []  # pieces of bytes; of the first, `_sent` bytes have left
        self._sent = 0
        self._cell = None
        self._name = ""
        self._every_ms = 0
        self._last_ms = None

    @property
    def wants_write(self):
        return bool(self._waiting)

    def put(self, value, at_us, _source):
        """Take a reading of the tapped actor."""
        scheduler = self._taps.server.node.scheduler
        now_ms = scheduler.clock.ticks_ms()
        if self._last_ms is not None and ticks.diff(now_ms, self._last_ms) < self._every_ms:
            return
        self._last_ms = now_ms
        self._send([self._name, at_us // 1000, _plain(value)])

    def ready(self, can_read, can_write, is_broken):
        """Read the request, or send what waits."""
        if can_read or is_broken:
            self._read()
        if can_write and not self.is_closed:
            self._flush()

    def _read(self):
        try:
            data = self._link.read(REQUEST_BYTES_MAX)
            if data == b"":
                self._close()
            elif data:
                self._frames.feed(data)
                self._take(self._frames.next())
        except RemoteWireError as error:
            self._refuse(str(error))
        except OSError:
            self._close()

    def _flush(self):
        try:
            while self._waiting:
                first = self._waiting[0]
                self._sent += self._link.write(memoryview(first)[self._sent :])
                if self._sent < len(first):
                    return
                self._waiting.pop(0)
                self._sent = 0
        except OSError:
            self._close()
        except MemoryError:  # of a small board: what waits waits on
            pass

    def _take(self, payload):
        if payload is None:
            return
        request = loads_json(payload)
        name = request.get("sensor") if isinstance(request, dict) else None
        every_ms = request.get("every_ms", 0) if isinstance(request, dict) else 0
        cells = self._taps.server.node.scheduler.cells
        found = [path for path in sorted(cells) if name in (path, path.split("/")[2])]
        if not found or not isinstance(every_ms, int) or self._cell is not None:
            names = ", ".join([path.split("/")[2] for path in sorted(cells)])
            self._refuse("expected {'sensor': name, 'every_ms': number}; actors here: " + names)
            return
        self._cell, self._name, self._every_ms = cells[found[0]], name, every_ms
        self._cell.outlets.append(self)
        self._taps.server.node.scheduler.relink()

    def _send(self, value):
        try:
            text = json.dumps(value).encode()
            if sum([len(piece) for piece in self._waiting]) + len(text) > WAITING_BYTES_MAX:
                self.skipped += 1
                return
            # Two pieces: joined they would need as much memory again, in one piece.
            self._waiting.extend((struct.pack("!I", len(text)), text))
        except MemoryError:  # of a small board: a reader along must never end it
            self.skipped += 1
            return
        self._flush()

    def _refuse(self, text):
        self._send({"error": text})
        self._close()

    def _close(self):
        if self.is_closed:
            return
        self.is_closed = True
        self._taps.open -= 1
        if self._cell is not None:
            # A new list: this may happen under a value that is on its way through the old one.
            self._cell.outlets = [out for out in self._cell.outlets if out is not self]
            self._taps.server.node.scheduler.relink()


def _plain(value):
    """The value as JSON has it: no bytes, and null for what is no number."""
    if isinstance(value, float) and (value != value or value in (float("inf"), -float("inf"))):
        return None
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return str(value)
