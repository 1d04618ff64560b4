"""A virtual board on a serial port: `mpremote`, or any terminal, finds a board behind it.

    mpremote ~~ outer pseudo-terminal ~~ supervisor ~~ inner pseudo-terminal ~~ MicroPython

The outer one is the port, which stays; the inner one is the wire inside the board, and its process
is started again whenever a board would begin anew. What the process cannot do, the supervisor adds:
the words of a soft reset, and that a reset from the raw prompt leads back to it. It never looks
into files, and knows nothing of actors.

*Source*: MicroPython documentation, "REPL: raw mode and raw-paste mode"; the rest is measured.
"""

import fcntl
import os
import re
import select
import signal
import subprocess
import termios
import time
from pathlib import Path

from actors.boards import virtual
from actors.boards.interpreter import Interpreter, find

INTERRUPT = b"\x03"  # Ctrl-C
STARTED = b"\x16"  # the process says this when it can be interrupted; it is for nobody else
# A local mode that does nothing here. MicroPython clears all of them while it prompts, so it tells
# whether a program runs. Changing to the prompt throws away what has come.
PROGRAM_RUNS = termios.NOFLSH
# How long an interrupted program may take to its prompt, of what this process had of that time: on
# a busy machine both get less of it. As long as mpremote waits.
PROMPT_S = 10.0
# A line typed at the prompt may begin a program, and what comes then is for that: it is held until
# the process prompts again or runs it, at most so long.
LINE_S = 1.0
TYPED_LINE = re.compile(rb"[^\r\n\x03]*[\r\n\x03]?")
PROMPTS = (b">>> ", b"... ", b"=== ")
LOOK_S = 0.02
RAW_READY = b"raw REPL; CTRL-B to exit\r\n>"
FRIENDLY_READY = b'Type "help()" for more information.\r\n>>> '
# The raw prompt takes a program in pieces: this begins it. One END confirms its end, one is after
# what it says, one after its error. While it runs the modes say nothing, so these are counted.
PASTE_READY, END = b"R\x01\x80\x00\x01", b"\x04"
PASTE_ENDS, PASTE_RUNS = 3, 2
BANNER = re.compile(rb"MicroPython [^\n]*\n" + re.escape(FRIENDLY_READY))
LINE_END = re.compile(rb"(?<!\r)\n")
SOFT_RESET = b"MPY: soft reboot\r\n"
CHUNK_BYTES = 4096
WAITING_BYTES_MAX = 65536
UNHEARD_S = 0.5  # nobody takes what the board says: a real one would not wait either
AGAIN_S = 0.2  # before a process that ended is followed by the next
TURN_S = 0.2

# A call of `mpremote mount` begins with these two bytes, and what answers it may hold any byte.
CALL = re.compile(rb"\x18[\x01-\x0d]")
CALL_S = 1.0

# As on a board: an error in boot.py keeps main.py from running, and either leads to the prompt;
# `sys.exit` begins anew. Without MICROPYINSPECT the process ends where a board would prompt.
# Whoever waited for it to start may interrupt it as soon as it says so: it prompts from then on.
RUN = """import os
os.putenv('MICROPYINSPECT', '1')
print(end='\x16')
for name in {}:
    try:
        if name in os.listdir():
            exec(open(name).read())
    except SystemExit:
        os.putenv('MICROPYINSPECT', '')
        raise
"""
ALL, ONLY_BOOT = ("boot.py", "main.py"), ("boot.py",)


class Terminal:
    """One board: its port, and the process that is just now behind it.

    `port` is the name of the device file. Serve it, and close it in the end.
    """

    def __init__(
        self, flash: Path, heap_kb: int = virtual.HEAP_KB, interpreter: Interpreter | None = None
    ) -> None:
        """The board of a folder that `virtual.make_blank` or `virtual.prepare` laid out."""
        self._flash = flash
        interpreter = interpreter or find()
        self._argv = [*interpreter.command, "-X", f"heapsize={heap_kb}k", "-c"]
        # One descriptor of the slave stays open, so the port survives whoever comes and goes.
        self._outer, self._held = _pair(0)
        self.port = os.ttyname(self._held)
        self._inner = -1
        self._process: subprocess.Popen[bytes] | None = None
        self._to_board, self._to_person = bytearray(), bytearray()
        self._said = b""  # the last of it, to know which prompt it is at
        self._hidden: bytes | None = None  # what is not for the person, while a raw prompt is made
        self._is_started = False
        self._ends_left = 0  # END that are to come of a program given in pieces
        self._is_given = False  # all of it, and the first of them is still to come
        self._prompt_left_s = 0.0  # how long an interrupted program still has to its prompt
        self._line_left_s = 0.0  # how long a line still has that was typed
        self._call_until_s = self._heard_s = 0.0

    def serve(self) -> None:
        """Be the board until an exception, as of Ctrl-C, ends it."""
        self._start(ALL)
        while True:
            self.turn()

    def turn(self) -> None:
        """Move what there is to move."""
        reads = [self._inner] if len(self._to_person) < WAITING_BYTES_MAX else []
        if len(self._to_board) < WAITING_BYTES_MAX:
            reads.append(self._outer)
        is_held = self._to_board and not self._takes_orders()
        writes = [self._inner] if self._to_board and not is_held else []
        if self._to_person:
            writes.append(self._outer)
        before_s = time.monotonic()
        can_read, can_write, _ = select.select(reads, writes, [], LOOK_S if is_held else TURN_S)
        passed_s = min(time.monotonic() - before_s, TURN_S)
        self._prompt_left_s -= passed_s
        self._line_left_s -= passed_s
        if self._outer in can_read:
            self._to_board += os.read(self._outer, CHUNK_BYTES)
        if self._inner in can_write:
            self._order()
        if self._outer in can_write:
            _move(self._to_person, self._outer)
            self._heard_s = time.monotonic()
        elif self._to_person and time.monotonic() - self._heard_s > UNHEARD_S:
            self._to_person.clear()
        if self._inner in can_read:
            self._listen()

    def close(self) -> None:
        """Switch the board off and take its port away."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            os.close(self._inner)
        os.close(self._outer)
        os.close(self._held)

    # -- the process

    def _start(self, files: tuple[str, ...]) -> None:
        self._is_started = False
        self._inner, slave = _pair(PROGRAM_RUNS)
        environment = {**os.environ, "MICROPYPATH": self._module_path()}
        environment.pop("MICROPYINSPECT", None)
        self._process = subprocess.Popen(
            [*self._argv, RUN.format(files)],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            cwd=self._flash,
            env=environment,
            start_new_session=True,
            # So that it ends with this process, however that ends.
            preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
        )
        os.close(slave)
        os.set_blocking(self._inner, False)

    def _module_path(self) -> str:
        """As of any virtual board, but with a folder that `mip` takes for its own: its end is /lib.

        MicroPython splits it at colons, so a folder's name with one does without `mip`.
        """
        lib = self._flash.resolve() / "lib"
        return virtual.MODULE_PATH.replace("lib", str(lib)) if ":" not in str(lib) else (
            virtual.MODULE_PATH
        )

    def _ended(self) -> None:
        """The process has ended, as a board does that begins anew."""
        assert self._process is not None
        status = self._process.wait()
        os.close(self._inner)
        is_raw = self._is_raw()
        self._said, self._ends_left, self._is_given, self._line_left_s = b"", 0, False, 0.0
        time.sleep(AGAIN_S)
        files: tuple[str, ...] = ALL
        if status == 0:
            self._say(SOFT_RESET)
            if is_raw:
                self._hidden, files = b"", ONLY_BOOT
        # It was just over when it was interrupted, and whoever did so still waits for a prompt.
        if status == -signal.SIGINT or (self._to_board and self._prompt_left_s > 0):
            self._hidden, files = None, ()
        else:
            self._prompt_left_s = 0.0
        self._start(files)

    # -- bytes

    def _takes_orders(self) -> bool:
        """Whether the process would take a byte now, and not throw it away."""
        if not self._is_started or self._is_given:
            return False
        if self._program_runs():
            self._line_left_s = 0.0
            if INTERRUPT in self._to_board and not _takes_interrupts(self._process):
                return False
        else:
            self._prompt_left_s = 0.0
        return self._prompt_left_s <= 0 and self._line_left_s <= 0

    def _program_runs(self) -> bool:
        if self._ends_left == PASTE_RUNS:
            return True
        return bool(termios.tcgetattr(self._inner)[3] & PROGRAM_RUNS)

    def _order(self) -> None:
        """Hand on what somebody wrote to the port. At its prompt the process reads Ctrl-C itself;
        while it runs a program, that is a signal.
        """
        assert self._process is not None
        if self._ends_left == PASTE_ENDS:
            self._give()
            return
        is_call = time.monotonic() < self._call_until_s
        prompts = is_call or not self._program_runs()
        _, interrupt, after = self._to_board.partition(INTERRUPT)
        if prompts and not (is_call or self._is_raw() or self._hidden is not None):
            self._type()
        elif prompts or not interrupt:
            _move(self._to_board, self._inner)
        else:
            self._to_board = after  # what came before is for a program that is over
            self._prompt_left_s = PROMPT_S
            os.killpg(self._process.pid, signal.SIGINT)

    def _type(self) -> None:
        """Hand one line on to the prompt for people."""
        typed = TYPED_LINE.match(self._to_board)
        assert typed is not None, "it matches nothing, too"
        line = bytearray(typed[0])
        size = len(line)
        _move(line, self._inner)
        del self._to_board[: size - len(line)]
        if not line and typed[0].endswith((b"\r", b"\n", INTERRUPT)):
            self._line_left_s = LINE_S

    def _give(self) -> None:
        """Hand on a program up to its END. What came right behind is for it while it runs, and as
        bytes on the inner wire it would be lost with a process that ends.
        """
        program, end, after = self._to_board.partition(END)
        program += end
        _move(program, self._inner)
        self._is_given = bool(end) and not program
        self._to_board = program + after

    def _listen(self) -> None:
        """What the process says is for whoever listens at the port, mostly."""
        try:
            data = os.read(self._inner, CHUNK_BYTES)
        except OSError:  # EIO: nobody has the other end open
            data = b""
        if not data:
            self._ended()
            return
        if not self._is_started:
            self._is_started = STARTED in data
            data = data.replace(STARTED, b"")
        if self._hidden is not None:
            self._hide(data)
            return
        if CALL.search(data):
            self._call_until_s = time.monotonic() + CALL_S
            self._ends_left, self._is_given = 0, False  # any byte may follow, either way
        elif not self._is_raw() and time.monotonic() >= self._call_until_s:
            data = LINE_END.sub(b"\r\n", data)  # as a board does, for whoever reads
        self._say(data)

    def _hide(self, data: bytes) -> None:
        """On the way back to the raw prompt: pass on what boot.py says, hide the other prompt."""
        assert self._hidden is not None
        self._hidden += data
        if banner := BANNER.search(self._hidden):
            self._say(self._hidden[: banner.start()])
            self._hidden = self._hidden[banner.end() :]
            self._to_board += b"\x01"
        if RAW_READY in self._hidden:
            self._say(RAW_READY)
            self._hidden = None

    def _is_raw(self) -> bool:
        return self._said.rfind(RAW_READY) > self._said.rfind(FRIENDLY_READY)

    def _say(self, data: bytes) -> None:
        if not self._to_person:
            self._heard_s = time.monotonic()
        self._to_person += data
        self._said = (self._said + data)[-CHUNK_BYTES:]
        if self._said.endswith(PROMPTS):
            self._line_left_s = 0.0
        if self._ends_left:
            self._ends_left = max(0, self._ends_left - data.count(END))
            self._is_given = self._is_given and self._ends_left == PASTE_ENDS
        elif self._said.endswith(PASTE_READY):
            self._ends_left = PASTE_ENDS


def _takes_interrupts(process: "subprocess.Popen[bytes] | None") -> bool:
    """Whether a signal would reach the program; just before it begins, it would end the process.

    Where no /proc says so, it is taken for granted.
    """
    assert process is not None
    try:
        status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
    except OSError:
        return True
    caught = re.search(r"^SigCgt:\s*([0-9a-f]+)$", status, re.MULTILINE)
    return caught is None or bool(int(caught[1], 16) >> (signal.SIGINT - 1) & 1)


def _move(data: bytearray, to: int) -> None:
    """Write what can be written at once."""
    try:
        del data[: os.write(to, data)]
    except BlockingIOError:
        pass


def _pair(local_modes: int) -> tuple[int, int]:
    """Master and slave of a terminal that changes no byte."""
    master, slave = os.openpty()
    modes = termios.tcgetattr(slave)
    modes[0] = modes[1] = 0
    modes[3] = local_modes
    modes[6][termios.VMIN], modes[6][termios.VTIME] = 1, 0
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    os.set_blocking(master, False)
    return master, slave
