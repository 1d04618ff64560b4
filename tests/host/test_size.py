"""The README's table of what the kernel costs a board says what is measured, on 32 bits, too."""

import pytest

from tests import size
from tests.house import ROOT
from tests.portable import why_not_32_bits

SHARE, KB = 0.1, 0.5  # as far as a figure may be off: a part of it, or so many KB
FLASH, WIDE, NARROW = range(3)  # columns

needs_port = pytest.mark.skipif(bool(why_not_32_bits()), reason=why_not_32_bits() or "")


@pytest.fixture(scope="module")
def measured():
    return {row[0]: row[1:] for row in size.rows(size.measure())}


def told():
    """{slice: (flash, heap, heap on a board)} of the README, as they stand there."""
    lines = (ROOT / "README.md").read_text(encoding="utf-8").splitlines()
    start = lines.index("| " + " | ".join(size.HEADINGS) + " |") + 2
    table = {}
    for line in lines[start:]:
        if not line.startswith("|"):
            return table
        name, *cells = [cell.strip() for cell in line.strip("|").split("|")]
        table[name] = tuple(cells)
    raise AssertionError("the table has no end")


def assert_is_told(measured, column):
    for name, cells in told().items():
        said, now = cells[column].split("-"), measured[name][column].split("-")
        for one, is_now in zip(map(float, said), map(float, now), strict=True):
            assert abs(one - is_now) <= max(KB, SHARE * is_now), (name, said, now)


def test_the_readme_has_a_row_for_each_slice(measured):
    assert list(told()) == list(measured)


@pytest.mark.parametrize("column", [FLASH, WIDE], ids=["flash", "64 bits"])
def test_each_figure_of_the_readme_is_what_a_virtual_board_pays(measured, column):
    assert_is_told(measured, column)


@needs_port
def test_each_figure_of_the_readme_is_what_a_board_of_32_bits_pays(measured):
    assert_is_told(measured, NARROW)


@pytest.mark.parametrize("column", [FLASH, WIDE, pytest.param(NARROW, marks=needs_port)])
def test_what_a_slice_needs_is_not_charged_to_it(measured, column):
    alone = float(measured["a leaf, in the clear"][column])
    others = list(measured.values())[1:]
    assert all(float(row[column].split("-")[-1]) < alone / 2 for row in others)


def test_without_the_port_of_32_bits_the_table_says_that_it_does_not_know(monkeypatch):
    monkeypatch.setattr(size, "why_not_32_bits", lambda: "no node here")
    part = size.Slice("`ask`", "requests")
    monkeypatch.setattr(size, "SLICES", (part,))
    ((name, flash, heap, narrow),) = size.rows(size.measure())
    assert name == part.name
    assert float(flash) > 0
    assert float(heap) > 0
    assert narrow == size.UNKNOWN
