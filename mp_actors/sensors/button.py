"""A button: True when it is pressed, False when it is let go, each once, debounced.

An interrupt notes when the pin has moved and where to, in two arrays that are made once; what is
bounce is decided later, from these times. So a short press is not missed while the board is busy.

*Source*: Omron B3F datasheet, "Characteristics": bounce time 5 ms at most.
"""

from array import array

from mp_actors import ticks
from mp_actors.roles import Sensor

EDGES = 16  # kept; of more between two samples the last count


class Button(Sensor):
    """True while pressed. `active_low`: it connects `pin` to ground, with the pull-up inside."""

    def __init__(self, pin, active_low=True, debounce_ms=20, period_ms=20):
        import time

        from machine import Pin

        self.period_ms = period_ms
        self._debounce_ms = debounce_ms
        self._ticks_ms = time.ticks_ms
        self._at_ms, self._levels = array("i", [0] * EDGES), bytearray(EDGES)
        self._head = self._tail = 0
        self._idle = 1 if active_low else 0
        self._level = self._idle
        self._pin = Pin(pin, Pin.IN, Pin.PULL_UP if active_low else Pin.PULL_DOWN)
        self._pin.irq(self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING)
        self._edge(self._pin)  # it may be held down

    def stopped(self):
        self._pin.irq(None)

    def _edge(self, pin):
        place = self._head % EDGES
        self._at_ms[place] = self._ticks_ms()
        self._levels[place] = pin.value()
        self._head += 1

    def sample(self):
        """The next change that has lasted; what follows it waits for the next sample."""
        head, now_ms = self._head, self._ticks_ms()
        self._tail = max(self._tail, head - EDGES)
        while self._tail < head:
            place = self._tail % EDGES
            is_last = self._tail + 1 == head
            until_ms = now_ms if is_last else self._at_ms[(self._tail + 1) % EDGES]
            if ticks.diff(until_ms, self._at_ms[place]) >= self._debounce_ms:
                # An interrupt comes a little late: where the last edge led to, the pin says best.
                level = self._pin.value() if is_last else self._levels[place]
                self._tail += 1
                if level != self._level:
                    self._level = level
                    return level != self._idle
            elif is_last:
                return None  # it may still bounce
            else:
                self._tail += 1
        return None
