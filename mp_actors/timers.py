"""Timers of one node: a heap of moments at which something is due.

Time comes in as an argument. Periods start at multiples of themselves, so that sensors of 100 ms
and of 1 s wake the processor together and not one after the other.
"""

import heapq

from mp_actors import ticks


class Timer:
    """One moment at which `call()` is due; `period_ms` 0 means once."""

    def __init__(self, due_ms, place, call, period_ms):
        self.due_ms = due_ms
        self.place = place  # among timers of one moment: in the order of their making
        self.call = call
        self.period_ms = period_ms

    def __lt__(self, other):
        # heapq compares entries; plain numbers would order wrongly across the wrap.
        wait_ms = ticks.diff(self.due_ms, other.due_ms)
        return wait_ms < 0 or (wait_ms == 0 and self.place < other.place)

    def cancel(self):
        """Never call again. The entry leaves the heap when its moment comes."""
        self.call = None


class Timers:
    """The heap. Invariant: the first entry is due before all others."""

    def __init__(self):
        self._heap = []
        self._made = 0

    def after(self, now_ms, delay_ms, call):
        """Call once, delay_ms from now. Returns the Timer. *Raises* ValueError, see `ticks`."""
        if delay_ms >= ticks.HALF_MS:
            raise ValueError("delay %d ms: expected less than %d" % (delay_ms, ticks.HALF_MS))
        return self._push(Timer(ticks.add(now_ms, delay_ms), self._made, call, 0))

    def every(self, now_ms, period_ms, call):
        """Call at each multiple of period_ms after now. Returns the Timer. *Raises* ValueError."""
        if not 0 < period_ms < ticks.HALF_MS:
            raise ValueError("period %d ms: expected 1 to %d" % (period_ms, ticks.HALF_MS - 1))
        wait_ms = period_ms - now_ms % period_ms
        return self._push(Timer(ticks.add(now_ms, wait_ms), self._made, call, period_ms))

    def run_due(self, now_ms):
        """Call everything due by now_ms, each timer once even if periods were missed."""
        heap = self._heap
        while heap and ticks.diff(heap[0].due_ms, now_ms) <= 0:
            timer = heapq.heappop(heap)
            if timer.call is None:
                continue
            if timer.period_ms:
                behind_ms = ticks.diff(now_ms, timer.due_ms)
                missed = behind_ms // timer.period_ms
                timer.due_ms = ticks.add(timer.due_ms, (missed + 1) * timer.period_ms)
                heapq.heappush(heap, timer)
            try:
                timer.call()
            except MemoryError:
                if not timer.period_ms:
                    heapq.heappush(heap, timer)  # its place is still there; who waits for it waits
                raise

    def wait_ms(self, now_ms, limit_ms):
        """Milliseconds until the next moment, at most limit_ms, never below 0."""
        if not self._heap:
            return limit_ms
        return max(0, min(limit_ms, ticks.diff(self._heap[0].due_ms, now_ms)))

    def _push(self, timer):
        self._made += 1
        heapq.heappush(self._heap, timer)
        return timer
