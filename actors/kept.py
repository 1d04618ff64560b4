"""The ends of wires that outlast their device: a reliable outbox on disk, a reliable inlet whose
actor has checkpoints.

They say what is to be written, and `keeper` writes it. A reading has a position, which counts on
without end; its number on the wire is the position modulo 2^30.
"""

from typing import Any

from actors.accel import codec
from mp_actors import batch
from mp_actors.errors import LocalWireError
from mp_actors.inlet import Inlet
from mp_actors.reliable import ReliableInlet, ReliableOutbox
from mp_actors.ticks import WRAP_MS as NUMBERS

BOUND = 65_536  # readings that one wire keeps on disk, and in memory, before it refuses


class KeptOutbox(ReliableOutbox):
    """A reliable outbox whose readings are in the file before they leave.

    `fresh`: (value, at_us, source) of those that are not, from which no number is taken yet.
    `is_held`: they are written with a checkpoint of their actor, `is_covered`: which is now.
    """

    def __init__(self, keeper: Any, node: Any, spec: dict[str, Any], is_held: bool) -> None:
        ReliableOutbox.__init__(self, node, spec["wire"], spec["epoch"], spec["source"])
        self.key = f"{spec['source']} > {spec['target']}"
        self.bound = BOUND
        self.fresh: list[tuple[Any, int, str]] = []
        self.position = 0  # of the first that is not acknowledged
        self.is_held = is_held
        self.is_covered = False
        self._keeper = keeper
        self._is_noted = False  # the file knows its name
        self._dropped_noted: dict[str, int] = {}

    def restore(
        self, note: dict[str, Any] | None, rows: list[list[Any]], spec: dict[str, Any]
    ) -> None:
        """Begin with what the file has; note None: with nothing."""
        if note is None:
            self.position = spec["first"]
            return
        self.name, self.position = note["name"], note["position"]
        self.acknowledged, self.repeated = note["acknowledged"], note["repeated"]
        self.dropped = dict(note["dropped"])
        self._dropped_noted = dict(self.dropped)
        self.sent = self.acknowledged + len(rows)
        self.accepted = self.sent + sum(self.dropped.values())
        self._base = self.position % NUMBERS
        self._first_time = (self.position + len(rows)) % NUMBERS
        for at_us, source, value in rows:
            self._append(value, at_us, source)

    # -- what it does otherwise than an outbox in memory

    @property
    def waiting(self) -> int:
        """How many readings are here and were never sent."""
        return super().waiting + len(self.fresh)

    def put(self, value: Any, at_us: int, source: str) -> bool:
        """Take one reading; it leaves once it is in the file."""
        self.accepted += 1
        is_full = len(self.values) + len(self.fresh) >= self.bound
        if self._keeper.is_failing and not self.is_held:  # what is held waits for its checkpoint
            is_full = True
        if is_full or not self._can_leave(value, at_us, source):
            self.drop("refused", 1)
            return False
        self.fresh.append((value, at_us, source))
        if not self.is_held:
            self._keeper.changed(self)
            if not self.is_dirty:
                self.wake()
        return True

    def flush(self) -> bool:
        """Write what is to be written, then send what is."""
        is_saved = self._keeper.save()
        if not self._is_noted:
            return False
        return super().flush() and is_saved

    def grant(self, granted: int, delivered: int, is_fresh: int | None = None) -> None:
        """What is acknowledged goes from the file, too."""
        before = self.acknowledged
        super().grant(granted, delivered, is_fresh)
        if self.acknowledged != before:
            self.position += self.acknowledged - before
            self._keeper.changed(self)

    def discard(self, reason: str) -> None:
        """Drop all that waits here; the file keeps it for a wire between the same two actors."""
        if self.fresh:
            self.drop(reason, len(self.fresh))
        self.fresh = []
        super().discard(reason)
        self._keeper.forget(self)

    def _halve(self, count: int, room_bytes: int, _error: LocalWireError) -> bool:
        # A way that is too narrow for one of them: it has a number, so it waits for another way.
        return count > 1 and self._send(count // 2, room_bytes)

    # -- what is written

    def note(self) -> dict[str, Any]:
        """What is to be known of it beside its readings."""
        if self._is_writable:
            self._dropped_noted = dict(self.dropped)
        return {
            "name": self.name,
            "position": self.position,
            "acknowledged": self.acknowledged,
            "repeated": self.repeated,
            "dropped": self._dropped_noted,
        }

    def unwritten(self) -> list[tuple[str, int, bytes]]:
        """The rows to be added to the file."""
        if not self._is_writable:
            return []
        first = self.position + len(self.values)
        return [
            (self.key, first + place, codec.encode([at_us, source, value]))
            for place, (value, at_us, source) in enumerate(self.fresh)
        ]

    def written(self) -> None:
        """It is in the file."""
        self._is_noted = True
        if self._is_writable:
            for reading in self.fresh:
                self._append(*reading)
            self.fresh = []

    @property
    def _is_writable(self) -> bool:
        return self.is_covered or not self.is_held

    def _append(self, value: Any, at_us: int, source: str) -> None:
        self.values.append(value)
        self._times_us.append(at_us)
        self._sources.append(source)

    def _can_leave(self, value: Any, at_us: int, source: str) -> bool:
        """Whether a frame can carry it: once it has a number it cannot be refused any more."""
        try:
            body = batch.encode(
                codec, self.wire, self.epoch, 0, [at_us], [value], [0], self.items_max
            )
            if len(body) > self.limit_bytes:
                raise LocalWireError(f"{len(body)} bytes; the way takes {self.limit_bytes}")
        except LocalWireError as error:
            self.node.log(source, f"reading refused: {error}")
            return False
        return True


class KeptInlet(ReliableInlet):
    """A reliable inlet that acknowledges what a checkpoint of its actor covers."""

    def __init__(self, wire: int, source: str, bound: int) -> None:
        ReliableInlet.__init__(self, wire, source, bound)
        self._covered: int | None = None

    def restore(self, known: list[int] | None) -> None:
        """Begin with what a checkpoint says: [name, number]; None: with nothing."""
        if known is not None:
            self.name, self.expected = known
            self._covered = self.expected

    def introduce(self, number: int, name: int) -> None:
        """Other numbers: none of them is covered yet."""
        is_other = name != self.name
        super().introduce(number, name)
        if is_other:
            self._covered = self.position

    @property
    def position(self) -> int:
        """Readings below this number are in the state of the actor."""
        return Inlet.dealt.fget(self)  # type: ignore[attr-defined, no-any-return]

    @property
    def dealt(self) -> int:
        """Readings below this number can be forgotten by their source."""
        return self.position if self._covered is None else self._covered

    def cover(self) -> None:
        """A checkpoint with this position is in the file."""
        if self.name is not None:
            self._covered = self.position
