"""One trace lived through: who places operators how and when, and what becomes of the latency.

Every second the latency of the query is measured, and above 80 ms it is placed anew. A policy may
look sooner: when the latency has grown by a tenth since it looked last. So that nobody takes what
comes from the moment for what comes from the places, there are the heuristics that look sooner and
the planner that does not, too. A move is an operator that changes its host; the first placing is
none, for the story begins there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from samples.experiments.adaptive.drift import STEPS, Drift
from samples.experiments.adaptive.greedy import better
from samples.experiments.adaptive.planned import planned, soonest

TOO_LONG_MS = 80.0
GROWTH = 1.1  # chosen on other traces than those of the table
FIRST = 2  # times that it is placed before the story begins, as in the original


@dataclass(frozen=True)
class Policy:
    """How operators are placed, from (query, places, latencies), and when."""

    place: Callable
    growth: float = inf


STAYS = Policy(lambda _query, places, _latency_ms: places)
THEIRS, OURS = "greedy", "planner"
POLICIES = {
    "stays": STAYS,
    THEIRS: Policy(better),
    "greedy, sooner": Policy(better, GROWTH),
    "planner, as late": Policy(soonest),
    OURS: Policy(planned, GROWTH),
}


class Story:
    """What one policy comes to on one trace."""

    def __init__(self, query, policy, latency_ms):
        self.query, self.policy = query, policy
        self.places = list(range(len(query.operators)))
        for _ in range(FIRST):
            self.places = policy.place(query, self.places, latency_ms)
        self.looked_ms = query.latency_ms(self.places, latency_ms)
        self.latencies_ms = []
        self.moves = 0

    def step(self, latency_ms):
        """A second: measure, then place anew if it takes too long."""
        took_ms = self.query.latency_ms(self.places, latency_ms)
        self.latencies_ms.append(took_ms)
        if took_ms > min(TOO_LONG_MS, self.policy.growth * self.looked_ms):
            places = self.policy.place(self.query, self.places, latency_ms)
            self.moves += sum(a != b for a, b in zip(places, self.places, strict=True))
            self.places = places
            self.looked_ms = self.query.latency_ms(places, latency_ms)

    @property
    def mean_ms(self):
        """Of all seconds."""
        return sum(self.latencies_ms) / len(self.latencies_ms)

    @property
    def too_long(self):
        """The share of seconds above the limit."""
        return sum(one > TOO_LONG_MS for one in self.latencies_ms) / len(self.latencies_ms)


def told(seed, queries, names=tuple(POLICIES), steps=STEPS):
    """{name of a query: {name of a policy: its story}} on the trace of this seed."""
    drift = Drift(seed)
    stories = {
        query.name: {name: Story(query, POLICIES[name], drift.latency_ms) for name in names}
        for query in queries
    }
    for step in range(steps + 1):
        for by_policy in stories.values():
            for story in by_policy.values():
                story.step(drift.latency_ms)
        if step < steps:
            drift.advance()
    return stories
