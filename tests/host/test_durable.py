"""What outlasts `kill -9`: a few kills of each kind with real processes, and what `check` refuses.

`python -m tests.host.kills` does it as often as you like.
"""

import pytest

from actors.check import check, load_checked
from actors.plan import make_plan
from actors.problems import SiteError
from actors.renewal import restored
from actors.site import load
from tests.host import kills

SITE = """
from actors import Pipeline, Topology, reliable, stream
from parts import *
site = Topology("s")
home = site.domain("home")
a, b = home.device("a"), home.device("b")
probe = home.device("probe", board="virtual")
flow = Pipeline("f")
"""
PARTS = """
from mp_actors import Filter, Sensor, Sink

class Soil(Sensor):
    pass

class Pass(Filter):
    pass

class Tally(Filter):
    checkpoint_ms = 200

    def state(self):
        return 0

    def restore(self, state):
        pass

class Eager(Tally):
    checkpoint_ms = 5000

class Careless(Filter):
    checkpoint_ms = 200

class Store(Sink):
    pass
"""


def site_file(tmp_path, lines):
    """A site file with these lines at its end, and the number of the first."""
    (tmp_path / "parts.py").write_text(PARTS)
    file = tmp_path / "garden.py"
    file.write_text(SITE + lines)
    return file, len(SITE.splitlines()) + 1


def problems_of(tmp_path, lines):
    """[(line after the head, what, expected, got)]."""
    file, first = site_file(tmp_path, lines)
    return [(one.line - first, one.what, one.expected, one.got) for one in check(load(file))]


def test_kill_9_of_gateways_senders_and_operators_loses_and_doubles_nothing(tmp_path):
    found = {one.kind: one for one in kills.run(tmp_path, kills=1, apart_s=0.0)}
    for kind in ("gateways", "durable", "operator"):
        one = found[kind]
        assert (one.lost, one.doubled, one.disorder) == (0, 0, 0), one
        assert one.came > 40
    plain = found["plain"]
    assert plain.lost == 0, plain
    assert plain.doubled <= plain.told, plain


def test_a_durable_wire_from_a_board_is_refused_at_its_line(tmp_path):
    lines = "flow.add(Soil, at=probe) >> reliable(flow.add(Store, at=b), durable=True)\n"
    assert problems_of(tmp_path, lines) == [
        (
            0,
            "the durable wire soil >> store begins on a board",
            "a source on a worker, which has a disk: a device without board=",
            "home/probe is a board",
        )
    ]


def test_a_durable_wire_that_stays_on_its_device_is_refused_wherever_that_shows(tmp_path):
    pinned = "flow.add(Soil, at=a) >> reliable(flow.add(Store, at=a), durable=True)\n"
    ((line, what, expected, got),) = problems_of(tmp_path, pinned)
    assert (line, what) == (0, "the durable wire soil >> store never leaves its device")
    assert expected.startswith("two devices")
    assert got == "both are on home/a"
    placed = "flow.add(Soil, at=a) >> reliable(flow.add(Pass), durable=True) >> "
    file, first = site_file(tmp_path, placed + "flow.add(Store, at=a)\n")
    with pytest.raises(SiteError, match="the durable wire soil >> pass never leaves") as caught:
        make_plan(load_checked(file))
    assert [one.line for one in caught.value.problems] == [first]


def test_checkpoints_that_cannot_be_are_refused_at_their_line(tmp_path):
    lines = (
        "soil = flow.add(Soil, at=a)\n"
        "soil >> flow.add(Tally, at=probe, name='one') >> flow.add(Store, at=b)\n"
        "soil >> flow.add(Eager, at=b) >> flow.add(Store, at=b, name='two')\n"
        "soil >> flow.add(Careless, at=b) >> flow.add(Store, at=b, name='three')\n"
        "soil >> flow.add(Tally, at=b) >> reliable(flow.add(Store, at=b, name='four'))\n"
    )
    found = problems_of(tmp_path, lines)
    assert [(line, what) for line, what, _, _ in found] == [
        (1, "one has checkpoints and is on a board"),
        (2, "Eager.checkpoint_ms has a wrong value"),
        (3, "Careless has checkpoint_ms and no state and no restore"),
        (4, "the reliable wire tally >> four never leaves its device"),
    ]
    assert found[1][2:] == ("10 to 500", "int: 5000")


def test_durable_is_true_or_false(tmp_path):
    lines = "flow.add(Soil, at=a) >> reliable(flow.add(Store, at=b), durable='yes')\n"
    assert problems_of(tmp_path, lines) == [
        (0, "durable has a wrong value", "True or False", "str: 'yes'")
    ]


def test_the_plan_says_what_is_kept_and_boards_are_told_nothing_of_it(tmp_path):
    lines = (
        "flow.add(Soil, at=a) >> reliable(flow.add(Tally, at=b), durable=True) "
        ">> reliable(flow.add(Store, at=a))\n"
        "flow.add(Soil, at=probe, name='other') >> reliable(flow.add(Store, at=a, name='more'))\n"
    )
    file, _ = site_file(tmp_path, lines)
    wires = make_plan(load_checked(file)).wires
    assert [wire.durable for wire in wires.values()] == [True, True, False]
    assert wires[1].spec["durable"] is True
    assert "durable" not in wires[3].spec


def test_a_device_that_is_back_gets_nothing_before_its_reliable_wires_which_wait_for_nobody(
    tmp_path,
):
    lines = (
        "flow.add(Soil, at=a) >> reliable(flow.add(Tally, at=b), durable=True) "
        ">> reliable(flow.add(Store, at=a))\n"
    )
    plan = make_plan(load_checked(site_file(tmp_path, lines)[0]))
    _, commands = restored(plan, "home/b")
    after = {command.key: command.after for command in commands}
    assert ("source", 2) in after["target", 1]
    assert ("target", 2) not in after["source", 2]
    assert ("target", 1) in after["source", 1]  # that end has just been heard
    _, commands = restored(plan, "home/a", [("source", 2)])  # both are back
    after = {command.key: command.after for command in commands}
    assert ("source", 2) in after["target", 1]


# -- the flash of a board


def test_flash_is_for_wires_that_leave_a_board_and_the_plan_tells_its_board(tmp_path):
    lines = (
        "flow.add(Soil, at=probe) >> stream(flow.add(Store, at=b), flash_kb=64)\n"
        "flow.add(Soil, at=probe, name='other') >> stream(flow.add(Store, at=a, name='more'))\n"
    )
    file, _ = site_file(tmp_path, lines)
    wires = make_plan(load_checked(file)).wires
    assert wires[1].spec["flash"] == 64 * 1024
    assert (wires[1].delivery, wires[1].full) == ("stream", "drop-oldest")
    assert "flash" not in wires[2].spec


def test_flash_where_there_is_none_is_refused_at_its_line(tmp_path):
    lines = (
        "flow.add(Soil, at=a) >> stream(flow.add(Store, at=b), flash_kb=64)\n"
        "flow.add(Soil, at=probe, name='two') "
        ">> stream(flow.add(Pass, at=probe), flash_kb=64) >> flow.add(Store, at=b, name='far')\n"
    )
    (worker, local) = problems_of(tmp_path, lines)
    assert worker == (
        0,
        "the wire soil >> store has flash_kb and begins on a worker",
        "a source on a board, which has flash: a device with board=",
        "home/a is a worker",
    )
    assert local[:2] == (1, "the wire two >> pass has flash_kb and never leaves its device")
    assert local[3] == "both are on home/probe"


def test_flash_of_a_worker_shows_also_where_the_source_was_placed(tmp_path):
    lines = (
        "flow.add(Soil, at=a) >> flow.add(Pass) >> stream(flow.add(Store, at=b), flash_kb=64)\n"
    )
    file, first = site_file(tmp_path, lines)
    with pytest.raises(SiteError, match="pass >> store has flash_kb and begins on a wor") as caught:
        make_plan(load_checked(file))
    assert [one.line for one in caught.value.problems] == [first]


@pytest.mark.parametrize("wrong", ["7", "1025", "-64", "64.0", "True", "None", "'64'", "[64]"])
def test_flash_kb_is_a_size_that_boards_have(tmp_path, wrong):
    lines = f"flow.add(Soil, at=probe) >> stream(flow.add(Store, at=b), flash_kb={wrong})\n"
    ((line, what, expected, _),) = problems_of(tmp_path, lines)
    assert (line, what, expected) == (0, "flash_kb has a wrong value", "8 to 1024")
