"""What a node remembers for whoever asks why: its last lines, and its dead letters.

Loaded with the first of either. Both are kept as bytes in one piece of memory each, since rows that
come and go would leave a small heap in pieces. A loss that comes again adds to the row it has: a
storm costs no more than the ring, and does not drive out what else was lost. What a wire's ends
lose is counted by them and looked at twice a second, so no reading pays for it.
"""

import struct

HEAD = "!IqIH"  # number, site ms, count, bytes of text
HEAD_BYTES = 18
ASKING = "explain"  # the verb that reads this: what becomes of it is no dead letter


class Ring:
    """The last rows, each a number that only rises, site ms, a count, and words with NUL between.

    What is longer than `row_bytes`, its head included, is cut.
    """

    def __init__(self, rows, row_bytes):
        self.rows = rows
        self.row_bytes = row_bytes
        self.data = bytearray(rows * row_bytes)
        self.next = 1

    def put(self, place, at_ms, count, text):
        """Write a row at a place, in the place of what was there."""
        end = min(len(text), self.row_bytes - HEAD_BYTES)
        while end < len(text) and text[end] & 0xC0 == 0x80:
            end -= 1  # in the middle of a sign
        start = place * self.row_bytes
        struct.pack_into(HEAD, self.data, start, self.next, at_ms, count, end)
        start += HEAD_BYTES
        self.data[start : start + end] = text[:end]
        self.next += 1

    def number(self, place):
        """The number of the row there, 0 for none."""
        return struct.unpack_from("!I", self.data, place * self.row_bytes)[0]

    def row(self, place):
        """[number, site ms, count, words as bytes] at a place."""
        start = place * self.row_bytes
        number, at_ms, count, length = struct.unpack_from(HEAD, self.data, start)
        start += HEAD_BYTES
        return [number, at_ms, count, bytes(self.data[start : start + length])]


class Journal:
    """Two rings. `log`: path, text. `lost`: wire, or verb after a colon; reason; whom it came from,
    a path or a device's number; text; the count is of readings, or of messages.
    """

    def __init__(self, node):
        self.node = node
        is_board = node.limits.follows_clock
        self.log = Ring(16, 128) if is_board else Ring(200, 512)
        self.lost = Ring(8, 128) if is_board else Ring(64, 512)
        self._before = {}  # wire -> {reason: readings} of its end here, as far as they have a row

    def say(self, path, text):
        """Keep what somebody here has said."""
        ring = self.log
        ring.put(ring.next % ring.rows, self._now_ms(), 1, ("%s\0%s" % (path, text)).encode())

    def lose(self, kind, reason, origin, count, text=""):
        """Keep that readings of a wire (its number), or a control message, end here."""
        if kind == ASKING:
            return
        if type(kind) is not int:
            kind = ":" + str(kind)[:32]  # a stranger may have written it
        key = ("%s\0%s\0%s\0" % (kind, reason, origin)).encode()
        ring, chosen = self.lost, 0
        for place in range(ring.rows):
            start = place * ring.row_bytes + HEAD_BYTES
            if ring.data[start : start + len(key)] == key:
                chosen = place
                count += ring.row(place)[2]
                break
            if ring.number(place) < ring.number(chosen):
                chosen = place  # the oldest, or an empty one
        ring.put(chosen, self._now_ms(), min(count, 0xFFFFFFFF), key + text.encode())

    def count(self, end, is_last=False):
        """Keep what an end of a wire has lost since it was last looked at; `is_last`: it goes."""
        before = self._before.pop(end.wire, {})
        for reason in sorted(end.dropped):
            count = end.dropped[reason]
            if count > before.get(reason, 0):
                text = end.cell.last_error if reason == "poison" else ""
                self.lose(end.wire, reason, end.source, count - before.get(reason, 0), text)
        if not is_last:
            self._before[end.wire] = dict(end.dropped)

    def _now_ms(self):
        return self.node.clock.site_us() // 1000
