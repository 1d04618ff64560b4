"""What a node remembers for whoever asks why: its last lines, and its dead letters.

Loaded with the first of either. A loss that comes again adds to the row it has: a storm costs no
more than the ring, and does not drive out what else was lost. What a wire's ends lose is counted by
them and seen here twice a second, so no reading pays for it.
"""

LINES, LINE_LENGTH, LETTERS = 200, 400, 64
BOARD_LINES, BOARD_LINE_LENGTH, BOARD_LETTERS = 16, 80, 8
WORD_LENGTH = 40  # of what a stranger may have written
ASKING = "explain"  # the verb that reads this: what becomes of it is no dead letter


class Journal:
    """Two rings, oldest first; each row begins with a number that only rises.

    `lines`: [number, site ms, path, text]. `letters`: [number, site ms, wire or verb, reason, whom
    it came from (a path, or a device's number), readings or messages, text].
    """

    def __init__(self, node):
        self.node = node
        is_board = node.limits.follows_clock
        self._lines_max = BOARD_LINES if is_board else LINES
        self._length_max = BOARD_LINE_LENGTH if is_board else LINE_LENGTH
        self._letters_max = BOARD_LETTERS if is_board else LETTERS
        self._number = 0
        self._seen = {}  # wire -> {reason: readings} of its end here, as far as they have a letter
        self.lines = []
        self.letters = []

    def line(self, path, text):
        """Keep what somebody here has said."""
        self._add(self.lines, self._lines_max, [path, text[: self._length_max]])

    def letter(self, what, reason, origin, count, text=""):
        """Keep that readings of a wire, or a control message, end here."""
        if what == ASKING:
            return
        if type(what) is not int:
            what = str(what)[:WORD_LENGTH]
        key = [what, reason, origin]
        for place in range(len(self.letters)):
            if self.letters[place][2:5] == key:
                count += self.letters.pop(place)[5]
                break
        self._add(self.letters, self._letters_max, key + [count, text[: self._length_max]])

    def see(self, end):
        """Keep what an end of a wire has lost since it was last seen."""
        seen = self._seen.get(end.wire, {})
        for reason in sorted(end.dropped):
            count = end.dropped[reason]
            if count < seen.get(reason, 0):
                seen = {}  # of an end that was here before
            if count > seen.get(reason, 0):
                text = end.cell.last_error if reason == "poison" else ""
                self.letter(end.wire, reason, end.source, count - seen.get(reason, 0), text)
        self._seen[end.wire] = dict(end.dropped)

    def _add(self, ring, bound, row):
        if len(ring) >= bound:
            ring.pop(0)
        self._number += 1
        ring.append([self._number, self.node.clock.site_us() // 1000] + row)
