"""On 32 bits, as boards have: a leaf after many readings, and a router, have heap to spare.

Measured on MicroPython's WebAssembly port, see `tests.narrow`, of the 224 KB that virtual boards of
64 bits have, too. Where there is no node, each test is skipped and says what to install.
"""

import pytest

from tests.bench import board, narrow
from tests.host.forwarded import NEIGHBOURS, map_of, used_bytes
from tests.portable import why_not_32_bits

KB = 1024
READINGS = 10_000  # a hundred thousand take two minutes: python -m tests.bench.narrow
FREE_KB_MIN = 80
USED_KB_MAX = 120

pytestmark = pytest.mark.skipif(bool(why_not_32_bits()), reason=why_not_32_bits() or "")


def test_a_sealed_leaf_with_five_drivers_has_80_kb_free_after_10000_readings():
    held, readings = narrow.leaf("ccm", board.FIVE_SENSORS, READINGS)
    assert readings >= READINGS
    assert held.free >= FREE_KB_MIN * KB, held


def test_a_router_in_the_clear_with_four_neighbours_uses_no_more_than_120_kb(tmp_path):
    used = used_bytes(tmp_path, "plain", map_of(1, len(NEIGHBOURS)), is_narrow=True)
    assert used <= USED_KB_MAX * KB, used


def test_a_leaf_in_the_clear_with_two_drivers_leaves_some_of_the_112_kb_of_an_esp32():
    """What is free of a heap is that of a larger one less what is between them, but for its tables,
    so both are the same leaf's.
    """
    large, small = (narrow.leaf("plain", narrow.TWO_SENSORS, 500, kb)[0] for kb in (224, 112))
    assert small.free >= 16 * KB, small
    assert 104 * KB < large.free - small.free < 114 * KB, (large, small)


def test_a_heap_that_cannot_hold_a_leaf_is_told():
    with pytest.raises(MemoryError, match="more are held than there are"):
        narrow.leaf("plain", narrow.TWO_SENSORS, 10, heap_kb=56)
