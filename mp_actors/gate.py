"""Who may begin a greeting: bounds on what strangers cost before they have proved who they are.

Addresses and moments in, "come in" or a time to wait out. Each address has a bucket of tries that
fills again; who proves a key gets the try back, so a neighbour that reconnects is never slowed
down. *Source*: token bucket, RFC 2697; limits before authentication as in OpenSSH's MaxStartups.
"""

from mp_actors import frame, ticks

TRIES = 32  # of an address, at once
REFILL_MS = 500  # for one more
HELD_TRIES = 2  # what each REFILL_MS costs in which a stranger held the only place for nothing
HELD_MAX = 8  # tries that may be owed for that
ADDRESSES_KEPT = 64
RETRY_MS = 1000  # a full house tells to come again after that


class Gate:
    """`unproven_max`: greetings under way at once."""

    def __init__(self, unproven_max):
        self.unproven_max = unproven_max
        self._used = {}  # address -> [tries used, when that was so]

    def admit(self, stranger, connections, now_ms):
        """Whether a connection that another end began may greet; else it is sent off."""
        unproven = len([1 for one in connections if _is_stranger(one)])
        wait_ms = self.wait_ms(stranger.link.address, unproven, now_ms)
        if wait_ms:
            stranger.send_off(frame.beat(frame.RETRY, wait_ms))
            stranger.close()
        return not wait_ms

    def wait_ms(self, address, unproven, now_ms):
        """0: come in, one try is used. Else how long to stay away. address None: not limited."""
        if unproven >= self.unproven_max:
            return RETRY_MS
        if address is None:
            return 0
        used, since_ms = self._refilled(address, now_ms)
        if used >= TRIES:
            return REFILL_MS
        if address not in self._used and len(self._used) >= ADDRESSES_KEPT:
            self._forget_longest(now_ms)
        self._used[address] = (used + 1, since_ms)
        return 0

    def proved(self, address):
        """Whoever came from there has proved a key: the try is given back."""
        used, since_ms = self._used.get(address, (0, 0))
        if used > 1:
            self._used[address] = (used - 1, since_ms)
        elif used:
            del self._used[address]

    def held(self, address, held_ms, now_ms):
        """Whoever came from there went before it was confirmed; nobody else had that place.

        Among many places it costs nothing. A board has one: who takes it again and again has to
        leave it free half of the time, and a neighbour on a bad cable loses 5 s at most.
        """
        if address in self._used:
            used, since_ms = self._refilled(address, now_ms)
            used += HELD_TRIES * held_ms // (REFILL_MS * self.unproven_max)
            used = min(used, TRIES + HELD_MAX)
            self._used[address] = (used, since_ms)

    def _refilled(self, address, now_ms):
        """[tries used, when that was so] as it is now."""
        used, since_ms = self._used.get(address, (0, now_ms))
        refilled = ticks.diff(now_ms, since_ms) // REFILL_MS
        if refilled >= used:
            return 0, now_ms
        return used - refilled, ticks.add(since_ms, refilled * REFILL_MS)

    def _forget_longest(self, now_ms):
        longest = None
        for address in self._used:
            age_ms = ticks.diff(now_ms, self._used[address][1])
            if longest is None or age_ms > longest[0]:
                longest = age_ms, address
        del self._used[longest[1]]


def _is_stranger(connection):
    """Whether somebody dialled who has proved nothing yet, or whose proof costs work just now.

    A board so calculates for one at a time: for four at once it would be too late for each.
    """
    if connection.is_open or connection.is_dialler:
        return False
    return connection.work is not None or not connection.greeting.has_proved
