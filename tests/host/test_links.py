"""Links between real processes: which transport they take, how they are sealed, what a line loses.

That links between machines are TCP is shown by `test_namespaces`.
"""

import json

import pytest
from processes import LIMIT_S, ORCHARD, SITES, Arrivals, Orchard, Process, finished, free_ports
from pumps import SerialPump

from actors.check import load_checked

SERIAL = SITES / "serial" / "site.py"
SECONDS = 3
ONE, TWO = "bench/one", "bench/two"


def shown_row(output, *words):
    """The last line of an output that has all the words."""
    return next(line for line in reversed(output.splitlines()) if all(one in line for one in words))


# -- between processes of one host


@pytest.fixture(scope="module", params=["ccm", "fernet", "plain"])
def sealed(request, tmp_path_factory):
    """(seal, summary, output) of a short run of the orchard with such links."""
    folder = tmp_path_factory.mktemp(request.param)
    with Orchard(folder, "--seconds", SECONDS, seal=request.param) as process:
        assert process.wait(90) == 0, process.output
        return request.param, process.summary(), process.output


def test_every_link_of_one_host_is_a_unix_socket_with_the_seal_of_the_site(sealed):
    seal, summary, output = sealed
    links = {tuple(one["between"]): one for one in summary["links"]}
    assert set(links) == {(one.a.path, one.b.path) for one in load_checked(ORCHARD).topology.links}
    for (one, other), link in links.items():
        assert (link["transport"], link["seal"]) == ("unix", seal)
        assert f" unix  {' ' * 5}{seal} " in shown_row(output, one, other, " unix ")


def test_readings_cross_sealed_and_plain_links_alike(sealed):
    _, summary, _ = sealed
    crossing = [wire for wire in summary["wires"] if wire["hops"] == 2]
    assert len(crossing) == 2
    for wire in crossing:
        assert wire["delivered"] == wire["accepted"] > 10
        assert wire["dropped"] == {}


def test_one_link_can_have_a_seal_of_its_own(tmp_path):
    parts = (SERIAL.parent / "parts.py").read_text()
    site = (SERIAL.parent / "site.py").read_text()
    third = 'three = bench.device("three")\nsite.link(two, three, seal="plain")\n'
    (tmp_path / "parts.py").write_text(parts)
    (tmp_path / "site.py").write_text(
        site.replace("site.link(one, two, uart=(PORTS[0], PORTS[1]))\n", third)
    )
    done = finished(tmp_path, "run", "site.py", "--seconds", SECONDS, "--json", "out.json")
    assert done.returncode == 0, done.stdout
    links = json.loads((tmp_path / "out.json").read_text())["links"]
    seals = {tuple(one["between"]): one["seal"] for one in links}
    assert seals == {
        (ONE, TWO): "ccm",
        (ONE, "bench/three"): "ccm",
        (TWO, "bench/three"): "plain",
    }


def test_a_process_that_finds_the_address_taken_says_so_and_the_other_keeps_its_links(tmp_path):
    port = str(free_ports(4))
    with Process(tmp_path, "run", ORCHARD, "--json", "out.json", FIRST_PORT=port) as process:
        process.wait_for("rolled out")
        (tmp_path / "second").mkdir()
        with Process(tmp_path / "second", "run", ORCHARD, FIRST_PORT=port) as second:
            second.wait_for("cannot listen on")
            second.interrupt()
            assert second.wait(60) == 1
        process.interrupt()
        assert process.wait(60) == 0, process.output
    summary = json.loads((tmp_path / "out.json").read_text())
    assert {one["transport"] for one in summary["links"]} == {"unix"}
    assert {one["resumed"] for one in summary["links"]} == {0}


# -- over a serial line


@pytest.fixture(scope="module", params=[None, 3000], ids=["whole", "lossy"])
def serial(request, tmp_path_factory):
    """(bytes that the line has lost, summary, output, values that came) of a run over a line."""
    folder = tmp_path_factory.mktemp("serial")
    with SerialPump(request.param) as line:
        command = ("run", SERIAL, "--seconds", 8, "--json", "out.json")
        with Process(folder, *command, PORTS=" ".join(line.ports)) as process:
            assert process.wait(LIMIT_S + 60) == 0, process.output
            output = process.output
        lost = line.lost
    summary = json.loads((folder / "out.json").read_text())
    return lost, summary, output, Arrivals(folder / "arrivals.csv").values(f"{TWO}/pulse")


def test_two_machines_on_a_serial_line_are_linked_by_it_alone(serial):
    _, summary, output, _ = serial
    (link,) = summary["links"]
    assert link["between"] == [ONE, TWO]
    assert (link["transport"], link["seal"], link["refused"]) == ("uart", "ccm", {})
    assert " ccm " in shown_row(output, ONE, TWO, " uart ")


def test_no_reading_is_lost_doubled_or_overtaken_whatever_the_line_loses(serial):
    _, summary, _, values = serial
    (wire,) = summary["wires"]
    assert values == list(range(1, len(values) + 1))
    assert wire["accepted"] == wire["delivered"] == len(values) > 50
    assert wire["dropped"] == {}


def test_a_line_that_loses_bytes_breaks_and_resumes(serial):
    lost, summary, output, _ = serial
    (link,) = summary["links"]
    assert (link["resumed"] > 0) == (lost > 0)
    assert ("a damaged chunk came" in output) == (lost > 0)
