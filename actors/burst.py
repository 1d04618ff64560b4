"""A short burst over one link, to see what gets through: from a worker to a neighbour, when asked.

It asks the neighbour's node actor whether an actor is there whose name is long, which anybody may
ask and every device answers. One question after the other, longer and longer until one takes
visibly longer than a short one: on a narrow link that is soon. Where none does, many at once.
"""

import time
from collections.abc import Callable
from typing import Any

from mp_actors.errors import Refused
from mp_actors.node import Node
from mp_actors.path import join

TRIES = 3
SIZES_BYTES = (16, 1 << 10, 1 << 13, 1 << 15)
AROUND_BYTES = 400  # what else is in such a frame, at the most
VISIBLE_S = 0.02  # beside what a busy machine does with a moment
AT_ONCE = 12  # a board takes 32 messages
TIMEOUT_MS = 8000


class Burst:
    """One burst. `bytes_per_s` is None until it is over; then `failed` says why there is none."""

    def __init__(
        self, node: Node, number: int, seconds: Callable[[], float] = time.perf_counter
    ) -> None:
        """*Raises* Refused if the device of this number is no neighbour just now."""
        self.bytes_per_s: float | None = None
        self.failed = ""
        self._node, self._seconds = node, seconds
        way = node.forwarder.way(number)
        if way is None or way[0].number != number:
            raise Refused(f"burst: {node.path} has no link to device {number} that it would use")
        self._to = join(way[0].path, "node")
        room = way[0].limit_bytes - AROUND_BYTES
        self._sizes = [size for size in SIZES_BYTES if size <= room]
        self._taken_s: list[list[float]] = [[]]  # of each size
        self._left = 0
        self._begun_s = 0.0
        self._go_on()

    @property
    def is_over(self) -> bool:
        """Whether there is nothing more to wait for."""
        return bool(self.failed) or self.bytes_per_s is not None

    def _go_on(self) -> None:
        tries, size = self._taken_s[-1], self._sizes[len(self._taken_s) - 1]
        if len(tries) < TRIES:
            self._ask(size, 1, tries.append)
            return
        short_s, long_s = min(self._taken_s[0]), min(tries)
        if long_s - short_s >= VISIBLE_S:
            self.bytes_per_s = (size - self._sizes[0]) / (long_s - short_s)
        elif len(self._taken_s) < len(self._sizes):
            self._taken_s.append([])
            self._go_on()
        else:

            def over(spent_s: float) -> None:
                self.bytes_per_s = AT_ONCE * size / max(1e-6, spent_s - short_s)

            self._ask(size, AT_ONCE, over)

    def _ask(self, size: int, times: int, then: Callable[[float], object]) -> None:
        """Ask `times` at once; `then(seconds)` when the last answer is there."""
        self._left, self._begun_s = times, self._seconds()

        def answered(error: tuple[str, str] | None, _value: Any) -> None:
            self._left -= 1
            if error is not None and error[0] != "busy":
                self.failed = error[1]
            elif self._left == 0 and not self.failed:
                then(self._seconds() - self._begun_s)
                if not self.is_over:
                    self._go_on()

        sender, name = join(self._node.path, "node"), "x" * size
        for _ in range(times):
            self._node.requests.ask(sender, self._to, "alive", [name], answered, TIMEOUT_MS)
