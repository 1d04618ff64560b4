"""A board at the other end of a serial port, by `mpremote`: run a program there, copy files.

`mpremote` is called as a command: its options are documented, its Python interface is not stable.
What goes wrong comes out as a sentence about the cable, the port or the board.
"""

import ast
import os
import re
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from actors.boards import port as ports
from actors.boards.interpreter import BoardError
from actors.boards.onboard import MARK

IDLE_S = 35.0  # mpremote itself waits 10 s each for three things
SHOWN_LENGTH_MAX = 300
ESPTOOL = (
    "pip install esptool; esptool --port {0} erase-flash; esptool --port {0} --chip esp32 "
    "--baud 460800 write-flash 0x1000 ESP32_GENERIC.bin (from micropython.org/download)"
)
NOT_THERE = re.compile(r"could not enter raw repl|could not exec command|timeout waiting for")
PULLED = re.compile(
    r"SerialException|device reports readiness|Input/output error|Errno 5\b|disconnected|"
    r"termios\.error|\(5, "
)
FULL = re.compile(r"No space left|ENOSPC|\[Errno 28\]")


class PulledError(BoardError):
    """The cable was pulled, or the board lost power, in the middle of something."""


class NobodyError(BoardError):
    """Nothing at the port answers as MicroPython does."""


class Remote:
    """The board at a port. *Raises* BoardError for a port that cannot be used."""

    def __init__(self, port: str) -> None:
        if find_spec("mpremote") is None:
            raise BoardError("mpremote is not installed: pip install 'mp-actors[board]'")
        ports.check(port)
        self.port = port

    def run(self, program: str) -> list[tuple[Any, ...]]:
        """What a program tells, in rows, the last of which says that it came to its end.

        *Raises* BoardError.
        """
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(program)
            file.flush()
            text = self.command("run", file.name)
        rows = [_row(line) for line in text.splitlines() if line.startswith(MARK)]
        if ("end",) not in rows:
            raise BoardError(f"{self.port}: a program did not end well there: {_tail(text)}")
        return rows

    def run_last(self, program: str) -> None:
        """Run a program that ends in a reset, so that nobody can tell how it went."""
        with tempfile.NamedTemporaryFile("w", suffix=".py") as file:
            file.write(program)
            file.flush()
            self.command("run", "--no-follow", file.name)

    def copy(self, files: Sequence[Path], folder: str, told: Callable[[int], None]) -> int:
        """Copy files into a folder of the board, which is made; told(n): n of them are begun.

        Returns how many it had already. *Raises* BoardError.
        """
        make = f"import os\nif {folder!r} not in os.listdir(): os.mkdir({folder!r})"
        words = ["exec", make, "+", "fs", "cp", *map(str, files), f":{folder}/"]
        text = self.command(*words, told=lambda text: told(text.count("cp /")))
        return text.count("Up to date: ")

    def reset(self) -> None:
        """Let the board begin anew, as if it had been switched on."""
        try:
            self.command("reset")
        except PulledError:
            pass  # a board that is its own USB device goes, and comes back

    def command(self, *words: str, told: Callable[[str], None] | None = None) -> str:
        """What an mpremote command prints. *Raises* BoardError, PulledError."""
        argv = [sys.executable, "-m", "mpremote", "connect", self.port, *words]
        with subprocess.Popen(
            argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        ) as process:
            try:
                text = _read(process, told)
            finally:
                process.kill()  # which has ended, or says nothing any more
            code = process.wait()
        if code == 0 and text is not None:
            return text
        raise self._fault(text)

    def _fault(self, text: str | None) -> BoardError:
        """What went wrong, from what mpremote said last; None: nothing for too long."""
        if not os.path.exists(self.port):
            return PulledError(
                f"{self.port}: is gone: the cable was pulled, or the board lost power; the board "
                "still starts what it had; plug it in and give the command again"
            )
        if text is not None and "failed to access" in text:
            return BoardError(
                f"{self.port}: cannot be opened: a program of another user has it; which one: "
                f"sudo lsof {self.port}"
            )
        if text is None:
            return no_micropython(self.port, f"nothing there answers within {IDLE_S:g} s")
        if FULL.search(text):
            return BoardError(
                f"{self.port}: its flash is full; the board still starts what it had; look at what "
                f"is in it: mpremote connect {self.port} fs tree -s, and remove what is not needed"
            )
        if NOT_THERE.search(text):
            return no_micropython(self.port, "nothing there answers as one")
        if PULLED.search(text):
            return PulledError(
                f"{self.port}: the connection broke: was the cable pulled? The board still starts "
                "what it had; plug it in and give the command again"
            )
        return BoardError(f"{self.port}: mpremote failed: {_tail(text)}")


def no_micropython(port: str, why: str) -> NobodyError:
    """That no MicroPython is there, and how one gets there."""
    return NobodyError(
        f"{port}: no MicroPython: {why}; press the board's reset button (EN) and try again, or put "
        "MicroPython on it: "
        + ESPTOOL.format(port)
    )


def _read(
    process: subprocess.Popen[bytes], told: Callable[[str], None] | None
) -> str | None:
    """Everything a process says until it ends; None if it falls silent for too long."""
    assert process.stdout is not None
    data = b""
    heard_s = time.monotonic()
    while time.monotonic() - heard_s < IDLE_S:
        if not select.select([process.stdout], [], [], 1.0)[0]:
            continue
        piece = os.read(process.stdout.fileno(), 65536)
        if not piece:
            return data.decode(errors="replace")
        data += piece
        heard_s = time.monotonic()
        if told is not None:
            told(data.decode(errors="replace"))
    return None


def _row(line: str) -> tuple[Any, ...]:
    try:
        row = ast.literal_eval(line[len(MARK) :])
    except (ValueError, SyntaxError):
        return ()
    return row if isinstance(row, tuple) else ()


def _tail(text: str) -> str:
    return " ".join(text.split())[-SHOWN_LENGTH_MAX:] or "it said nothing"
