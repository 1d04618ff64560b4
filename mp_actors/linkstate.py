"""Which links of the site are down, as far as this router has heard. Pure: who tells whom, the
router decides.

A link has a bit at each end, owned by that end: (stamp, down), the larger one is newer. The link is
down if either end says so.
"""


STAMP_MAX = (1 << 32) - 1  # it travels in four bytes; only a lie gets there, and ends there


class LinkState:
    """The bits of all links, and the set `down` of links."""

    def __init__(self):
        self.down = set()
        self._bits = {}  # link -> {end: (stamp, down)}

    def bits(self):
        """All bits, in order, as they travel: [(link, end, stamp, down)]."""
        found = []
        for link in sorted(self._bits):
            ends = self._bits[link]
            found += [(link, end) + ends[end] for end in sorted(ends)]
        return found

    def take(self, link, end, stamp, down):
        """Take a bit another router told. Returns whether it was new."""
        known = self._bits.get(link, {}).get(end)
        if known is not None and (stamp, down) <= known:
            return False
        self._set(link, end, stamp, down)
        return True

    def own(self, link, me, down):
        """Say of a link of mine whether it is down. Returns the bit to tell, None if it is said."""
        known = self._bits.get(link, {}).get(me)
        if known is not None and known[1] == down:
            return None
        stamp = 1 if known is None else min(known[0] + 1, STAMP_MAX)
        self._set(link, me, stamp, down)
        return link, me, stamp, down

    def contradicted(self, link, me, stamp, down):
        """Somebody tells of my own link. Returns the bit to tell all, None if they have it.

        After a restart, bits of mine from before are about, with stamps above those I give now. One
        that says what I say is told on, too: others may still have an older one that does not.
        """
        known = self._bits.get(link, {}).get(me)
        if known is None or stamp < known[0] or (stamp, down) == known:
            return None
        if down != known[1]:
            stamp = min(stamp + 1, STAMP_MAX)
        self._set(link, me, stamp, known[1])
        return link, me, stamp, known[1]

    def keep(self, links):
        """Forget links that the map does not have any more."""
        for link in list(self._bits):
            if link not in links:
                del self._bits[link]
                self.down.discard(link)

    def _set(self, link, end, stamp, down):
        ends = self._bits.setdefault(link, {})
        ends[end] = (stamp, down)
        if max([ends[one][1] for one in ends]):
            self.down.add(link)
        else:
            self.down.discard(link)
