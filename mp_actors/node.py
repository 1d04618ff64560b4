"""A node: the runtime of one device, assembled. Bytes and moments in, bytes and a deadline out.

    received(peer, bytes): frames -> wires and control (mine) or forwarder (for others)
    step(now_ms): timers, turns, batches, one write per neighbour -> ms until the next call

Sans-IO: links, clock, codec and randomness are handed in, so the same code is driven by sockets, by
a test and a thousand times by a simulator.
"""

from mp_actors import frame, peer, ticks
from mp_actors.control import Control
from mp_actors.errors import RemoteWireError
from mp_actors.path import join
from mp_actors.scheduler import Scheduler
from mp_actors.wires import Wires

IDLE_MS = 1000  # longest sleep
LINK_ERRORS_KEPT = 8  # different texts; a stranger could send any number of them


class Limits:
    """What a device takes: bytes of a frame, readings and control messages that wait, items."""

    def __init__(self, is_board):
        self.in_bytes = frame.BOARD_IN_LIMIT_BYTES if is_board else frame.HOST_LIMIT_BYTES
        self.out_bytes = frame.BOARD_OUT_LIMIT_BYTES if is_board else frame.HOST_LIMIT_BYTES
        self.peer_queue_bytes = 4096 if is_board else 1 << 18
        self.queue_readings = 16 if is_board else 64
        self.control_messages = 32 if is_board else 256
        self.items = 128 if is_board else 1024


class Node:
    """One device's runtime.

    `make_forwarder(node)` gives the Leaf or the Router; `log(path, text)` takes lines for a person.
    `neighbours`: {number: open Peer}; `peers`: all, greeted or not. `is_ending`: the driver stops.
    """

    def __init__(self, path, number, clock, codec, incarnation, limits, make_forwarder, log):
        self.path = path
        self.number = number
        self.clock = clock
        self.codec = codec
        self.incarnation = incarnation
        self.limits = limits
        self.log = log
        self.neighbours = {}
        self.peers = []
        self.link_errors = {}
        self.is_ending = False
        self.control = Control(self)
        self.wires = Wires(self)
        self.scheduler = Scheduler(
            clock, self.control.tell, log, limits.queue_readings, limits.control_messages
        )
        self.forwarder = make_forwarder(self)
        self.scheduler.timers.every(clock.ticks_ms(), peer.BEAT_MS, self._beat)
        self.scheduler.timers.every(clock.ticks_ms(), peer.LOOK_MS, self._look_for_silence)

    # -- links

    def connected(self, link):
        """A link is up: greet. Returns its Peer, to which the driver hands what it receives."""
        limits = self.limits
        fresh = peer.Peer(link, limits.in_bytes, limits.peer_queue_bytes, self.clock.ticks_ms())
        self.peers.append(fresh)
        forwarder = self.forwarder
        me = (self.path, self.number, self.incarnation, limits.in_bytes)
        fresh.greet(self.codec, me + (forwarder.is_router, forwarder.version))
        return fresh

    def received(self, sender, data):
        """Bytes came from a peer. What breaks the protocol closes this link and no other."""
        sender.heard_ms = self.clock.ticks_ms()
        try:
            sender.reader.feed(data)
            while not sender.is_closed:
                payload = sender.reader.next()
                if payload is None:
                    break
                self._take(sender, payload)
        except RemoteWireError as error:
            self._count_link_error(str(error))
            self.disconnected(sender, str(error))

    def disconnected(self, gone, reason):
        """A link is down; what waited in it is counted as `link`."""
        if gone.is_closed:
            return
        gone.is_closed = True
        self.peers.remove(gone)
        held = gone.held()
        for wire in sorted(held):
            self.wires.lose(wire, "link", held[wire])
        if self.neighbours.get(gone.number) is gone:
            del self.neighbours[gone.number]
            self.forwarder.closed(gone)
        if (gone.number or not gone.is_open) and not gone.said_bye and not self.is_ending:
            name = gone.path or gone.link.name
            self.log(join(self.path, "node"), "link to %s closed: %s" % (name, reason))
        gone.link.close()

    # -- time

    def step(self, now_ms):
        """Do what is due and a bounded amount of work. Returns ms until the next call is due."""
        work_left = self.scheduler.step(now_ms)
        self.wires.flush()
        # Most steps have something for one neighbour at most.
        for waiting in [one for one in self.peers if one.queued_bytes]:
            try:
                waiting.flush()
            except OSError as error:
                self.disconnected(waiting, "write failed: %s" % error)
        return 0 if work_left else self.scheduler.timers.wait_ms(now_ms, IDLE_MS)

    # -- sending

    def open_routers(self):
        """The neighbours that forward, by number."""
        neighbours = self.neighbours
        found = [neighbours[number] for number in sorted(neighbours)]
        return [one for one in found if one.is_router]

    def room_bytes(self, to_device):
        """The longest body of data for this device that can leave now; 0 for none."""
        found = self.forwarder.way(to_device)
        if found is None or found[0].is_full:
            return 0
        way, failed = found
        return way.limit_bytes - frame.HEAD_BYTES - 2 * len(failed)

    def send(self, frame_class, to_device, body):
        """Send a body on its way. Returns False, with nothing sent, if it cannot leave now."""
        found = self.forwarder.way(to_device)
        if found is None:
            return False
        way, failed = found
        version = self.forwarder.version
        payload = frame.routed(frame_class, version, failed, to_device, self.number, body)
        if not way.takes(payload):
            text = "frame of %d bytes not sent: %s takes %d"
            self.log(join(self.path, "node"), text % (len(payload), way.path, way.limit_bytes))
        return way.send(payload, frame_class == frame.CONTROL)

    # -- receiving

    def deliver(self, payload, head):
        """Take a routed frame that is for this device; a body not understood is dropped."""
        body = payload[head.body :]
        try:
            if head.is_control:
                self.control.take(body, head.from_device, None)
            else:
                self.wires.take(body, head.from_device)
        except RemoteWireError as error:
            text = "from device %d, undecodable: %s" % (head.from_device, error)
            self.log(join(self.path, "node"), text)
            if head.is_control:
                self.control.lose("undecodable")
            else:
                self.wires.undecodable(body, head.from_device)

    def dead_letter(self, reason, payload, head):
        """A frame that goes no further is counted; who waits for an answer is told."""
        wire, readings = peer.readings_of(payload)
        if readings:
            self.wires.lose(wire, reason, readings)
        else:
            self.control.refuse(payload, head, reason)

    def _take(self, sender, payload):
        kind = frame.kind(payload)
        if kind == frame.HELLO:
            if sender.is_open:
                raise RemoteWireError("a second HELLO")
            sender.greeted(self.codec, payload)
            self._adopt(sender)
        elif not sender.is_open:
            raise RemoteWireError("spoke before its HELLO")
        elif kind == frame.ROUTED:
            head = frame.Head(payload)
            if head.to_device == self.number:
                self.deliver(payload, head)
            else:
                self.forwarder.forward(payload, head, sender)
        elif kind == frame.NEWS:
            self.forwarder.take_news(sender, payload)
        elif kind == frame.BEAT:
            sender.take_beat(payload, self.clock.ticks_ms())
        elif kind == "array":
            if payload[0] == 0x5B:
                raise RemoteWireError("data as JSON; only a tap speaks that")
            self.wires.take(payload, sender.number)
        elif kind == "object":
            self.control.take(payload, sender.number, sender)
        else:
            raise RemoteWireError("frame of unknown kind 0x%02x" % payload[0])

    def _adopt(self, sender):
        if sender.number == 0:
            return  # a console: it asks this device, and nothing is routed to it
        if sender.number == self.number:
            raise RemoteWireError("claims number %d, which is this device's" % self.number)
        older = self.neighbours.get(sender.number)
        if older is not None and older is not sender:
            self.disconnected(older, "replaced by a newer connection")
        self.neighbours[sender.number] = sender
        self.forwarder.opened(sender)

    def _count_link_error(self, text):
        if text not in self.link_errors and len(self.link_errors) >= LINK_ERRORS_KEPT:
            text = "other"
        self.link_errors[text] = self.link_errors.get(text, 0) + 1

    def _beat(self):
        now_ms = self.clock.ticks_ms()
        for open_peer in self.peers:
            if open_peer.is_open:
                open_peer.beat(now_ms)

    def _look_for_silence(self):
        now_ms = self.clock.ticks_ms()
        for open_peer in list(self.peers):
            if ticks.diff(now_ms, open_peer.heard_ms) >= peer.SILENT_MS:
                self.disconnected(open_peer, "silent for %d s" % (peer.SILENT_MS // 1000))
