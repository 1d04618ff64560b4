"""The alarm's own actors. The same file runs on a board, on the PC and in a test.

`pace_us`: how long a message takes on a board at the least. 0 is the board as it is; an experiment
plays a slower one with it.
"""

import sys
import time

from mp_actors import Aggregator, Filter
from mp_actors.actuators.switch import Switch

IS_BOARD = sys.implementation.name == "micropython"


def waited(pace_us):
    """Work for so long, if this is a board."""
    if pace_us and IS_BOARD:
        begun_us = time.ticks_us()
        while time.ticks_diff(time.ticks_us(), begun_us) < pace_us:
            pass


class Over(Filter):
    """Whether the value is over `limit` (under it, with `under=True`), when that changes."""

    def __init__(self, limit, under=False, pace_us=0):
        self.limit = limit
        self.under = under
        self.pace_us = pace_us
        self.last = None

    def apply(self, value):
        waited(self.pace_us)
        if value is None:
            return None
        over = value < self.limit if self.under else value > self.limit
        if over == self.last:
            return None
        self.last = over
        return over


class Choice(Filter):
    """Which of `count` alarms the encoder points at."""

    def __init__(self, count, pace_us=0):
        self.count = count
        self.pace_us = pace_us

    def apply(self, position):
        waited(self.pace_us)
        return position % self.count


class Press(Filter):
    """Passes the press of a button, and not that it was let go."""

    def __init__(self, pace_us=0):
        self.pace_us = pace_us

    def apply(self, is_down):
        waited(self.pace_us)
        return True if is_down else None


class Panel(Aggregator):
    """Joins all of it: the alarm that is chosen is armed or disarmed by a press.

    `alarms`: names of the actors that say whether something is over its limit, in the order of the
    encoder. Passes on whether an armed one is: at each press, and when it changes.
    """

    def __init__(self, alarms, choice="choice", press="press", pace_us=0):
        self.alarms = alarms
        self.choice, self.press = choice, press
        self.pace_us = pace_us
        self.chosen = 0
        self.armed = [False] * len(alarms)
        self.over = [False] * len(alarms)
        self.last = False

    def verb_for(self, sender):
        name = sender.split("/")[-1]
        if name == self.choice:
            return self.choose
        if name == self.press:
            return self.toggle
        place = self.alarms.index(name)
        return lambda over: self.note(place, over)

    def choose(self, chosen):
        waited(self.pace_us)
        self.chosen = chosen

    def toggle(self, _pressed):
        waited(self.pace_us)
        self.armed[self.chosen] = not self.armed[self.chosen]
        return self.sounding()

    def note(self, place, over):
        waited(self.pace_us)
        self.over[place] = over
        before = self.last
        return self.last if self.sounding() != before else None

    def sounding(self):
        """Whether an armed alarm is over its limit."""
        places = range(len(self.alarms))
        self.last = any(self.armed[one] and self.over[one] for one in places)
        return self.last


class Lamp(Switch):
    """The alarm itself."""

    def __init__(self, pin, pace_us=0):
        Switch.__init__(self, pin)
        self.pace_us = pace_us

    def write(self, value):
        waited(self.pace_us)
        Switch.write(self, value)
