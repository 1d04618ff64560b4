"""A virtual board of real MicroPython whose gate is gone, and that is killed then: what it kept in
its flash comes once it is back, in order and once, and the account of the site is exact.
"""

import struct

from processes import SITES, Desk, until
from started import DESK, GATE, Started

from mp_actors.backlog import HEAD, HEAD_BYTES
from mp_actors.spill import BLOCK
from mp_actors.wires import Wires

SITE = SITES / "outage" / "site.py"
BOARD, START = "d/board", 1_000_000
BLOCKS = 5
SESSION_MAX = 300  # readings that had left, to a gate that died with them


def came(folder, start=None):
    """What the sink has written, of one start of the board or of all."""
    file = folder / "kept.txt"
    numbers = [int(line) for line in file.read_text().split("\n")[:-1]] if file.exists() else []
    return [one for one in numbers if start in (None, one // START)]


def in_flash(folder):
    """How many readings of whole blocks are in the board's flash."""
    readings = 0
    for file in folder.rglob(f"{Wires.folder}/w*"):
        data, place = file.read_bytes(), 0
        while place + HEAD_BYTES <= len(data):
            count, size, _ = struct.unpack_from(HEAD, data, place)
            place += HEAD_BYTES + size
            readings += count if place <= len(data) else 0
    return readings


def test_what_a_board_kept_outlasts_kill_9_and_comes_in_order_once(tmp_path):
    with Started(tmp_path, SITE) as site:
        site.start(DESK, GATE, BOARD)
        until(lambda: len(came(tmp_path)) > 50, f"readings\n{site.output}")
        assert in_flash(tmp_path) == 0
        site.processes[GATE].kill()
        until(lambda: in_flash(tmp_path) >= BLOCKS * BLOCK, "blocks in flash")
        site.processes[BOARD].kill()
        kept, before = in_flash(tmp_path), len(came(tmp_path))
        site.start(BOARD, GATE)
        site.processes[BOARD].wait_for(f"{kept} readings of before are in flash")
        until(lambda: len(came(tmp_path, start=2)) > 50, f"newer readings\n{site.output}", 60)
        assert in_flash(tmp_path) == 0

        def at_rest():
            (row,) = desk.status()["wires"]
            return row if not row["in_flight"] and not row["unexplained"] else None

        desk = Desk(site.file, site.port + 1)
        desk.rested_status()
        row = until(at_rest, "all that is under way")
        assert row["accepted"] == row["delivered"] + sum(row["dropped"].values()), row
        numbers, first = came(tmp_path), came(tmp_path, start=1)
        assert numbers == sorted(set(numbers))
        assert row["delivered"] == len(numbers)
        assert len(first) >= before + kept
        # The last that was kept came, and behind it no more than was no whole block.
        assert first[-kept:] == list(range(first[-kept], first[-kept] + kept))
        lost = first[-kept] - START - 1 - (len(first) - kept)
        assert 0 <= lost <= SESSION_MAX
        assert row["dropped"].get("crash", 0) <= 2 * BLOCK
