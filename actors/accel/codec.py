"""The CBOR subset on a host: the kernel's codec, faster, because cbor2 does what is plain.

It stands where `mp_actors.codec` stands and has the same functions. What is plainly inside the
subset goes through cbor2, everything else through the kernel's codec, which alone knows how to
refuse and why. cbor2 never sees bytes whose lengths, tags, keys, integers, depth and number of
items were not checked: by itself it is laxer, and allocates 64 KiB for a length bomb of five bytes.
"""

from array import array
from struct import calcsize
from typing import Any

import cbor2

from mp_actors import codec as kernel
from mp_actors.codec import DEPTH_MAX, INTEGER_MAX, ITEMS_MAX

# What decides how a value is encoded.
_MAP, _FLOAT, _OTHER, _CONTAINER, _INTEGER = 1, 2, 4, 8, 16
_KINDS = {str: 0, bytes: 0, bool: 0, type(None): 0, int: _INTEGER, float: _FLOAT}
_KINDS.update({dict: _CONTAINER, list: _CONTAINER, tuple: _CONTAINER})
_LEAST = -INTEGER_MAX - 1
_LENGTHS = {24: 1, 25: 2, 26: 4, 27: 8}  # size of an argument by the low bits of its head
_SMALL = [bytes((number,)) for number in range(24)]
_CODES = kernel.ARRAY_CODES
_TAGS = {code: tag for tag, code in _CODES.items()}
_ARRAYS = {
    tag: lambda raw, _immutable, code=code: array(code, raw)
    for tag, code in kernel.ARRAY_CODES.items()
}


def _sizes() -> bytes:
    """The size of an item by its first byte; 0 where that does not tell, or must be looked at."""
    sizes = bytearray(256)
    for kind in (0x00, 0x20):
        sizes[kind : kind + 27] = bytes([1] * 24 + [2, 3, 5])
    for kind in (0x40, 0x60):
        sizes[kind : kind + 24] = bytes(range(1, 25))
    sizes[0xF4:0xF7] = bytes([1, 1, 1])
    sizes[0xF9:0xFC] = bytes([3, 5, 9])
    return bytes(sizes)


_SIZES = _sizes()


def encode(value: Any) -> bytes:
    """The bytes the kernel's `encode` makes of it. *Raises* LocalWireError as that does."""
    kind = type(value)
    if kind is int and 0 <= value < 24:
        return _SMALL[value]
    if kind is array and (tag := _TAGS.get(value.typecode)):
        size_bytes = len(value) * value.itemsize
        if size_bytes < 24:
            return bytes((0xD8, tag, 0x40 + size_bytes)) + value.tobytes()
    found = _look(value, DEPTH_MAX)
    if found < _OTHER:
        try:
            # To shorten floats cbor2 has to be canonical, and then it would sort maps.
            return cbor2.dumps(value, canonical=found == _FLOAT)
        except UnicodeEncodeError:
            pass
    return kernel.encode(value)


def decode(data: Any, depth_max: int = DEPTH_MAX, items_max: int = ITEMS_MAX) -> Any:
    """The value the kernel's `decode` makes of it. *Raises* RemoteWireError as that does."""
    if type(data) is not bytes:
        data = bytes(data)
    if (row := _row(data, items_max)) is not None and depth_max:
        return row
    try:
        if _is_plain(data, depth_max, items_max):
            return cbor2.loads(
                data,
                semantic_decoders=_ARRAYS,
                max_depth=depth_max + 1,  # a typed array is a level to cbor2
                allow_indefinite=False,
                allow_duplicate_keys=False,
            )
    except cbor2.CBORDecodeError:  # a key twice, or not UTF-8
        pass
    return kernel.decode(data, depth_max, items_max)


def _row(data: bytes, items_max: int) -> list[Any] | None:
    """A list of integers and short typed arrays, as most batches and grants are; None for the rest.

    *Raises* nothing: what is cut short ends before or behind its last byte.
    """
    end = len(data)
    left = data[0] - 0x80 if end else 0
    if not 0 < left < 24 or 1 + 2 * left > items_max:
        return None
    row: list[Any] = []
    at = 1
    while left and at < end:
        left -= 1
        first = data[at]
        at += 1
        if first < 24:
            row.append(first)
        elif first < 27:
            start, at = at, at + _LENGTHS[first]
            row.append(int.from_bytes(data[start:at], "big"))
        elif first == 0xD8 and at + 2 <= end and (code := _CODES.get(data[at])):
            start = at + 2
            at = start + data[at + 1] - 0x40
            items = array(code)
            if not start <= at < start + 24 or (at - start) % items.itemsize:
                return None
            items.frombytes(data[start:at])
            row.append(items)
        else:
            return None
    return row if at == end and not left else None


def _look(value: Any, depth_left: int) -> int:
    """What is in a value: maps, floats, or other things, which are for the kernel, as are both."""
    kind = type(value)
    if kind is not dict and kind is not list and kind is not tuple:
        return _look((value,), 1) if kind in _KINDS else _OTHER
    if not depth_left:
        return _OTHER
    found = 0
    if kind is dict:
        found = _MAP
        for key in value:
            if type(key) is not str and not (type(key) is int and _LEAST <= key <= INTEGER_MAX):
                return _OTHER
        value = value.values()
    elif len(kinds := set(map(type, value))) == 1:
        if float in kinds:
            return _FLOAT
        if int in kinds:
            return 0 if min(value) >= _LEAST and max(value) <= INTEGER_MAX else _OTHER
    for item in value:
        what = _KINDS.get(type(item), _OTHER)
        if what == _CONTAINER:
            found |= _look(item, depth_left - 1)
        elif what == _INTEGER:
            if not _LEAST <= item <= INTEGER_MAX:
                return _OTHER
        else:
            found |= what
    return found if found != _MAP | _FLOAT else _OTHER


def _is_plain(data: bytes, depth_max: int, items_max: int) -> bool:
    """Whether the kernel would take these bytes, UTF-8 and doubled keys aside.

    `left` are the items left of the list or map at hand, `levels` those of the ones around it.
    """
    end = len(data)
    at = 0
    left = 1
    in_map = False
    items_left = items_max - 1
    levels: list[tuple[int, bool]] = []
    while at < end:
        while not left:
            if not levels:
                return False
            left, in_map = levels.pop()
        left -= 1
        first = data[at]
        # What is left of a map is odd behind a key.
        if in_map and left & 1 and not _is_key(first):
            return False
        if size := _SIZES[first]:
            at += size
            continue
        kind, number, at = _head_at(data, at)
        if kind in (2, 3):
            at += number
        elif kind in (4, 5):
            count = number * (kind - 3)
            items_left -= count
            if items_left < 0 or len(levels) == depth_max:
                return False
            levels.append((left, in_map))
            left, in_map = count, kind == 5
            if kind == 4 and (size := _run_size(data, at, count)):
                at += count * size
                left = 0
        elif kind == 6:
            items_left -= 1
            at = _typed_array_end(data, at, number)
        elif kind == 7 or number > INTEGER_MAX:
            return False
    return at == end and items_left >= 0 and not left and not any(some for some, _ in levels)


def _is_key(first: int) -> bool:
    return first < 0x40 or 0x60 <= first < 0x80


def _run_size(data: bytes, at: int, count: int) -> int:
    """The size of each of the next items if all have the same, so that they are stepped over."""
    size = _SIZES[data[at]] if at < len(data) else 0
    if size and data[at : at + count * size : size].translate(_SIZES).count(size) == count:
        return size
    return 0


def _head_at(data: bytes, at: int) -> tuple[int, int, int]:
    """Kind, argument and end of the head at a place; kind 7 for all that is not plain."""
    first = data[at]
    low = first & 31
    at += 1
    if low < 24:
        return first >> 5, low, at
    size = _LENGTHS.get(low)
    if size is None:
        return 7, 0, at
    return first >> 5, int.from_bytes(data[at : at + size], "big"), at + size


def _typed_array_end(data: bytes, at: int, tag: int) -> int:
    """Where the byte string behind a tag ends, or beyond all if there is none that fits."""
    beyond = len(data) + 1
    if tag not in _ARRAYS or at >= len(data):
        return beyond
    kind, size_bytes, at = _head_at(data, at)
    if kind != 2 or size_bytes % calcsize(kernel.ARRAY_CODES[tag]):
        return beyond
    return at + size_bytes
