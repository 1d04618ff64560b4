"""A node: the runtime of one device, assembled. Bytes and moments in, bytes and a deadline out.

    received(connection, bytes): frames -> wires and control (mine) or forwarder (for others)
    step(now_ms): timers, turns, batches, one write per neighbour -> ms until the next call

Sans-IO: links, clock, codec and randomness are handed in, so the same code is driven by sockets, by
a test and a thousand times by a simulator.
"""

from mp_actors import frame
from mp_actors.control import Control
from mp_actors.errors import RemoteWireError
from mp_actors.neighbours import Neighbours
from mp_actors.path import join
from mp_actors.peer import readings_of
from mp_actors.scheduler import Scheduler
from mp_actors.ticks import add
from mp_actors.wires import Wires

IDLE_MS = 1000  # longest sleep


class Limits:
    """What a device takes: bytes of a frame, readings and control messages that wait, items."""

    def __init__(self, is_board):
        self.in_bytes = frame.BOARD_IN_LIMIT_BYTES if is_board else frame.HOST_LIMIT_BYTES
        self.out_bytes = frame.BOARD_OUT_LIMIT_BYTES if is_board else frame.HOST_LIMIT_BYTES
        self.buffer_bytes = 2048 if is_board else 1 << 20  # for what is not acknowledged
        self.queue_readings = 16 if is_board else 64
        self.credit_readings = 32 if is_board else 1024  # of one wire from another device
        self.control_messages = 32 if is_board else 256
        self.answers = 16 if is_board else 256  # that can be repeated
        self.items = 128 if is_board else 1024
        self.follows_clock = is_board  # it has none of its own that anybody has set
        self.unproven = 1 if is_board else 64  # greetings under way that others began


class Node:
    """One device's runtime.

    `make_forwarder(node)` gives the Leaf or the Router; `log(path, text)` takes lines for a person;
    `draw()` gives 30 random bits; `guard`: keys and handshakes, None without. `neighbours`:
    {number: Peer} of those whose link is up. `is_ending`: the driver stops.
    """

    scheduler_type = Scheduler
    measuring = None  # a `measure.Measuring` while somebody plans
    short = None  # a frame that came when memory ran out, until it is counted

    def __init__(self, path, number, clock, codec, draw, limits, make_forwarder, log, guard=None):
        self.path = path
        self.number = number
        self.clock = clock
        self.codec = codec
        self.incarnation = draw() | 1
        self.limits = limits
        self.journal = None
        self._say = log
        self.is_ending = False
        self.failed = False  # it ends since an actor escalated
        self.control = Control(self)
        self.scheduler = self.scheduler_type(
            clock, self.control.tell, self.log, limits.queue_readings, limits.control_messages
        )
        self.scheduler.ask_remote = self.ask
        self.scheduler.watch = self.watch
        self.scheduler.escalated = self._escalated
        self.wires = Wires(self)
        self._requests = self._watches = None
        self.proof = None if guard is None else guard.proof
        self.links = Neighbours(self, draw, guard)
        self.neighbours = self.links.up
        self.forwarder = make_forwarder(self)

    # -- actors that ask and watch; loaded when the first one does

    @property
    def requests(self):
        """The open questions of this device."""
        if self._requests is None:
            from mp_actors.requests import Requests

            self._requests = Requests(self)
        return self._requests

    def ask(self, sender, path, kind, args, then, timeout_ms):
        """Ask an actor of another device; see `Requests.ask`."""
        self.requests.ask(sender, path, kind, args, then, timeout_ms)

    def watch(self, watcher, path, on):
        """Let an actor here be told when another is gone; see `watch`."""
        if self._watches is None:
            from mp_actors.watch import Watches

            self._watches = Watches(self, self.requests.ask)
        if on:
            self._watches.add(watcher, path)
        else:
            self._watches.remove(watcher, path)

    def _escalated(self, path, text):
        self.log(path, "ends its device: %s" % text)
        self.is_ending = True
        self.failed = True

    # -- what a person asks for later

    def log(self, path, text):
        """Hand a line of text to whoever watches, and keep it for a while."""
        self.keep("say", path, text)
        try:
            self._say(path, text)
        except MemoryError:
            pass  # that, too, can be said later

    def keep(self, kind, *args):
        """Keep a line, or why something was lost; see `journal`, which comes with the first."""
        try:
            if self.journal is None:
                from mp_actors.journal import Journal

                self.journal = Journal(self)
            getattr(self.journal, kind)(*args)
        except (MemoryError, ValueError):
            pass  # of a text that is none; nothing depends on it

    # -- bytes

    def connected(self, link, to=None):
        """A link is up. `to`: the number of the device I dialled, None if it dialled me.

        Returns the Connection, to which the driver hands what it receives.
        """
        return self.links.connected(link, to)

    def received(self, connection, data):
        """Bytes came. What breaks the protocol closes this connection and no other."""
        self.links.received(connection, data)

    def disconnected(self, gone, reason):
        """A connection has ended."""
        self.links.disconnected(gone, reason)

    # -- time

    def mend(self):
        """Memory ran out in the middle of something: what is left is made whole, the rest counted.

        *Raises* MemoryError; it can be tried again.
        """
        if self.short is not None:
            self._count(self.short)
            self.short = None
        self.wires.mend()
        self.scheduler.mend()

    def _count(self, payload):
        """A frame that came, and there was no memory for it."""
        wire, readings = readings_of(payload)
        if not readings:
            self.control.lose("overflow", "control")
            return
        origin = 0
        if frame.kind(payload) == frame.ROUTED:
            head, arrivals = frame.Head(payload), self.wires.arrivals
            origin = head.from_device
            if head.to_device == self.number and arrivals is not None:
                if arrivals.short(memoryview(payload)[head.body :], origin):
                    return
        self.wires.lose(wire, "overflow", readings, origin)

    def step(self, now_ms):
        """Do what is due and a bounded amount of work. Returns ms until the next call is due."""
        work_left = self.scheduler.step(now_ms)
        self.wires.flush()
        work_left = self.links.flush() or work_left
        # What was flushed may have let an actor go on that rested.
        if work_left or self.scheduler.flow.ready:
            return 0
        return self.scheduler.timers.wait_ms(now_ms, IDLE_MS)

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

    def send(self, flags, to_device, body):
        """Send a body on its way; flags: its class, and ONCE.

        Returns False, with nothing sent, if it cannot leave now.
        """
        found = self.forwarder.way(to_device)
        if found is None:
            return False
        way, failed = found
        version = self.forwarder.version
        payload = frame.routed(flags, version, failed, to_device, self.number, body)
        if not way.takes(payload):
            text = "frame of %d bytes not sent: %s takes %d"
            self.log(join(self.path, "node"), text % (len(payload), way.path, way.limit_bytes))
        return way.send(payload, flags & frame.CLASS_BITS == frame.CONTROL)

    # -- receiving

    def deliver(self, payload, head):
        """Take a routed frame that is for this device; a body not understood is dropped."""
        body = payload[head.body :]
        try:
            if head.is_control:
                is_proved = False
                if head.flags & frame.PROVED:
                    body, mac = body[: -frame.MAC_BYTES], body[-frame.MAC_BYTES :]
                    is_proved = self.proof is not None and self.proof.holds(
                        head.from_device, body, mac
                    )
                self.control.take(body, head.from_device, None, is_proved)
            else:
                self.wires.take(body, head.from_device)
        except RemoteWireError as error:
            text = "from device %d, undecodable: %s" % (head.from_device, error)
            self.log(join(self.path, "node"), text)
            if head.is_control:
                self.control.lose("undecodable", "control", head.from_device)
            else:
                from mp_actors import lost

                lost.undecodable(self.wires, body, head.from_device)

    def take(self, sender, kind, payload):
        """A numbered frame of a neighbour."""
        try:
            if kind == frame.ROUTED:
                head = frame.Head(payload)
                if head.from_device != sender.number and self.forwarder.is_leaf(sender.number):
                    self.dead_letter("denied", payload, head)
                elif head.to_device == self.number:
                    self.deliver(payload, head)
                else:
                    self.forwarder.forward(payload, head, sender)
            elif kind == frame.NEWS:
                self.forwarder.take_news(sender, payload)
            elif kind == "object":
                self.control.take(payload, sender.number, sender, sender.number == 0)
            elif payload[0] == 0x5B:
                raise RemoteWireError("data as JSON; only a tap speaks that")
            else:
                self.wires.take(payload, sender.number)
        except MemoryError:
            if kind == frame.NEWS:  # never lost: it comes again with the next connection
                sender.expected = add(sender.expected, -1)
            else:
                self.short = payload
            raise

    def send_again(self, doubts):
        """Frames that may have arrived or not: once more, if the receiver can tell a repeat."""
        from mp_actors import lost

        lost.send_again(self, doubts)

    def dead_letter(self, reason, payload, head):
        """A frame that goes no further is counted; who waits for an answer is told."""
        wire, readings = readings_of(payload)
        if readings:
            self.wires.lose(wire, reason, readings, head.from_device)
        else:
            self.control.refuse(payload, head, reason)
