"""`package.json` brings the kernel onto a board by `mpremote mip install`."""

import json

from ported import Board
from processes import ROOT

from tests.packing import FILE, package


def test_it_lists_the_kernel_as_it_is():
    assert FILE.read_text() == package(), "stale: python -m tests.packing"


def test_mip_puts_the_kernel_into_lib_and_it_can_be_imported(tmp_path):
    with Board(tmp_path, tmp_path / "flash") as board:
        board.mpremote("mip", "install", ROOT / "package.json")
        assert board.mpremote("exec", "from mp_actors import Sensor; print(Sensor)").strip()
    listed = {target for target, _ in json.loads(package())["urls"]}
    lib = tmp_path / "flash" / "lib"
    assert {path.relative_to(lib).as_posix() for path in lib.rglob("*.*")} == listed
