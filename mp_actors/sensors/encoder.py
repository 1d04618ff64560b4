"""A rotary encoder: its position in detents from where it stood at the start, when that changes.

Both contacts are followed by interrupts through the four steps of a detent. That debounces them:
a contact that bounces goes a step forth and back, and no contact alone can skip a step.

*Source*: Bourns PEC11R datasheet, "Quadrature Output Table" and "Electrical Characteristics":
contacts bounce for 2 ms at 15 turns a minute, 60 turns a minute are the most.
"""

from mp_actors.roles import Sensor

# Which way, by the levels A B before and now: 1 and -1 are a step, 0 none or one that cannot be.
WAY = (0, -1, 1, 0, 1, 0, 0, -1, -1, 0, 0, 1, 0, 1, -1, 0)


class Encoder(Sensor):
    """Detents; `steps` of the quadrature make one. Contacts go to ground."""

    def __init__(self, a, b, steps=4, period_ms=50):
        from machine import Pin

        self.period_ms = period_ms
        self._steps = steps
        self._a, self._b = Pin(a, Pin.IN, Pin.PULL_UP), Pin(b, Pin.IN, Pin.PULL_UP)
        self._count = 0
        self._told = 0
        edge, both = self._edge, Pin.IRQ_RISING | Pin.IRQ_FALLING
        self._a.irq(edge, both)
        self._b.irq(edge, both)
        self._levels = self._a.value() << 1 | self._b.value()

    def stopped(self):
        self._a.irq(None)
        self._b.irq(None)

    def _edge(self, _pin):
        now = self._a.value() << 1 | self._b.value()
        self._count += WAY[self._levels << 2 | now]
        self._levels = now

    def sample(self):
        # To the nearest: a detent is where all contacts are open, and one step more is none yet.
        position = (self._count + self._steps // 2) // self._steps
        if position == self._told:
            return None
        self._told = position
        return position
