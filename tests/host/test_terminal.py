"""A virtual board on a serial port is to mpremote what any board is."""

import hashlib
import time

import pytest
import serial
from ported import Board
from processes import until

COUNTS = """
import time
with open("starts", "a") as file:
    file.write("x")
while True:
    time.sleep_ms(10)
"""

RAW = b"raw REPL; CTRL-B to exit\r\n>"
PASTE, PASTES = b"\x05A\x01", b"R\x01\x80\x00\x01"


@pytest.fixture
def board(tmp_path):
    with Board(tmp_path, tmp_path / "flash") as one:
        yield one


def starts(board):
    """How often main.py was begun."""
    file = board.flash / "starts"
    return len(file.read_text()) if file.exists() else 0


def test_it_says_its_port_first_and_runs_what_it_is_told(board):
    assert board.lines[0] == board.port
    assert board.mpremote("exec", "print(6 * 7)") == "42\n"
    assert board.mpremote("eval", "6 * 7") == "42\n"
    (board.folder / "one.py").write_text("import machine\nprint(machine.freq())\n")
    assert board.mpremote("run", "one.py") == "160000000\n"


def test_an_error_there_is_an_error_here(board):
    done = board.tried("exec", "1 / 0")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stdout + done.stderr


def test_files_come_and_go_and_what_is_there_is_not_sent_again(board):
    content = bytes(range(256)) * 20
    (board.folder / "all.bin").write_bytes(content)
    (board.folder / "deep" / "er").mkdir(parents=True)
    (board.folder / "deep" / "er" / "one.txt").write_text("one")
    board.mpremote("fs", "cp", "all.bin", ":all.bin")
    assert (board.flash / "all.bin").read_bytes() == content
    assert "Up to date" in board.mpremote("fs", "cp", "all.bin", ":all.bin")
    assert hashlib.sha256(content).hexdigest() in board.mpremote("fs", "sha256sum", "all.bin")
    board.mpremote("fs", "cp", "-r", "deep", ":")
    assert "all.bin" in board.mpremote("fs", "ls")
    assert "one.txt" in board.mpremote("fs", "tree")
    board.mpremote("fs", "cp", ":all.bin", "back.bin")
    assert (board.folder / "back.bin").read_bytes() == content
    board.mpremote("fs", "rm", "all.bin")
    assert not (board.flash / "all.bin").exists()


def test_a_folder_of_the_machine_is_mounted_whatever_bytes_its_files_hold(board):
    mounted = board.folder / "mounted"
    mounted.mkdir()
    (mounted / "all.bin").write_bytes(bytes(range(256)) * 20)
    (mounted / "ask.py").write_text("print(open('all.bin', 'rb').read() == bytes(range(256)) * 20)")
    assert "True" in board.mpremote("mount", mounted, "exec", "import ask")


def test_main_begins_after_a_reset_and_is_interrupted_by_whoever_comes(board):
    board.write("main.py", COUNTS)
    board.mpremote("reset")
    until(lambda: starts(board) == 1, "main.py")
    assert board.mpremote("resume", "exec", "print('stopped')") == "stopped\n"
    board.mpremote("soft-reset")  # to the raw prompt, for which a board leaves main.py out
    board.mpremote("exec", "print(1)")
    assert starts(board) == 1
    board.mpremote("reset")
    until(lambda: starts(board) == 2, "main.py once more")


def test_boot_runs_before_the_raw_prompt_too(board):
    board.write("boot.py", "BOOTED = 'yes'\n")
    assert board.mpremote("exec", "print(BOOTED)") == "yes\n"


def test_a_program_that_resets_the_board_or_exits_begins_it_anew(board):
    board.write("main.py", COUNTS.replace("while True:", "while len(open('starts').read()) > 3:"))
    with (board.flash / "main.py").open("a") as file:
        file.write("import machine, sys\n")
        file.write("machine.reset() if len(open('starts').read()) < 3 else sys.exit()\n")
    board.mpremote("reset")
    until(lambda: starts(board) == 4, "the fourth start")


def test_its_watchdog_resets_it_when_it_hangs(board):
    armed = "from machine import WDT\nWDT(timeout=300)\nwhile"
    board.write("main.py", COUNTS.replace("while", armed).replace("sleep_ms(10)", "sleep(9)"))
    board.mpremote("reset")
    until(lambda: starts(board) >= 3, "two resets by the watchdog")


def test_a_person_at_the_prompt_interrupts_and_types(board):
    with serial.Serial(board.port, timeout=10) as port:
        port.write(b"while True: pass\r\n\r\n")
        port.read_until(b"... ")
        port.write(b"\x03")
        assert b"KeyboardInterrupt" in port.read_until(b">>> ")
        port.write(b"print('a' + 'b')\r\n")
        assert b"ab\r\n" in port.read_until(b"ab\r\n")
        port.write(b"\x04")
        assert b"MPY: soft reboot\r\n" in port.read_until(b"soft reboot\r\n")
        assert b"MicroPython" in port.read_until(b">>> ")


def test_a_person_who_types_a_program_and_interrupts_it_in_one_breath_gets_a_prompt(board):
    with serial.Serial(board.port, timeout=10) as port:
        for _ in range(5):
            port.write(b"while True: pass\r\n\r\n\x03")
            assert b"KeyboardInterrupt" in port.read_until(b"KeyboardInterrupt: ")
        port.write(b"print('a' + 'b')\r\n")
        assert b"ab\r\n" in port.read_until(b"ab\r\n")


def test_whoever_comes_at_any_moment_of_a_reset_gets_a_prompt(board):
    board.write("main.py", COUNTS)
    with serial.Serial(board.port, timeout=30) as port:
        asked = b"\r\x03\r\x01"
        for moment in range(24):
            port.write(asked)
            assert port.read_until(RAW).endswith(RAW), moment
            port.write(PASTE)
            assert port.read_until(PASTES).endswith(PASTES)
            port.write(b"import time, machine; time.sleep_ms(100); machine.reset()\x04")
            time.sleep(moment * 0.02)  # from the pause before it to long after main.py began
        port.write(asked)
        assert port.read_until(RAW).endswith(RAW)


def test_who_interrupts_in_one_breath_with_the_program_that_resets_it_gets_a_prompt(board):
    board.write("main.py", COUNTS)
    with serial.Serial(board.port, timeout=30) as port:
        port.write(b"\r\x03\r\x01")
        assert port.read_until(RAW).endswith(RAW)
        port.write(PASTE)
        assert port.read_until(PASTES).endswith(PASTES)
        port.write(b"import machine; machine.reset()\x04" + b"\r\x03\r\x01")
        assert port.read_until(RAW).endswith(RAW)


def test_a_program_that_was_given_over_the_wire_and_never_ends_is_interrupted_by_the_next(board):
    endless = "while True: print('on and on')"
    assert board.mpremote("exec", "--no-follow", endless) == ""
    assert board.mpremote("resume", "exec", "print('stopped')") == "stopped\n"


def test_two_boards_have_a_port_each_and_the_same_name_finds_its_flash_again(tmp_path):
    with Board(tmp_path, tmp_path / "a") as one, Board(tmp_path, tmp_path / "b") as two:
        assert one.port != two.port
        one.mpremote("exec", "open('kept', 'w').write('here')")
        assert "kept" not in two.mpremote("fs", "ls")
        one.kill()
        with Board(tmp_path, tmp_path / "a") as again:
            assert "here" in again.mpremote("exec", "print(open('kept').read())")
