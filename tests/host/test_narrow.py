"""On 32 bits, as boards have: a leaf after many readings, and a router, have heap to spare.

Measured on MicroPython's WebAssembly port, see `tests.narrow`, of the 224 KB that virtual boards of
64 bits have, too. Where there is no node, each test is skipped and says what to install.
"""

import pytest

from tests.bench import board, narrow
from tests.host.forwarded import NEIGHBOURS, map_of, used_bytes
from tests.portable import why_not_32_bits

KB = 1024
READINGS = 100_000
FREE_KB_MIN = 80
USED_KB_MAX = 120

pytestmark = pytest.mark.skipif(bool(why_not_32_bits()), reason=why_not_32_bits() or "")


def test_a_sealed_leaf_with_five_drivers_has_80_kb_free_after_100000_readings():
    held, readings = narrow.leaf("ccm", board.FIVE_SENSORS, READINGS)
    assert readings >= READINGS
    assert held.free >= FREE_KB_MIN * KB, held


def test_a_router_in_the_clear_with_four_neighbours_uses_no_more_than_120_kb(tmp_path):
    used = used_bytes(tmp_path, "plain", map_of(1, len(NEIGHBOURS)), is_narrow=True)
    assert used <= USED_KB_MAX * KB, used


def test_what_is_free_is_of_the_heap_it_was_given():
    """16 KB more of heap, 16 KB more are free, but for the heap's own tables."""
    more, less = (
        narrow.leaf("plain", board.TWO_SENSORS, 10, heap_kb)[0].free for heap_kb in (224, 208)
    )
    assert 14 * KB < more - less < 17 * KB, (more, less)


def test_a_heap_that_does_not_suffice_is_told():
    with pytest.raises(MemoryError, match="had to grow by"):
        narrow.leaf("plain", board.TWO_SENSORS, 10, heap_kb=56)
