"""The omniscient account of a simulation: where every reading of every wire is, or how it ended.

A device counts what it sees; the simulator sees everything, also what died in a cable or in a
crashed device's memory. At every moment, for each wire:

    accepted == delivered + late + dropped + lost + destroyed + under_way
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from mp_actors.node import Node


@dataclass
class Whereabouts:
    """One wire's readings. `late`: overtaken by newer ones, so never handed to the actor."""

    accepted: int = 0
    delivered: int = 0
    late: int = 0
    dropped: int = 0  # by the two ends, with a reason
    lost: int = 0  # by devices between them, with a reason
    destroyed: int = 0  # in a connection, or with a device: nobody is left to report it
    under_way: int = 0

    @property
    def is_exact(self) -> bool:
        """Whether every reading is somewhere, once."""
        ends = self.delivered + self.late + self.dropped + self.lost
        return self.accepted == ends + self.destroyed + self.under_way


def whereabouts(
    alive: Iterable[Node],
    dead: Iterable[Node],
    in_pipes: Iterable[tuple[int, int]],
    destroyed: Counter[int],
) -> dict[int, Whereabouts]:
    """The account of each wire, by number.

    `dead`: nodes as they were when they crashed. `in_pipes`: (wire, readings) of frames between
    devices. `destroyed`: readings that died in connections.
    """
    found: dict[int, Whereabouts] = {}
    for node in alive:
        for wire, waiting in _add_counters(found, node):
            found[wire].under_way += waiting
    for node in dead:
        for wire, waiting in _add_counters(found, node):
            found[wire].destroyed += waiting
    for wire, readings in in_pipes:
        _of(found, wire).under_way += readings
    for wire, readings in destroyed.items():
        _of(found, wire).destroyed += readings
    return found


def _add_counters(found: dict[int, Whereabouts], node: Node) -> list[tuple[int, int]]:
    """Add what a node counts; returns (wire, readings) of what waits in it."""
    waiting: list[tuple[int, int]] = []
    for wire, outbox in node.wires.outboxes.items():
        account = _of(found, wire)
        account.accepted += outbox.accepted
        account.dropped += sum(outbox.dropped.values())
        waiting.append((wire, len(outbox.values)))
    for wire, inlet in node.wires.inlets.items():
        account = _of(found, wire)
        if inlet.expected is None:
            account.accepted += inlet.accepted  # both ends are here
        account.delivered += inlet.delivered
        account.dropped += sum(inlet.dropped.values())
        account.late += inlet.late
        waiting.append((wire, len(inlet.queue) if inlet.queue else 0))
    for (wire, _), readings in node.wires.lost.items():
        _of(found, wire).lost += readings
    for peer in node.peers:
        waiting += peer.held().items()
    return waiting


def _of(found: dict[int, Whereabouts], wire: int) -> Whereabouts:
    return found.setdefault(wire, Whereabouts())
