"""`package.json` brings the kernel onto a board by `mpremote mip install`."""

import functools
import json
import threading
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import pytest
from ported import Board
from processes import ROOT

from tests.packing import FILE, package

PACKAGE = "package.json"


class Quiet(SimpleHTTPRequestHandler):
    """Serves files and says nothing of it."""

    def log_message(self, *_):
        pass


@pytest.fixture
def served():
    """The address of the repository at a web server of this machine."""
    handler = functools.partial(Quiet, directory=ROOT)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_it_lists_the_kernel_as_it_is():
    assert FILE.read_text() == package(), "stale: python -m tests.packing"


@pytest.mark.parametrize("place", ["a folder", "a web server"])
def test_mip_puts_the_whole_kernel_into_lib_from(place, tmp_path, served):
    source = ROOT / PACKAGE if place == "a folder" else f"{served}/{PACKAGE}"
    with Board(tmp_path, tmp_path / "flash") as board:
        board.mpremote("mip", "install", source)
        said = board.mpremote("run", ROOT / "samples" / "hello.py")
    assert said.splitlines()[:2] == [f"hello {count} from home/desk/steps" for count in (2, 4)]
    lib = tmp_path / "flash" / "lib"
    found = {path.relative_to(lib).as_posix(): path for path in lib.rglob("*.*")}
    assert set(found) == {target for target, _ in json.loads(package())["urls"]}
    for name, path in found.items():
        assert path.read_bytes() == (ROOT / name).read_bytes()
