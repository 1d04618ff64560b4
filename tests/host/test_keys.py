"""Keys: who gets which, that both ends agree, and that no crash, race or damage goes unseen."""

import json
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from processes import ROOT, environment_of, finished

from actors.check import load_checked
from actors.keys import KeysError, in_memory
from actors.keystore import Store, exported_name
from actors.site import Site
from actors.topology import Topology

GREENHOUSE = ROOT / "samples" / "greenhouse"

# Rotates for ever and says so each time, until somebody kills it.
ROTATE_FOR_EVER = """
import sys
from actors.keystore import Store

store = Store(sys.argv[1])
while True:
    store.rotate("field/probe")
    print("rotated", flush=True)
"""


def make_site(*more, controller="office/desk", **settings) -> Site:
    """A board, two gates and a desk with the controller; `more` devices of the field's."""
    topology = Topology("s", **settings)
    field, office = topology.domain("field"), topology.domain("office")
    field.device("probe", board="virtual")
    gate = field.device("gate", also_in=[office])
    field.device("gate-2", also_in=[office])
    desk = office.device("desk")
    topology.link(gate, desk, seal="fernet")
    topology.controller(at=controller)
    for name in more:
        field.device(name, board="virtual")
    assert not topology.problems
    return Site("site.py", topology, ())


PROBE, GATE, GATE_2, DESK = "1", "2", "3", "4"
PATHS = ("field/probe", "field/gate", "field/gate-2", "office/desk")


@pytest.fixture
def store(tmp_path):
    made = Store(tmp_path / "keys")
    made.make(make_site())
    return made


@pytest.fixture
def greenhouse(tmp_path):
    """A copy of the sample for commands to work in."""
    shutil.copytree(GREENHOUSE, tmp_path / "site", ignore=shutil.ignore_patterns("__pycache__"))
    return tmp_path / "site"


def keys(folder, *arguments):
    """`actors keys site.py …`, which must not show a traceback."""
    done = finished(folder, "keys", "site.py", *arguments)
    assert "Traceback" not in done.stdout + done.stderr
    return done


def all_keys(store):
    return {path: store.device_keys(path) for path in (*PATHS, "console")}


def secrets_in(plain):
    """Every hex text of 32 bytes in a device's keys that nobody else should get by chance."""
    return set(re.findall(r'"([0-9a-f]{64})"', json.dumps(plain)))


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def states(rows):
    return {row.path: row.state for row in rows}


# -- who gets which keys


def test_the_keys_of_a_device_have_the_shape_that_was_agreed():
    found = in_memory(make_site())
    probe, desk = found["field/probe"], found["office/desk"]
    assert list(found) == [*PATHS, "console"]
    assert (probe["number"], probe["path"], probe["epoch"]) == (1, "field/probe", 1)
    assert re.fullmatch("[0-9a-f]{32}", probe["site"])
    assert probe["private"] is None
    assert list(probe["neighbours"]) == [GATE, GATE_2]
    assert set(probe["neighbours"][GATE]) == {"pattern", "psk", "seal"}
    assert probe["neighbours"][GATE]["pattern"] == "NNpsk0"
    assert probe["control"]["from"] == int(DESK)
    assert len(probe["control"]["modulus"]) == 2 * 256
    assert set(desk["neighbours"]) == {GATE, GATE_2, "0"}
    assert set(desk["neighbours"][GATE_2]) == {"pattern", "public", "seal"}
    assert desk["neighbours"][GATE_2]["pattern"] == "KK"
    assert set(desk["macs"]) == {PROBE, GATE, GATE_2, DESK}
    assert set(desk) - set(probe) == {"macs", "signing"}
    assert json.loads(json.dumps(found)) == found


def test_both_ends_of_every_link_have_keys_that_fit():
    found = in_memory(make_site())
    by_number = {str(one["number"]): one for one in found.values()}
    privates = {
        number: X25519PrivateKey.from_private_bytes(bytes.fromhex(one["private"]))
        for number, one in by_number.items()
        if one["private"]
    }
    links = 0
    for number, one in by_number.items():
        for other, entry in one["neighbours"].items():
            back = by_number[other]["neighbours"][number]
            assert (back["pattern"], back["seal"]) == (entry["pattern"], entry["seal"])
            if entry["pattern"] == "KK":
                assert entry["public"] == privates[other].public_key().public_bytes_raw().hex()
            else:
                assert entry["psk"] == back["psk"]
            links += 1
    assert links == 2 * (2 + 3 + 3)  # of the probe, between hosts, of the console


def test_no_two_links_and_no_two_devices_share_a_key():
    # A board next to the controller has a key for the link and one for its words.
    found = in_memory(make_site("probe-2", "probe-3", controller="field/gate"))
    privates = [one["private"] for one in found.values() if one["private"]]
    macs = [one["control"]["mac"] for one in found.values() if one["control"]["mac"]]
    psks = {
        (min(one["number"], int(other)), max(one["number"], int(other)), entry["psk"])
        for one in found.values()
        for other, entry in one["neighbours"].items()
        if "psk" in entry
    }
    every = privates + macs + [psk for _, _, psk in psks]
    assert len(psks) == 6
    assert len(set(every)) == len(every) == 4 + 6 + 6


def test_only_the_controllers_device_can_prove_that_it_is():
    found = in_memory(make_site())
    desk = found["office/desk"]
    for path in PATHS:
        assert found[path]["control"]["mac"] == desk["macs"][str(found[path]["number"])]
        assert ("signing" in found[path]) == ("macs" in found[path]) == (path == "office/desk")
    signing = load_pem_private_key(desk["signing"].encode(), None)
    modulus = f"{signing.public_key().public_numbers().n:0512x}"
    assert {one["control"]["modulus"] for one in found.values()} == {modulus}
    assert signing.key_size == 2048


def test_the_console_is_a_neighbour_of_every_host_and_of_no_board():
    found = in_memory(make_site())
    assert set(found["console"]["neighbours"]) == {GATE, GATE_2, DESK}
    assert (found["console"]["number"], found["console"]["path"]) == (0, "console")
    assert found["console"]["control"]["mac"] is None
    assert [path for path in PATHS if "0" in found[path]["neighbours"]] == list(PATHS[1:])


def test_a_link_is_sealed_as_it_says_and_else_as_its_site():
    site = make_site(seal="plain")
    assert [link.seal for link in site.topology.links].count("fernet") == 1
    found = in_memory(site)
    assert found["field/gate"]["neighbours"][DESK]["seal"] == "fernet"
    assert found["field/gate"]["neighbours"][GATE_2] == {"pattern": "KK", "seal": "plain"}
    assert found["field/probe"]["neighbours"][GATE] == {"pattern": "NNpsk0", "seal": "plain"}
    assert found["console"]["neighbours"][DESK] == {"pattern": "KK", "seal": "plain"}
    assert {link.seal for link in make_site().topology.links} == {"ccm", "fernet"}


def test_keys_made_on_the_fly_are_others_each_time():
    one, two = in_memory(make_site()), in_memory(make_site())
    assert not secrets_in(one) & secrets_in(two)
    assert one["field/probe"]["site"] != two["field/probe"]["site"]


# -- the store


def test_a_second_make_changes_nothing(store):
    before, inode = store.file.read_bytes(), os.stat(store.file).st_ino
    rows = store.make(make_site())
    assert set(states(rows).values()) == {"there already"}
    assert (store.file.read_bytes(), os.stat(store.file).st_ino) == (before, inode)


def test_a_new_device_gets_keys_and_those_of_the_others_stay(store):
    before = all_keys(store)
    rows = store.make(make_site("probe-2"))
    assert [row.path for row in rows if row.state == "made"] == ["field/probe-2"]
    outdated = {row.path for row in rows if row.is_outdated}
    assert outdated == {"field/gate", "field/gate-2", "office/desk"}
    for path, keys_now in all_keys(store).items():
        added = {"5"} & set(keys_now["neighbours"])
        assert bool(added) == (path in ("field/gate", "field/gate-2"))
        for number in added:
            del keys_now["neighbours"][number]
        keys_now.get("macs", {}).pop("5", None)
        assert keys_now == before[path]


def test_a_device_that_comes_back_to_the_site_file_has_its_keys_again(store):
    store.make(make_site("probe-2"))
    before = store.device_keys("field/probe-2")
    rows = store.make(make_site())
    assert states(rows)["field/probe-2"] == "not in the site file"
    with pytest.raises(KeysError, match=r"has no keys for field/probe-2; .* actors keys SITE\.py"):
        store.device_keys("field/probe-2")
    store.make(make_site("probe-2"))
    assert store.device_keys("field/probe-2") == before


@pytest.mark.parametrize("path", [*PATHS, "console"])
def test_a_rotated_device_keeps_no_key_and_its_neighbours_forget_them(store, path):
    before = all_keys(store)
    rows = store.rotate(path)
    after = all_keys(store)
    assert states(rows)[path] == "rotated"
    assert [one for one, state in states(rows).items() if state == "rotated"] == (
        ["site", path] if path == "office/desk" else [path]
    )
    assert (before[path]["epoch"], after[path]["epoch"]) == (1, 2)
    publics_of_others = {
        entry["public"] for entry in before[path]["neighbours"].values() if "public" in entry
    }
    gone = secrets_in(before[path]) - publics_of_others
    gone.add(before["field/gate"]["neighbours"][DESK]["public"] if path == "office/desk" else "")
    for one in PATHS:
        assert not gone & secrets_in(after[one]), one
    assert {row.path for row in rows if row.is_outdated} == {
        one for one in before if before[one] != after[one]
    }


def test_the_controllers_rotation_gives_the_site_another_signing_key(store):
    before = all_keys(store)
    store.rotate("field/gate")
    assert store.device_keys("office/desk")["signing"] == before["office/desk"]["signing"]
    store.rotate("office/desk")
    after = all_keys(store)
    assert after["office/desk"]["signing"] != before["office/desk"]["signing"]
    for path in PATHS:
        assert after[path]["control"]["modulus"] != before[path]["control"]["modulus"]
        assert after[path]["control"]["mac"] != before[path]["control"]["mac"]


def test_rotating_everybody_leaves_no_key_as_it_was(store):
    before = all_keys(store)
    store.rotate()
    after = all_keys(store)
    assert not secrets_in(before) & secrets_in(after)
    assert {one["epoch"] for one in after.values()} == {2}
    assert after["console"]["site"] == before["console"]["site"]


def test_a_revoked_device_is_nobodys_neighbour_until_it_is_rotated(store):
    old = secrets_in(store.device_keys("field/gate"))
    assert states(store.revoke("field/gate"))["field/gate"] == "revoked"
    assert states(store.rotate())["field/gate"] == "revoked"
    assert states(store.make(make_site("probe-2")))["field/gate"] == "revoked"
    others = [store.device_keys(one) for one in (*PATHS, "console") if one != "field/gate"]
    for one in others:
        assert GATE not in one["neighbours"]
        assert GATE not in one.get("macs", {})
    with pytest.raises(KeysError, match=r"was revoked; .* --rotate field/gate"):
        store.device_keys("field/gate")
    store.rotate("field/gate")
    assert GATE in store.device_keys("field/probe")["neighbours"]
    assert not old & secrets_in(all_keys(store))
    assert store.device_keys("field/gate")["epoch"] == 2


def test_the_device_with_the_controller_cannot_be_revoked(store):
    before = store.file.read_bytes()
    with pytest.raises(KeysError, match=r"office/desk: holds the controller"):
        store.revoke("office/desk")
    store.revoke("field/gate")
    with pytest.raises(KeysError, match=r"field/gate: was revoked and cannot hold the controller"):
        store.make(make_site(controller="field/gate"))
    store.rotate("field/gate")
    assert store.file.read_bytes() != before


def test_a_site_file_that_changed_since_is_refused_with_what_is_new_and_the_command(store):
    store.check(make_site())
    with pytest.raises(KeysError, match=r"field/probe-2 is new; .* actors keys SITE\.py"):
        store.check(make_site("probe-2"))
    with pytest.raises(KeysError, match="numbers, links, seals"):
        store.check(make_site(seal="plain"))
    store.make(make_site("probe-2"))
    with pytest.raises(KeysError, match="field/probe-2 is gone"):
        store.check(make_site())


# -- other machines


def sent_to(folder, store, *paths):
    """The folder of another machine, with the exported files of these devices."""
    folder.mkdir(0o700)
    for path in paths:
        store.export(path, folder / exported_name(path))
    return Store(folder)


def test_an_exported_file_serves_its_device_elsewhere_and_holds_nothing_of_others(store, tmp_path):
    away = sent_to(tmp_path / "away", store, "field/gate", "console")
    away.check(make_site())
    assert away.device_keys("field/gate") == store.device_keys("field/gate")
    assert away.console_keys() == store.console_keys()
    inside = json.loads(store.file.read_text())["secrets"]
    text = (away.folder / "field.gate.json").read_text()
    assert not any(one["secret"] in text for one in inside.values())
    assert not secrets_in(store.device_keys("field/gate-2")) & secrets_in(text) - {
        store.device_keys("office/desk")["neighbours"]["0"]["public"],
        store.device_keys("office/desk")["neighbours"][GATE]["public"],
        *(entry["public"] for entry in store.device_keys("field/gate")["neighbours"].values()
          if "public" in entry),
    }  # fmt: skip


def test_keys_are_not_made_a_second_time_where_they_were_exported_to(store, tmp_path):
    away = sent_to(tmp_path / "away", store, "field/gate")
    with pytest.raises(KeysError, match=r"field\.gate\.json: was exported .* run actors keys"):
        away.make(make_site())
    with pytest.raises(KeysError, match="there are no keys; make them: actors keys"):
        away.rotate()
    with pytest.raises(KeysError, match="--export DEVICE FILE"):
        away.device_keys("field/probe")
    assert os.listdir(away.folder) == ["field.gate.json"]


def test_an_exported_file_that_no_longer_fits_the_site_is_refused(store, tmp_path):
    away = sent_to(tmp_path / "away", store, "field/gate")
    with pytest.raises(KeysError, match=r"has changed since; .* --export field/gate FILE"):
        away.check(make_site(seal="plain"))
    store.revoke("field/gate-2")
    store.export("field/gate", away.folder / "field.gate.json", force=True)
    away.check(make_site())


# -- what is wrong with files


def reader_and_file(store, tmp_path, exported, path):
    """Who is to read a damaged file, and that file: the store's own, or a device's exported one."""
    away = sent_to(tmp_path / "away", store, path)
    if exported:
        return away, away.folder / f"{path.replace('/', '.')}.json"
    return store, store.folder / "site.json"


@pytest.mark.parametrize("exported", [False, True], ids=["store", "exported"])
def test_a_truncated_file_is_refused_with_its_name_and_the_command(store, tmp_path, exported):
    victim, file = reader_and_file(store, tmp_path, exported, "field/gate")
    whole = file.read_bytes()
    for size in range(0, len(whole) - 2, 41):
        file.write_bytes(whole[:size])
        with pytest.raises(KeysError, match=rf"{file.name}: is damaged: .*actors keys SITE\.py"):
            victim.device_keys("field/gate")


def leaves(plain, way=()):
    """Every way to a value in nested JSON."""
    inside = plain.items() if isinstance(plain, dict) else enumerate(plain)
    for key, value in inside:
        yield (*way, key)
        if isinstance(value, dict | list):
            yield from leaves(value, (*way, key))


@pytest.mark.parametrize("exported", [False, True], ids=["store", "exported"])
def test_a_field_of_another_kind_is_refused_wherever_it_is(store, tmp_path, exported):
    victim, file = reader_and_file(store, tmp_path, exported, "office/desk")
    whole = file.read_text()
    tried = 0
    for way in leaves(json.loads(whole)):
        for wrong in (-1, 1.5, "zz", [[]]):
            plain = inside = json.loads(whole)
            for key in way[:-1]:
                inside = inside[key]
            inside[way[-1]] = wrong
            file.write_text(json.dumps(plain))
            with pytest.raises(KeysError, match="is damaged"):
                victim.device_keys("office/desk")
            tried += 1
    assert tried > 100


def test_a_key_is_lower_case_hex_and_nothing_else(store):
    whole = store.file.read_text()
    secret = json.loads(whole)["secrets"]["field/probe"]["secret"]
    for wrong in ("A" + secret[1:], secret[:-2] + "  ", secret[:-1], secret + "00"):
        store.file.write_text(whole.replace(secret, wrong))
        with pytest.raises(KeysError, match="is damaged"):
            store.device_keys("field/probe")


def test_damage_is_never_overwritten(store):
    store.file.write_text("{}")
    for change in (lambda: store.make(make_site()), store.rotate, lambda: store.revoke("console")):
        with pytest.raises(KeysError, match=r"there is no 'version'; .*actors keys SITE\.py"):
            change()
    assert store.file.read_text() == "{}"


@pytest.mark.parametrize(("bits", "fix"), [(0o640, "600"), (0o604, "600"), (0o602, "600")])
def test_a_file_that_others_can_touch_is_refused_with_the_chmod(store, bits, fix):
    store.file.chmod(bits)
    with pytest.raises(KeysError, match=rf"open to others.* chmod {fix} .*site\.json"):
        store.device_keys("field/probe")
    store.file.chmod(0o600)
    store.folder.chmod(0o750)
    for use in (lambda: store.device_keys("field/probe"), lambda: store.make(make_site())):
        with pytest.raises(KeysError, match=r"open to others.* chmod 700 .*keys"):
            use()


def test_a_missing_or_unreadable_store_is_told_with_its_file(tmp_path):
    nowhere = Store(tmp_path / "keys", "farm.py")
    for use in (lambda: nowhere.device_keys("a/b"), nowhere.rotate, nowhere.console_keys):
        with pytest.raises(KeysError, match=r"site\.json: there are no keys; .*actors keys farm"):
            use()
    assert not nowhere.folder.exists()
    (tmp_path / "keys").mkdir(0o700)
    (tmp_path / "keys" / "site.json").mkdir(0o700)
    with pytest.raises(KeysError, match=r"site\.json: cannot be read: Is a directory"):
        nowhere.device_keys("a/b")
    (tmp_path / "file").write_text("")
    with pytest.raises(KeysError, match=r"file/keys: cannot be made: Not a directory"):
        Store(tmp_path / "file" / "keys").make(make_site())


# -- crashes and races


def killed_at_line(number, action):
    """Do it in a child that is killed at this line, counted where files change; whether it was."""
    pid = os.fork()
    if pid == 0:
        left = [number]

        def count(frame, event, _argument):
            if frame.f_code.co_name not in ("write", "_make_folder", "_change", "_locked"):
                return None
            left[0] -= event == "line"
            if left[0] == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            return count

        try:
            sys.settrace(count)
            action()
        finally:
            os._exit(0)
    _, status = os.waitpid(pid, 0)
    return os.WIFSIGNALED(status)


def test_a_kill_at_any_step_leaves_the_old_keys_or_the_new_ones(store):
    rotations = [0]
    number = 1
    while killed_at_line(number, lambda: store.rotate("field/probe")):
        epoch = json.loads(store.file.read_text())["secrets"]["field/probe"]["epoch"]
        rotations.append(epoch - 1)
        assert mode(store.file) == 0o600
        number += 1
    assert number > 20
    # None of them up to the step that renames; every one from there on.
    first = rotations.index(1)
    assert rotations[first:] == list(range(1, len(rotations) - first + 1))
    assert rotations[:first] == [0] * first
    store.rotate()
    assert sorted(os.listdir(store.folder)) == [".gitignore", "site.json"]


def test_a_kill_at_any_step_of_the_first_make_leaves_nothing_in_the_way(tmp_path):
    number, was_killed, is_made = 1, True, []
    while was_killed:
        store = Store(tmp_path / f"keys-{number}")
        was_killed = killed_at_line(number, lambda one=store: one.make(make_site()))
        is_made.append(store.file.exists())
        store.make(make_site())
        assert store.device_keys("office/desk")["signing"]
        number += 1
    assert number > 30
    assert is_made == sorted(is_made)


def test_a_process_killed_while_it_rotates_again_and_again_loses_nothing(store):
    epoch = 1
    for round_ in range(5):
        command = [sys.executable, "-c", ROTATE_FOR_EVER, str(store.folder)]
        environment = environment_of(store.folder)
        with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE) as process:
            said = [process.stdout.readline() for _ in range(1 + 2 * round_)]
            process.kill()
            said += process.stdout.read().splitlines()
        found = store.device_keys("field/probe")["epoch"]
        # A rotation that was said has happened; one more may have been done and not said.
        assert epoch + len(said) <= found <= epoch + len(said) + 1
        epoch = found


def test_commands_at_once_come_one_after_the_other(greenhouse):
    def at_once(count, *arguments):
        command = [sys.executable, "-m", "actors", "keys", "site.py", *arguments]
        environment = environment_of(greenhouse)
        children = [
            subprocess.Popen(command, cwd=greenhouse, env=environment, stdout=subprocess.PIPE)
            for _ in range(count)
        ]
        said = [child.communicate()[0].decode() for child in children]
        assert [child.returncode for child in children] == [0] * count
        return said

    said = at_once(3)
    assert sorted(text.count(" made ") for text in said) == [0, 0, 11]
    at_once(3, "--rotate", "field/probe-1")
    assert Store(greenhouse / "keys").device_keys("field/probe-1")["epoch"] == 4


# -- the command


def test_keys_are_made_once_and_closed_to_others(greenhouse):
    first = keys(greenhouse)
    assert first.returncode == 0, first.stderr
    folder = greenhouse / "keys"
    assert mode(folder) == 0o700
    assert {file.name: mode(file) for file in folder.iterdir()} == {
        "site.json": 0o600,
        ".gitignore": 0o600,
    }
    rows = [line.split() for line in first.stdout.splitlines()]
    assert ["field/probe-1", "made", "1", "1", "ccm"] in rows
    assert ["site", "made"] in rows
    again = keys(greenhouse)
    assert again.stdout.count("there already") == 11
    assert "made" not in again.stdout.split()
    site = load_checked(greenhouse / "site.py")
    store = Store.beside(site.file)
    store.check(site)
    assert len(store.device_keys("office/gate")["neighbours"]) == 6


def test_a_device_is_exported_once_unless_forced(greenhouse):
    keys(greenhouse)
    file = greenhouse / "gate.json"
    done = keys(greenhouse, "--export", "field/gate", file)
    assert done.returncode == 0, done.stderr
    assert "on its machine they have to be keys/field.gate.json" in done.stdout
    assert mode(file) == 0o600
    assert json.loads(file.read_text()) == Store(greenhouse / "keys").device_keys("field/gate")
    file.write_text("mine")
    again = keys(greenhouse, "--export", "field/gate", file)
    assert again.returncode == 1
    assert "gate.json: is there already; --force overwrites it" in again.stderr
    assert file.read_text() == "mine"
    assert keys(greenhouse, "--export", "field/gate", file, "--force").returncode == 0
    assert json.loads(file.read_text())["number"] == 3
    console = keys(greenhouse, "--export", "console", greenhouse / "console.json")
    assert console.returncode == 0, console.stderr
    assert json.loads((greenhouse / "console.json").read_text())["number"] == 0


def test_rotating_and_revoking_say_whose_keys_changed(greenhouse):
    keys(greenhouse)
    rotated = keys(greenhouse, "--rotate", "field/probe-1")
    assert re.search(r"^field/probe-1 +rotated +2 ", rotated.stdout, re.MULTILINE)
    assert "changed for field/probe-1, field/gate, office/w1\n" in rotated.stdout
    revoked = keys(greenhouse, "--revoke", "field/probe-2")
    assert re.search(r"^field/probe-2 +revoked +1 *$", revoked.stdout, re.MULTILINE)
    everybody = keys(greenhouse, "--rotate")
    assert everybody.stdout.count("rotated") == 10
    back = keys(greenhouse, "--rotate", "field/probe-2")
    assert re.search(r"^field/probe-2 +rotated +2 ", back.stdout, re.MULTILINE)


def test_a_changed_site_file_is_not_exported_from(greenhouse):
    keys(greenhouse)
    file = greenhouse / "site.py"
    file.write_text(file.read_text() + 'office.device("w3")\n')
    done = keys(greenhouse, "--export", "office/w3", "w3.json")
    assert done.returncode == 1
    assert "office/w3 is new; keep up by: actors keys site.py" in done.stderr
    assert keys(greenhouse).stdout.count(" made ") == 1
    assert keys(greenhouse, "--export", "office/w3", "w3.json").returncode == 0


def test_a_file_of_another_name_has_a_folder_of_its_own():
    assert Store.beside("farm/site.py").folder == Path("farm/keys")
    assert Store.beside("hello.py").folder == Path("hello-keys")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("field/gate",), 2, "DEVICE goes with --rotate"),
        (("--force",), 2, "--force with --export"),
        (("--rotate", "--revoke", "field/gate"), 2, "one at a time"),
        (("--export", "field/gate"), 2, "--export"),
        (("--rotate",), 1, "keys/site.json: there are no keys; make them: actors keys site.py"),
        (("--export", "field/gate", "f.json"), 1, "make them: actors keys site.py"),
    ],
)
def test_wrong_use_is_told_and_makes_nothing(greenhouse, arguments, code, words):
    done = keys(greenhouse, *arguments)
    assert done.returncode == code
    assert words in done.stderr
    assert not (greenhouse / "keys").exists()


def test_a_device_nobody_knows_is_answered_with_the_one_that_was_meant(greenhouse):
    keys(greenhouse)
    for option in ("--rotate", "--revoke"):
        done = keys(greenhouse, option, "office/w3")
        assert done.returncode == 1
        assert "office/w3: has no keys; did you mean 'office/w2'?" in done.stderr


def test_a_wrong_site_makes_no_keys(greenhouse):
    with (greenhouse / "site.py").open("a") as file:
        file.write('site.link(w1, w2, seal="cmm")\n')
    done = keys(greenhouse)
    assert done.returncode == 2
    assert "did you mean 'ccm'?" in done.stderr
    assert not (greenhouse / "keys").exists()
