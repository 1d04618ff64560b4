"""The two queries as trees of operators, and how long an event takes through one that is placed.

Operators stand in the order in which they are placed at first: a consumer before its inputs, one
host each. What has no inputs makes events, the first one takes the results; both stay where they
are.

*Source*: the two queries of AdaptiveCEP's simulation.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Query:
    """Operators by name, the consumer first; `inputs`: of each, by place."""

    name: str
    operators: tuple[str, ...]
    inputs: tuple[tuple[int, ...], ...]

    @property
    def free(self):
        """The operators that may move, consumers before their inputs."""
        return [one for one in range(1, len(self.operators)) if self.inputs[one]]

    @property
    def consumer_of(self):
        """{operator: the one it feeds}"""
        return {i: j for j, inputs in enumerate(self.inputs) for i in inputs}

    def latency_ms(self, places, latency_ms):
        """How long the slowest event is under way from its source to the consumer."""

        def arrived(j):
            waits = latency_ms[places[j]]
            return max((arrived(i) + waits[places[i]] for i in self.inputs[j]), default=0.0)

        return arrived(0)


FIVE = Query(
    "5 operators",
    ("drop", "filter", "join", "a", "b"),
    ((1,), (2,), (3, 4), (), ()),
)
EIGHT = Query(
    "8 operators",
    ("drop", "join-2", "filter", "join", "a", "b", "filter-c", "c"),
    ((1,), (2, 6), (3,), (4, 5), (), (), (7,), ()),
)
