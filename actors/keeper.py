"""What a host keeps on its disk: readings of durable wires, checkpoints of operators.

Made by `assemble` for the hosts of a site, asked by `Wires` for the ends of reliable wires and by
`System` for the actors it makes. Two rules, one file (`store`):

    a durable wire     what `emit` took is written at the end of the step, before any of it leaves,
                       and goes when it is acknowledged. After a kill it is sent again.
    a checkpoint       an actor with `checkpoint_ms`, `state()` and `restore(state)`: its state, the
                       numbers it expects and what it emitted are written together, in one
                       transaction. Only then what it emitted leaves, and what it took is
                       acknowledged. After a kill it begins from there, and its sources send again.

Outputs wait for the checkpoint, so that nobody ever sees one that a kill would take back; no
operator has to be deterministic for it. A disk that is full is said once, `emit` returns False
until there is room, and the device runs on.
"""

from collections.abc import Callable
from typing import Any

from actors.accel import codec
from actors.kept import KeptInlet, KeptOutbox
from actors.store import Store, StoreError
from mp_actors import reliable
from mp_actors.errors import Refused, RemoteWireError
from mp_actors.loader import resolve
from mp_actors.path import join
from mp_actors.ticks import add, diff

RETRY_MS = 1000  # before a disk that was full is tried again
ITEMS_MAX = 1 << 24  # of a state; it is our own file


class Keeper:
    """The disk of one node. `is_failing`: it takes nothing at present."""

    def __init__(self, node: Any, store: Store) -> None:
        self.is_failing = False
        self._node = node
        self._store = store
        self._retry_ms = 0
        self._changed: list[KeptOutbox] = []
        self._checkpoints: dict[str, Checkpoint] = {}

    # -- what Wires and System ask for

    def outbox(self, node: Any, spec: dict[str, Any]) -> Any:
        """The end of a reliable wire at its source. *Raises* Refused if the file cannot be used."""
        if not spec.get("durable"):
            return reliable.outbox(node, spec)
        self._open()
        box = KeptOutbox(self, node, spec, spec["source"] in self._checkpoints)
        note = self._load(box.key)
        rows = [codec.decode(body, items_max=ITEMS_MAX) for _, body in self._read(box.key)]
        box.restore(note, rows, spec)
        self.changed(box)
        return box

    def inlet(self, arrivals: Any, spec: dict[str, Any], bound: int) -> Any:
        """The end of a reliable wire at its target."""
        checkpoint = self._checkpoints.get(spec["target"])
        if checkpoint is None:
            return reliable.inlet(arrivals, spec, bound)
        checkpoint.arrivals = arrivals
        inlet = KeptInlet(spec["wire"], spec["source"], bound)
        inlet.restore(checkpoint.inlets.get(spec["source"]))
        return inlet

    def maker(self, path: str, code: str, make: Callable[[], Any]) -> Callable[[], Any]:
        """What makes an actor: from its checkpoint, if it has one. *Raises* Refused."""
        period_ms = getattr(resolve(code), "checkpoint_ms", None)
        if period_ms is None:
            return make
        self._open()
        checkpoint = Checkpoint(path, code)
        note = self._load(f"actor {path}")
        if note is not None and note["code"] == code:
            checkpoint.take(note)
        self._checkpoints[path] = checkpoint
        scheduler = self._node.scheduler
        # Not a timer of the actor: what it has done is written while sensors rest, too.
        checkpoint.timer = scheduler.timers.every(
            scheduler.now_ms, period_ms, lambda: self._look(checkpoint)
        )

        def made() -> Any:
            actor = make()
            checkpoint.hand_over(scheduler)
            return actor

        return made

    # -- writing

    def changed(self, box: KeptOutbox) -> None:
        """This outbox has something to write."""
        if box not in self._changed:
            self._changed.append(box)

    def forget(self, box: KeptOutbox) -> None:
        """This outbox is no more; what it had in the file stays there."""
        if box in self._changed:
            self._changed.remove(box)

    def save(self) -> bool:
        """Write what outboxes have. Returns False if the disk does not take it."""
        if not self._changed:
            return True
        if not self._write([], self._changed):
            return False
        self._changed = []
        return True

    def _write(self, notes: list[tuple[str, bytes]], boxes: list[KeptOutbox]) -> bool:
        now_ms = self._node.clock.ticks_ms()
        if self.is_failing and diff(self._retry_ms, now_ms) > 0:
            return False
        try:
            self._store.write(
                notes + [(box.key, codec.encode(box.note())) for box in boxes],
                [row for box in boxes for row in box.unwritten()],
                [(box.key, box.position) for box in boxes],
            )
        except StoreError as error:
            if not self.is_failing:
                self._log(f"ALARM: {error}; what durable wires are given is refused")
            self.is_failing = True
            self._retry_ms = add(now_ms, RETRY_MS)
            return False
        if self.is_failing:
            self.is_failing = False
            self._log(f"{self._store}: is written again")
        for box in boxes:
            box.written()
        return True

    # -- checkpoints

    def _look(self, checkpoint: "Checkpoint") -> None:
        """Write a checkpoint, between two handlers, if anything has changed since the last."""
        node, path = self._node, checkpoint.path
        cell = node.scheduler.cells.get(path)
        if cell is None or self._checkpoints.get(path) is not checkpoint:
            checkpoint.timer.cancel()
            return
        if cell.down or node.failed:
            return
        inlets = [one for one in cell.inlets if isinstance(one, KeptInlet)]
        boxes = [one for one in cell.outlets if isinstance(one, KeptOutbox)]
        try:
            state = codec.encode(cell.actor.state() if hasattr(cell.actor, "state") else None)
        except Exception as error:  # the person's code, or a state that CBOR cannot carry
            node.scheduler.fail(cell, error)
            return
        positions = dict(checkpoint.inlets)  # those not connected yet stay as they are
        positions.update({one.source: [one.name, one.position] for one in inlets if one.name})
        note = codec.encode({"code": checkpoint.code, "state": state, "inlets": positions})
        if note == checkpoint.written and not any(box.fresh for box in boxes):
            return
        for box in boxes:
            box.is_covered = True
        is_written = self._write([(f"actor {path}", note)], boxes)
        for box in boxes:
            box.is_covered = False
        if not is_written:
            return
        checkpoint.written, checkpoint.inlets = note, positions
        for inlet in inlets:
            inlet.cover()
        for box in boxes:
            box.wake()
        if checkpoint.arrivals is not None:
            checkpoint.arrivals.acknowledge()

    # -- reading

    def _open(self) -> None:
        try:
            self._store.open()
        except StoreError as error:
            raise Refused(str(error)) from None
        if self._store.set_aside is not None:
            self._log(
                f"ALARM: {self._store} was damaged and is now {self._store.set_aside.name}; "
                "what was in it is lost, and a new one is begun"
            )
            self._store.set_aside = None

    def _load(self, key: str) -> Any:
        try:
            body = self._store.note(key)
            return None if body is None else codec.decode(body, items_max=ITEMS_MAX)
        except (StoreError, RemoteWireError) as error:
            raise Refused(f"{self._store}: {key}: {error}") from None

    def _read(self, key: str) -> list[tuple[int, bytes]]:
        try:
            return self._store.readings(key)
        except StoreError as error:
            raise Refused(str(error)) from None

    def _log(self, text: str) -> None:
        self._node.log(join(self._node.path, "node"), text)


class Checkpoint:
    """What is known of one actor's last checkpoint. `inlets`: {source: [name, number]}."""

    def __init__(self, path: str, code: str) -> None:
        self.path = path
        self.code = code
        self.inlets: dict[str, list[int]] = {}
        self.written = b""
        self.arrivals: Any = None
        self.timer: Any = None
        self._state: list[Any] = []  # one state, or none
        self._was_up = False

    def take(self, note: dict[str, Any]) -> None:
        """A note that was found."""
        self.inlets = note["inlets"]
        self.written = codec.encode(note)
        self._state = [codec.decode(note["state"], items_max=ITEMS_MAX)]

    def hand_over(self, scheduler: Any) -> None:
        """An instance is about to begin: with the state of the one before, or else of the file.

        *Raises* Refused where there was one and its state is of no use: what it took since the
        checkpoint would be lost. Its device begins anew from there.
        """
        cell = scheduler.cells[self.path]
        if cell.state is not None:
            self._was_up = True
        elif self._was_up:
            text = "what it knew cannot be restored; its device begins from the last checkpoint"
            if scheduler.escalated is not None:
                scheduler.escalated(self.path, text)
            raise Refused(f"{self.path}: {text}")
        elif self._state:
            state = self._state[0]
            cell.state = lambda: state
