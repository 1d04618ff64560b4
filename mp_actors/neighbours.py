"""The neighbours of a node: connections and sessions, from dialling to giving up.

Knows when a link is up and when it is dead; what that means for ways, the forwarder decides, and
what becomes of frames in doubt, the node.
"""

from mp_actors import frame, ticks
from mp_actors.connection import BEAT_MS, LOOK_MS, SILENT_MS, Connection
from mp_actors.errors import LocalWireError, RemoteWireError
from mp_actors.path import join
from mp_actors.peer import Peer

# Different texts, and of each so much: a stranger could send any number of them, of any length, and
# they have to fit a board's report.
LINK_ERRORS_KEPT = 6
LINK_ERROR_LENGTH_MAX = 80
NEWS_KEPT = 4  # resend buffers full of news, before who acknowledges nothing is given up
# A link whose connection broke is down after this long; most are dialled again before.
GRACE_MS = 1000
PEERS_MAX = 4096  # without keys, anybody may claim to be yet another one
TICK_US = 1000  # what round trips are counted in
GREETING_MS = 5000  # for a connection until a key is proved
OUT_OF_MEMORY = "out of memory"
ADOPTING_MS = 20000  # and then until it is confirmed: two boards need four products of 0.8 s


class Neighbours:
    """All neighbours of one node.

    `peers`: {number: Peer} of all that ever were here, `up` of those whose link is up.
    `link_errors`: {what a connection ended for: times}. `refused`: {(number, reason): times} of
    handshakes; number 0 where whoever came is none of the neighbours.
    """

    def __init__(self, node, draw, guard):
        self.node = node
        self.clock = node.clock
        self.codec = node.codec
        self.draw = draw
        self.guard = guard
        self.connections = []
        self.peers = {}
        self.up = {}
        self.gate = None
        self.at_rest = None  # called now and then while nobody greets
        self.link_errors = {}
        self.refused = {}
        timers, now_ms = node.scheduler.timers, node.clock.ticks_ms()
        timers.every(now_ms, BEAT_MS, self._beat)
        timers.every(now_ms, LOOK_MS, self._look)

    # -- connections

    def connected(self, link, to=None):
        """A link is up. `to`: the number of the device I dialled, None if it dialled me.

        Returns the Connection, to which the driver hands what it receives.
        """
        dialled = None if to is None else self._peer(to)
        now_ms = self.clock.ticks_ms()
        fresh = Connection(self, link, dialled, self.node.limits, now_ms)
        if dialled is None and not self._admit(fresh, now_ms):
            return fresh
        self.connections.append(fresh)
        if dialled is not None:
            self._pend(fresh, dialled)
            try:
                fresh.greet()
            except LocalWireError as error:
                self.disconnected(fresh, str(error))
        return fresh

    def received(self, connection, data):
        """Bytes came. What breaks the protocol closes this connection and no other."""
        try:
            connection.received(data, self.clock.ticks_ms())
        except RemoteWireError as error:
            self._refuse(connection, error)
        except MemoryError:
            if self.node.short is None:  # not behind this connection: half a frame may be gone
                self.disconnected(connection, OUT_OF_MEMORY)
            raise

    def disconnected(self, gone, reason):
        """A connection has ended; its session goes on, for a moment as if nothing were."""
        if gone.is_closed:
            return
        was_open = gone.is_open
        if not (was_open or gone.is_dialler):
            now_ms = self.clock.ticks_ms()
            self.gate.held(gone.link.address, ticks.diff(now_ms, gone.since_ms), now_ms)
        gone.close()
        self.connections.remove(gone)
        found, node = gone.peer, self.node
        is_dead = False
        if found is not None and found.pending is gone:
            found.pending = None
        if found is not None and found.connection is gone:
            found.connection = None
            found.lost_ms = self.clock.ticks_ms()
            is_dead = gone.said_bye or ticks.diff(found.lost_ms, gone.heard_ms) >= SILENT_MS
        is_console = was_open and found.number == 0
        # Words come last: there may be no memory for them.
        if not (is_console or gone.said_bye or node.is_ending):
            name = found.path if found is not None and found.path else gone.link.name
            node.log(join(node.path, "node"), "link to %s closed: %s" % (name, reason))
        if is_dead:
            self._down(found)

    # -- what a connection asks

    def handshake(self, to):
        """The Handshake for a neighbour, or for whoever dialled (None); None for a plain link."""
        return None if self.guard is None else self.guard.handshake(to)

    def hello_to(self, to):
        """The HELLO for a neighbour."""
        return {
            "path": self.node.path,
            "number": self.node.number,
            "inc": to.incarnation,
            "peer": to.known,
            "next": to.expected,
            "version": frame.PROTOCOL_VERSION,
            "limit": self.node.limits.in_bytes,
            "buffer": self.node.limits.buffer_bytes,
            "router": self.node.forwarder.is_router,
            "map": self.node.forwarder.version,
        }

    def peer_of(self, connection, hello):
        """Who dialled. *Raises* RemoteWireError if it is not to be answered."""
        number = hello["number"]
        if number == self.node.number:
            raise RemoteWireError("claims number %d, which is this device's" % number)
        if self.guard is not None:
            connection.claimed_number = number
            self.guard.check(number, connection.proved_number)
        found = self._peer(number)
        pending = found.pending
        if pending is not None and pending.is_dialler and self.node.number < number:
            raise RemoteWireError("both dialled; the dial of the lower number goes on")
        self._pend(connection, found)
        return found

    def adopted(self, connection, doubts, map_version):
        """A connection is confirmed. `doubts`: payloads a fresh session leaves, None if resumed.
        `map_version`: of the neighbour's map.
        """
        found = connection.peer
        found.pending = None
        older, found.connection = found.connection, connection
        connection.is_waiting = True
        connection.since_ms = self.clock.ticks_ms()
        if older is not None:
            self.disconnected(older, "replaced by a newer connection")
            if doubts is not None:  # it started anew, or there are two of one identity
                self._count_refused(found.number, "replaced")
        if not connection.is_dialler:
            self.gate.proved(connection.link.address)
        number = found.number
        if number == 0:
            return  # a console: it asks this device, and nothing is routed to it
        if doubts is not None:
            found.map_version = map_version
            found.has_news = False
        elif map_version > found.map_version:
            found.map_version = map_version
        if doubts is not None or number not in self.up:
            self.up[number] = found
            self.node.forwarder.opened(found)
            self.rerouted()
        if doubts:
            self.node.send_again(doubts)

    def take(self, connection, kind, payload):
        """A numbered frame of a neighbour."""
        self.node.take(connection.peer, kind, payload)

    # -- what the forwarder knows

    def parted(self, number):
        """A neighbour says that the link with it is down. What is kept for it would wait here until
        this end sees that, too, while newer frames go another way and overtake it.
        """
        found, now_ms = self.up.get(number), self.clock.ticks_ms()
        if found is None:
            return
        if found.connection is not None:
            if ticks.diff(now_ms, found.connection.since_ms) < GRACE_MS:
                return  # it may speak of the one before
            self.disconnected(found.connection, "its other end has given it up")
        self._down(found)

    def rerouted(self):
        """Ways have changed: what waits for a dead link takes the first that is there (R10)."""
        for number in sorted(self.peers):
            if number not in self.up:
                self._hand_over(self.peers[number])

    # -- time

    def flush(self):
        """Write what waits, and do a slice of the work. Returns whether some is left."""
        work_left = False
        # Most steps have something for one neighbour at most.
        for waiting in [one for one in self.connections if one.is_waiting]:
            if waiting.is_closed:
                continue  # another one's confirmation closed it
            try:
                if waiting.work is not None:
                    waiting.advance(self.clock.ticks_ms())
                    work_left = work_left or waiting.work is not None
                    waiting.since_ms = self.clock.ticks_ms()  # only the other end's time counts
                waiting.flush()
            except RemoteWireError as error:
                self._refuse(waiting, error)
            except OSError as error:
                self.disconnected(waiting, "write failed: %s" % error)
            except MemoryError:
                self.disconnected(waiting, OUT_OF_MEMORY)
                raise
        return work_left

    def _beat(self):
        for connection in self.connections:
            if connection.is_open:
                connection.beat()
        if self.node.limits.follows_clock:
            self._follow_clock()

    def _follow_clock(self):
        """Take site time from the neighbour that answers fastest, whose error is the least."""
        best = None
        for number in sorted(self.up):
            one = self.up[number]
            if one.offset_us is not None and (best is None or one.rtt_ms < best.rtt_ms):
                best = one
        # Less than half a round trip and a tick either way is no difference that was seen.
        if best is not None and abs(best.offset_us) > best.rtt_ms * 500 + TICK_US:
            self.clock.shift(best.offset_us)
            for number in sorted(self.up):
                self.up[number].offset_us = None

    def _look(self):
        """Look for what is overdue: silence, greetings, acknowledgements, broken connections."""
        now_ms = self.clock.ticks_ms()
        if self.at_rest is not None and not [1 for one in self.connections if not one.is_open]:
            self.at_rest()
        for connection in list(self.connections):
            if connection.is_open:
                if ticks.diff(now_ms, connection.heard_ms) >= SILENT_MS:
                    self.disconnected(connection, "silent for %d s" % (SILENT_MS // 1000))
                elif connection.peer.owes_ack:
                    connection.acknowledge()
            elif not connection.is_closed:  # by the end of another one
                patience_ms = ADOPTING_MS if connection.greeting.has_proved else GREETING_MS
                if ticks.diff(now_ms, connection.since_ms) >= patience_ms:
                    self.disconnected(connection, "not greeted within %d s" % (patience_ms // 1000))
        for number in sorted(self.up):
            found = self.up.get(number)
            if found is not None and found.buffered_bytes > NEWS_KEPT * found.buffer_bytes:
                self._give_up(found)  # its next session begins with all news that still hold
            if found is not None and found.connection is None:
                if ticks.diff(now_ms, found.lost_ms) >= GRACE_MS:
                    self._down(found)

    # -- neighbours

    def _peer(self, number):
        if number == 0:
            return Peer(0, self.draw() | 1, self.node.limits.buffer_bytes)
        found = self.peers.get(number)
        if found is None:
            if len(self.peers) >= PEERS_MAX:
                raise RemoteWireError("device %d is one neighbour too many" % number)
            found = Peer(number, self.draw() | 1, self.node.limits.buffer_bytes)
            self.peers[number] = found
        return found

    def _pend(self, connection, found):
        """One greeting at a time with a neighbour: a newer one closes the others (rule 3)."""
        older, found.pending = found.pending, connection
        if older is not None and older is not connection:
            self.disconnected(older, "greets a second time")

    def _down(self, gone):
        """The link to a neighbour is dead (R10, L3): what another way takes goes there.

        If nothing has another way, session and frames stay: it resumes, or a way opens before.
        """
        if gone.number not in self.up:
            return
        del self.up[gone.number]
        self.node.forwarder.closed(gone)
        self._hand_over(gone)

    def _hand_over(self, gone):
        """End a session that keeps anything which has another way."""
        for enclosed in gone.frames:
            payload = enclosed[4:]
            if frame.kind(payload) == frame.ROUTED:
                head = frame.Head(payload)
                if self.node.forwarder.way(head.to_device, head.failed_links(payload)) is not None:
                    self._give_up(gone)
                    return

    def _give_up(self, gone):
        """End a session (rule 9 of sessions)."""
        for one in (gone.connection, gone.pending):
            if one is not None:
                self.disconnected(one, "given up")
        self.node.send_again(gone.give_up(self.draw() | 1))

    def _refuse(self, connection, error):
        """End a connection that breaks the protocol, or whose other end proves nothing."""
        text, reason = str(error), getattr(error, "reason", None)
        if reason is None:
            self._count_link_error(text)
        else:
            number = connection.claimed_number
            is_known = connection.is_dialler or number in self.guard.neighbours
            self._count_refused(number if is_known else 0, reason)
            if error.answer is not None:
                connection.send_off(error.answer)
        self.disconnected(connection, text)

    def _admit(self, stranger, now_ms):
        """Whether a connection that another end began may greet; else it is sent off."""
        if self.gate is None:  # most boards are never dialled
            from mp_actors.gate import Gate

            self.gate = Gate(self.node.limits.unproven)
        is_admitted = self.gate.admit(stranger, self.connections, now_ms)
        if not is_admitted:
            self._count_refused(0, "busy")
        return is_admitted

    def _count_refused(self, number, reason):
        self.refused[number, reason] = self.refused.get((number, reason), 0) + 1

    def _count_link_error(self, text):
        text = text[:LINK_ERROR_LENGTH_MAX]
        if text not in self.link_errors and len(self.link_errors) >= LINK_ERRORS_KEPT:
            text = "other"
        self.link_errors[text] = self.link_errors.get(text, 0) + 1
