"""The README's table of what the kernel costs a board says what is measured today."""

import pytest

from tests import size
from tests.house import ROOT

SHARE, KB = 0.1, 0.5  # as far as a figure may be off: a part of it, or so many KB


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


def test_the_readme_has_a_row_for_each_slice(measured):
    assert list(told()) == list(measured)


def test_each_figure_of_the_readme_is_what_a_board_pays(measured):
    for name, cells in told().items():
        for cell, now in zip(cells, measured[name], strict=True):
            pairs = zip(cell.split("-"), now.split("-"), strict=True)
            for said, is_now in pairs:
                off = abs(float(said) - float(is_now))
                assert off <= max(KB, SHARE * float(is_now)), (name, cell, now)


def test_what_a_slice_needs_is_not_charged_to_it(measured):
    alone = float(measured["a leaf, in the clear"][0])
    assert all(float(row[0].split("-")[-1]) < alone / 2 for row in list(measured.values())[1:])
