"""The network: 25 hosts, and how long a message takes between each two of them, which drifts.

One seed is one trace. A latency keeps its slope for up to 15 minutes, or until it would leave its
range; then it rests for a step and takes another slope. The two directions of a pair drift apart.

*Source* of the figures and of the drift: the simulation of AdaptiveCEP (Weisenburger, Luthra,
Koldehofe, Salvaneschi; github.com/pweisenburger/AdaptiveCEP). The numbers drawn are our own, so a
trace is like theirs and is none of theirs.
"""

from random import Random

HOSTS = 25
STEPS = 3000  # of 1 s each
LEAST_MS, MOST_MS = 2.0, 100.0
SLOPE_MS = 0.4  # a step, up or down, at the most
SLOPE_STEPS = 900


class Drift:
    """The latencies of one trace; `latency_ms[v][u]`: what v waits for what u sends."""

    def __init__(self, seed, hosts=HOSTS):
        self.random = Random(f"adaptive {seed}")
        self.latency_ms = [
            [0.0 if u == v else self.random.uniform(LEAST_MS, MOST_MS) for u in range(hosts)]
            for v in range(hosts)
        ]
        # [slope, steps left] of each latency
        self.slopes = [[[0.0, 0] for _ in range(hosts)] for _ in range(hosts)]

    def advance(self):
        """One second passes."""
        for v, (row, slopes) in enumerate(zip(self.latency_ms, self.slopes, strict=True)):
            for u, slope in enumerate(slopes):
                if u == v:
                    continue
                moved = row[u] + slope[0]
                if slope[1] and LEAST_MS <= moved <= MOST_MS:
                    row[u] = moved
                    slope[1] -= 1
                else:
                    slope[:] = self._slope()

    def _slope(self):
        return self.random.uniform(-SLOPE_MS, SLOPE_MS), 1 + int(self.random.random() * SLOPE_STEPS)
