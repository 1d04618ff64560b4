"""Each: the same actor on several devices, which a pipeline draws as one.

    soil = flow.each(field.boards, SoilMoisture, pin=32)
    calm = flow.each(field.boards, Deadband, width=0.5)
    soil >> calm >> mean

From `Pipeline.each` to wires: to or from one stage each has its own; between two, those of one
device are joined.
"""

from typing import Any

from actors.delivery import Delivery
from actors.problems import here
from actors.several import Several


class Each(Several):
    """The stages, in the order of their devices."""

    def __repr__(self) -> str:
        return f"<each of {', '.join(self._by_device)}>"

    def from_one(self, source: Any, delivery: Delivery) -> "Each":
        """Draw the wires from one stage to all of them."""
        delivery.check(self._problems, here())
        for stage in self.stages:
            source >> delivery.to(stage)
        return self

    def _lead_to(self, delivery: Delivery) -> Any:
        if not isinstance(delivery.target, Each):
            return super()._lead_to(delivery)
        self._pair(delivery, delivery.target)
        return delivery.target

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
