"""Text on an SSD1306 display of 128 x 64 or 128 x 32, by I2C: a line for each source.

Lines of 16 characters: the sensor's name and its value, sources in the order in which they came;
one more than there are lines takes the first one's. Only the line that changed is sent, 128 bytes.

*Source*: Solomon Systech SSD1306, rev. 1.1 (April 2008), table 9-1 and section 8.5; the order in
which it is switched on, application note figure 2.
"""

from mp_actors.roles import Sink
from mp_actors.wired_i2c import I2CPart

COMMAND, DATA = 0x00, 0x40
WIDTH, LINE_PIXELS, COLUMNS = 128, 8, 16
# Off, clock, rows, no shift, first line, charge pump, address by rows, turned the usual way round.
BEGIN = (
    b"\xae\xd5\x80\xa8%c\xd3\x00\x40\x8d\x14\x20\x00\xa1\xc8\xda%c\x81\xcf\xd9\xf1\xdb\x40\xa4\xa6"
)
ON, OFF = b"\xaf", b"\xae"


class Display(Sink):
    """Shows the last value of each source."""

    def __init__(self, scl=22, sda=21, address=0x3C, bus=0, height=64):
        if height not in (32, 64):
            raise ValueError("height: expected 32 or 64, got %r" % (height,))
        import framebuf

        self._part = I2CPart("SSD1306", address, bus, scl, sda)
        self._lines = height // LINE_PIXELS
        self._buffer = bytearray(WIDTH)
        self._frame = framebuf.FrameBuffer(self._buffer, WIDTH, LINE_PIXELS, framebuf.MONO_VLSB)
        self._sources = []
        self._part.write(COMMAND, BEGIN % (height - 1, 0x12 if height == 64 else 0x02))
        for line in range(self._lines):
            self._send(line, "")
        self._part.write(COMMAND, ON)

    def write(self, value):
        source = self.source
        if source not in self._sources:
            self._sources.append(source)
        line = self._sources.index(source) % self._lines
        shown = value if isinstance(value, str) else _short(value)
        name = source.split("/")[-1][: max(0, COLUMNS - 1 - len(shown))]
        self._send(line, (name + " " + shown)[:COLUMNS])

    def stopped(self):
        self._part.write(COMMAND, OFF)

    def _send(self, line, text):
        self._frame.fill(0)
        self._frame.text(text, 0, 0)
        self._part.write(COMMAND, bytes((0x21, 0, WIDTH - 1, 0x22, line, line)))
        self._part.write(DATA, self._buffer)


def _short(value):
    return "%.4g" % value if isinstance(value, float) else str(value)
