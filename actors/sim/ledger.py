"""The omniscient account of a simulation: where every reading of every wire is, or how it ended.

A device counts what it sees; the simulator knows every reading by its number, also what died in a
cable or in a crashed device's memory, and that a frame in a session, on a cable and at its target
is one. At every moment, for each wire:

    accepted == delivered + dropped + lost + under_way,   lost <= claimed + destroyed

A loss that nobody claims is what must not be; a claim too many can be: who gives up a session does
not know what of it had arrived.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from actors import plan
from mp_actors import batch, frame
from mp_actors.errors import RemoteWireError
from mp_actors.node import Node
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP

Numbers = dict[int, set[int]]  # wire -> ranks of readings


@dataclass
class Whereabouts:
    """One wire's readings. `claimed`: counted as lost by some device, or as overtaken."""

    accepted: int = 0
    delivered: int = 0
    dropped: int = 0  # by the two ends, with a reason
    lost: int = 0
    claimed: int = 0
    destroyed: int = 0  # of the lost: in a connection, or with a device; nobody can report it
    under_way: int = 0
    next: int = 0  # rank of the next reading to be sent, and to arrive
    expected: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether every reading is somewhere, once, and no loss is silent."""
        ends = self.delivered + self.dropped + self.lost + self.under_way
        return self.accepted == ends and self.lost <= self.claimed + self.destroyed


def rank(number: int) -> int:
    """How many numbers lie before this one: these never wrap, so that they can be compared."""
    return (number - plan.SEQUENCE_FIRST) % SEQUENCE_WRAP


@lru_cache(maxsize=1 << 14)  # a frame is looked at again and again until it is acknowledged
def numbers_of(payload: bytes) -> tuple[int, range] | None:
    """(wire, numbers of its readings) of a frame, None if it carries none."""
    try:
        body = payload
        if frame.kind(payload) == frame.ROUTED:
            head = frame.Head(payload)
            if head.is_control:
                return None
            body = payload[head.body :]
        elif frame.kind(payload) != "array":
            return None
        wire, _, first, _ = batch.head(body)
        return wire, range(first, first + batch.count(body))
    except RemoteWireError:
        return None


def add_numbers(found: Numbers, payloads: Iterable[bytes]) -> None:
    """Add the readings that frames carry."""
    for payload in payloads:
        known = numbers_of(payload)
        if known is not None:
            found.setdefault(known[0], set()).update(_ranks(known[1]))


def note_arrivals(node: Node, arrived: Numbers) -> None:
    """Add to `arrived` which readings come to their target here. Its own count does not say which:
    one that newer ones have overtaken has not come, and may die on its way.
    """
    take = node.wires.take

    def noted(body: bytes, from_device: int) -> None:
        add_numbers(arrived, [body])
        take(body, from_device)

    node.wires.take = noted  # type: ignore[method-assign]


def _ranks(numbers: range) -> range:
    first = rank(numbers.start)
    return range(first, first + len(numbers))


def kept_by(node: Node) -> list[bytes]:
    """The frames in a node's sessions."""
    return [enclosed[4:] for peer in node.links.peers.values() for enclosed in peer.frames]


@lru_cache(maxsize=1 << 14)  # of what a session keeps itself: its hash is known after one look
def _numbers_of_kept(enclosed: bytes) -> tuple[int, range] | None:
    return numbers_of(enclosed[4:])


def _add_kept(found: defaultdict[int, set[int]], node: Node) -> None:
    """Add the readings that a node's sessions keep."""
    for peer in node.links.peers.values():
        for enclosed in peer.frames:
            known = _numbers_of_kept(enclosed)
            if known is not None:
                found[known[0]].update(_ranks(known[1]))


def whereabouts(
    alive: Iterable[Node], dead: Iterable[Node], in_pipes: Iterable[bytes], destroyed: Numbers
) -> dict[int, Whereabouts]:
    """The account of each wire, by number.

    `dead`: nodes as they were when they crashed. `in_pipes`: frames between devices. `destroyed`:
    readings that died with a connection or with a device.
    """
    found: defaultdict[int, Whereabouts] = defaultdict(Whereabouts)
    present: defaultdict[int, set[int]] = defaultdict(set)
    add_numbers(present, in_pipes)
    for node in alive:
        _add_ends(found, node, present, is_alive=True)
        _add_kept(present, node)
    for node in dead:
        _add_ends(found, node, present, is_alive=False)
    for wire, account in found.items():
        here, gone = present.get(wire, set()), destroyed.get(wire, set())
        for number in range(account.expected, account.next):
            if number in here:
                account.under_way += 1
            else:
                account.lost += 1
        # Overtaken by newer ones and still on the way, or a copy nobody has acknowledged yet.
        account.claimed += sum(number < account.expected for number in here)
        account.destroyed += len(gone - here)
    return dict(found)


def _add_ends(
    found: defaultdict[int, Whereabouts],
    node: Node,
    present: defaultdict[int, set[int]],
    *,
    is_alive: bool,
) -> None:
    """Add what a node counts, and what waits at the ends of wires in it."""
    waiting: dict[int, int] = {}
    for wire, outbox in node.wires.outboxes.items():
        account = found[wire]
        account.accepted += outbox.accepted
        account.dropped += sum(outbox.dropped.values())
        account.next = max(account.next, rank(outbox.numbered))
        waiting[wire] = outbox.waiting
        if is_alive:
            waiting_here = outbox.waiting - len(getattr(outbox, "fresh", ()))
            kept = len(outbox.values) - waiting_here  # not acknowledged
            end = rank(outbox.numbered)
            present[wire].update(range(end - kept, end))
    for wire, inlet in node.wires.inlets.items():
        account = found[wire]
        account.delivered += inlet.delivered
        account.dropped += sum(inlet.dropped.values())
        waiting[wire] = len(inlet.queue) if inlet.queue else 0
        if inlet.expected is None:
            account.accepted += inlet.accepted  # both ends are here
        else:
            account.expected = max(account.expected, rank(inlet.expected))
            account.lost += inlet.missing
            account.claimed += inlet.late
    for wire, readings in waiting.items():
        if is_alive:
            found[wire].under_way += readings
        else:
            found[wire].lost += readings
            found[wire].destroyed += readings
    for (wire, _), readings in node.wires.lost.items():
        found[wire].claimed += readings
