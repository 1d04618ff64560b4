"""Who watches an actor is told when it is gone, and why: with real processes, one site for all.

`-s` prints how long each took to be told; three missed beats are 6 s, and a second to see it.
"""

import time
from signal import SIGSTOP

import pytest
from processes import SITES, until
from pumps import TcpPump
from started import DESK, GATE, HOST, Started

SITE = SITES / "watched" / "site.py"
EXPECTED = {
    "near": {"stopped"},
    "far": {"stopped"},
    # Whoever is sooner: the watch, or the gate that has given it up.
    "frozen": {"silent", "unreachable"},
    "cut": {"silent", "unreachable"},
    "killed": {"unreachable"},
    "again": {"restarted"},
}


class Watched(Started):
    """The running site."""

    def gone(self):
        """{path: (seconds, reason)} as the watcher was told; each path once."""
        file = self.folder / "gone"
        lines = [line.split() for line in file.read_text().splitlines()] if file.exists() else []
        found = {path: (float(at_s), reason) for at_s, path, reason in lines}
        assert len(found) == len(lines), lines
        return found


def do(what, site, cable):
    """Let the mortal at the device of this name be gone."""
    if what in ("near", "far"):
        (site.folder / f"end-{what}").touch()
    elif what == "frozen":
        site.processes["d/frozen"].send(SIGSTOP)
    elif what == "cut":
        cable.hold()
    else:
        site.processes[f"d/{what}"].kill()
        if what == "again":
            site.start("d/again")


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """{what: (seconds until the watcher was told, the reason)}."""
    with Watched(tmp_path_factory.mktemp("watched"), SITE) as site:
        cable = TcpPump(site.port + 2, (HOST, site.port))
        try:
            site.start(DESK, GATE, *(f"d/{what}" for what in EXPECTED if what != "cut"))
            site.start("d/cut", gate_port=cable.port)
            site.processes[DESK].wait_for("rolled out")
            until(lambda: "watcher" in site.gone(), "a watcher")
            time.sleep(3.0)  # it has asked for each of them once
            assert set(site.gone()) == {"watcher"}
            since_s = {}
            for what in EXPECTED:
                since_s[what] = time.monotonic()
                do(what, site, cable)
            until(lambda: len(site.gone()) == 1 + len(EXPECTED), "everybody told")
            found = site.gone()
            return {
                what: (found[f"d/{what}/mortal"][0] - since_s[what], found[f"d/{what}/mortal"][1])
                for what in EXPECTED
            }
        except AssertionError as error:
            error.add_note(site.output)
            raise
        finally:
            cable.close()


@pytest.mark.parametrize("what", EXPECTED)
def test_the_watcher_is_told_once_with_the_reason_when_an_actor_is_gone(what, told):
    seconds, reason = told[what]
    print(f"{what}: {reason} after {seconds:.1f} s")
    assert reason in EXPECTED[what]
