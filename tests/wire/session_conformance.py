"""The conformance suite of sessions over a link: what two nodes promise, whatever carries them.

For whoever writes a link (see `mp_actors/links/__init__.py`), after `link_conformance`:

    def test_sessions_survive_my_link():
        check_session(make_pair)

`make_pair()` gives two connected ends, the dialler's first, as often as it is called; an end is cut
by closing it. Real nodes talk over them in real time. Each law gets links of its own and raises
AssertionError with a sentence. The idea is Trio's `check_two_way_stream`.
"""

import time

from cables import Talker
from helpers import counter

from mp_actors.clock import SystemClock

PATIENCE_S = 10.0
MESSAGES = 40
LARGE_BYTES = 900  # a message; a few hundred are more than a socket takes at once
READ_BYTES = 4096
CUTS = 24  # a link is cut at that many places; `tests/kernel/test_resume.py` tries each byte


def check_session(make_pair):
    """Hold all laws. *Raises* AssertionError at the first that is broken."""
    for law in LAWS:
        check_law(law, make_pair)


def check_law(law, make_pair):
    """Hold one law. *Raises* AssertionError."""
    two = Two(make_pair)
    try:
        law(two)
    finally:
        two.close()


class Way:
    """One pair of ends between the two nodes. `left`: bytes that still get to each side."""

    def __init__(self, make_pair, nodes, dialler):
        self.left = [None, None]
        links = make_pair()
        # Who dials speaks first, so the other has to be there.
        accepted = nodes[1 - dialler].connected(links[1])
        dialled = nodes[dialler].connected(links[0], nodes[1 - dialler].number)
        self.sides = [(nodes[dialler], links[0], dialled), (nodes[1 - dialler], links[1], accepted)]
        if dialler:
            self.sides.reverse()
        self.is_deaf = False

    def turn(self):
        """Hand over what has come. Returns whether anything happened."""
        moved = False
        for place, (node, link, connection) in enumerate(self.sides):
            if connection.is_closed or self.is_deaf:
                continue
            try:
                if hasattr(link, "step"):
                    link.step()
                size = READ_BYTES if self.left[place] is None else self.left[place]
                data = link.read(min(size, READ_BYTES)) if size else None
            except OSError as error:
                node.disconnected(connection, str(error))
                continue
            if data:
                moved = True
                if self.left[place] is not None:
                    self.left[place] -= len(data)
                node.received(connection, data)
            elif data is not None:
                moved = True
                node.disconnected(connection, "the other end closed")
        return moved

    @property
    def is_used_up(self):
        """Whether one direction carries nothing any more."""
        return 0 in self.left

    def close(self, *places):
        """Cut it at these ends, 0 and 1: each node is told of its own."""
        for place in places:
            node, link, connection = self.sides[place]
            node.disconnected(connection, "cut")
            link.close()


class Two:
    """Two nodes, and the ways between them."""

    def __init__(self, make_pair):
        self.make_pair = make_pair
        self.clock = SystemClock()
        draw = counter(1001)
        self.nodes = [Talker(number, self.clock, draw) for number in (1, 2)]
        self.ways = []

    def join(self, dialler=0):
        """Connect them once more."""
        self.ways.append(Way(self.make_pair, self.nodes, dialler))
        return self.ways[-1]

    def say(self, count=MESSAGES, padding=0):
        """Both say something."""
        for node in self.nodes:
            node.padding = b"." * padding
            node.say(count)

    def turn(self):
        """One step of all. Returns whether anything happened."""
        for place, node in enumerate(self.nodes):
            node.pour(2 - place)
            node.step(self.clock.ticks_ms())
        moved = False
        for way in self.ways:
            moved = way.turn() or moved
        if not moved:
            time.sleep(0.0005)
        return moved

    def until(self, reached, what):
        """Go on until reached() is true."""
        end_s = time.monotonic() + PATIENCE_S
        while not reached():
            self.turn()
            assert time.monotonic() < end_s, what

    def all_heard(self):
        """Wait until each has heard all that the other said: once, and in order."""
        for node in self.nodes:
            other = self.nodes[2 - node.number]
            self.until(lambda node=node, other=other: len(node.heard) >= other.said,
                       "a message is lost, or the two are stuck")
        for _ in range(5):
            self.turn()
        for node in self.nodes:
            other = self.nodes[2 - node.number]
            expected = [(other.number, 1, number) for number in range(1, other.said + 1)]
            assert node.heard == expected, "messages were lost, doubled or overtaken"
            assert node.doubts == [], "a session was not resumed"

    def close(self):
        """Close what is open."""
        for way in self.ways:
            way.close(0, 1)


def talks(two):
    """All that is said is heard, in order."""
    two.join()
    two.say()
    two.all_heard()


def carries_much(two):
    """More than the link takes at once stops its sender and gets through."""
    two.join()
    two.say(300, LARGE_BYTES)
    two.all_heard()


def _cut_at(two, offset, side, mend):
    way = two.join()
    way.left[side] = offset
    two.say(MESSAGES // 2)
    heard = two.nodes[side].heard
    two.until(lambda: way.is_used_up or len(heard) == MESSAGES // 2, "neither cut nor done")
    mend(two, way)
    two.say(MESSAGES // 2)
    two.all_heard()


def _both_told(two, way):
    way.close(0, 1)
    two.join()


def _one_told(two, way):
    way.close(0)
    way.is_deaf = True
    two.join()


def _both_dial(two, way):
    way.close(0, 1)
    two.join()
    two.join(1)


def _each_cut(two, mend):
    make_pair = two.make_pair
    for number in range(CUTS):
        fresh = Two(make_pair)
        try:
            _cut_at(fresh, 1 + 17 * number, number % 2, mend)
        finally:
            fresh.close()


def resumes(two):
    """A link is cut at many places and both ends see it: nothing is lost."""
    _each_cut(two, _both_told)


def resumes_though_one_end_has_not_seen_it(two):
    """The old link looks whole at one end: the new one replaces it, and nothing is lost."""
    _each_cut(two, _one_told)


def resumes_when_both_dial(two):
    """Both ends dial at once: one connection is left, and nothing is lost."""
    _each_cut(two, _both_dial)


def replaces_a_link_that_works(two):
    """One end dials anew under way, as after a fault only it has seen: nothing is lost or doubled,
    though what is under way on the old link may have arrived.
    """
    for number in range(CUTS):
        two.join(number % 2)
        two.say(3)
        for _ in range(2 + number % 7):
            two.turn()
    two.all_heard()


def acknowledges(two):
    """What has arrived is acknowledged, so that its sender may forget it."""
    two.join()
    two.say()
    two.all_heard()
    sessions = [node.session(3 - node.number) for node in two.nodes]
    two.until(lambda: not (sessions[0].frames or sessions[1].frames),
              "what has arrived is not acknowledged")


def says_goodbye(two):
    """A goodbye is heard before the end of the link: it is down at once, and the session stays."""
    way = two.join()
    two.say(1)
    two.all_heard()
    way.sides[0][2].farewell()
    two.until(lambda: way.sides[1][2].said_bye, "the goodbye did not arrive")
    way.close(0, 1)
    assert two.nodes[0].number not in two.nodes[1].neighbours, "the link is not down"
    two.join()
    two.say(1)
    two.all_heard()


LAWS = (
    talks,
    carries_much,
    resumes,
    resumes_though_one_end_has_not_seen_it,
    resumes_when_both_dial,
    replaces_a_link_that_works,
    acknowledges,
    says_goodbye,
)
