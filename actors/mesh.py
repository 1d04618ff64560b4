"""Mesh: which links exist between the devices of a site, declared and implied.

From a topology's declarations to its list of links; a pure function of both. It names no domain
and records no problem.

A domain implies links so that nobody has to write them. Its *hubs* are the routers that belong to
several domains, or else its first router. Up to 8 routers all link to each other; with more, hubs
link to each other and every other router to the first two hubs. A leaf links to two routers, hubs
first; links declared for it count. Leaves never link to each other: a leaf does not forward.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from typing import Protocol, TypeVar

ROUTERS_MAX = 8  # all pairs of more than these would be more links than a domain needs
PARENTS_MAX = 2  # what a leaf keeps: one to use, one to fall back on


class Member(Protocol):
    """What the rule has to know of a device."""

    @property
    def number(self) -> int: ...

    @property
    def is_router(self) -> bool: ...

    @property
    def domains(self) -> Sequence[object]: ...


M = TypeVar("M", bound=Member)


def all_pairs(domains: Iterable[Sequence[M]], declared: Iterable[tuple[M, M]]) -> list[tuple[M, M]]:
    """Every pair that is linked, each once, lower number first, in the order of numbers.

    domains: the members of each domain that implies links.
    """
    pairs = set(declared)
    parents = Counter(device for pair in pairs for device in pair)
    for members in domains:
        hubs, others = _hubs_and_others(members)
        pairs.update(_between_routers(hubs, others))
        for leaf in members:
            if not leaf.is_router:
                for router in (hubs + others)[:PARENTS_MAX]:
                    pair = ordered(leaf, router)
                    if pair not in pairs and parents[leaf] < PARENTS_MAX:
                        pairs.add(pair)
                        parents[leaf] += 1
    return sorted(pairs, key=lambda pair: (pair[0].number, pair[1].number))


def ordered(a: M, b: M) -> tuple[M, M]:
    """The two by number: a pair has one spelling."""
    return (a, b) if a.number < b.number else (b, a)


def _hubs_and_others(members: Sequence[M]) -> tuple[list[M], list[M]]:
    routers = [device for device in members if device.is_router]
    hubs = [device for device in routers if len(device.domains) > 1]
    if not hubs:
        return routers[:1], routers[1:]
    return hubs, [device for device in routers if len(device.domains) == 1]


def _between_routers(hubs: list[M], others: list[M]) -> Iterator[tuple[M, M]]:
    if len(hubs) + len(others) <= ROUTERS_MAX:
        yield from (ordered(*pair) for pair in combinations(hubs + others, 2))
        return
    yield from (ordered(*pair) for pair in combinations(hubs, 2))
    yield from (ordered(hub, other) for hub in hubs[:2] for other in others)
