"""Questions that a console has for devices, which only the controller may ask.

A console's own question is answered at once; one to a device takes as long as the way. So a console
is given a number, and asks with it until the answer is there.
"""

from collections.abc import Callable
from typing import Any

from actors.plan import Plan
from mp_actors.errors import Refused
from mp_actors.path import join

KEPT = 64  # answers that nobody has fetched
TIMEOUT_MS = 3000


class Questions:
    """The questions under way. `ask(path, kind, arguments, then, timeout_ms)`: see `Requests`."""

    def __init__(
        self, plan: Plan, ask: Callable[[str, str, list[Any], Any, int], None]
    ) -> None:
        self._plan = plan
        self._ask = ask
        self._next = 1
        self._answers: dict[int, list[Any] | None] = {}

    def put(self, path: str, words: list[Any]) -> int:
        """Ask a device to explain something. Returns the number to fetch the answer with.

        *Raises* Refused if there is no such device.
        """
        if path not in self._plan.devices:
            raise Refused(f"explain: there is no device {path!r:.80}")
        number, self._next = self._next, self._next + 1
        self._answers[number] = None
        while len(self._answers) > KEPT:
            del self._answers[min(self._answers)]

        def answered(error: tuple[str, str] | None, value: Any) -> None:
            if number in self._answers:
                self._answers[number] = [None if error is None else list(error), value]

        self._ask(join(path, "node"), "explain", words, answered, TIMEOUT_MS)
        return number

    def fetch(self, number: int) -> list[Any] | None:
        """[error or None, value], once; None as long as it is under way."""
        answer = self._answers.get(number, [["failed", "no such question"], None])
        if answer is not None:
            self._answers.pop(number, None)
        return answer
