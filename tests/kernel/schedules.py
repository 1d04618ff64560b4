"""What may befall two nodes that talk, one event after the other, and what has to hold after each.

Portable like the tests. A `Schedule` says, after each event, whether a message was lost, doubled or
overtaken; whoever draws the events decides what is tried.
"""

from cables import WHOLE, Cable, Talker, message_of
from helpers import Dice

from mp_actors.testing import ManualClock

REST_MS = 50  # how far time moves at once while all comes to rest
REST_TURNS = 600


class Schedule:
    """Two talkers, 1 and 2, and what befalls them, one event at a time. `guards`: their seals.

    `excused`: messages that may be lost, since their session was given up, or their sender or
    its session's other end started anew.
    """

    def __init__(self, is_board=False, guards=None):
        self.clock = ManualClock()
        self.is_board = is_board
        self._guards = guards or {}
        self._drawn = 999
        self.nodes = {}
        self.cables = []
        self.heard = {1: [], 2: []}
        self.excused = set()
        self.only_cables = True  # whatever happened, happened to cables: no session may end
        self._open = set()  # said and not heard
        for number in (1, 2):
            self._start(number, 1)

    # -- events

    def say(self, who, count=1, padding=0):
        """A node says messages, with so many bytes more."""
        node = self.nodes[who]
        node.padding = b"." * padding
        node.say(count)
        self._open.update(node.waiting[-count:])

    def step(self, who):
        """A node works and writes."""
        node = self.nodes[who]
        node.pour(3 - who)
        node.step(self.clock.ticks_ms())
        self._check()

    def dial(self, who, left=(WHOLE, WHOLE)):
        """A node dials the other; the cable is cut after so many bytes, the dialler's first."""
        self.cables = [cable for cable in self.cables if not cable.is_over][-3:]
        self.cables.append(Cable(self.nodes[who], self.nodes[3 - who], left))
        self._check()

    def carry(self, place, side, size_max=WHOLE):
        """Bytes get across one of the cables."""
        if self.cables:
            self.cables[place % len(self.cables)].carry(side, size_max)
        self._check()

    def cut(self, place):
        """A cable is cut, and nobody is told."""
        if self.cables:
            self.cables[place % len(self.cables)].cut()

    def notice(self, place, side):
        """One end of a cable that is cut is told."""
        if self.cables:
            cable = self.cables[place % len(self.cables)]
            if cable.is_used_up:
                cable.notice(side)
        self._check()

    def give_up(self, who):
        """A node ends the session, since what waits in it has another way."""
        self.only_cables = False
        found = self.nodes[who].session(3 - who)
        if found is not None:
            self.nodes[who].links._give_up(found)
        self._check()

    def crash(self, who):
        """A node starts anew, and nobody is told."""
        self.only_cables = False
        node = self.nodes[who]
        self._collect()
        self.excused.update(node.waiting)
        found = node.session(3 - who)
        if found is not None:
            self.excused.update([message_of(enclosed[4:]) for enclosed in found.frames])
        for cable in self.cables:
            for end in cable.ends:
                if end.node is node:
                    cable.cut()
                    end.is_closed = True
        self._start(who, node.life + 1)

    def wait(self, ms):
        """Time passes."""
        self.clock.advance_ms(ms)

    def rest(self):
        """Let them come to rest over a cable that is whole; *raises* AssertionError if they cannot,
        or if what was said then is not heard.
        """
        for turn in range(REST_TURNS):
            if not turn % 10 and not self.nodes[1].is_talking(2):
                self.dial(1)
            for who in (1, 2):
                self.step(who)
            for cable in list(self.cables):
                for side in (0, 1):
                    while cable.carry(side):
                        self._check()
            if self._is_at_rest():
                return
            self.wait(REST_MS)
        raise AssertionError("stuck: %s" % [self.nodes[who].lines[-3:] for who in (1, 2)])

    @property
    def resumed(self):
        """How often a connection resumed, in the sessions that are there."""
        found = [self.nodes[who].session(3 - who) for who in (1, 2)]
        return sum([one.resumed for one in found if one is not None])

    # -- what has to hold

    def _start(self, who, life):
        guard = self._guards.get(who)
        self.nodes[who] = Talker(who, self.clock, self._draw, self.is_board, life, guard)

    def _draw(self):
        self._drawn += 2  # no incarnation twice, of which the last bit is always set
        return self._drawn

    def _collect(self):
        for who in (1, 2):
            node, heard = self.nodes[who], self.heard[who]
            for message in node.heard:
                if heard:
                    assert message != heard[-1], "doubled: %s" % (message,)
                    assert message > heard[-1], "out of order: %s after %s" % (message, heard[-1])
                heard.append(message)
                self._open.discard(message)
            self.excused.update(node.doubts)
            node.heard, node.doubts = [], []
        if self.only_cables:
            assert not self.excused, "a session ended: %s" % sorted(self.excused)

    def _check(self):
        """Nothing doubled, nothing overtaken, and nothing lost without an excuse."""
        self._collect()
        for who in (1, 2):
            node = self.nodes[who]
            found = node.session(3 - who)
            kept = set(node.waiting)
            if found is not None:
                kept.update([message_of(enclosed[4:]) for enclosed in found.frames])
            for message in self._open:
                if message[0] == who and message not in kept:
                    assert message in self.excused, "lost: %s" % (message,)

    def _is_at_rest(self):
        for who in (1, 2):
            node = self.nodes[who]
            found = node.session(3 - who)
            if found is None or found.connection is None or node.waiting or found.frames:
                return False
        return True


EVENTS = ("say", "step", "carry", "cut", "notice", "dial", "give_up", "crash", "wait")
# How often each is drawn. A greeting takes three steps and two ways, so those are most of it.
CABLES = (10, 40, 60, 2, 2, 4, 0, 0, 2)
ALL = (10, 40, 60, 2, 2, 4, 1, 1, 2)


def random_schedule(seed, events=250):
    """Draw events and carry them out. *Raises* AssertionError, which names the seed."""
    dice = Dice(seed)
    often = ALL if seed % 2 else CABLES
    schedule = Schedule(is_board=seed % 3 == 2)
    schedule.dial(1 + seed % 2)
    try:
        for _ in range(events):
            _draw(schedule, dice, often)
        schedule.rest()
    except AssertionError as error:
        raise AssertionError("seed %d: %s" % (seed, error))
    return schedule


def _draw(schedule, dice, often):
    drawn, place = dice.below(sum(often)), 0
    while drawn >= often[place]:
        drawn -= often[place]
        place += 1
    event = EVENTS[place]
    who, cable, side = 1 + dice.below(2), dice.below(4), dice.below(2)
    if event == "say":
        schedule.say(who, 1 + dice.below(4), (0, 0, 100, 700)[dice.below(4)])
    elif event == "carry":
        schedule.carry(cable, side, (3, 20, 200, WHOLE, WHOLE, WHOLE)[dice.below(6)])
    elif event == "cut":
        schedule.cut(cable)
    elif event == "notice":
        schedule.notice(cable, side)
    elif event == "wait":
        schedule.wait((10, 100, 600, 2100, 6500)[dice.below(5)])
    else:
        getattr(schedule, event)(who)
