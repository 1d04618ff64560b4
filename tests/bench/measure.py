"""From subjects to figures: rounds interleaved subject by subject, CPU time, ratios per round.

On a shared machine one subject's bad moment is another's good one. So every subject runs once in a
round, and is compared with the baseline of the same round only; what is shown is the median.
"""

import gc
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.metadata import version

# CPython 3.11 makes a function fast at its eighth call, however long its loops ran before: a bare
# loop in a function of its own would look half as fast as it is.
WARM_UPS = 10
WARM_UP_UNITS = 64


@dataclass(frozen=True)
class Subject:
    """`run(count)` does that many units of work and returns the seconds of CPU they took."""

    name: str
    run: Callable[[int], float]
    share: float = 1.0  # of a round's units, for what is much slower than the baseline
    warm_ups: int = WARM_UPS


@dataclass(frozen=True)
class Goal:
    """The median ratio of one subject to another has to reach `ratio`."""

    subject: str
    baseline: str
    ratio: float


@dataclass(frozen=True)
class Bench:
    """Subjects that do the same work; the first is the baseline."""

    name: str
    unit: str
    size: int
    subjects: list[Subject]
    goals: list[Goal] = field(default_factory=list)


@dataclass(frozen=True)
class Figures:
    """Units per second of CPU (on a board: of time), one figure a round, of each subject."""

    bench: Bench
    rates: dict[str, list[float]]

    def ratios(self, name: str, baseline: str | None = None) -> list[float]:
        """A subject's rates as multiples of the baseline's, round by round."""
        others = self.rates[baseline or self.bench.subjects[0].name]
        return [rate / other for rate, other in zip(self.rates[name], others, strict=True)]

    def reached(self, goal: Goal) -> float:
        """The median ratio that a goal asks for."""
        return statistics.median(self.ratios(goal.subject, goal.baseline))


def cpu_seconds(call: Callable[..., object], *arguments: object) -> float:
    """CPU time of one call."""
    start = time.process_time()
    call(*arguments)
    return time.process_time() - start


def measure(
    bench: Bench, rounds: int, units: int | None, done: Callable[[], object] = lambda: None
) -> Figures:
    """Run every subject `rounds` times, in turn, once it is warm. `done` is called after each."""
    rates: dict[str, list[float]] = {subject.name: [] for subject in bench.subjects}
    for subject in bench.subjects:
        for _ in range(subject.warm_ups):
            subject.run(WARM_UP_UNITS)
    for _ in range(rounds):
        for subject in bench.subjects:
            count = max(1, round((units or bench.size) * subject.share))
            gc.collect()  # what others left behind is not this one's to clear
            # A tiny piece of work can take less than the clock's resolution.
            seconds = max(subject.run(count), 1e-9)
            rates[subject.name].append(count / seconds)
            done()
    return Figures(bench, rates)


def machine() -> str:
    """What the figures were measured on: they mean nothing without it."""
    packages = ", ".join(f"{name} {version(name)}" for name in ("cbor2", "rich"))
    load = os.getloadavg()[0]
    return (
        f"{platform.python_implementation()} {platform.python_version()}, {platform.platform()}, "
        f"{os.cpu_count()} CPUs, load {load:.1f}, {packages}"
    )
