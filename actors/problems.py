"""Problems: what is wrong in a site, where the person wrote it, and what to do about it.

From the builders, the loader and the checks, which collect, to the command line, which prints. A
problem is data and is never raised while somebody is still declaring, so that all of them come at
once; only `SiteError`, which carries the whole list, is raised.
"""

import difflib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import FrameType
from typing import NamedTuple

from mp_actors.errors import ActorsError, PathError
from mp_actors.path import NAME_LENGTH_MAX, check_name

OWN_PACKAGES = ("actors", "mp_actors")  # a frame of these is never the person's line


class SourceLine(NamedTuple):
    """A line of a person's file."""

    file: str
    line: int


@dataclass(frozen=True)
class Problem:
    """One mistake in a site; `expected`, `got` and `remedy` may be empty."""

    file: str
    line: int
    what: str
    expected: str = ""
    got: str = ""
    remedy: str = ""

    def __str__(self) -> str:
        place = f"{shown_path(self.file)}:{self.line}"
        return worded(place, self.what, self.expected, self.got, self.remedy)


def worded(place: str, what: str, expected: str = "", got: str = "", remedy: str = "") -> str:
    """A mistake as a person reads it: where and what, then a line for each of the others."""
    lines = [f"{place}: error: {what}"]
    for label, text in (("expected", expected), ("got", got), ("remedy", remedy)):
        if text:
            lines.append(f"    {label}: {text}")
    return "\n".join(lines)


class Problems:
    """Collects problems in the order in which they were met."""

    def __init__(self) -> None:
        self._found: list[Problem] = []

    def __iter__(self) -> Iterator[Problem]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)

    def add(
        self, at: SourceLine, what: str, *, expected: str = "", got: str = "", remedy: str = ""
    ) -> None:
        """Record one mistake, met at a person's line."""
        self._found.append(Problem(at.file, at.line, what, expected, got, remedy))

    def add_value(self, at: SourceLine, label: str, expected: str, got: object) -> None:
        """Record a value that is not what was expected."""
        self.add(at, f"{label} has a wrong value", expected=expected, got=shown_value(got))

    def extend(self, problems: Iterable[Problem]) -> None:
        """Take over what somebody else collected."""
        self._found.extend(problems)

    def check_name(self, at: SourceLine, thing: str, name: object) -> None:
        """Record a problem if name cannot be part of a path; thing says what it should name."""
        try:
            check_name(name)
        except PathError:
            self.add(
                at,
                f"a {thing} cannot be called {name!r}",
                expected="a letter, then letters, digits, - and _; "
                f"{NAME_LENGTH_MAX} characters at the most",
                remedy=f"for example {_allowed_name(str(name), thing)!r}",
            )

    def sorted(self, first_file: str) -> list[Problem]:
        """By file and line, the site file before the others; one line keeps its order."""
        return sorted(self._found, key=lambda one: (one.file != first_file, one.file, one.line))


class SiteError(ActorsError):
    """A site cannot be used; `problems` holds every reason."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def here() -> SourceLine:
    """The innermost line of a person's file that led to this call."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_back is not None and is_own(frame):
        frame = frame.f_back
    assert frame is not None
    return SourceLine(frame.f_code.co_filename, frame.f_lineno)


def is_own(frame: FrameType) -> bool:
    """Whether the frame runs a module of the runtime itself."""
    return frame.f_globals.get("__name__", "").partition(".")[0] in OWN_PACKAGES


def is_above_zero(value: object) -> bool:
    """Whether a value is a number that can be a size, a speed or a delay."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def did_you_mean(word: str, words: Iterable[str]) -> str | None:
    """The one of words that word was probably meant to be, or None."""
    by_lower = {known.lower(): known for known in sorted(words)}
    close = difflib.get_close_matches(word.lower(), by_lower, n=1)
    return by_lower[close[0]] if close else None


def suggestion(word: str, words: Iterable[str]) -> str:
    """`did you mean 'x'?` for a remedy; else all that would have been right."""
    known = sorted(words)
    meant = did_you_mean(word, known)
    if meant is not None:
        return f"did you mean {meant!r}?"
    return "known are: " + ", ".join(known) if known else ""


def shown_value(value: object) -> str:
    """A person's value with its type, short and the same in every run."""
    kind = type(value).__name__
    try:
        text = repr(value)
    except Exception:  # a person's __repr__ may do anything
        return kind
    return kind if " at 0x" in text else f"{kind}: {text:.60}"


def shown_path(file: str) -> str:
    """The file as seen from the current folder where that is shorter."""
    try:
        relative = os.path.relpath(file)
    except ValueError:  # another drive
        return file
    return relative if len(relative) < len(file) else file


def _allowed_name(wish: str, thing: str) -> str:
    """A name near to wish that a path can hold."""
    signs = [sign if (sign.isascii() and sign.isalnum()) or sign in "-_" else "-" for sign in wish]
    name = "".join(signs).strip("-_")
    if not name[:1].isalpha():
        name = f"{thing}-{name}".rstrip("-")
    return name[:NAME_LENGTH_MAX].rstrip("-_")
