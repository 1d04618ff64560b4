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
from weakref import WeakKeyDictionary

from actors import plan
from mp_actors import batch, frame
from mp_actors.errors import RemoteWireError
from mp_actors.node import Node
from mp_actors.peer import Peer
from mp_actors.ticks import WRAP_MS as SEQUENCE_WRAP

Numbers = dict[int, int]  # wire -> ranks of readings, a bit for each: sets of them are dear


@dataclass
class Whereabouts:
    """One wire's readings. `claimed`: counted as lost by some device."""

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


def numbers_of(payload: bytes) -> tuple[int, int, int] | None:
    """(wire, number of its first reading, how many) of a frame, None if it carries none."""
    if payload[0] != frame.ROUTED:
        return _numbers_of_body(payload) if frame.kind(payload) == "array" else None
    try:
        head = frame.Head(payload)
    except RemoteWireError:
        return None
    return None if head.is_control else _numbers_of_body(payload[head.body :])


@lru_cache(maxsize=1 << 14)  # the same at each hop, and where it arrives
def _numbers_of_body(body: bytes) -> tuple[int, int, int] | None:
    try:
        wire, _, first, _ = batch.head(body)
        return wire, first, batch.count(body)
    except RemoteWireError:
        return None


def add_numbers(found: Numbers, payloads: Iterable[bytes]) -> None:
    """Add the readings that frames carry."""
    for payload in payloads:
        known = numbers_of(payload)
        if known is not None:
            wire, first, count = known
            found[wire] = found.get(wire, 0) | _ranks(rank(first), count)


def note_arrivals(node: Node, arrived: Numbers) -> None:
    """Add to `arrived` which readings come to their target here. Its own count does not say which:
    one that newer ones have overtaken has not come, and may die on its way.
    """
    take = node.wires.take

    def noted(body: bytes, from_device: int) -> None:
        add_numbers(arrived, (body,))
        take(body, from_device)

    node.wires.take = noted  # type: ignore[method-assign]


def _ranks(first: int, count: int) -> int:
    """The bits of that many ranks from the first on."""
    return ((1 << count) - 1) << first


def kept_by(node: Node) -> list[bytes]:
    """The frames in a node's sessions."""
    return [enclosed[4:] for peer in node.links.peers.values() for enclosed in peer.frames]


# What sessions kept at the last look, and the readings in it.
_kept: WeakKeyDictionary[Peer, tuple[list[bytes], Numbers]] = WeakKeyDictionary()


@lru_cache(maxsize=1 << 14)  # of what a session keeps itself: its hash is known after one look
def _numbers_of_kept(enclosed: bytes) -> tuple[int, int, int] | None:
    return numbers_of(enclosed[4:])


def _add_kept(found: Numbers, node: Node) -> None:
    """Add the readings that a node's sessions keep."""
    for peer in node.links.peers.values():
        if not peer.frames:
            continue
        looked_at, kept = _kept.get(peer, ([], {}))
        frames = peer.frames[:]
        if frames != looked_at:
            size = len(looked_at)
            # While a link is down its session only grows, and by far.
            kept = kept if frames[:size] == looked_at else {}
            for enclosed in frames[size:] if kept else frames:
                known = _numbers_of_kept(enclosed)
                if known is not None:
                    wire, first, count = known
                    kept[wire] = kept.get(wire, 0) | _ranks(rank(first), count)
            _kept[peer] = frames, kept
        for wire, numbers in kept.items():
            found[wire] = found.get(wire, 0) | numbers


def whereabouts(
    alive: Iterable[Node], dead: Iterable[Node], in_pipes: Iterable[bytes], destroyed: Numbers
) -> dict[int, Whereabouts]:
    """The account of each wire, by number.

    `dead`: nodes as they were when they crashed. `in_pipes`: frames between devices. `destroyed`:
    readings that died with a connection or with a device.
    """
    found: defaultdict[int, Whereabouts] = defaultdict(Whereabouts)
    present: Numbers = {}
    add_numbers(present, in_pipes)
    for node in alive:
        _add_ends(found, node, present, is_alive=True)
        _add_kept(present, node)
    for node in dead:
        _add_ends(found, node, present, is_alive=False)
    for wire, account in found.items():
        here, gone = present.get(wire, 0), destroyed.get(wire, 0)
        expected, sent = account.expected, max(0, account.next - account.expected)
        under_way = (here >> expected & _ranks(0, sent)).bit_count()
        account.under_way += under_way
        account.lost += sent - under_way
        # Overtaken by newer ones and still on the way, or a copy nobody has acknowledged yet.
        account.claimed += (here & _ranks(0, expected)).bit_count()
        account.destroyed += (gone & ~here).bit_count()
    return dict(found)


def _add_ends(
    found: defaultdict[int, Whereabouts], node: Node, present: Numbers, *, is_alive: bool
) -> None:
    """Add what a node counts, and what waits at the ends of wires in it."""
    wires = node.wires
    for wire, outbox in wires.outboxes.items():
        account = found[wire]
        account.accepted += outbox.accepted
        if outbox.dropped:
            account.dropped += sum(outbox.dropped.values())
        end, waiting = rank(outbox.numbered), outbox.waiting
        account.next = max(account.next, end)
        if is_alive:
            waiting_here = waiting - len(getattr(outbox, "fresh", ()))
            kept = len(outbox.values) - waiting_here  # not acknowledged
            if kept:
                present[wire] = present.get(wire, 0) | _ranks(end - kept, kept)
        if wire not in wires.inlets:
            _add_waiting(account, waiting, is_alive)
    for wire, inlet in wires.inlets.items():
        account = found[wire]
        account.delivered += inlet.delivered
        if inlet.dropped:
            account.dropped += sum(inlet.dropped.values())
        if inlet.expected is None:
            account.accepted += inlet.accepted  # both ends are here
        else:
            account.expected = max(account.expected, rank(inlet.expected))
            account.lost += inlet.missing
        if inlet.queue:
            _add_waiting(account, len(inlet.queue), is_alive)
    for (wire, _), readings in wires.lost.items():
        found[wire].claimed += readings


def _add_waiting(account: Whereabouts, readings: int, is_alive: bool) -> None:
    if is_alive:
        account.under_way += readings
    else:
        account.lost += readings
        account.destroyed += readings
