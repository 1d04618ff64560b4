"""Watching others: an actor is told once when one it depends on is gone, or cannot be reached.

The same for an actor, its device and the way to it: every 2 s the watched device is asked after the
actor; what ends the watch is an answer that says so, or 6 s without any (three missed beats, as
for a neighbour). One that was never there yet is waited for as long. Reasons: `stopped` (no such
actor there), `restarted` (its device began anew, with nothing of before), `unreachable` (no way),
`silent` (no answer).
"""

from mp_actors import ticks
from mp_actors.path import join, split

ASK_MS = 2000
GONE_MS = 6000
LOOK_MS = 500


class Watches:
    """All watches of one node. `tell(watcher path, kind, args)` delivers."""

    def __init__(self, node, ask):
        self.node = node
        self._ask = ask  # as Requests.ask
        self._watched = {}  # (watcher, path) -> _Watch
        scheduler = node.scheduler
        scheduler.timers.every(scheduler.now_ms, LOOK_MS, self._look)

    def add(self, watcher, path):
        """Let the actor at `watcher` be told `on_gone(path, reason)`. *Raises* PathError."""
        split(path)
        if (watcher, path) not in self._watched:
            self._watched[watcher, path] = _Watch(self.node.scheduler.now_ms)

    def remove(self, watcher, path):
        """It need not be told any more."""
        watch = self._watched.pop((watcher, path), None)
        if watch is not None:
            watch.is_over = True

    def _look(self):
        now_ms = self.node.scheduler.now_ms
        for watcher, path in sorted(self._watched):
            watch = self._watched[watcher, path]
            if watcher not in self.node.scheduler.cells:
                self.remove(watcher, path)
            elif watch.is_over or ticks.diff(now_ms, watch.heard_ms) >= GONE_MS:
                self._gone(watcher, path, watch, watch.reason)
            elif ticks.diff(now_ms, watch.next_ms) >= 0:
                watch.next_ms = ticks.add(now_ms, ASK_MS)
                self._inquire(watcher, path, watch)

    def _inquire(self, watcher, path, watch):
        device, name = split(path)

        def answered(error, value):
            if watch.is_over:
                return
            if error is not None or not isinstance(value, list) or len(value) != 2:
                is_cut = error is not None and error[0] == "unreachable"
                watch.reason = "unreachable" if is_cut else "silent"
                return
            start, is_there = value
            if watch.start not in (None, start):
                self._gone(watcher, path, watch, "restarted")
            elif is_there:
                watch.heard_ms = self.node.scheduler.now_ms
                watch.start, watch.reason = start, "silent"
            elif watch.start is None:
                watch.reason = "stopped"  # or not made yet: devices begin one after the other
            else:
                self._gone(watcher, path, watch, "stopped")

        self._ask(watcher, join(device, "node"), "alive", [name], answered, ASK_MS)

    def _gone(self, watcher, path, watch, reason):
        watch.is_over, watch.reason = True, reason
        # Where there is no room to say it now, the next look says it.
        if self.node.scheduler.post(watcher, "gone", (path, reason), path, None):
            self.remove(watcher, path)


class _Watch:
    def __init__(self, now_ms):
        self.heard_ms = self.next_ms = now_ms
        self.start = None
        self.reason = "silent"
        self.is_over = False
