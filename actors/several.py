"""Several: stages of one declaration that are drawn as one."""

from collections.abc import Iterator, Sequence
from typing import Any

from actors.delivery import Delivery
from actors.problems import Problems, here


class Several:
    """The stages, in the order of their declaration."""

    def __init__(self, problems: Problems, stages: Sequence[Any]) -> None:
        self.stages = tuple(stages)
        self._problems = problems

    def __iter__(self) -> Iterator[Any]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __rshift__(self, target: Any) -> Any:
        """Draw the wires from all of them; return the target, so that a line can go on."""
        delivery = target if isinstance(target, Delivery) else Delivery(target)
        delivery.check(self._problems, here())  # once, not for each
        return self._lead_to(delivery)

    def _lead_to(self, delivery: Delivery) -> Any:
        for stage in self.stages:
            if (stage >> delivery) is stage:  # there is no such target, and one has said so
                return self
        return delivery.target
