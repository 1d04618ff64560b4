"""The CBOR subset: from plain values to the bytes of a frame's body and back, on every interpreter.

It stands between the actors' messages and the frames of a link. Numbers, text, bytes, lists, maps
and typed arrays, nothing else; every definite length is compared with what is left before anything
is allocated, and what could be refused early is refused early. It never reads more than it is
given, never guesses, and never fails on foreign bytes with anything but RemoteWireError.

Depth is the number of lists and maps around and including an item: a scalar or typed array has 0.
Items are every value, key and tag; what a byte string holds is not counted.
*Source*: RFC 8949 (CBOR, preferred serialisation), RFC 8746 (typed arrays, little endian).
"""

import struct
import sys
from array import array

from mp_actors.errors import LocalWireError, RemoteWireError

if sys.byteorder != "little":
    raise ImportError("mp_actors.codec: typed arrays are sent as they lie in memory, little endian")

DEPTH_MAX = 16  # a board's stack holds this many calls with room to spare
ITEMS_MAX = 1024  # of a frame on a host; a board asks for fewer
INTEGER_MAX = 0x7FFFFFFFFFFFFFFF  # -2**63 has this as its argument, too

ARRAY_CODES = dict(zip((64, 69, 70, 71, 72, 77, 78, 79, 85, 86), "BHIQbhiqfd"))
_ARRAY_TAGS = dict(zip("BHIQbhiqfd", (64, 69, 70, 71, 72, 77, 78, 79, 85, 86)))
_FLOAT_FORMATS = {25: ">e", 26: ">f", 27: ">d"}
_SIMPLE = {20: False, 21: True, 22: None}
_NAN = b"\xf9\x7e\x00"


def encode(value):
    """The CBOR bytes of a value, each number in its shortest form, maps in the order they iterate.

    *Raises* LocalWireError, saying where: a type, a key or an integer CBOR here cannot carry, or
    lists and maps deeper than `DEPTH_MAX`.
    """
    out = bytearray()
    problem = None
    try:
        _write(out, value, DEPTH_MAX)
    except _Unsendable as unsendable:
        problem = unsendable.args
    if problem:
        # Raised outside of the handler: the way back up through the containers tells nobody more.
        where = "".join(["[%r]" % (place,) for place in reversed(problem[1])])
        raise LocalWireError("%s: %s" % (where or "value", problem[0]))
    return bytes(out)


def decode(data, depth_max=DEPTH_MAX, items_max=ITEMS_MAX):
    """The one value these bytes are (bytes, bytearray or memoryview of bytes).

    *Raises* RemoteWireError for anything outside the subset, cut short, too long, too deep or with
    more items than allowed.
    """
    reader = _Reader(data)
    reader.items_left = items_max
    reader.announce(1)
    value = reader.item(depth_max)
    if reader.at != reader.end:
        reader.refuse("%d more bytes after the value" % (reader.end - reader.at))
    return value


def text_of(raw):
    """The text of UTF-8 bytes. *Raises* RemoteWireError for anything else than strict UTF-8.

    MicroPython takes overlong forms, surrogates and code points above U+10FFFF: none of them has
    the size its characters should have, or they are seen in the characters.
    """
    try:
        text = str(raw, "utf-8")
    except UnicodeError:
        text = None
    if text is None or (len(text) != len(raw) and _utf8_size(text) != len(raw)):
        raise RemoteWireError("text of %d bytes: not UTF-8" % len(raw))
    return text


class _Unsendable(Exception):
    """What is wrong and, filled on the way out, the places that lead there, innermost first."""


class _Reader:
    """A place in the bytes. Always `0 <= owed <= end - at`."""

    def __init__(self, data):
        self.view = memoryview(data)
        self.at = 0
        self.end = len(self.view)
        self.items_left = 0
        self.number = 0
        self.owed = 0  # items announced and not read yet; each takes a byte at least

    def refuse(self, problem):
        raise RemoteWireError("cbor at byte %d of %d: %s" % (self.at, self.end, problem))

    def announce(self, count):
        """Take note of items to come, and refuse them now if they cannot."""
        if count > self.items_left:
            self.refuse("%d items announced, %d allowed" % (count, self.items_left))
        self.items_left -= count
        self.owed += count
        if self.owed > self.end - self.at:
            self.refuse("%d items announced, %d bytes left" % (self.owed, self.end - self.at))

    def take(self, size_bytes):
        """A view of the next bytes, which leave room for the items that are still owed."""
        start = self.at
        if size_bytes > self.end - start - self.owed:
            self.refuse("%d bytes announced, %d left" % (size_bytes, self.end - start - self.owed))
        self.at = start + size_bytes
        return self.view[start : self.at]

    def head(self):
        """Return the kind (major type) of the next item, leave its argument in `number`.

        The argument of kind 7 is its low bits. Two values returned would be 16 bytes of heap.
        """
        # There is a byte: this item was owed until now. A view of it would cost heap on a board.
        first = self.view[self.at]
        self.at += 1
        low = first & 31
        if first >= 0xE0:
            self.number = low
            return 7
        if low > 23:
            if low > 27:
                self.refuse("head 0x%02x is reserved or of indefinite length" % first)
            low = int.from_bytes(self.take(1 << (low - 24)), "big")
        self.number = low
        return first >> 5

    def item(self, depth_left):
        """The next item. Lists and maps are read here, so that a level costs a single call."""
        self.owed -= 1
        kind = self.head()
        number = self.number
        if kind < 2:
            if number > INTEGER_MAX:
                self.refuse("an integer beyond 64 bits with sign")
            return -1 - number if kind else number
        if kind == 2:
            return bytes(self.take(number))
        if kind == 3:
            return text_of(self.take(number))
        if kind > 5:
            return self.simple(number) if kind == 7 else self.typed_array(number)
        if not depth_left:
            self.refuse("deeper than allowed")
        if kind == 4:
            self.announce(number)
            items = []  # grown by what is there, not by what was announced
            for _ in range(number):
                items.append(self.item(depth_left - 1))
            return items
        self.announce(2 * number)
        pairs = {}
        for _ in range(number):
            if self.view[self.at] >> 5 not in (0, 1, 3):
                self.refuse("a key is neither text nor an integer")
            key = self.item(0)
            if key in pairs:
                self.refuse("key %r twice" % (key,))
            pairs[key] = self.item(depth_left - 1)
        return pairs

    def simple(self, low):
        """A float, or one of true, false and null."""
        form = _FLOAT_FORMATS.get(low)
        if form:
            return struct.unpack(form, self.take(struct.calcsize(form)))[0]
        if low not in _SIMPLE:
            self.refuse("simple value or break 0x%02x" % (0xE0 | low))
        return _SIMPLE[low]

    def typed_array(self, tag):
        """The array a tag and its byte string are."""
        self.announce(1)
        self.owed -= 1
        if tag not in ARRAY_CODES:
            self.refuse("tag %d" % tag)
        code = ARRAY_CODES[tag]
        if self.head() != 2 or self.number % struct.calcsize(code):
            self.refuse("tag %d is not followed by whole items in a byte string" % tag)
        # MicroPython takes bytes as memory but a memoryview as a list of integers.
        return array(code, bytes(self.take(self.number)))


def _write(out, value, depth_left):
    if value is None or value is True or value is False:
        out.append(0xF6 if value is None else 0xF4 + value)
    elif isinstance(value, int):
        if not -INTEGER_MAX - 1 <= value <= INTEGER_MAX:
            raise _Unsendable("integer %d needs more than 64 bits; send it as text" % value, [])
        _write_head(out, 0x20 if value < 0 else 0, -1 - value if value < 0 else value)
    elif isinstance(value, str):
        raw = _utf8(value)
        _write_head(out, 0x60, len(raw))
        out.extend(raw)
    elif isinstance(value, float):
        _write_float(out, value)
    elif isinstance(value, (dict, list, tuple)) and not depth_left:
        raise _Unsendable("lists and maps deeper than %d" % DEPTH_MAX, [])
    elif isinstance(value, dict):
        _write_map(out, value, depth_left)
    elif isinstance(value, (list, tuple)):
        _write_head(out, 0x80, len(value))
        place = 0
        try:
            for item in value:
                _write(out, item, depth_left - 1)
                place += 1
        except _Unsendable as unsendable:
            unsendable.args[1].append(place)
            raise
    elif isinstance(value, (bytes, bytearray, memoryview)):
        _write_bytes(out, value)
    elif isinstance(value, array):
        _write_array(out, value)
    else:
        raise _Unsendable(
            "%s cannot be sent; send numbers, text, bytes, lists, maps or arrays of numbers"
            % type(value).__name__,
            [],
        )


def _write_head(out, kind, number):
    """Append the shortest head; `kind` is the major type in its place, the high three bits."""
    if number < 24:
        out.append(kind | number)
    elif number < 0x100:
        out.append(kind | 24)
        out.append(number)
    elif number < 0x10000:
        out.extend(struct.pack(">BH", kind | 25, number))
    elif number < 0x100000000:
        out.extend(struct.pack(">BI", kind | 26, number))
    else:
        out.extend(struct.pack(">BQ", kind | 27, number))


def _write_float(out, value):
    """Append the shortest float that loses nothing; every NaN is the same."""
    if value != value:
        out.extend(_NAN)
        return
    try:
        single = struct.pack(">f", value)
    except OverflowError:  # MicroPython packs an infinity instead
        single = _NAN + b"\x00"
    if struct.unpack(">f", single)[0] != value:
        out.append(0xFB)
        out.extend(struct.pack(">d", value))
        return
    half = None if single[3] or single[2] & 0x1F else _half(int.from_bytes(single, "big"))
    if half is None:
        out.append(0xFA)
        out.extend(single)
    else:
        out.extend(struct.pack(">BH", 0xF9, half))


def _half(single):
    """The bits of a half float equal to a single one (bits, no NaN), or None.

    By hand, because MicroPython's `pack(">e")` is wrong below 2**-14 and above 65,504.
    """
    sign = single >> 16 & 0x8000
    fraction = single & 0x7FFFFF
    exponent = (single >> 23 & 0xFF) - 112
    if not single & 0x7FFFFFFF:
        return sign
    if exponent == 143:
        return sign | 0x7C00
    drop = 13
    if exponent < 1:
        drop = 14 - exponent
        exponent = 0
        fraction |= 0x800000
    if exponent > 30 or fraction & ((1 << drop) - 1):
        return None
    return sign | exponent << 10 | fraction >> drop


def _write_map(out, pairs, depth_left):
    _write_head(out, 0xA0, len(pairs))
    key = None
    try:
        for key in pairs:
            if key is True or key is False or not isinstance(key, (int, str)):
                raise _Unsendable("a key is %s; use text or integers" % type(key).__name__, [])
            _write(out, key, 0)
            _write(out, pairs[key], depth_left - 1)
    except _Unsendable as unsendable:
        unsendable.args[1].append(key)
        raise


def _write_bytes(out, value):
    raw = bytes(value) if isinstance(value, memoryview) else value
    _write_head(out, 0x40, len(raw))
    out.extend(raw)


def _write_array(out, values):
    # MicroPython's arrays do not say their type code, except in their text.
    code = repr(values[:0])[7]
    if code in "Ll":
        wide = struct.calcsize(code) == 8
        code = ("Q" if wide else "I") if code == "L" else ("q" if wide else "i")
    if code not in _ARRAY_TAGS:
        raise _Unsendable("array of type code %r cannot be sent; use BbHhIiLlQqfd" % code, [])
    _write_head(out, 0xC0, _ARRAY_TAGS[code])
    _write_bytes(out, memoryview(values))


def _utf8(text):
    try:
        raw = text.encode()
    except UnicodeError:
        raw = None
    if raw is None or (len(text) != len(raw) and _utf8_size(text) != len(raw)):
        raise _Unsendable("text holds a lone surrogate; send bytes", [])
    return raw


def _utf8_size(text):
    """The bytes this text takes in UTF-8, or -1 if it holds what UTF-8 must not."""
    size_bytes = 0
    for character in text:
        point = ord(character)
        if 0xD800 <= point < 0xE000 or point > 0x10FFFF:
            return -1
        size_bytes += 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
    return size_bytes
