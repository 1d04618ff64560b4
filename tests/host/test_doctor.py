"""`actors doctor` finds what keeps a board from working, and says which command mends it."""

import re

import pytest
from ported import Board
from processes import SITES, finished, free_ports, with_keys

from actors import doctor
from actors.boards.interpreter import BoardError

SITE = SITES / "two_machines" / "site.py"


def test_all_is_good_where_a_board_answers_and_the_keys_fit(tmp_path):
    port = {"FIRST_PORT": str(free_ports(1, ("127.0.0.1", "127.0.0.2")))}
    file = with_keys(tmp_path, SITE, **port)
    with Board(tmp_path, tmp_path / "flash") as board:
        done = finished(tmp_path, "doctor", file, "--port", board.port, **port)
        rows = dict(re.findall(r"^good   ([^:]+): (.*)$", done.stdout, re.MULTILINE))
        assert done.returncode == 0, done.stdout + done.stderr
        assert rows["port"] == f"{board.port}: there, ours to open, and free"
        assert "MicroPython 1." in rows["board"]
        fits = r"mpy-cross compiles for \.mpy version 6, that of (.+)"
        assert re.fullmatch(r"MicroPython 1\.\d+\.\d+, \.mpy version 6", rows["virtual boards"])
        assert re.fullmatch(fits, rows["compiler"])
        assert re.fullmatch(fits, rows["board's modules"])[1] == f"the board at {board.port}"
        assert rows["keys"] == "made, and for this site file"
        assert "for this machine only" in rows["address of far/gate"]


def test_what_is_wrong_is_named_with_what_mends_it(tmp_path):
    port = {"FIRST_PORT": "27000"}
    file = with_keys(tmp_path, SITE, **port)
    (file.parent / "keys" / "site.json").unlink()
    file.write_text(file.read_text().replace("127.0.0.2", "192.0.2.7"))
    done = finished(tmp_path, "doctor", file, "--port", "/dev/nothing", **port)
    assert done.returncode == 1
    assert "WRONG  port: /dev/nothing: no such port" in done.stdout
    assert re.search(r"^WRONG  keys: .*actors keys ", done.stdout, re.MULTILINE)
    assert re.search(
        r"^WRONG  address of far/gate: 192\.0\.2\.7:27000 does not answer.* node ",
        done.stdout, re.MULTILINE,
    )


def test_a_firewall_that_is_on_is_told_which_ports_to_open(tmp_path, monkeypatch):
    (tmp_path / "ufw.conf").write_text("ENABLED=yes\n")
    monkeypatch.setattr(doctor, "UFW", tmp_path / "ufw.conf")
    monkeypatch.setattr(doctor.os, "geteuid", lambda: 1000)
    with pytest.raises(BoardError, match="sudo ufw allow 7402/tcp; sudo ufw allow 7403/tcp"):
        doctor._firewall([7402, 7403])
    (tmp_path / "ufw.conf").write_text("ENABLED=no\n")
    assert "firewalld" in doctor._firewall([7402])


def test_a_clock_that_nobody_has_set_is_said(monkeypatch):
    monkeypatch.setattr(doctor, "YEAR_LEAST", 9999)
    with pytest.raises(BoardError, match="set it: sudo timedatectl set-ntp true"):
        doctor._clock()
