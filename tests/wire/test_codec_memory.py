"""What decoding allocates at its peak, on CPython and for both codecs, as `tracemalloc` sees it.

The budget is `ITEM_BYTES` an item, twice the input and `CALL_BYTES`. Where CPython's own objects
are larger than that (maps of one pair, text that is mostly ASCII but not all) a test says by how
much. A refusal costs its traceback, which holds a frame for each level.
"""

import gc
import struct
import tracemalloc
from array import array

import pytest

from actors.accel import codec as host
from mp_actors import codec as kernel
from mp_actors.errors import RemoteWireError

ITEM_BYTES = 80
CALL_BYTES = 1024
REFUSAL_BYTES = 3072  # the error, its text and a traceback
LEVEL_BYTES = 512  # a frame, which CPython keeps on the heap, or a list that holds a single item
WIDE_TEXT_FACTOR = 6.1  # CPython takes 4 bytes a character if one needs them, and copies once


@pytest.fixture(params=[kernel, host], ids=["kernel", "host"])
def codec(request):
    return request.param


def peak_bytes(codec, data):
    """The peak of one decode and whether the bytes were taken."""
    gc.collect()
    tracemalloc.start()
    try:
        codec.decode(data)
        taken = True
    except RemoteWireError:
        taken = False
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak, taken


def nested(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return value


ORDINARY = {
    "scalar": (1, 1),
    "command": ({"to": "lab/hub/mean", "do": "set", "with": {"period_ms": 100, "on": True}}, 11),
    "integers": (list(range(1000, 2000)), 1001),
    "large integers": ([2**60 + number for number in range(1000)], 1001),
    "floats": ([number * 0.37 for number in range(1000)], 1001),
    "texts": ([f"t{number}" for number in range(1000)], 1001),
    "bytes": (b"a" * 200_000, 1),
    "text": ("a" * 200_000, 1),
    "empty lists": ([[]] * 1000, 1001),
    "lists of one": ([[300]] * 500, 1001),
    "empty maps": ([{}] * 1000, 1001),
    "maps of two": ([{300: 300, 301: 301}] * 200, 1001),
    "maps of six": ([{300 + key: key for key in range(6)}] * 78, 1015),
    "map of 511": ({key: key for key in range(300, 811)}, 1023),
    "empty arrays": ([array("B")] * 500, 1001),
    "arrays of one": ([array("d", [1.0])] * 500, 1001),
}

HOSTILE = {
    "list bomb": b"\x9a\xff\xff\xff\xff",
    "list bomb of 64 bits": b"\x9b" + b"\xff" * 8,
    "map bomb": b"\xbb\x7f" + b"\xff" * 7,
    "bytes bomb": b"\x5a\xff\xff\xff\xff",
    "bytes bomb of 64 bits": b"\x5b\x7f" + b"\xff" * 7,
    "short text bomb": b"\x79\xff\xff",
    "array bomb": b"\xd8\x40\x5a\xff\xff\xff\xff",
    "lists that announce each other": b"".join(
        b"\x99" + struct.pack(">H", 990 - level) for level in range(15)
    )
    + b"\x00" * 950,
    "tag chain": b"\xd8\x40" * 100_000,
    "deep lists": b"\x81" * 100_000,
    "deep maps": b"\xa1\x00" * 100_000,
    "a million lists": b"\x9a\x00\x0f\x42\x40" + b"\x80" * 1_000_000,
    "a million lists in lists": (b"\x98\xff" + b"\x80" * 255) * 3900,
    "late list bomb": b"\x82\x80\x9a\xff\xff\xff\xff",
}


@pytest.mark.parametrize("name", ORDINARY)
def test_ordinary_values_stay_within_the_budget(codec, name):
    value, items = ORDINARY[name]
    data = kernel.encode(value)
    peak, taken = peak_bytes(codec, data)
    assert taken
    assert peak <= ITEM_BYTES * items + 2 * len(data) + CALL_BYTES


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_bytes_take_no_more_than_their_refusal(codec, name):
    data = HOSTILE[name]
    peak, taken = peak_bytes(codec, data)
    assert not taken
    budget = ITEM_BYTES + 2 * min(len(data), 1024) + CALL_BYTES + REFUSAL_BYTES
    # Lists announced may be read up to the number of items allowed, then there is an end.
    if "lists in lists" in name:
        budget += ITEM_BYTES * kernel.ITEMS_MAX
    if "deep" in name:
        budget += LEVEL_BYTES * kernel.DEPTH_MAX
    assert peak <= budget


def test_the_deepest_value_costs_a_frame_a_level(codec):
    data = kernel.encode(nested(16))
    peak, taken = peak_bytes(codec, data)
    assert taken
    assert peak <= ITEM_BYTES * 17 + 2 * len(data) + CALL_BYTES + LEVEL_BYTES * 16


def test_maps_of_one_pair_cost_more_because_cpythons_smallest_does(codec):
    data = kernel.encode([{300: 300}] * 340)
    peak, taken = peak_bytes(codec, data)
    assert taken
    assert peak <= 100 * 1021 + 2 * len(data) + CALL_BYTES


@pytest.mark.parametrize("code", "BHIQdf")
def test_an_array_costs_itself_its_bytes_and_cpythons_reserve(codec, code):
    data = kernel.encode(array(code, [1]) * 20_000)
    peak, taken = peak_bytes(codec, data)
    assert taken
    assert peak <= ITEM_BYTES * 2 + (2 + 1 / 16) * len(data) + CALL_BYTES + LEVEL_BYTES


@pytest.mark.parametrize("last", ["\u00e9", "\u4e2d", "\U0001f600"])
def test_wide_text_costs_what_cpython_takes_for_it(codec, last):
    for text in ("a" * 100_000 + last, last * 50_000):
        data = kernel.encode(text)
        peak, taken = peak_bytes(codec, data)
        assert taken
        assert peak <= WIDE_TEXT_FACTOR * len(data) + CALL_BYTES
