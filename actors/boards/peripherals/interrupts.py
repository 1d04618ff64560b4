"""Inputs of a virtual board that move by themselves, and `Pin.irq`: handlers run as interrupts do.

Loaded when a pin with such a part is read or `irq` is called. A thread looks at the world each
millisecond; what it calls may not allocate, as on hardware: the heap is locked meanwhile.
"""

import _thread
import sys
import time

import machine
import micropython
from micropython import const

_FALLING = const(2)
_RISING = const(1)
_BOUNCE_MS = const(3)
# Quarter steps of a quadrature encoder as levels of its two contacts, A leading.
GRAY = ((1, 1), (0, 1), (0, 0), (1, 0))
_CYCLE_MS = const(1004)  # of the pulses of an MH-Z19B: high and low for 2 ms at the least

_lines = {}
_watched = []  # a list of its own: it only grows, so the thread can read it at any time


def line_of(number):
    """The line at this pin; the same one for all."""
    if number not in _lines:
        _lines[number] = Line(number)
    return _lines[number]


class Line:
    """An input: its level, and who is called when that moves."""

    def __init__(self, number):
        self.number = number
        self.part = machine.here.part(number)
        self.handler = self.pin = None
        self.trigger = 0
        self._at_ms = 0
        self._firm = None
        self.level = machine.levels.get(number, 0)

    def listen(self, pin, handler, trigger):
        """Call handler(pin) at each edge of this kind; None: nobody any more."""
        self.level = self.look()
        self.pin, self.trigger, self.handler = pin, trigger, handler
        if handler is not None and self not in _watched:
            _watched.append(self)
            if len(_watched) == 1:
                _thread.start_new_thread(_watch, ())

    def drive(self, level):
        """Set the level; what listens is called at once."""
        if level == self.level:
            return
        self.level = level
        if self.handler is None or not self.trigger & (_RISING if level else _FALLING):
            return
        micropython.heap_lock()
        error = None
        try:
            self.handler(self.pin)
        except Exception as raised:
            error = raised
        micropython.heap_unlock()
        if error is not None:
            print("in an interrupt of pin", self.number)
            sys.print_exception(error)

    def level_now(self):
        """The level for whoever reads the pin; between two looks it is what handlers saw."""
        return self.level if self.handler is not None else self.look()

    def look(self):
        """The level the world gives it now; without a part it stays as it is."""
        part, here = self.part, machine.here
        if part == "button":
            return self._bounced(0 if here.sense("pressed", self.number) else 1)
        if part in ("encoder a", "encoder b"):
            return GRAY[here.sense("turned") % 4][part == "encoder b"]
        if part == "mhz19b":
            within_ms = int(here.now_s() * 1000) % _CYCLE_MS
            return 1 if within_ms < 2 + here.sense("co2") // 2 else 0
        return self.level

    def _bounced(self, level):
        """A contact that has just moved gives now one level, now the other."""
        now_ms = time.ticks_ms()
        if self._firm is None:
            self._firm = level
        elif level != self._firm:
            self._firm, self._at_ms = level, now_ms
        if time.ticks_diff(now_ms, self._at_ms) < _BOUNCE_MS and _watched:
            return level ^ now_ms & 1
        return level


def _watch():
    while True:
        for line in _watched:
            try:
                line.drive(line.look())
            except Exception as error:  # the person's world.py
                sys.print_exception(error)
        time.sleep_ms(1)
