"""Loop watch: names the actor of a worker whose handler blocks its device.

Handlers share one thread, so one that takes a second costs every other actor that second. A thread
looks a few times a second at how far the node's loop has come; where it has not moved, the frames
on that loop's stack say whose handler it is in. Actors and scheduler know nothing of it, and pay
nothing.
"""

import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from mp_actors.actor import Actor
from mp_actors.serve import Server

LIMIT_S = 1.0
LOOK_S = 0.2
IDLE_MS = 60_000
KEPT = 8  # actors in a report, those that blocked longest
OWN_ACTORS = ("node", "router", "controller")  # what the runtime itself does is no handler


class Block(NamedTuple):
    """A handler that blocks, or has: its actor, the person's line, for how long, how often."""

    path: str
    place: str
    seconds: float
    times: int = 1


class LoopWatch:
    """Watches one server's loop, from the thread that made this. `folder`: the person's files.

    `blocks`: what is over, by actor.
    """

    def __init__(
        self,
        folder: Path,
        log: Callable[[str, str], None],
        limit_s: float = LIMIT_S,
        look_s: float = LOOK_S,
    ) -> None:
        self.blocks: dict[str, Block] = {}
        self._folder = str(folder) + "/"
        self._log = log
        self._limit_s, self._look_s = limit_s, look_s
        self._turns = 0
        self._loop_thread = threading.get_ident()
        self._ended = threading.Event()

    def serve(self, server: Server) -> None:
        """Watch the turns of this server."""
        server.driven.append(self)
        server.at_end.append(self._ended.set)
        threading.Thread(target=self._watch, daemon=True).start()

    def step(self, _now_ms: int) -> int:
        """One turn more. Returns ms until another is wanted."""
        self._turns += 1
        return IDLE_MS

    def rows(self) -> list[tuple[str, str, int, int]]:
        """(name, place, ms of the longest, times) of what blocked, for a report."""
        worst = sorted(self.blocks.values(), key=lambda one: (-one.seconds, one.path))[:KEPT]
        return [
            (one.path.rsplit("/", 1)[1], one.place, round(1000 * one.seconds), one.times)
            for one in worst
        ]

    def _watch(self) -> None:
        seen, moved_s, found = -1, time.monotonic(), None
        looked_s, worked_s = moved_s, time.process_time()
        while not self._ended.wait(self._look_s):
            now_s, work_s = time.monotonic(), time.process_time()
            # This thread was kept from looking, and nobody worked: the whole process was stopped.
            away_s = now_s - looked_s
            stopped = away_s > self._limit_s and work_s - worked_s < away_s / 2
            looked_s, worked_s = now_s, work_s
            frame = sys._current_frames().get(self._loop_thread)
            if self._turns != seen or stopped or frame is None or _is_polling(frame):
                if found is not None:
                    self._over(found, now_s - moved_s)
                seen, moved_s, found = self._turns, now_s, None
            elif found is None and now_s - moved_s > self._limit_s:
                found = self._blocking(frame)
                if found is not None:
                    self._say(found, "blocks its device")

    def _blocking(self, frame: FrameType) -> Block | None:
        """Whose handler runs there: the innermost actor, and the innermost line of the person."""
        place, step = "", frame
        while step.f_back is not None:
            code = step.f_code
            if not place and code.co_filename.startswith(self._folder):
                place = f"{code.co_filename.rsplit('/', 1)[1]}:{step.f_lineno}"
            actor = step.f_locals.get(code.co_varnames[0]) if code.co_argcount else None
            if isinstance(actor, Actor) and actor.path is not None:
                place = place or f"{type(actor).__name__}.{code.co_name}"
                return Block(actor.path, place, self._limit_s)
            step = step.f_back
        return None

    def _over(self, block: Block, seconds: float) -> None:
        self._say(block, f"blocked its device for {seconds:.1f} s")
        if block.path.rsplit("/", 1)[1] in OWN_ACTORS:
            return
        before = self.blocks.get(block.path, Block(block.path, block.place, 0.0, 0))
        longest = block if seconds > before.seconds else before
        self.blocks = {
            **self.blocks,
            block.path: Block(
                block.path, longest.place, max(seconds, before.seconds), before.times + 1
            ),
        }

    def _say(self, block: Block, what: str) -> None:
        advice = "what takes long belongs into async def and await offload(…)"
        self._log(block.path, f"{what} ({block.place}); no other actor works meanwhile: {advice}")


def _is_polling(frame: FrameType) -> bool:
    """Whether the loop only waits for something to do."""
    return frame.f_code is Server.turn.__code__
