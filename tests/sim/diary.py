"""Actors that write down what becomes of their readings, for sites whose devices may all crash.

Each reading carries a number that its source never gives twice, whatever began anew in between, and
one that the last actor it passed gave it: so each single wire can be judged. The diary is outside
of the simulation, as the person who watches it is.
"""

from collections import Counter, defaultdict
from functools import partial

from actors.delivery import latest, reliable, stream
from actors.pipeline import Pipeline
from mp_actors import Filter, Sensor, Sink
from tests.sim.sites import PERIODS_MS, random_site

HOP_BITS = 24
HOP = (1 << HOP_BITS) - 1
SOURCES_MAX = 3
BURSTS = (1, 1, 1, 4)
PROMISES = (
    stream, partial(stream, when_full="drop-newest"), partial(stream, when_full="hold"),
    partial(stream, when_full="refuse"), latest, reliable, reliable,
)
FAILS_EVERY = (10, 100)


class Diary:
    """What the actors of one simulation did.

    `seen`: {(target, origin): [(number given by the hop before, start of the target's device)]}.
    `newest`: {(actor, origin): the same of what it gave last}. `starts`: {device: how often it
    began}. `given`, `born`, `raised`: {(actor, start of its device): values, instances, failures
    after which another one is due}. `is_calm`: nobody raises any more. `fails_next`: whoever takes
    the next value raises. `flood`: values that each source emits above its own at each sample.
    """

    def __init__(self):
        self.seen = defaultdict(list)
        self.newest = {}
        self.starts = Counter()
        self.given = Counter()
        self.born = Counter()
        self.raised = Counter()
        self.wrong = []
        self.is_calm = False
        self.fails_next = False
        self.flood = 0
        self._numbers = Counter()
        self._present = {}
        self._since_failure = Counter()

    def stand_ins(self):
        """The actors of this module, as `Sim` takes them: with this diary."""
        return {one: partial(one, diary=self) for one in (Tally, *STAGES, Note, SlowNote)}

    def begins(self, actor):
        """An instance takes its place."""
        actor.start = self.starts[actor.path.rsplit("/", 1)[0]]
        self.born[actor.path, actor.start] += 1
        self._present[actor.path] = actor

    def gives(self, actor, first=None):
        """The next value of an actor; `first` is the number its origin gave it."""
        number = self._numbers[actor.path] = self._numbers[actor.path] + 1
        self.newest[actor.path, actor.source] = number, actor.start
        self.given[actor.path, actor.start] += 1
        return (number if first is None else first) << HOP_BITS | number

    def works(self, actor):
        """Only the newest instance of an actor may."""
        if self._present[actor.path] is not actor:
            self.wrong.append(f"two instances of {actor.path} are alive")

    def sees(self, actor, value):
        """A value has come to an actor."""
        self.works(actor)
        self.seen[actor.path, actor.source].append((value & HOP, actor.start))

    def fails(self, actor, every):
        """Raises for one in so many values."""
        self._since_failure[actor.path] += 1
        due = self._since_failure[actor.path] >= every or self.fails_next
        if due and not self.is_calm:
            self.fails_next = False
            self._since_failure[actor.path] = 0
            if actor.supervision in ("restart", "escalate"):
                self.raised[actor.path, actor.start] += 1
            raise ValueError("this one in so many")


class Tally(Sensor):
    """Counts up, over all its starts; `burst` values at a time."""

    def __init__(self, period_ms=100, burst=1, diary=None):
        self.period_ms = period_ms
        self.burst = burst
        self.diary = diary

    def started(self):
        self.diary.begins(self)

    def sample(self):
        self.diary.works(self)
        for _ in range(self.burst - 1 + self.diary.flood):
            self.emit(self.diary.gives(self))
        return self.diary.gives(self)


class Stage(Filter):
    """Passes everything on; raises at one in `every` values."""

    def __init__(self, every=0, diary=None):
        self.every = every
        self.diary = diary

    def started(self):
        self.diary.begins(self)

    def apply(self, value):
        self.diary.sees(self, value)
        self.diary.fails(self, self.every)
        return self.diary.gives(self, value >> HOP_BITS)


class Resumes(Stage):
    """Goes on with what it was."""

    supervision = "resume"


class Ends(Stage):
    """Is there no more once it failed."""

    supervision = "stop"


class Limited(Stage):
    """Is made again twice in a minute, and no more."""

    restarts_max = 2


class Escalates(Stage):
    """Ends its device, whose keeper starts it anew."""

    supervision = "escalate"


STAGES = (Stage, Resumes, Ends, Limited, Escalates)


class Note(Sink):
    """Where readings end."""

    def __init__(self, diary=None):
        self.diary = diary

    def started(self):
        self.diary.begins(self)

    def write(self, value):
        self.diary.sees(self, value)


class SlowNote(Note):
    """Takes 20 ms of a board for each reading, so that it can be slower than its sources."""

    work_us = 400


def diary_site(seed):
    """A random site whose wires are of all classes, some slower at their end than at their start,
    with stages that raise now and then.
    """
    return random_site(seed, _flow)


def _flow(chance, boards, workers):
    flow = Pipeline("flow")
    devices = boards + workers
    sinks = [
        flow.add(chance.choice((Note, SlowNote)), at=chance.choice(devices), name=f"note-{number}")
        for number in range(2)
    ]
    for number in range(chance.randint(1, SOURCES_MAX)):
        last = flow.add(
            Tally, at=chance.choice(devices), name=f"tally-{number}",
            period_ms=chance.choice(PERIODS_MS), burst=chance.choice(BURSTS),
        )
        for step in range(chance.randint(0, 2)):
            stage = flow.add(
                chance.choice((*STAGES, Stage, Resumes)), at=chance.choice(devices),
                name=f"stage-{number}-{step}", every=chance.randint(*FAILS_EVERY),
            )
            last >> chance.choice(PROMISES)(stage)
            last = stage
        for sink in chance.sample(sinks, chance.randint(1, 2)):
            last >> chance.choice(PROMISES)(sink)
    for number, sink in enumerate(sinks):
        if not any(wire.target is sink for wire in flow.wires):
            own = flow.add(Tally, at=workers[0], name=f"own-{number}")
            own >> chance.choice(PROMISES)(sink)
    return flow
