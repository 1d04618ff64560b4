"""A neighbour: the session with it, who it is, and what it is known to know. No links.

There is one for each device this one ever had a connection with, and it outlives connections.
"""

from mp_actors import batch, frame
from mp_actors.errors import RemoteWireError
from mp_actors.session import Session


class Peer(Session):
    """One neighbour.

    `number` and `path` are the neighbour's; a console has number 0. `connection`: the one that is
    confirmed, None while there is none; `pending`: the one that is greeting.
    """

    def __init__(self, number, incarnation, buffer_bytes):
        Session.__init__(self, incarnation, buffer_bytes)
        self.number = number
        self.path = ""
        self.is_router = False
        self.map_version = 0  # the newest map this neighbour is known to have
        self.has_news = False  # the first news was sent; more may follow
        self.connection = None
        self.pending = None
        self.lost_ms = 0  # when its connection ended
        self.transport = ""  # of the last connection, as its seal
        self.seal_name = ""
        self.rtt_ms = None
        self.offset_us = None  # its site time less mine

    def push(self, payload, is_control=True):
        """Keep a frame, however many wait; it leaves with the next write of the connection."""
        Session.push(self, payload, is_control)
        if self.connection is not None:
            self.connection.is_waiting = True

    def send_news(self, payload):
        """Queue news; never dropped, whatever waits. A map too long for the neighbour is."""
        if self.takes(payload):
            self.push(payload)

    def met(self, hello):
        """Take what a confirmed HELLO says, see `greeting.read_hello`."""
        self.path, self.limit_bytes = hello["path"], hello["limit"]
        self.their_buffer_bytes, self.is_router = hello["buffer"], hello["router"]

    def held(self):
        """{wire: readings} that wait here, or are not acknowledged yet."""
        readings = {}
        for enclosed in self.frames:
            wire, count = readings_of(enclosed[4:])
            if count:
                readings[wire] = readings.get(wire, 0) + count
        return readings


def readings_of(payload):
    """(wire, number of readings) of a frame; (0, 0) if it carries none that can be counted."""
    kind = frame.kind(payload)
    try:
        if kind == frame.ROUTED:
            head = frame.Head(payload)
            if head.is_control:
                return 0, 0
            body = memoryview(payload)[head.body :]
        elif kind == "array":
            body = payload
        else:
            return 0, 0
        return batch.head(body)[0], batch.count(body)
    except RemoteWireError:
        return 0, 0
