"""Keys of running sites: files that are missing or damaged, wrong ones, changed ones, stolen ones.

Devices are processes of their own, started as a person starts them on another machine. Whoever has
no right keys gets no further than the handshake, is counted by reason, and disturbs nobody.
"""

import json
import shutil
import stat
from itertools import pairwise

import pytest
from cabled import BOARDS, CABLES, DESK, GATE, HALL, LEFT, MACHINES, RIGHT, Cabled
from processes import finished, living_in, until, with_keys

from actors.keys import CONSOLE
from actors.keystore import Store

LEFT_PULSE, RIGHT_PULSE = f"{LEFT}/pulse", f"{RIGHT}/pulse"


def keys(site, *arguments):
    """`actors keys SITE.py …`, which must succeed."""
    done = finished(site.folder, "keys", site.file, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def copy_of_keys(site, name):
    """The keys as they are now, kept for later."""
    return shutil.copytree(site.file.parent / "keys", site.folder / name)


def resume_file(site, path):
    return site.file.parent / "keys" / (path.replace("/", ".") + ".resume")


def refused_at_gate(site, path=RIGHT):
    """{reason: times} of whoever came to the gate in the name of a board."""
    link = site.desk.link(GATE, path)
    return site.desk.device_status(GATE)["refused"] if link is None else link["refused"]


def assert_undisturbed(site, *sources):
    """Every reading of these came, in order, and none is counted as lost."""
    rows = {row["wire"]: row for row in site.desk.status()["wires"]}
    numbers = {f"{GATE}/pulse": 1, f"{HALL}/pulse": 2, LEFT_PULSE: 3, RIGHT_PULSE: 4}
    for source in sources:
        values = site.arrivals.values(source)
        assert values == list(range(1, len(values) + 1)), source
        assert rows[numbers[source]]["dropped"] == {}


def wait_for_links(site):
    """Wait until every neighbour of a gate that was started again is back, and has told so."""
    site.arrivals.wait_for_more(f"{GATE}/pulse", f"{HALL}/pulse", LEFT_PULSE)
    site.wait_for_report(GATE, HALL, LEFT)  # none measures a link of before any more
    for path in (HALL, DESK, LEFT):
        until(lambda path=path: site.is_linked(GATE, path), f"a link to {path}")
    site.wait_for_report(GATE)


def assert_begun_anew(site):
    """The gate's process is another one, once; its own readings began again at the first."""
    gate = site.desk.device_status(GATE)
    assert (gate["alive"], gate["pid"], gate["restarts"]) == (True, site.processes[GATE].pid, 1)
    values = site.arrivals.values(f"{GATE}/pulse")
    start = values.index(1, 1)
    for part in (values[:start], values[start:]):
        assert part == list(range(1, len(part) + 1))


@pytest.fixture
def site(tmp_path):
    """The site with its machines and one board, and readings of them."""
    with Cabled(tmp_path) as made:
        made.kept = copy_of_keys(made, "kept")
        made.start(*MACHINES, LEFT)
        made.arrivals.wait_for_more(LEFT_PULSE)
        try:
            yield made
        finally:
            assert "Traceback" not in made.output()


# -- files


def damage(file):
    text = file.read_text()
    file.write_text(text[: len(text) // 2])


def open_to_others(file):
    file.chmod(0o640)


def remove(file):
    file.unlink()


BROKEN = {
    "missing": (remove, "there are no keys; make them: actors keys cables/site.py"),
    "damaged": (damage, "is damaged", "actors keys cables/site.py"),
    "open to others": (open_to_others, "chmod 600 cables/keys/site.json"),
}
COMMANDS = [("up",), ("node", GATE), ("node", LEFT), ("run",)]


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_key_file_that_cannot_be_used_is_named_with_what_to_do(command, broken, tmp_path):
    breaks, *words = BROKEN[broken]
    breaks(with_keys(tmp_path, CABLES).parent / "keys" / "site.json")
    name, *device = command
    done = finished(tmp_path, name, "cables/site.py", *device)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("cables/keys/site.json: ")
    for word in words:
        assert word in line
    assert living_in(tmp_path) == []


def test_another_machine_runs_with_exported_keys_alone(tmp_path):
    with Cabled(tmp_path) as site:
        there = tmp_path / "there"
        there.mkdir(mode=0o700)
        exported = there / "yard.left.json"
        keys(site, "--export", LEFT, exported)
        assert stat.S_IMODE(exported.stat().st_mode) == 0o600
        site.start(*MACHINES)
        site.start(LEFT, keys=there)
        site.arrivals.wait_for_more(LEFT_PULSE)
        exported.chmod(0o644)
        done = finished(tmp_path, "node", site.file, LEFT, "--keys", there)
        assert done.returncode == 1
        assert "yard.left.json: is open to others" in done.stderr


# -- whoever comes with other keys


def with_former_keys(site):
    """The board was given new keys, and its former ones turn up again."""
    return site.another(RIGHT, keys=site.former)


def of_another_site(site):
    """The same site file, with keys of its own."""
    other = site.folder / "other"
    other.mkdir()
    return site.another(RIGHT, keys=with_keys(other, CABLES).parent / "keys")


def without_a_seal(site):
    """The site file of before there were seals."""
    return site.another(RIGHT, SEAL="plain")


@pytest.mark.parametrize(
    ("comes", "reason", "words"),
    [
        (with_former_keys, "key", "device 5 does not prove its key"),
        (of_another_site, "key", "device 5 does not prove its key"),
        (without_a_seal, "clear", "device 5 speaks in the clear"),
    ],
    ids=["former keys", "another site", "no seal"],
)
def test_a_device_without_the_right_keys_is_refused_and_counted(comes, reason, words, tmp_path):
    with Cabled(tmp_path) as site:
        site.former = copy_of_keys(site, "former")
        keys(site, "--rotate", RIGHT)
        site.start(*MACHINES, LEFT)
        site.arrivals.wait_for_more(LEFT_PULSE)
        with comes(site) as stranger:
            until(lambda: refused_at_gate(site).get(reason, 0) >= 3, "three refusals")
            stranger.kill()

        def all_counted():
            told = [line for line in site.processes[GATE].lines if words in line]
            return refused_at_gate(site) == {reason: len(told)}

        until(all_counted, "a line for each that was refused, and nothing else")
        assert site.desk.link(GATE, RIGHT) is None
        assert_undisturbed(site, LEFT_PULSE, f"{GATE}/pulse", f"{HALL}/pulse")
        # The right one is let in.
        site.start(RIGHT)
        site.arrivals.wait_for_more(RIGHT_PULSE, LEFT_PULSE)
        assert set(site.desk.link(GATE, RIGHT)["refused"]) <= {reason}


def test_a_summary_names_what_was_refused(tmp_path):
    with Cabled(tmp_path) as site:
        kept = copy_of_keys(site, "kept")
        keys(site, "--rotate", LEFT)
        with (
            site.run() as run,
            site.another(LEFT, keys=kept),
        ):
            run.wait_for("device 4 does not prove its key")
            until(lambda: refused_at_gate(site, LEFT).get("key"), "a refusal that was told")
            run.wait_for("rolled out")  # what was never heard is no good end
            run.interrupt()
            assert run.wait(60) == 0, run.output
        summary = json.loads((tmp_path / "out.json").read_text())
        (link,) = (one for one in summary["links"] if one["between"] == [GATE, LEFT])
        assert link["refused"]["key"] >= 1
        assert f"{link['refused']['key']} key" in run.output


def test_two_devices_of_one_identity_cost_their_own_link_alone_and_one_of_them_goes_on(site):
    site.start(RIGHT)
    site.arrivals.wait_for_more(RIGHT_PULSE)
    with site.another(RIGHT):
        until(lambda: refused_at_gate(site).get("replaced", 0) >= 3, "three that were replaced")
    site.arrivals.wait_for_more(RIGHT_PULSE, count=20)
    assert set(refused_at_gate(site)) <= {"replaced", "resume"}
    values = site.arrivals.values(RIGHT_PULSE)
    assert all(one < following for one, following in pairwise(values))
    assert_undisturbed(site, LEFT_PULSE, f"{GATE}/pulse", f"{HALL}/pulse")


# -- keys that change while the site runs


def test_new_keys_are_taken_at_the_next_start_of_both_ends(site):
    site.start(RIGHT)
    site.arrivals.wait_for_more(RIGHT_PULSE)
    assert "rotated" in keys(site, "--rotate", RIGHT)
    site.arrivals.wait_for_more(RIGHT_PULSE, LEFT_PULSE)  # nobody has started again

    site.restart(RIGHT)
    until(lambda: refused_at_gate(site).get("key"), "a gate that knows the former key")
    site.restart(GATE, DESK)
    site.arrivals.wait_for_more(RIGHT_PULSE, LEFT_PULSE)
    assert refused_at_gate(site) == {}


def test_whom_a_person_has_revoked_is_nobodys_neighbour_from_the_next_start(site):
    site.start(RIGHT)
    site.arrivals.wait_for_more(RIGHT_PULSE)
    assert "revoked" in keys(site, "--revoke", RIGHT)
    done = finished(site.folder, "node", site.file, RIGHT)
    assert done.returncode == 1
    assert f"{RIGHT}: was revoked" in done.stderr
    assert f"--rotate {RIGHT}" in done.stderr

    site.restart(GATE, DESK)  # and the board goes on with what it has in memory
    site.arrivals.wait_for_more(LEFT_PULSE)
    until(lambda: site.desk.device_status(GATE)["refused"].get("unknown"), "a stranger")
    assert site.desk.link(GATE, RIGHT) is None

    keys(site, "--rotate", RIGHT)
    site.restart(RIGHT, GATE, DESK)
    site.arrivals.wait_for_more(RIGHT_PULSE, LEFT_PULSE)


def test_new_keys_for_all_end_what_the_former_ones_could(site):
    former = json.loads(resume_file(site, GATE).read_text())
    keys(site, "--rotate")
    site.arrivals.wait_for_more(LEFT_PULSE)
    site.restart(*MACHINES, LEFT)
    site.ask_anew()
    site.arrivals.wait_for_more(LEFT_PULSE)
    present = json.loads(resume_file(site, GATE).read_text())
    assert set(present) == set(former)
    assert all(present[number] != former[number] for number in former)
    with site.another(RIGHT, keys=site.kept):
        until(lambda: refused_at_gate(site).get("key"), "the former key refused")


# -- secrets to resume with


def test_a_gate_that_was_killed_lets_everybody_in_by_the_secrets_it_has_kept(site):
    file = resume_file(site, GATE)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    before = json.loads(file.read_text())
    assert set(before) == {"2", "3", "4"}  # the hall, the desk and the left board

    site.restart(GATE)
    wait_for_links(site)
    for path in (HALL, DESK, LEFT):
        assert refused_at_gate(site, path) == {}
    assert_begun_anew(site)
    assert json.loads(file.read_text()) == before  # a full handshake makes another secret
    values = site.arrivals.values(LEFT_PULSE)
    assert all(one < following for one, following in pairwise(values))


@pytest.mark.parametrize("spoil", [remove, damage], ids=["removed", "damaged"])
def test_without_its_secrets_a_gate_shakes_hands_anew(spoil, site):
    file = resume_file(site, GATE)
    before = json.loads(file.read_text())
    site.processes[GATE].kill()
    spoil(file)
    site.start(GATE)
    until(lambda: not site.is_of_before(GATE), "news of the gate")
    wait_for_links(site)
    for path, number in ((HALL, 2), (DESK, 3), (LEFT, 4)):
        said = f"no secret to resume with device {number}"
        assert len([line for line in site.processes[GATE].lines if said in line]) == 1
        assert refused_at_gate(site, path) == {"resume": 2}  # the other end counts it, too
    assert_begun_anew(site)
    after = json.loads(file.read_text())
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(after) == set(before)
    assert all(after[number] != before[number] for number in before)


def test_no_key_is_in_what_anybody_says(site):
    kept, paths = Store.beside(site.file), (*MACHINES, *BOARDS, CONSOLE)
    store = json.loads(kept.file.read_text())
    secrets = [one for one in _texts(store) if len(one) == 64]
    secrets += [one for path in paths for one in _texts(kept.device_keys(path)) if len(one) == 64]
    secrets += _texts(json.loads(resume_file(site, GATE).read_text()))
    assert len(secrets) >= 2 * len(paths)
    said = site.output() + json.dumps(site.desk.status())
    assert not [one for one in secrets if one in said]


def _texts(plain):
    if isinstance(plain, dict):
        return [text for value in plain.values() for text in _texts(value)]
    if isinstance(plain, list):
        return [text for value in plain for text in _texts(value)]
    return [plain] if isinstance(plain, str) else []
