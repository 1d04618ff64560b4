"""An SSD1306 as its commands and its memory: what is on the display is in `memory`.

*Source*: Solomon Systech, SSD1306 advance information, rev. 1.1, table 9-1.
"""

from micropython import const

# How many bytes follow a command; all others stand alone.
FOLLOWING = {0x20: 1, 0x21: 2, 0x22: 2, 0x81: 1, 0x8D: 1, 0xA8: 1}
FOLLOWING.update({0xD3: 1, 0xD5: 1, 0xD9: 1, 0xDA: 1, 0xDB: 1})
_WIDTH = const(128)


class Chip:
    """The memory of 8 pages of 128 columns, and what the commands have set."""

    def __init__(self, _option):
        self.memory = bytearray(1024)
        self.is_on = self.is_pumped = False
        self.contrast = 127
        self._mode = 2  # by page, after a reset
        self._columns, self._pages = (0, 127), (0, 7)
        self._column = self._page = 0

    def write(self, data):
        """A control byte, then commands or what goes into the memory."""
        if data[0] == 0x40:
            for value in data[1:]:
                self._put(value)
        elif data[0] in (0, 0x80):
            place = 1
            while place < len(data):
                following = FOLLOWING.get(data[place], 0)
                self._do(data[place], data[place + 1 : place + 1 + following])
                place += 1 + following

    def read(self, count):
        """Its state: bit 6 is set while it is off."""
        return bytes([0 if self.is_on else 0x40] * count)

    def lit(self, x, y):
        """Whether this pixel gives light."""
        return bool(self.is_on and self.is_pumped and self.memory[x + y // 8 * _WIDTH] >> y % 8 & 1)

    def _do(self, command, values):
        if command in (0xAE, 0xAF):
            self.is_on = command == 0xAF
        elif command == 0x20:
            self._mode = values[0] & 3
        elif command == 0x21:
            self._columns, self._column = tuple(values), values[0]
        elif command == 0x22:
            self._pages, self._page = tuple(values), values[0]
        elif command == 0x81:
            self.contrast = values[0]
        elif command == 0x8D:
            self.is_pumped = bool(values[0] & 4)

    def _put(self, value):
        self.memory[self._page * _WIDTH + self._column] = value
        self._column += 1
        if self._column > self._columns[1]:
            self._column = self._columns[0]
            if self._mode == 0:
                self._page = self._pages[0] if self._page >= self._pages[1] else self._page + 1
