"""Each: the same actor on several devices, which a pipeline draws as one.

    soil = flow.each(field.boards, SoilMoisture, pin=32)
    calm = flow.each(field.boards, Deadband, width=0.5)
    soil >> calm >> mean

From `Pipeline.each` to wires: to or from one stage each has its own; between two, those of one
device are joined.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from actors.delivery import Delivery
from actors.problems import Problems, here


class Each:
    """The stages of one declaration, in the order of their devices."""

    def __init__(self, problems: Problems, stages: Sequence[Any]) -> None:
        self.stages = tuple(stages)
        self._problems = problems

    def __iter__(self) -> Iterator[Any]:
        return iter(self.stages)

    def __len__(self) -> int:
        return len(self.stages)

    def __repr__(self) -> str:
        return f"<each of {', '.join(self._by_device)}>"

    def __rshift__(self, target: Any) -> Any:
        """Draw the wires from all of them; return the target, so that a line can go on."""
        delivery = target if isinstance(target, Delivery) else Delivery(target)
        delivery.check(self._problems, here())  # once, not for each
        if isinstance(delivery.target, Each):
            self._pair(delivery, delivery.target)
            return delivery.target
        for stage in self.stages:
            if (stage >> delivery) is stage:  # there is no such target, and one has said so
                return self
        return delivery.target

    def from_one(self, source: Any, delivery: Delivery) -> "Each":
        """Draw the wires from one stage to all of them."""
        delivery.check(self._problems, here())
        for stage in self.stages:
            source >> delivery.to(stage)
        return self

    def _pair(self, delivery: Delivery, others: "Each") -> None:
        """Join those of one device; one that is alone there is a mistake."""
        mine, theirs = self._by_device, others._by_device
        for path, stage in mine.items():
            if path in theirs:
                stage >> delivery.to(theirs[path])
        if set(mine) != set(theirs):
            self._problems.add(
                here(),
                "a wire from each to each joins the actors of one device",
                expected=f"the devices of the left one: {', '.join(mine)}",
                got=", ".join(theirs) or "none",
                remedy="give both the same devices, or draw the wires one by one",
            )

    @property
    def _by_device(self) -> dict[str, Any]:
        return {getattr(stage.at, "path", stage.at): stage for stage in self.stages}
