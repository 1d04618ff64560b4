"""Batches: readings of one wire as one CBOR array with a head at fixed offsets.

`[wire u16, epoch u16, seq u32, t0_us u64, times, values, origins?]`. Numbers travel as typed
arrays, made and read by `array` at C speed on both interpreters. What is needed to make one, and to
look at one in passing; `readings` reads them. *Source*: RFC 8949, RFC 8746.
"""

import struct
from array import array

from mp_actors.errors import LocalWireError, RemoteWireError

_HEAD = "!BBHBHBIBQ"
HEAD_BYTES = 21
_HEAD_ITEMS = 9  # the array, four integers, times and origins with their tags
_U16, _U32, _U64 = 0x19, 0x1A, 0x1B  # CBOR's initial bytes of integers of that width
SPAN_MAX_US = (1 << 32) - 1
FLOAT = "d" if 1.0 + 2.0**-40 != 1.0 else "f"  # some boards have 32-bit floats
_SIGNED = (("b", 1 << 7), ("h", 1 << 15), ("i", 1 << 31), ("q", 1 << 63))


def encode(codec, wire, epoch, sequence, times_us, values, origins, items_max=1024):
    """One body. `times_us`, `values` (and `origins`, actor numbers, or None) of equal length.

    *Raises* LocalWireError if a value is none that CBOR can carry, or if there are more items in it
    than the target decodes.
    """
    typed = _typed(values)
    if isinstance(typed, list) and _HEAD_ITEMS + items_of(typed) > items_max:
        raise LocalWireError("more than the %d items that the target takes" % items_max)
    t0_us = min(times_us)
    head = struct.pack(
        _HEAD,
        0x86 if origins is None else 0x87,
        _U16,
        wire,
        _U16,
        epoch & 0xFFFF,
        _U32,
        sequence,
        _U64,
        t0_us,
    )
    if len(times_us) == 1:
        times = 0
    else:
        times = array("I", [at_us - t0_us for at_us in times_us])
    body = head + codec.encode(times) + codec.encode(typed)
    if origins is not None:
        body += codec.encode(array("H", origins))
    return body


def items_of(value):
    """How many items CBOR makes of a value, as a decoder counts them."""
    if isinstance(value, (list, tuple)):
        return 1 + sum([items_of(item) for item in value])
    if isinstance(value, dict):
        return 1 + len(value) + sum([items_of(item) for item in value.values()])
    return 2 if isinstance(value, array) else 1


def fits(first_us, at_us):
    """Whether two moments can share a batch: at most 71 minutes apart."""
    return abs(at_us - first_us) < SPAN_MAX_US


def head(body):
    """(wire, 16 bits of the epoch, sequence, t0_us) of a body. *Raises* RemoteWireError."""
    if len(body) < HEAD_BYTES:
        raise RemoteWireError("data body of %d bytes; expected 21 or more" % len(body))
    start, a, wire, b, epoch, c, sequence, d, t0_us = struct.unpack_from(_HEAD, body, 0)
    if start not in (0x86, 0x87) or (a, b, c, d) != (_U16, _U16, _U32, _U64):
        raise RemoteWireError("data body does not start with wire, epoch, seq and t0")
    return wire, epoch, sequence, t0_us


def count(body):
    """How many readings a body holds, from its lengths alone; for who drops or holds it.

    *Raises* RemoteWireError.
    """
    head(body)
    major, size, offset = item_head(body, HEAD_BYTES)
    if major == 6:
        _, size, offset = item_head(body, offset)
        offset += size
    major, size, offset = item_head(body, offset)
    length, item_bytes = size, 1
    if major == 6 and size in _ITEM_BYTES:
        item_bytes = _ITEM_BYTES[size]
        _, length, offset = item_head(body, offset)
    elif major != 4:
        raise RemoteWireError("data body: values are no list and no typed array")
    if length > len(body) - offset:
        raise RemoteWireError("data body is cut short")
    return length // item_bytes


_ITEM_BYTES = {64: 1, 69: 2, 70: 4, 71: 8, 72: 1, 77: 2, 78: 4, 79: 8, 85: 4, 86: 8}


def item_head(body, offset):
    """(major type, argument, offset behind) of the item head at offset."""
    # A length that came with the body can be beyond any index, so it is compared, not tried.
    if offset >= len(body):
        raise RemoteWireError("data body is cut short")
    first = body[offset]
    argument = first & 31
    if argument < 24:
        return first >> 5, argument, offset + 1
    width = 1 << (argument - 24)
    end = offset + 1 + width
    if width > 8 or end > len(body):
        raise RemoteWireError("data body is cut short")
    return first >> 5, int.from_bytes(body[offset + 1 : end], "big"), end


def _typed(values):
    """A typed array if all values are floats, or all integers of 64 bits; else the list."""
    kinds = set(map(type, values))
    if kinds == {float}:
        return array(FLOAT, values)
    if kinds == {int}:
        low, high = min(values), max(values)
        for code, bound in _SIGNED:
            if -bound <= low and high < bound:
                return array(code, values)
    return list(values)
