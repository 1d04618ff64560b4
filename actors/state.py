"""What the controller must not forget: its term, the newest map's version, the epochs of wires, and
which start of each device it has configured.

From plain values to one file that is the old one or the new one, whatever happens in between, and
back. A file that was torn or flipped is named and never half read; a disk that is full changes
nothing and is said once.
"""

import hashlib
import json
import os
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Protocol

from mp_actors.errors import ActorsError


class StateError(ActorsError):
    """The file is damaged, or not to be read; the text says which and what to do."""


@dataclass
class State:
    """`term`: how often a controller has begun. `epochs`: {wire: epoch}. `starts`: {device: number
    of its start}.
    """

    term: int = 0
    map_version: int = 0
    epochs: dict[int, int] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)


class Disk(Protocol):
    """Each step of a save at which a process can end. All may raise OSError."""

    def read(self, file: Path) -> str | None:
        """The text of a file, None if there is none; what a killed save has left beside it goes."""

    def new(self, file: Path) -> IO[str]:
        """A new, empty file beside this one; its `name` says which."""

    def write(self, stream: IO[str], text: str) -> None:
        """Hand text to the system."""

    def sync(self, stream: IO[str]) -> None:
        """Have it on the disk, and close it."""

    def rename(self, name: str, file: Path) -> None:
        """Put the new file in the place of the old one."""

    def sync_folder(self, folder: Path) -> None:
        """Have names on the disk."""

    def remove(self, stream: IO[str]) -> None:
        """Close a new file that is of no use, and remove it."""


class RealDisk:
    """The `Disk` of this machine."""

    def read(self, file: Path) -> str | None:
        if not file.exists():
            return None
        for left in file.parent.glob(f".{file.name}.*"):
            left.unlink(missing_ok=True)
        return file.read_text(encoding="utf-8")

    def new(self, file: Path) -> IO[str]:
        handle, name = tempfile.mkstemp(prefix=f".{file.name}.", dir=file.parent)
        os.close(handle)
        return open(name, "w", encoding="utf-8")

    def write(self, stream: IO[str], text: str) -> None:
        stream.write(text)
        stream.flush()

    def sync(self, stream: IO[str]) -> None:
        os.fsync(stream.fileno())
        stream.close()

    def rename(self, name: str, file: Path) -> None:
        os.replace(name, file)

    def sync_folder(self, folder: Path) -> None:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def remove(self, stream: IO[str]) -> None:
        try:
            stream.close()
        except OSError:
            pass  # what it could not write is not wanted
        Path(stream.name).unlink(missing_ok=True)


class StateFile:
    """Keeps a `State` in a file; `file` None keeps it in memory alone."""

    def __init__(self, file: Path | None = None, disk: Disk | None = None) -> None:
        self.file = file
        self.failed = ""  # why the last save did not succeed
        self._disk = disk or RealDisk()

    def load(self) -> State:
        """What was saved, a new one if nothing was. *Raises* StateError."""
        if self.file is None:
            return State()
        try:
            text = self._disk.read(self.file)
            if text is None:
                return State()
            whole = json.loads(text)
            plain, told = whole["state"], whole["sha256"]
            if _digest(plain) != told:
                raise ValueError("its checksum does not fit")
            epochs = {int(wire): int(epoch) for wire, epoch in plain["epochs"].items()}
            starts = {str(path): int(start) for path, start in plain["starts"].items()}
            return State(int(plain["term"]), int(plain["map_version"]), epochs, starts)
        except (
            OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError
        ) as error:
            raise StateError(
                f"{self.file}: the controller's state is damaged ({error}); put a copy back, or "
                "remove it and start every device anew"
            ) from None

    def save(self, state: State) -> bool:
        """Replace the file as a whole. Returns False, with the old one in place, if it fails."""
        if self.file is None:
            return True
        plain = asdict(state)
        plain["epochs"] = {str(wire): epoch for wire, epoch in sorted(state.epochs.items())}
        text = json.dumps({"state": plain, "sha256": _digest(plain)})
        disk = self._disk
        try:
            stream = disk.new(self.file)
            try:
                disk.write(stream, text + "\n")
                disk.sync(stream)
                disk.rename(stream.name, self.file)
            except OSError:
                disk.remove(stream)
                raise
            disk.sync_folder(self.file.parent)  # the new name, too, outlasts a loss of power
        except OSError as error:
            self.failed = f"{self.file}: the state is not saved: {error.strerror or error}"
            return False
        self.failed = ""
        return True


def _digest(plain: object) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()
