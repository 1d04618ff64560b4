"""Cables that can be pulled at any byte, and nodes that only talk.

Portable like the tests. A `Talker` is a real node: neighbours, sessions and connections are the
kernel's own, only what it does with a frame is the test's.
"""

import struct

from mp_actors import codec
from mp_actors.node import Limits, Node
from mp_actors.router import Router

WHOLE = 1 << 30  # bytes; more than any test sends
MESSAGE = "!BBBH"  # a bare array to whoever looks, then sender, its life, and a number


class Talker(Node):
    """A node that says messages and keeps what it hears.

    `waiting`: messages above the session. `doubts`: those a session gave up.
    """

    def __init__(self, number, clock, draw, is_board=False, life=1, guard=None):
        self.lines = []
        self.life = life
        self.heard = []
        self.doubts = []
        self.waiting = []
        self.said = 0
        self.padding = b""
        path = "talk/n%d" % number
        limits = Limits(is_board)
        Node.__init__(self, path, number, clock, codec, draw, limits, Router, self._log, guard)

    def say(self, count):
        """Say the next messages."""
        for _ in range(count):
            self.said += 1
            self.waiting.append((self.number, self.life, self.said))

    def pour(self, to):
        """Hand messages to the session with a neighbour, as far as there is room."""
        found = self.neighbours.get(to)
        while found is not None and self.waiting:
            payload = struct.pack(MESSAGE, 0x80, *self.waiting[0]) + self.padding
            if not found.send(payload, False):
                return
            self.waiting.pop(0)

    def take(self, _sender, _kind, payload):
        """Keep what was said."""
        self.heard.append(message_of(payload))

    def send_again(self, doubts):
        """Keep what may have been heard or not."""
        self.doubts += [message_of(payload) for payload in doubts]

    def session(self, other):
        """The session with a neighbour, None before the first connection."""
        return self.links.peers.get(other)

    def is_talking(self, other):
        """Whether there is a connection, or one is being made."""
        found = self.session(other)
        return found is not None and (found.connection or found.pending) is not None

    def _log(self, path, text):
        self.lines.append((path, text))


def message_of(payload):
    """(sender, life, number)."""
    return struct.unpack_from(MESSAGE, payload, 0)[1:]


class End:
    """One end of a cable: the link of a node. `left`: bytes that still get out of it."""

    name = transport = "cable"
    address = None

    def __init__(self, node):
        self.node = node
        self.connection = None
        self.left = WHOLE
        self.under_way = b""
        self.is_closed = False
        self.taken_max = WHOLE

    def write(self, data):
        """Take bytes; what is over `left` vanishes."""
        if self.is_closed:
            raise OSError("closed")
        taken = data[: self.taken_max]
        passing = taken[: self.left]
        self.left -= len(passing)
        self.under_way += passing
        return len(taken)

    def close(self):
        """The other end is told behind what is under way, if the cable is whole."""
        self.is_closed = True


class Cable:
    """A byte link from one node, which dials, to another."""

    def __init__(self, dialler, acceptor, left=(WHOLE, WHOLE)):
        self.ends = End(dialler), End(acceptor)
        for end, bytes_left in zip(self.ends, left):
            end.left = bytes_left
        self.ends[1].connection = acceptor.connected(self.ends[1])
        self.ends[0].connection = dialler.connected(self.ends[0], acceptor.number)

    @property
    def is_used_up(self):
        """Whether one direction carries nothing any more."""
        return min([end.left for end in self.ends]) <= 0

    @property
    def is_over(self):
        """Whether both ends are closed."""
        return self.ends[0].is_closed and self.ends[1].is_closed

    def carry(self, side, size_max=WHOLE):
        """Hand over what left one end, 0 the dialler's. Returns whether anything happened."""
        source, target = self.ends[side], self.ends[1 - side]
        if target.is_closed:
            source.under_way = b""
            return False
        if source.under_way:
            data, source.under_way = source.under_way[:size_max], source.under_way[size_max:]
            target.node.received(target.connection, data)
            return True
        if source.is_closed and source.left > 0:
            self.notice(1 - side)
            return True
        return False

    def cut(self):
        """Nothing gets across any more, and nobody is told."""
        for end in self.ends:
            end.left = 0
            end.under_way = b""

    def notice(self, side):
        """One end is told that the cable is cut."""
        end = self.ends[side]
        end.node.disconnected(end.connection, "cut")
